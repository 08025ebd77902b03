-- Renews a lease that is still held under this grant; a lifetime of 0 releases the lease.
--
-- KEYS: lease, events
-- ARGV: grant ("<scanner>:<token>"), lifetime in ms
-- Returns {1 if the lease was held under this grant, else 0; time in ms; newest position in the
-- stream of events, or 0-0 if there is no stream}.

local lease, events = KEYS[1], KEYS[2]
local grant, lifetime = ARGV[1], ARGV[2]

local held = redis.call('GET', lease) == grant
if held then redis.call('PEXPIRE', lease, lifetime) end
return {held and 1 or 0, unix_ms(), last_id(events) or '0-0'}
