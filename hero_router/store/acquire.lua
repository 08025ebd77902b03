-- Takes the lease on a node for a scanner, with a fencing token larger than all earlier tokens.
--
-- KEYS: lease, meta
-- ARGV: scanner, lifetime in ms
-- Returns {token, time in ms}. If another scanner holds the lease: {0, time in ms, value of the
-- lease, remaining lifetime in ms, or -1 if the lease never expires}.

local lease, meta = KEYS[1], KEYS[2]
local scanner, lifetime = ARGV[1], ARGV[2]

local holder = redis.call('GET', lease)
if holder and string.match(holder, '^(.*):%d+$') ~= scanner then
  return {0, unix_ms(), holder, redis.call('PTTL', lease)}
end

local token = redis.call('HINCRBY', meta, 'fence', 1)
redis.call('SET', lease, scanner .. ':' .. token, 'PX', lifetime)
return {token, unix_ms()}
