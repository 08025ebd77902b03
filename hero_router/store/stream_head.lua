-- Reads the newest position in the stream of events, the run_id of the Redis process, and when some
-- events were published: another event at the same position has another time.
--
-- KEYS: events
-- ARGV: position, most
--   position   the first event whose time is read
--   most       most times to read
-- Returns {run_id, head, {position, time in ms, …}}; head is the newest position, or 0-0 if there is
-- no stream. Entries without a time, which another program wrote, are left out.

local events = KEYS[1]
local first, most = ARGV[1], ARGV[2]

local times = {}
for _, entry in ipairs(redis.call('XRANGE', events, first, '+', 'COUNT', most)) do
  local id, fields = entry[1], entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'at' then
      times[#times + 1], times[#times + 2] = id, fields[i + 1]
    end
  end
end

return {run_id(), last_id(events) or '0-0', times}
