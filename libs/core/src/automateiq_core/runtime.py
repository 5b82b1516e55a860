"""What a process of a service is made of, opened and closed in the right order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import ModuleType

from automateiq_core.credits import Credits
from automateiq_core.idempotency import Idempotency
from automateiq_core.internal_token import TokenSigner, TokenVerifier
from automateiq_core.mongo import Mongo
from automateiq_core.rpc_client import Peer
from automateiq_core.rpc_server import Boundary
from automateiq_core.settings import ServiceSettings
from automateiq_core.tasks import Tasks


@dataclass(slots=True)
class Runtime:
    """The parts every process of a service has."""

    service: str
    settings: ServiceSettings
    mongo: Mongo
    signer: TokenSigner
    tasks: Tasks
    idempotency: Idempotency
    _peers: list[Peer] = field(default_factory=list)

    def peer(self, name: str, target: str, *modules: ModuleType) -> Peer:
        """A channel to another service, closed with the runtime."""
        peer = Peer(
            name,
            target,
            modules,
            self.signer,
            default_deadline_seconds=self.settings.default_deadline_seconds,
        )
        self._peers.append(peer)
        return peer

    def credits(self, billing: Peer) -> Credits:
        """Billing, as a service that does paid work sees it."""
        return Credits(billing)

    def boundary(self) -> Boundary:
        """What stands in front of this service's methods."""
        verifier = TokenVerifier.from_directory(self.service, self.settings.internal_public_keys_dir)
        return Boundary(
            verifier, self.idempotency, default_deadline_seconds=self.settings.default_deadline_seconds
        )

    async def migrate(self) -> None:
        """Creates the collections of core in the service's database."""
        await self.idempotency.ensure_indexes()
        await self.tasks.ensure_indexes()


@asynccontextmanager
async def open_runtime(service: str, settings: ServiceSettings) -> AsyncIterator[Runtime]:
    """Opens the parts and closes them again. Must run in the event loop that uses them."""
    mongo = Mongo(settings.mongodb_uri, settings.mongodb_database_prefix + service, app=service)
    signer = TokenSigner.from_file(service, settings.internal_private_key_file)
    runtime = Runtime(
        service=service,
        settings=settings,
        mongo=mongo,
        signer=signer,
        tasks=Tasks(service, mongo, settings.redis_url),
        idempotency=Idempotency(mongo, secret=signer.secret_for("idempotency")),
    )
    try:
        yield runtime
    finally:
        for peer in runtime._peers:
            await peer.close()
        await mongo.close()
