"""MongoDB: the only file that imports Motor, and the only way to a collection.

A store asks for `mongo.tenant(name)` and gets a collection that is bound to the organization of the running call.
`mongo.across_tenants(name, why=...)` is the one escape; `tests/contract/test_tenant_escapes.py` lists who uses it.
Every operation ends with the call's deadline, or after a few seconds where that is far away: a database that does
not answer is told to the caller while somebody still waits. It joins the running transaction by itself.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import pymongo
from bson import ObjectId
from gridfs.errors import NoFile
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorClientSession,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
    AsyncIOMotorGridFSBucket,
)
from pymongo import DeleteMany, DeleteOne, IndexModel, InsertOne, ReturnDocument, UpdateMany, UpdateOne
from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    PyMongoError,
    WTimeoutError,
)

from automateiq_core import tenancy
from automateiq_core.context import current, current_or_none
from automateiq_core.errors import AppError, DeadlineExceeded, Unavailable

__all__ = [
    "Collection",
    "CrossTenantCollection",
    "Delete",
    "Document",
    "DuplicateKeyError",
    "Insert",
    "Mongo",
    "ObjectId",
    "TenantBucket",
    "TenantCollection",
    "Update",
    "brief",
    "in_transaction",
    "translate",
]

# Under a deadline the driver waits for a lost database until then, whatever `serverSelectionTimeoutMS` says.
_OPERATION_SECONDS = 5.0
_TRANSACTION_SECONDS = 10.0
# Work that nobody waits for (sweeps, jobs) may take longer, but does not hang on a frozen database.
_BACKGROUND_SECONDS = 30.0

Document = dict[str, Any]
Sort = Sequence[tuple[str, int]]
Result = TypeVar("Result")

_session: ContextVar[AsyncIOMotorClientSession | None] = ContextVar("automateiq_mongo_session", default=None)


def in_transaction() -> bool:
    """Whether a transaction is running; calls to other services are refused inside one."""
    return _session.get() is not None


def translate(error: PyMongoError) -> AppError | None:
    """The error a caller should see for one of the driver's, or None where the driver's is a bug of ours."""
    if isinstance(error, NetworkTimeout | ExecutionTimeout | WTimeoutError) or error.timeout:
        return _too_late()
    if isinstance(error, ConnectionFailure):
        return _unavailable()
    return None


def _too_late() -> AppError:
    remaining = context.remaining() if (context := current_or_none()) else None
    if remaining is not None and remaining < 0.05:
        return DeadlineExceeded("DEADLINE_EXCEEDED", "The database did not answer in time.")
    return _unavailable()


def _unavailable() -> AppError:
    return Unavailable("DATABASE_UNAVAILABLE", "The database does not answer. Try again in a moment.")


def brief(error: Exception) -> str:
    """What a log line says of an error: the driver adds its whole view of the cluster, of several hundred bytes."""
    return str(error).partition(" (configured timeouts")[0]


def _deadline() -> AbstractContextManager[object]:
    return pymongo.timeout(_seconds(_OPERATION_SECONDS))


def _seconds(longest: float) -> float:
    context = current_or_none()
    remaining = context.remaining() if context is not None else None
    return _BACKGROUND_SECONDS if remaining is None else min(remaining, longest)


@dataclass(frozen=True, slots=True)
class Changed:
    """What an update did."""

    matched: int
    modified: int
    upserted_id: Any = None


@dataclass(frozen=True, slots=True)
class Insert:
    """One insert of a bulk write."""

    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """One update of a bulk write."""

    query: Mapping[str, Any]
    update: Mapping[str, Any]
    many: bool = False
    upsert: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """One delete of a bulk write."""

    query: Mapping[str, Any]
    many: bool = False


class Collection(ABC):
    """The verbs of a collection. What a query may reach is the subclass's to say, in the four hooks."""

    def __init__(self, collection: AsyncIOMotorCollection[Any]) -> None:
        self._collection = collection

    @abstractmethod
    def _filter(self, query: Mapping[str, Any]) -> Document: ...

    @abstractmethod
    def _document(self, document: Mapping[str, Any]) -> Document: ...

    @abstractmethod
    def _update(self, update: Any) -> Any: ...

    @abstractmethod
    def _pipeline(self, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]: ...

    async def find_one(
        self,
        query: Mapping[str, Any],
        *,
        projection: Mapping[str, Any] | None = None,
        sort: Sort | None = None,
    ) -> Document | None:
        """The first row that matches, or None."""
        with _deadline():
            row: Document | None = await self._collection.find_one(
                self._filter(query), projection, sort=sort, session=_session.get()
            )
        return row

    async def find(
        self,
        query: Mapping[str, Any],
        *,
        projection: Mapping[str, Any] | None = None,
        sort: Sort | None = None,
        limit: int,
    ) -> list[Document]:
        """Up to `limit` rows that match."""
        with _deadline():
            cursor = self._collection.find(
                self._filter(query), projection, sort=sort, limit=limit, session=_session.get()
            )
            rows: list[Document] = await cursor.to_list(length=limit)
        return rows

    async def iterate(
        self,
        query: Mapping[str, Any],
        *,
        projection: Mapping[str, Any] | None = None,
        sort: Sort | None = None,
        batch_size: int = 500,
    ) -> AsyncIterator[Document]:
        """All rows that match, batch by batch."""
        cursor = self._collection.find(
            self._filter(query), projection, sort=sort, batch_size=batch_size, session=_session.get()
        )
        while True:
            with _deadline():
                rows = await cursor.to_list(length=batch_size)
            if not rows:
                return
            for row in rows:
                yield row

    async def count(self, query: Mapping[str, Any], *, limit: int = 0) -> int:
        """How many rows match; counts up to `limit` where it is given."""
        options = {"limit": limit} if limit else {}
        with _deadline():
            counted: int = await self._collection.count_documents(
                self._filter(query), session=_session.get(), **options
            )
        return counted

    async def distinct(self, field: str, query: Mapping[str, Any]) -> list[Any]:
        """The different values of a field."""
        with _deadline():
            values: list[Any] = await self._collection.distinct(
                field, self._filter(query), session=_session.get()
            )
        return values

    async def aggregate(
        self, pipeline: Sequence[Mapping[str, Any]], *, limit: int = 10_000
    ) -> list[Document]:
        """The rows of an aggregation, at most `limit`."""
        with _deadline():
            cursor = self._collection.aggregate(self._pipeline(pipeline), session=_session.get())
            rows: list[Document] = await cursor.to_list(length=limit)
        return rows

    async def insert_one(self, document: Mapping[str, Any]) -> Any:
        """Inserts a row and gives its id. Raises `DuplicateKeyError` where a unique index forbids it."""
        with _deadline():
            return (
                await self._collection.insert_one(self._document(document), session=_session.get())
            ).inserted_id

    async def insert_many(self, documents: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Inserts rows and gives their ids."""
        rows = [self._document(document) for document in documents]
        with _deadline():
            ids: list[Any] = (await self._collection.insert_many(rows, session=_session.get())).inserted_ids
        return ids

    async def insert_once(self, document: Mapping[str, Any]) -> tuple[Document, bool]:
        """Inserts a row whose `_id` is derived from the call's key, or finds the one that is there.

        Returns:
            The row and whether it was inserted now. Not for use inside a transaction, which a duplicate ends.
        """
        try:
            await self.insert_one(document)
        except DuplicateKeyError:
            there = await self.find_one({"_id": document["_id"]})
            if there is None:
                raise
            return there, False
        return self._document(document), True

    async def update_one(self, query: Mapping[str, Any], update: Any, *, upsert: bool = False) -> Changed:
        """Changes the first row that matches."""
        with _deadline():
            result = await self._collection.update_one(
                self._filter(query), self._update(update), upsert=upsert, session=_session.get()
            )
        return Changed(result.matched_count, result.modified_count, result.upserted_id)

    async def update_many(self, query: Mapping[str, Any], update: Any) -> Changed:
        """Changes all rows that match."""
        with _deadline():
            result = await self._collection.update_many(
                self._filter(query), self._update(update), session=_session.get()
            )
        return Changed(result.matched_count, result.modified_count)

    async def replace_one(
        self, query: Mapping[str, Any], document: Mapping[str, Any], *, upsert: bool = False
    ) -> Changed:
        """Replaces the first row that matches."""
        with _deadline():
            result = await self._collection.replace_one(
                self._filter(query), self._document(document), upsert=upsert, session=_session.get()
            )
        return Changed(result.matched_count, result.modified_count, result.upserted_id)

    async def find_one_and_update(
        self,
        query: Mapping[str, Any],
        update: Any,
        *,
        sort: Sort | None = None,
        projection: Mapping[str, Any] | None = None,
        upsert: bool = False,
        return_before: bool = False,
    ) -> Document | None:
        """Changes the first row that matches and gives it as it is after (or before) the change."""
        with _deadline():
            row: Document | None = await self._collection.find_one_and_update(
                self._filter(query),
                self._update(update),
                sort=sort,
                projection=projection,
                upsert=upsert,
                return_document=ReturnDocument.BEFORE if return_before else ReturnDocument.AFTER,
                session=_session.get(),
            )
        return row

    async def find_one_and_delete(
        self, query: Mapping[str, Any], *, sort: Sort | None = None
    ) -> Document | None:
        """Deletes the first row that matches and gives it."""
        with _deadline():
            row: Document | None = await self._collection.find_one_and_delete(
                self._filter(query), sort=sort, session=_session.get()
            )
        return row

    async def delete_one(self, query: Mapping[str, Any]) -> int:
        """Deletes the first row that matches; gives how many were deleted."""
        with _deadline():
            result = await self._collection.delete_one(self._filter(query), session=_session.get())
        return int(result.deleted_count)

    async def delete_many(self, query: Mapping[str, Any]) -> int:
        """Deletes all rows that match; gives how many were deleted."""
        with _deadline():
            result = await self._collection.delete_many(self._filter(query), session=_session.get())
        return int(result.deleted_count)

    async def bulk_write(
        self, operations: Sequence[Insert | Update | Delete], *, ordered: bool = True
    ) -> None:
        """Writes many changes in one round trip."""
        requests = [self._request(operation) for operation in operations]
        with _deadline():
            await self._collection.bulk_write(requests, ordered=ordered, session=_session.get())

    def _request(self, operation: Insert | Update | Delete) -> Any:
        if isinstance(operation, Insert):
            return InsertOne(self._document(operation.document))
        query = self._filter(operation.query)
        if isinstance(operation, Delete):
            return DeleteMany(query) if operation.many else DeleteOne(query)
        kind = UpdateMany if operation.many else UpdateOne
        return kind(query, self._update(operation.update), upsert=operation.upsert)


class CrossTenantCollection(Collection):
    """A collection as it is. Only for what belongs to no tenant or must look across them."""

    def _filter(self, query: Mapping[str, Any]) -> Document:
        return dict(query)

    def _document(self, document: Mapping[str, Any]) -> Document:
        return dict(document)

    def _update(self, update: Any) -> Any:
        return update

    def _pipeline(self, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
        return [dict(stage) for stage in pipeline]


class TenantCollection(Collection):
    """A collection bound to the organization of the running call, in every verb."""

    def _filter(self, query: Mapping[str, Any]) -> Document:
        return tenancy.scoped_filter(query, current().tenant())

    def _document(self, document: Mapping[str, Any]) -> Document:
        return tenancy.scoped_document(document, current().tenant())

    def _update(self, update: Any) -> Any:
        return tenancy.checked_update(update)

    def _pipeline(self, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
        return tenancy.scoped_pipeline(pipeline, current().tenant())


class TenantBucket:
    """Files in GridFS, bound to the organization of the running call."""

    def __init__(self, database: AsyncIOMotorDatabase[Any], name: str, chunk_bytes: int = 1 << 20) -> None:
        self._bucket = AsyncIOMotorGridFSBucket(database, bucket_name=name, chunk_size_bytes=chunk_bytes)

    async def write(self, key: str, content: AsyncIterator[bytes]) -> int:
        """Stores a file under a key and gives its length. A failed write leaves nothing behind."""
        owner = current().tenant()
        file_id = _owned(owner, key)
        upload = self._bucket.open_upload_stream_with_id(file_id, key, metadata={tenancy.ORGANIZATION: owner})
        size = 0
        try:
            async for chunk in content:
                size += len(chunk)
                with _deadline():
                    await upload.write(chunk)
            with _deadline():
                await upload.close()
        except BaseException:
            with _deadline():
                await upload.abort()
            raise
        return size

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The file's content in pieces. Raises `KeyError` where it is not there."""
        file_id = _owned(current().tenant(), key)
        with _deadline():
            try:
                stream = await self._bucket.open_download_stream(file_id)
            except NoFile:
                raise KeyError(key) from None
        while True:
            with _deadline():
                chunk = await stream.readchunk()
            if not chunk:
                return
            yield chunk

    async def delete(self, key: str) -> None:
        """Removes a file; one that is not there is no error."""
        file_id = _owned(current().tenant(), key)
        with _deadline(), suppress(NoFile):
            await self._bucket.delete(file_id)


def _owned(owner: str, key: str) -> str:
    # The owner is part of the file's id, so no key can name another organization's file.
    return f"{owner}/{key}"


class Mongo:
    """One service's database, for the event loop that makes it."""

    def __init__(self, uri: str, database: str, *, app: str) -> None:
        self._client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(
            uri,
            appname=app,
            tz_aware=True,
            retryWrites=True,
            w="majority",
            serverSelectionTimeoutMS=5_000,
            maxPoolSize=50,
            # Motor would else take the loop of whichever thread touches it first.
            io_loop=asyncio.get_running_loop(),
        )
        self._database = self._client[database]

    def tenant(self, name: str) -> TenantCollection:
        """A collection of the running call's organization."""
        return TenantCollection(self._database[name])

    def across_tenants(self, name: str, *, why: str) -> CrossTenantCollection:
        """A collection of all organizations; `why` is for the reader and the test that lists the escapes."""
        if not why:
            raise ValueError("say why this looks across tenants")
        return CrossTenantCollection(self._database[name])

    def bucket(self, name: str) -> TenantBucket:
        """Files of the running call's organization."""
        return TenantBucket(self._database, name)

    async def transact(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs `work` in a transaction, again where MongoDB asks for it: it may run more than once.

        All operations inside take part. A transaction inside a transaction is the outer one.
        """
        if in_transaction():
            return await work()

        async def inside(session: AsyncIOMotorClientSession) -> Result:
            token = _session.set(session)
            try:
                return await work()
            finally:
                _session.reset(token)

        seconds = _seconds(_TRANSACTION_SECONDS)
        # Motor would begin a transaction anew for two minutes, whatever the deadline.
        limit = asyncio.timeout(seconds)
        try:
            with pymongo.timeout(seconds):
                async with limit, await self._client.start_session() as session:
                    result: Result = await session.with_transaction(inside)
        except TimeoutError:
            if limit.expired():
                raise _too_late() from None
            raise
        return result

    async def ensure_indexes(self, name: str, indexes: Sequence[IndexModel], *, tenant: bool = True) -> None:
        """Creates a collection and its indexes; a tenant's index starts with `organizationId`.

        An index that lets rows expire is exempt: MongoDB allows those on a single field only.
        """
        for index in indexes:
            keys = list(index.document["key"])
            if tenant and keys[0] != tenancy.ORGANIZATION and "expireAfterSeconds" not in index.document:
                raise ValueError(f"an index of {name} does not start with {tenancy.ORGANIZATION}: {keys}")
        if name not in await self._database.list_collection_names(filter={"name": name}):
            await self._database.create_collection(name, check_exists=False)
        if indexes:
            await self._database[name].create_indexes(list(indexes))

    async def ping(self) -> None:
        """Raises where the database does not answer."""
        with _deadline():
            await self._client.admin.command("ping")

    async def drop(self) -> None:
        """Drops the whole database; for tests."""
        await self._client.drop_database(self._database.name)

    async def close(self) -> None:
        """Closes the connections."""
        self._client.close()
