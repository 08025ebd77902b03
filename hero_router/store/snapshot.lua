-- Reads services, nodes, the newest position and, if asked, kept events, in one atomic step.
--
-- KEYS: services, events, nodes, meta
-- ARGV: schema, window, most, head, run_id, size
--   window   events to read: "" for none, "-" for all, else those after this position
--   most     most events to read after a position
--   head, run_id, size   the version of the registry that the caller has already, or "" for each
-- Returns {run_id, head, time in ms, size, services or false, nodes, window or false}, or
-- {"SCHEMA", schema in Redis}. head is the newest position, size the number of services. services
-- is false if the caller has this version already.

local services, events, nodes, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local schema, after, most = ARGV[1], ARGV[2], ARGV[3]
local held_head, held_run, held_size = ARGV[4], ARGV[5], ARGV[6]

local found = redis.call('HGET', meta, 'schema')
if found and found ~= schema then return {'SCHEMA', found} end

local head, run = last_id(events) or '0-0', run_id()
local size = tostring(redis.call('HLEN', services))

local records = false
if head ~= held_head or run ~= held_run or size ~= held_size then
  records = redis.call('HGETALL', services)
end

local window = false
if after == '-' then
  window = redis.call('XRANGE', events, '-', '+')
elseif after ~= '' then
  window = redis.call('XRANGE', events, '(' .. after, '+', 'COUNT', most)
end

return {run, head, unix_ms(), size, records, redis.call('HGETALL', nodes), window}
