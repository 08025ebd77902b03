-- Removes mutes that are over, each only if its stored value is still the one that was read.
--
-- KEYS: mutes
-- ARGV: for each mute the service id and the value that was read
-- Returns the number of removed mutes.

local removed = 0
for at = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[at]) == ARGV[at + 1] then
    removed = removed + redis.call('HDEL', KEYS[1], ARGV[at])
  end
end
return removed
