"""Every key in Redis: sessions, the index of a user's sessions, and the counters of sign-in attempts.

Each script and each MULTI touches a single key, so that all of it also runs on a Redis Cluster.
"""

import hashlib
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from automateiq_core.errors import Unavailable
from automateiq_core.sessions import session_key, user_sessions_key
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError

from automateiq_identity.sessions.models import RefreshToken, Rotation, Session

_ANSWER_SECONDS = 2.0

# Two calls with the same token meet here, and Redis runs one after the other. The clock is Redis's, so that
# replicas need not agree on the time. A call that Redis answered but whose answer was lost is sent again by the
# client library: the first branch makes that harmless.
_ROTATE = """
local stored = redis.call('HMGET', KEYS[1], 'refreshHash', 'previousHash', 'rotatedAt')
local current, previous, rotated_at = stored[1], stored[2], stored[3]
local shown, next_hash, role, expires_at, grace = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
if not current then return 'gone' end
if current == next_hash and previous == shown then return 'rotated' end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if shown == current then
  redis.call('HSET', KEYS[1], 'refreshHash', next_hash, 'previousHash', shown, 'role', role,
             'rotatedAt', string.format('%.0f', now), 'expiresAt', expires_at)
  redis.call('PEXPIREAT', KEYS[1], expires_at)
  return 'rotated'
end
if shown == previous and now - tonumber(rotated_at) <= grace then return 'raced' end
redis.call('DEL', KEYS[1])
return 'reused'
"""

# Counts the attempt before it is known to be wrong, so that parallel guesses can not slip past the limit.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if count <= tonumber(ARGV[1]) then return 0 end
return math.max(redis.call('PTTL', KEYS[1]), 1)
"""


class SessionStore:
    """Sessions in Redis. Every method raises `Unavailable` (SESSIONS_UNAVAILABLE) where Redis does not answer.

    `key` is identity's own: what Redis says of a refresh token is believed only if it was written with it.
    """

    def __init__(self, redis_url: str, key: bytes) -> None:
        self._key = key
        self._redis = Redis.from_url(
            redis_url,
            decode_responses=True,
            socket_timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_ANSWER_SECONDS,
            health_check_interval=30,
            retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), retries=2),
        )
        self._rotate = self._redis.register_script(_ROTATE)
        self._count = self._redis.register_script(_COUNT)

    async def add(self, session: Session, token: RefreshToken) -> None:
        """Opens a session with its first refresh token."""
        fields: dict[Any, Any] = {
            "userId": session.user_id,
            "organizationId": session.organization_id,
            "role": session.role,
            "refreshHash": token.stored(self._key, session),
            "previousHash": "",
            "rotatedAt": "0",
            "createdAt": _milliseconds(session.created_at),
            "expiresAt": _milliseconds(session.expires_at),
        }
        key = session_key(session.id)
        with _answering():
            async with self._redis.pipeline(transaction=True) as both:
                both.hset(key, mapping=fields)
                both.pexpireat(key, _milliseconds(session.expires_at))
                await both.execute()
        # After the session itself: an end of all sessions in between then happened before this one began, and
        # still finds it the next time.
        await self.index(session.user_id, session.id, session.expires_at)

    async def index(self, user_id: str, session_id: str, expires_at: datetime) -> None:
        """Makes the session one of those `end_all` ends, until the given time."""
        key, ends = user_sessions_key(user_id), _milliseconds(expires_at)
        with _answering():
            async with self._redis.pipeline(transaction=True) as all_of_it:
                all_of_it.zadd(key, {session_id: ends})
                all_of_it.zremrangebyscore(key, "-inf", _milliseconds(datetime.now(UTC)))
                all_of_it.pexpireat(key, ends)
                await all_of_it.execute()

    async def find(self, session_id: str) -> Session | None:
        """A session that lives."""
        with _answering():
            fields = await _awaited(self._redis.hgetall(session_key(session_id)))
        if not fields:
            return None
        return Session(
            id=session_id,
            user_id=fields["userId"],
            organization_id=fields["organizationId"],
            role=fields["role"],
            created_at=_moment(fields["createdAt"]),
            expires_at=_moment(fields["expiresAt"]),
        )

    async def rotate(
        self, renewed: Session, shown: RefreshToken, fresh: RefreshToken, grace: timedelta
    ) -> Rotation:
        """Puts the fresh token in the place of the one shown, in one step; ends the session on a reuse.

        `renewed` is the session as it will be: with the role of today and its new end.
        """
        arguments: list[str | int] = [
            shown.stored(self._key, renewed),
            fresh.stored(self._key, renewed),
            renewed.role,
            _milliseconds(renewed.expires_at),
            int(grace / timedelta(milliseconds=1)),
        ]
        with _answering():
            answer = await self._rotate(keys=[session_key(shown.session_id)], args=arguments)
        return Rotation(answer)

    async def end(self, user_id: str, session_id: str) -> int:
        """Ends a session; gives how many were ended."""
        with _answering():
            ended = await _awaited(self._redis.delete(session_key(session_id)))
            await _awaited(self._redis.zrem(user_sessions_key(user_id), session_id))
        return int(ended)

    async def end_all(self, user_id: str) -> int:
        """Ends all sessions of a user; gives how many were ended."""
        with _answering():
            ids = await _awaited(self._redis.zrange(user_sessions_key(user_id), 0, -1))
        return sum([await self.end(user_id, session_id) for session_id in ids])

    async def count_attempt(self, address: str, limit: int, window: timedelta) -> timedelta:
        """Counts an attempt to sign in; gives how long the address must wait, zero where it need not."""
        arguments = [limit, int(window / timedelta(milliseconds=1))]
        with _answering():
            wait = await self._count(keys=[_attempts_key(address)], args=arguments)
        return timedelta(milliseconds=int(wait))

    async def forget_attempts(self, address: str) -> None:
        """Starts counting anew, after a right password."""
        with _answering():
            await _awaited(self._redis.delete(_attempts_key(address)))

    async def close(self) -> None:
        """Closes the connections."""
        await self._redis.aclose()


def _attempts_key(address: str) -> str:
    # Hashed, so that what strangers type into the form does not lie about in Redis.
    return f"login-attempts:{hashlib.sha256(address.encode()).hexdigest()}"


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, ReadOnlyError) as error:
        raise Unavailable(
            "SESSIONS_UNAVAILABLE", "Signing in is not possible at the moment. Try again in a moment."
        ) from error


async def _awaited(command: Any) -> Any:
    # The commands of redis-py are typed for the blocking client too.
    return await cast(Awaitable[Any], command)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
