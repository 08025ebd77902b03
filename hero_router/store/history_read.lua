-- Reads parts of the histories of services.
--
-- KEYS: history (how these keys begin)
-- ARGV: "log" or "", number of parts, then for each part: string, size, width, first, count;
--   then ids of services
--   log      to read the transitions too
--   string   name of a ring: minutes, hours:figures …; size is its number of buckets, width its
--            characters for each bucket
--   first    number of the first bucket to read; count is the ring's size at most
-- Returns for each service {since or false, last or false, text of each part, then transitions}.
-- What is of another type, because another program wrote it, is read as empty.

local history = KEYS[1]
local with_log, parts = ARGV[1] == 'log', tonumber(ARGV[2])
local FIRST_PART, PART_FIELDS = 3, 5
local first_service = FIRST_PART + parts * PART_FIELDS

local function read(empty, ...)
  local found = redis.pcall(...)
  if type(found) == 'table' and found.err then return empty end
  return found
end

local function part(name, i)
  local key = name .. ':' .. ARGV[i]
  local size, width = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local first, count = tonumber(ARGV[i + 3]) % size, tonumber(ARGV[i + 4])
  local split = math.min(count, size - first)
  local text = read('', 'GETRANGE', key, first * width, (first + split) * width - 1)
  if split < count then
    text = text .. read('', 'GETRANGE', key, 0, (count - split) * width - 1)
  end
  return text
end

local found = {}
for i = first_service, #ARGV do
  local name = history .. ':' .. ARGV[i]
  local row = read({false, false}, 'HMGET', name, 'since', 'last')
  for number = 0, parts - 1 do
    row[#row + 1] = part(name, FIRST_PART + number * PART_FIELDS)
  end
  if with_log then row[#row + 1] = read({}, 'LRANGE', name .. ':transitions', 0, -1) end
  found[#found + 1] = row
end
return found
