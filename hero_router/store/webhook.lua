-- Writes what the webhook's sender has read and made: one atomic step, by the lease's holder only.
--
-- KEYS: lease, state, queue
-- ARGV: grant, most messages, number of fields,
--   then for each field: name, value ("" removes the field), then the messages
-- Returns nothing if the lease is held; else the value of the lease, or "", and nothing is written.
--
-- If there are too many messages, the oldest are dropped and counted in the fields `dropped` and
-- `dropped_total`.

local lease, state, queue = unpack(KEYS)
local grant, most, fields = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local FIRST = 4

local holder = redis.call('GET', lease)
if holder ~= grant then return holder or '' end

for i = FIRST, FIRST + 2 * fields - 1, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', state, ARGV[i])
  else
    redis.call('HSET', state, ARGV[i], ARGV[i + 1])
  end
end

for i = FIRST + 2 * fields, #ARGV do
  redis.call('RPUSH', queue, ARGV[i])
end

local over = redis.call('LLEN', queue) - most
if over > 0 then
  redis.call('LTRIM', queue, over, -1)
  redis.call('HINCRBY', state, 'dropped', over)
  redis.call('HINCRBY', state, 'dropped_total', over)
end
