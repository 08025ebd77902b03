-- Stands before each script: where the stream of events ends, and in which Redis process.

local function last_id(events)
  if redis.call('EXISTS', events) == 0 then return nil end
  local info = redis.call('XINFO', 'STREAM', events)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end

local function run_id()
  local info = redis.call('INFO', 'server')
  local _, last = string.find(info, 'run_id:', 1, true) -- plain: a pattern takes ten times as long
  return string.match(info, '^%w+', last + 1)
end

