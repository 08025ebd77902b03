-- Reads where the stream of events stands, and in which Redis process: no more than a few bytes.
--
-- KEYS: events
-- Returns {run_id, head}.

return {run_id(), last_id(KEYS[1]) or '0-0'}
