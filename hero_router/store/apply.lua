-- The only writer of the registry and of the stream of events: one atomic, repeatable step.
--
-- KEYS: services, events, nodes, meta, lease, probes, specs
-- ARGV: grant, window, schema, node, report, seen, call, number of documents, then for each document:
--   digest, text, then for each change: type, service, data, record
--   grant    what the lease must hold ("<scanner>:<token>"), or nothing is written
--   window   exact number of events that the stream keeps
--   report   the node's new state (JSON), or "" for none, or "-": the node is forgotten
--   seen     the last position that the writer saw, or 0-0: a Redis that was emptied forgot it
--   call     the number of this call under its grant; it grows, and a repeated call keeps its own
--   text     the document (JSON), or "" to remove it
--   record   the service's new record (JSON), or "" when it leaves, or "-" when it leaves and the
--            writer had published it; a "scan" has neither
-- Returns {"OK", head, events added} or {"FENCED", holder} or {"LATE", last call} or
-- {"SCHEMA", found} or {"FOREIGN", head}.
--
-- A change whose effect is there already adds no event, so a call whose reply was lost is repeated
-- safely. One that was held up on its way and arrives after later ones would take the registry
-- back: its number tells it. An event is added before its record is written: Redis undoes nothing
-- when a step fails, and a record without its event would never be told. Ids are `<epoch>-<seq>` and
-- dense inside an epoch. A new epoch begins when the stream is gone, is not as we left it, is behind
-- what the writer saw (its data were rolled back), or lives in another Redis process (run_id): a
-- restart or a failover may have lost acknowledged writes, and an id must never name two different
-- events.
--
-- A service whose record a foreign hand took is still shown by every worker: its removal is told
-- all the same, if its writer had published it.

local services, events, nodes, meta, lease, probes, specs = unpack(KEYS)
local grant, window, schema, node, report = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local seen, call = ARGV[6], tonumber(ARGV[7])
local FIRST_DOCUMENT, DOCUMENT_FIELDS, CHANGE_FIELDS = 9, 2, 4
local FIRST_CHANGE = FIRST_DOCUMENT + DOCUMENT_FIELDS * tonumber(ARGV[8])
local FORGOTTEN, PUBLISHED = '-', '-'
local LAST = 2 ^ 53 - 1 -- beyond it Lua's numbers have gaps; clocks reach it in 285,000 years

local holder = redis.call('GET', lease)
if holder ~= grant then return {'FENCED', holder or ''} end

-- meta keeps of each node the last call: its grant's token, its number, and whether it was finished.
local call_of_node, token = 'call:' .. node, string.match(grant, '%d+$')
local found, known_epoch, known_run, noted =
  unpack(redis.call('HMGET', meta, 'schema', 'epoch', 'run_id', call_of_node))
if found and found ~= schema then return {'SCHEMA', found} end
if not found then redis.call('HSET', meta, 'schema', schema) end

local head = last_id(events)

local last_token, last_call, state = string.match(noted or '', '^(%d+) (%d+) (%a+)$')
if last_token == token then
  if tonumber(last_call) > call then return {'LATE', last_call} end
  if tonumber(last_call) == call and state == 'done' then return {'OK', head or '0-0', 0} end
end

local function note_call(how)
  redis.call('HSET', meta, call_of_node, string.format('%s %.0f %s', token, call, how))
end

note_call('begun')

local function parts(id)
  local first, second = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(first), tonumber(second)
end

local epoch, seq = parts(head or '0-0')
if epoch >= LAST then return {'FOREIGN', head} end

local opened, begun
local ended -- where the epoch before the one that begins ended: its first event says so
local now -- Unix milliseconds; each event says when it was published

local function open_epoch()
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  opened = true
  local known = tonumber(known_epoch or '') or 0
  if known >= LAST then known = 0 end -- nobody of ours wrote that
  local seen_epoch, seen_seq = parts(seen)
  local behind = epoch < seen_epoch or epoch == seen_epoch and seq < seen_seq
  local run = run_id()
  if head and not behind and epoch == known and seq < LAST and known_run == run then return end
  epoch, seq = math.max(now, epoch + 1, known + 1, seen_epoch + 1), 0
  begun, ended = run, head
end

local added = 0

local function publish(kind, service, data)
  if not opened then open_epoch() end
  local id = string.format('%.0f-%.0f', epoch, seq + 1)
  local entry = {'type', kind, 'node', node, 'service', service, 'data', data,
    'at', string.format('%.0f', now)}
  if begun and ended then
    entry[#entry + 1], entry[#entry + 2] = 'after', ended
  end
  redis.call('XADD', events, 'MAXLEN', '=', window, id, unpack(entry))
  head, seq, added = id, seq + 1, added + 1
  if begun then
    redis.call('HSET', meta, 'epoch', string.format('%.0f', epoch), 'run_id', begun)
    begun = nil
  end
end

-- The report is unique to its scan: found already there, this call was made before.
local repeated = report ~= '' and redis.call('HGET', nodes, node) == report

-- Documents come before the records that name them, for the same reason as events do.
for i = FIRST_DOCUMENT, FIRST_CHANGE - 1, DOCUMENT_FIELDS do
  local digest, text = ARGV[i], ARGV[i + 1]
  if text == '' then
    redis.call('HDEL', specs, digest)
  else
    redis.call('HSET', specs, digest, text)
  end
end

for i = FIRST_CHANGE, #ARGV, CHANGE_FIELDS do
  local kind, service, data, record = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  if kind == 'scan' then
    if not repeated then publish(kind, service, data) end
  elseif record == '' or record == PUBLISHED then
    if record == PUBLISHED or redis.call('HEXISTS', services, service) == 1 then
      publish(kind, service, data)
      redis.call('HDEL', services, service)
    end
  elseif redis.call('HGET', services, service) ~= record then
    publish(kind, service, data)
    redis.call('HSET', services, service, record)
  end
end

-- A window that was made smaller holds at once, not only with the next event.
if added == 0 then redis.call('XTRIM', events, 'MAXLEN', '=', window) end
if report == FORGOTTEN then
  redis.call('HDEL', nodes, node)
  redis.call('HDEL', meta, call_of_node)
  redis.call('DEL', probes, specs)
else
  if report ~= '' then redis.call('HSET', nodes, node, report) end
  note_call('done')
end

return {'OK', head or '0-0', added}
