-- Writes services and their events: one atomic step, which may be repeated without a second effect.
-- Nothing else writes the registry or the stream of events.
--
-- KEYS: services, events, nodes, meta, lease, probes, specs, history (how these keys begin)
-- ARGV: grant, window, schema, node, report, seen, call, number of documents,
--   then for each document: digest, text,
--   then for each change: type, service, data, record, time, transition
--   grant    value that the lease must have ("<scanner>:<token>"); else nothing is written
--   window   exact number of newest events to keep in the stream
--   report   new node report (JSON), "" for none, or "-" to remove all data of the node
--   seen     newest position that the writer has seen, or 0-0
--   call     number of this call under its grant; each call has a larger number than the last one,
--            and a repeated call has the same number
--   text     OpenRPC document (JSON), or "" to remove the document
--   record   new service record (JSON); "" to remove the service; "-" to remove a service that the
--            writer has published. For the type "scan" service and record are empty
--   time     of the transition in Unix ms, or "" for now
--   transition   JSON object without its beginning `{"at":…,`, for the service's log of transitions;
--            "" for none
-- Returns {"OK", newest position}, or one of
--   {"FENCED", value of the lease}: the lease is not held under this grant
--   {"LATE", number of the last call}: a later call was made before this one
--   {"SCHEMA", schema in Redis}: another version of the schema
--   {"FOREIGN", newest position}: hero_router did not write that position, and no id can follow it
--
-- Repeated calls: a change that the registry already has adds no event, so a call whose reply was
-- lost can be repeated. A delayed call that arrives after a later one would undo the later one, so
-- its number is compared with that of the last call.
--
-- Order: an event is added before its record is written, because Redis undoes nothing when a step
-- fails, and no client would learn of a record without an event.
--
-- Ids are `<epoch>-<seq>`, without gaps inside an epoch. An id must never name two events, but
-- Redis may lose acknowledged writes in a restart or failover. So a new epoch begins if the stream
-- is gone, if its last epoch is not the one in `meta`, if it is behind `seen` (its data were rolled
-- back), or if another Redis process (run_id) has it.
--
-- The log of transitions and the end of a service's history are part of the step, so that they
-- always agree with its record. A service that leaves may come back soon, as after a restart: then
-- its history goes on.
--
-- If another program deleted the record of a service, all web workers still show the service. So
-- its removal adds an event, if the writer has published the service ("-").

local services, events, nodes, meta, lease, probes, specs, history = unpack(KEYS)
local grant, window, schema, node, report = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local seen, call = ARGV[6], tonumber(ARGV[7])
local FIRST_DOCUMENT, DOCUMENT_FIELDS, CHANGE_FIELDS = 9, 2, 6
local FIRST_CHANGE = FIRST_DOCUMENT + DOCUMENT_FIELDS * tonumber(ARGV[8])
local FORGOTTEN, PUBLISHED = '-', '-'
local MOST_TRANSITIONS, HISTORY_STAYS_MS = 50, 3600000
local LAST = 2 ^ 53 - 1 -- beyond it Lua's numbers have gaps; clocks reach it in 285,000 years

local holder = redis.call('GET', lease)
if holder ~= grant then return {'FENCED', holder or ''} end

-- meta keeps the last call for each node: the token of its grant, its number, whether it finished.
local call_of_node, token = 'call:' .. node, string.match(grant, '%d+$')
local found, known_epoch, known_run, noted =
  unpack(redis.call('HMGET', meta, 'schema', 'epoch', 'run_id', call_of_node))
if found and found ~= schema then return {'SCHEMA', found} end
if not found then redis.call('HSET', meta, 'schema', schema) end

local head = last_id(events)

local last_token, last_call, state = string.match(noted or '', '^(%d+) (%d+) (%a+)$')
if last_token == token then
  if tonumber(last_call) > call then return {'LATE', last_call} end
  if tonumber(last_call) == call and state == 'done' then return {'OK', head or '0-0'} end
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

local begun -- run_id of the process in which a new epoch begins, until it is noted
local ended -- last position of the previous epoch; the first event of a new epoch has it as `after`
local now -- Unix milliseconds: the publication time of the events; nil before the first one

local function open_epoch()
  now = unix_ms()
  local known = tonumber(known_epoch) or 0
  if known >= LAST then known = 0 end -- hero_router did not write that
  local seen_epoch, seen_seq = parts(seen)
  local behind = epoch < seen_epoch or epoch == seen_epoch and seq < seen_seq
  local run = run_id()
  if head and not behind and epoch == known and seq < LAST and known_run == run then return end
  epoch, seq = math.max(now, epoch + 1, known + 1, seen_epoch + 1), 0
  begun, ended = run, head
end

local function publish(kind, service, data)
  if not now then open_epoch() end
  local id = string.format('%.0f-%.0f', epoch, seq + 1)
  local entry = {'type', kind, 'node', node, 'service', service, 'data', data,
    'at', string.format('%.0f', now)}
  if begun and ended then
    entry[#entry + 1], entry[#entry + 2] = 'after', ended
  end
  redis.call('XADD', events, 'MAXLEN', '=', window, id, unpack(entry))
  head, seq = id, seq + 1
  if begun then
    redis.call('HSET', meta, 'epoch', string.format('%.0f', epoch), 'run_id', begun)
    begun = nil
  end
end

local function log_transition(service, at, transition)
  if transition == '' then return end
  local key = history .. ':' .. service .. ':transitions'
  local entry = string.format('{"at":%s,%s', at ~= '' and at or string.format('%.0f', now), transition)
  if type(redis.pcall('LPUSH', key, entry)) == 'table' then -- hero_router did not write that
    redis.call('DEL', key)
    redis.call('LPUSH', key, entry)
  end
  redis.call('LTRIM', key, 0, MOST_TRANSITIONS - 1)
end

local function end_history(service)
  for _, key in ipairs(history_keys(history, service)) do
    if report == FORGOTTEN then
      redis.call('DEL', key)
    else
      redis.call('PEXPIRE', key, HISTORY_STAYS_MS)
    end
  end
end

local function keep_history(service)
  for _, key in ipairs(history_keys(history, service)) do redis.call('PERSIST', key) end
end

-- A node report is unique to its scan: if Redis has it already, this call was made before.
local repeated = redis.call('HGET', nodes, node) == report

-- Documents are written before the records that name them: Redis undoes nothing when a step fails.
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
  local at, transition = ARGV[i + 4], ARGV[i + 5]
  if kind == 'scan' then
    if not repeated then publish(kind, service, data) end
  elseif record == '' or record == PUBLISHED then
    if record == PUBLISHED or redis.call('HEXISTS', services, service) == 1 then
      publish(kind, service, data)
      log_transition(service, at, transition)
      end_history(service)
      redis.call('HDEL', services, service)
    end
  else
    local old = redis.call('HGET', services, service)
    if old ~= record then
      publish(kind, service, data)
      log_transition(service, at, transition)
      if not old then keep_history(service) end
      redis.call('HSET', services, service, record)
    end
  end
end

-- A smaller window takes effect at once, not only with the next event.
redis.call('XTRIM', events, 'MAXLEN', '=', window)
if report == FORGOTTEN then
  redis.call('HDEL', nodes, node)
  redis.call('HDEL', meta, call_of_node)
  redis.call('DEL', probes, specs)
else
  if report ~= '' then redis.call('HSET', nodes, node, report) end
  note_call('done')
end

return {'OK', head or '0-0'}
