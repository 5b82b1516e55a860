"""Pages that were read a moment ago, so that a repeated request, or one that was cut off, costs no second reading.

A page is found by the organization, the file's SHA-256, its number, and all that its reading depends on; one
organization never sees what another's file gave, though the files be the same. It is kept for a limited time.
"""

import zlib
from datetime import UTC, datetime, timedelta

import structlog
from automateiq_core.context import current
from automateiq_core.idempotency import derived_id
from automateiq_core.mongo import Mongo, ObjectId, brief
from pydantic import TypeAdapter
from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from automateiq_ocr.recognition.models import Page

_PAGES = "pages"
# MongoDB's limit for a row is 16 MiB; a page above this is read again.
_MAX_BYTES = 8 << 20

INDEXES = [
    IndexModel([("organizationId", ASCENDING), ("sha256", ASCENDING), ("engine", ASCENDING)], name="file"),
    IndexModel([("expiresAt", ASCENDING)], name="expiry", expireAfterSeconds=0),
]

_page = TypeAdapter(Page)
_log = structlog.get_logger(__name__)


class PageStore:
    """The cache of pages."""

    def __init__(self, mongo: Mongo, *, kept: timedelta) -> None:
        self._mongo = mongo
        self._pages = mongo.tenant(_PAGES)
        self._kept = kept

    async def ensure_indexes(self) -> None:
        """Creates the collection and its indexes."""
        await self._mongo.ensure_indexes(_PAGES, INDEXES)

    async def find(self, sha256: str, engine: str) -> dict[int, Page]:
        """The pages of this file that this engine has read, by their numbers."""
        # Expired rows are taken away by MongoDB within a minute; until then they do not count.
        query = {"sha256": sha256, "engine": engine, "expiresAt": {"$gt": datetime.now(UTC)}}
        pages = [
            _page.validate_json(zlib.decompress(row["page"])) async for row in self._pages.iterate(query)
        ]
        return {page.number: page for page in pages}

    async def keep(self, sha256: str, engine: str, page: Page) -> None:
        """Keeps a page for a while; one that is too large is not kept."""
        packed = zlib.compress(_page.dump_json(page), level=1)
        if not self._kept or len(packed) > _MAX_BYTES:
            return
        row = {
            "sha256": sha256,
            "engine": engine,
            "number": page.number,
            "page": packed,
            "schemaVersion": 1,
            "expiresAt": datetime.now(UTC) + self._kept,
        }
        try:
            await self._pages.replace_one({"_id": _id(sha256, engine, page.number)}, row, upsert=True)
        except PyMongoError as error:
            # The page is read; that it can not be kept is no reason to fail.
            _log.warning("page not kept", error=brief(error))


def _id(sha256: str, engine: str, number: int) -> ObjectId:
    return derived_id(current().tenant(), sha256, engine, str(number))
