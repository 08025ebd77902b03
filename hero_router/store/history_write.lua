-- Writes one more minute into the histories of services, in one atomic step.
--
-- KEYS: lease, services, history (how these keys begin)
-- ARGV: grant, number of rings, then for each ring: name, size, blank;
--   then for each service: id, known since, known last, since, last, number of patches,
--   then for each patch: ring, place, letters, figures
--   grant    value that the lease must have ("<scanner>:<token>")
--   blank    figures of an empty bucket; a bucket's figures have so many characters
--   known since, known last   minutes in Redis for which this was computed, or "" for none. The
--            service is left out if Redis has others, as after a call that was made meanwhile
--   place    of the first bucket in the ring
-- Returns nothing if the lease is held; else the value of the lease, or "", and nothing is written.
--
-- A service that has left the registry is left out: its history ends.

local lease, services, history = KEYS[1], KEYS[2], KEYS[3]
local grant, number_of_rings = ARGV[1], tonumber(ARGV[2])
local FIRST_RING, RING_FIELDS, SERVICE_FIELDS, PATCH_FIELDS = 3, 3, 6, 4
local NO_HISTORY = '-' -- the letter of a bucket before the history begins

local holder = redis.call('GET', lease)
if holder ~= grant then return holder or '' end

local rings, i = {}, FIRST_RING
for _ = 1, number_of_rings do
  rings[ARGV[i]] = {size = tonumber(ARGV[i + 1]), blank = ARGV[i + 2]}
  i = i + RING_FIELDS
end

local function empty(key, size, bucket) redis.call('SET', key, string.rep(bucket, size)) end

local function put(key, ring, bucket, place, text)
  local done = redis.pcall('SETRANGE', key, place * #bucket, text)
  if type(done) == 'table' then -- hero_router did not write what is there
    empty(key, ring.size, bucket)
    redis.call('SETRANGE', key, place * #bucket, text)
  end
end

local function is_minute(value) return value and #value < 10 and string.match(value, '^%d+$') end

local function minutes(name)
  local found = redis.pcall('HMGET', name, 'since', 'last')
  if is_minute(found[1]) and is_minute(found[2]) then return found[1], found[2] end
  redis.call('DEL', name) -- no history, or hero_router did not write that
  return '', ''
end

while i <= #ARGV do
  local service, patches = ARGV[i], tonumber(ARGV[i + 5])
  local name = history .. ':' .. service
  local since, last = minutes(name)
  local first_patch = i + SERVICE_FIELDS
  local after = first_patch + patches * PATCH_FIELDS
  local agrees = since == ARGV[i + 1] and last == ARGV[i + 2]
  if agrees and redis.call('HEXISTS', services, service) == 1 then
    if since == '' then
      for ring, how in pairs(rings) do
        empty(name .. ':' .. ring, how.size, NO_HISTORY)
        empty(name .. ':' .. ring .. ':figures', how.size, how.blank)
      end
    end
    for j = first_patch, after - 1, PATCH_FIELDS do
      local key, ring = name .. ':' .. ARGV[j], rings[ARGV[j]]
      put(key, ring, NO_HISTORY, tonumber(ARGV[j + 1]), ARGV[j + 2])
      put(key .. ':figures', ring, ring.blank, tonumber(ARGV[j + 1]), ARGV[j + 3])
    end
    redis.call('HSET', name, 'since', ARGV[i + 3], 'last', ARGV[i + 4])
  end
  i = after
end
