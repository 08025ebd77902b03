-- Reads where the stream of events stands, and in which Redis process: no more than a few bytes.
--
-- KEYS: events
-- Returns {run_id, head}.

local events = KEYS[1]

local head = '0-0'
if redis.call('EXISTS', events) == 1 then
  local info = redis.call('XINFO', 'STREAM', events)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then head = info[i + 1] end
  end
end

return {string.match(redis.call('INFO', 'server'), 'run_id:(%w+)'), head}
