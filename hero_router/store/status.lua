-- Reads the newest position in the stream of events, and the run_id of the Redis process.
--
-- KEYS: events
-- Returns {run_id, head}; head is the newest position, or 0-0 if there is no stream.

local events = KEYS[1]

local head = '0-0'
if redis.call('EXISTS', events) == 1 then
  local info = redis.call('XINFO', 'STREAM', events)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then head = info[i + 1] end
  end
end

return {string.match(redis.call('INFO', 'server'), 'run_id:(%w+)'), head}
