"""The whole fleet, started once for all tests that need it."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from automateiq_local.fleet import Fleet

from tests.business import Business

# Tests send from one address, far faster than people would; the limits have tests of their own in the gateway.
NO_RATE_LIMITS = {
    f"AUTOMATEIQ_{name}": "1000000"
    for name in (
        "USER_REQUESTS_PER_MINUTE",
        "ADDRESS_REQUESTS_PER_MINUTE",
        "ORGANIZATION_REQUESTS_PER_MINUTE",
        "SIGN_INS_PER_MINUTE",
    )
}


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet of its own, on free ports and an empty data folder."""
    with Fleet(tmp_path_factory.mktemp("fleet"), env=NO_RATE_LIMITS) as running:
        yield running


@pytest.fixture
def business(fleet: Fleet) -> Iterator[Callable[[], Business]]:
    """Registers new businesses; each gives the REST client of its admin."""
    clients: list[httpx.Client] = []

    def register() -> Business:
        client = httpx.Client(base_url=fleet.gateway_url, timeout=60)
        clients.append(client)
        return Business.register(client, f"owner-{secrets.token_hex(6)}@example.com")

    yield register
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The project's sample documents."""
    return Path(__file__).resolve().parents[1] / "samples" / "documents"
