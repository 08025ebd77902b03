-- Reads the newest position in the stream of events, and the run_id of the Redis process.
--
-- KEYS: events
-- Returns {run_id, head}; head is the newest position, or 0-0 if there is no stream.

return {run_id(), last_id(KEYS[1]) or '0-0'}
