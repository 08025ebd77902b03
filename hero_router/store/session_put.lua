-- Records a browser session: one step, after which the record is bounded.
--
-- KEYS: sessions (hash), their ends (sorted set)
-- ARGV: session id, session (JSON), its end (Unix ms), now (Unix ms), most sessions
--
-- Sessions that are over leave. If there are still too many, those that end first leave too. Both
-- keys expire with the last session.

local sessions, ends = unpack(KEYS)
local id, session, over_at, now, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

local function drop(ids)
  for _, each in ipairs(ids) do
    redis.call('HDEL', sessions, each)
    redis.call('ZREM', ends, each)
  end
end

redis.call('HSET', sessions, id, session)
redis.call('ZADD', ends, over_at, id)
drop(redis.call('ZRANGEBYSCORE', ends, '-inf', now))
drop(redis.call('ZRANGE', ends, 0, -most - 1))

local last = redis.call('ZRANGE', ends, -1, -1, 'WITHSCORES')[2]
for _, key in ipairs(KEYS) do
  if last then redis.call('PEXPIREAT', key, last) end
end
