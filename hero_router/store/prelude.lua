-- Stands before each script: where the stream of events ends, in which Redis process, Redis's time,
-- and the keys of a service's history.

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

local function unix_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The keys of one service's history; `root` is how the keys of all histories begin.
local function history_keys(root, service)
  local name = root .. ':' .. service
  local found = {name, name .. ':transitions'}
  for _, ring in ipairs({'minutes', 'hours', 'days'}) do
    found[#found + 1] = name .. ':' .. ring
    found[#found + 1] = name .. ':' .. ring .. ':figures'
  end
  return found
end

