"""Whether the gateway runs, and whether it can do its work."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import parts
from automateiq_gateway.readiness import OK
from automateiq_gateway.replies import reply
from automateiq_gateway.schemas.health import Health, Liveness

router = APIRouter(prefix="/health", tags=["health"])


@router.get("", response_model=Health, responses={503: {"model": Health, "description": "Not now"}})
async def readiness(request: Request) -> Response:
    """Whether requests may be sent here: Redis and the services behind the gateway answer."""
    gateway = parts.of(request)
    if gateway.stopping.is_set():
        return reply({"status": "stopping", "parts": {}}, 503)
    states = await gateway.readiness.states()
    good = all(state == OK for state in states.values())
    return reply({"status": "ok" if good else "down", "parts": dict(states)}, 200 if good else 503)


@router.get("/live", response_model=Liveness)
async def liveness() -> Response:
    """Whether the process runs."""
    return reply({"status": "ok"})
