-- Renews a lease that is still held under this grant; a lifetime of 0 releases the lease.
--
-- KEYS: lease
-- ARGV: grant ("<scanner>:<token>"), lifetime in ms
-- Returns {1 if the lease was held under this grant, else 0; time in ms}.

local lease = KEYS[1]
local grant, lifetime = ARGV[1], ARGV[2]

local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))

if redis.call('GET', lease) ~= grant then return {0, now} end
redis.call('PEXPIRE', lease, lifetime)
return {1, now}
