-- Ends all browser sessions that have begun, but one: one step.
--
-- KEYS: revoked (sorted set), revoked_before, revoked_except
-- ARGV: the id of the spared session ('': none), its beginning (Unix ms)
-- Returns the time up to which the ended sessions have begun (Unix ms); 0 if the spared session was
-- ended itself; the text in revoked_before if that is not a number. In both cases nothing is written.
--
-- The time never goes back, even if Redis's clock does: a session that was ended stays so.

local revoked, before, except = unpack(KEYS)
local spared, began = ARGV[1], tonumber(ARGV[2])

local stored = redis.call('GET', before) or '0'
local last = tonumber(stored)
if not last then return stored end

if spared ~= '' then
  local goes_on = began > last or redis.call('GET', except) == stored .. ' ' .. spared
  if not goes_on or redis.call('ZSCORE', revoked, spared) then return 0 end
end

local now = string.format('%.0f', math.max(unix_ms(), last))
redis.call('SET', before, now)
redis.call('SET', except, now .. ' ' .. spared)
return tonumber(now)
