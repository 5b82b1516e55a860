"""Whether a request may go on: is its session alive, and is it within its rates? One round trip to Redis.

Rates are counted by GCRA, the leaky bucket of ATM as one number a key (the "theoretical arrival time"): a whole
minute's requests may come at once, then they come evenly. All counters of a request are raised together or, when one
refuses, not at all. The clock is Redis', so that all replicas of the gateway agree.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automateiq_core.errors import ResourceExhausted, Unauthenticated, Unavailable
from automateiq_core.sessions import session_key
from redis.asyncio import Redis
from redis.exceptions import RedisError

from automateiq_gateway.batches import BatchedScript
from automateiq_gateway.exchange import Exchange
from automateiq_gateway.settings import GatewaySettings

_WINDOW_SECONDS = 60

# KEYS: the session (may be empty), then a counter each. ARGV: the milliseconds a request costs and the requests a
# minute, for each counter. Gives: whether the session is there, the counter that refuses or 0, milliseconds to wait,
# requests left under the first counter, milliseconds until that counter is full again.
_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local due = {}
local refused, wait, left, full = 0, 0, 0, 0
local kept = redis.call('MGET', unpack(KEYS, 2))
for i = 1, #KEYS - 1 do
  local cost, quota = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local from = math.max(tonumber(kept[i] or '0'), now)
  due[i] = from + cost
  local early = due[i] - cost * quota - now
  if early > wait then refused, wait = i, early end
  if i == 1 then
    left = math.max(math.floor((cost * quota - (due[i] - now)) / cost + 0.001), 0)
    full = due[i] - now
  end
end
if refused == 0 then
  for i = 1, #KEYS - 1 do
    redis.call('SET', KEYS[i + 1], string.format('%.3f', due[i]), 'PX', math.ceil(due[i] - now))
  end
end
local alive = 1
if KEYS[1] ~= '' then alive = redis.call('EXISTS', KEYS[1]) end
return {alive, refused, math.ceil(wait), left, math.ceil(full)}
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a minute for each of its kind."""

    kind: str
    quota: int

    @property
    def cost(self) -> str:
        """Milliseconds of the minute that a request takes up."""
        return f"{_WINDOW_SECONDS * 1000 / self.quota:.6f}"


class Admission:
    """The door. Without Redis it stays shut."""

    def __init__(self, redis: "Redis", settings: GatewaySettings) -> None:
        self._redis = redis
        self._script = BatchedScript(redis, _SCRIPT)
        self._user = Rate("user", settings.user_requests_per_minute)
        self._address = Rate("address", settings.address_requests_per_minute)
        self._organization = Rate("organization", settings.organization_requests_per_minute)
        self._sign_in = Rate("sign-in", settings.sign_ins_per_minute)
        self._signed_in_args = _arguments((self._user, self._address, self._organization))

    async def signed_in(
        self, exchange: Exchange, session_id: str, user_id: str, organization_id: str, address: str
    ) -> None:
        """Admits a user's request.

        Raises:
            Unauthenticated: the session has ended (SESSION_REVOKED).
            ResourceExhausted: a rate is used up (RATE_LIMITED).
            Unavailable: Redis does not answer.
        """
        keys = [
            session_key(session_id),
            f"rate:user:{user_id}",
            f"rate:address:{address}",
            f"rate:organization:{organization_id}",
        ]
        rates = (self._user, self._address, self._organization)
        if not await self._admit(exchange, keys, rates, self._signed_in_args):
            raise Unauthenticated("SESSION_REVOKED", "Your session has ended. Sign in again.")

    async def anonymous(self, exchange: Exchange, address: str) -> None:
        """Admits a request by somebody who has not signed in and need not."""
        rates = (self._address,)
        await self._admit(exchange, ["", f"rate:address:{address}"], rates, _arguments(rates))

    async def signing_in(self, exchange: Exchange, address: str) -> None:
        """Admits a request that shows a password or another secret to be guessed."""
        rates = (self._sign_in, self._address)
        keys = ["", f"rate:sign-in:{address}", f"rate:address:{address}"]
        await self._admit(exchange, keys, rates, _arguments(rates))

    async def is_alive(self, session_id: str) -> bool:
        """Whether a session has not ended; counts nothing."""
        try:
            return bool(await self._redis.exists(session_key(session_id)))
        except RedisError as error:
            raise _shut() from error

    async def _admit(
        self, exchange: Exchange, keys: list[str], rates: Sequence[Rate], arguments: list[str]
    ) -> bool:
        try:
            alive, refused, wait, left, full = await self._script(keys, arguments)
        except (RedisError, OSError, TimeoutError) as error:
            raise _shut() from error
        if refused:
            rate = rates[refused - 1]
            seconds = math.ceil(wait / 1000)
            _tell(exchange, rate, 0, seconds)
            raise ResourceExhausted(
                "RATE_LIMITED",
                f"Too many requests: {rate.quota} a minute are allowed for each {rate.kind}. "
                f"Try again in {seconds} s.",
                retryAfterSeconds=str(seconds),
            )
        _tell(exchange, rates[0], left, math.ceil(full / 1000))
        return bool(alive)


def _arguments(rates: Sequence[Rate]) -> list[str]:
    return [word for rate in rates for word in (rate.cost, str(rate.quota))]


def _tell(exchange: Exchange, rate: Rate, left: int, seconds: int) -> None:
    """RateLimit and RateLimit-Policy, as in draft-ietf-httpapi-ratelimit-headers-10."""
    exchange.headers += (
        (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (rate.kind.encode(), rate.quota, _WINDOW_SECONDS)),
        (b"ratelimit", b'"%b";r=%d;t=%d' % (rate.kind.encode(), left, seconds)),
    )


def _shut() -> Unavailable:
    return Unavailable(
        "SESSIONS_UNAVAILABLE", "Sessions can not be checked right now. Try again in a moment."
    )
