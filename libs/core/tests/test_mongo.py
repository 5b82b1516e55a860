"""A store can not reach another tenant's rows through any verb, on a real MongoDB."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from automateiq_core import context
from automateiq_core import mongo as core_mongo
from automateiq_core.context import MissingContext
from automateiq_core.errors import Unavailable
from automateiq_core.mongo import Delete, Insert, Mongo, TenantCollection, Update
from automateiq_core.tenancy import TenancyViolation
from automateiq_core.testing import calling
from automateiq_local.ports import free_ports
from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

OURS, THEIRS = "a" * 24, "b" * 24


@pytest.fixture
async def rows(mongo: Mongo) -> AsyncIterator[TenantCollection]:
    """Two rows of theirs; the test runs as us."""
    collection = mongo.tenant("rows")
    with calling(organization_id=THEIRS):
        await collection.insert_many([{"_id": "t1", "n": 1}, {"_id": "t2", "n": 2, "parent": "t1"}])
    with calling(organization_id=OURS):
        await collection.insert_one({"_id": "o1", "n": 10})
        yield collection


async def theirs(mongo: Mongo) -> list[dict[str, object]]:
    every = mongo.across_tenants("rows", why="the test looks at both")
    return await every.find({"organizationId": THEIRS}, sort=[("_id", 1)], limit=10)


async def test_every_reading_verb_sees_only_our_rows(rows: TenantCollection) -> None:
    assert [row["_id"] for row in await rows.find({}, limit=10)] == ["o1"]
    assert await rows.find_one({"_id": "t1"}) is None
    assert await rows.count({}) == 1
    assert await rows.distinct("n", {}) == [10]
    assert [row["_id"] async for row in rows.iterate({})] == ["o1"]
    assert [row["_id"] for row in await rows.find({"$or": [{"organizationId": THEIRS}, {}]}, limit=9)] == [
        "o1"
    ]


JOINS = [
    {"$lookup": {"from": "rows", "localField": "x", "foreignField": "x", "as": "found"}},
    {"$lookup": {"from": "rows", "pipeline": [], "as": "found"}},
    {"$lookup": {"from": "rows", "pipeline": [{"$match": {"n": {"$gt": 0}}}], "as": "found"}},
    {
        "$graphLookup": {
            "from": "rows",
            "startWith": "t1",
            "connectFromField": "_id",
            "connectToField": "parent",
            "as": "found",
        }
    },
    {
        "$facet": {
            "found": [{"$lookup": {"from": "rows", "pipeline": [], "as": "rows"}}, {"$unwind": "$rows"}]
        }
    },
]


@pytest.mark.parametrize("stage", JOINS, ids=lambda stage: next(iter(stage)))
async def test_no_join_reaches_their_rows(rows: TenantCollection, stage: dict[str, object]) -> None:
    found = (await rows.aggregate([stage]))[0]["found"]
    assert {row.get("rows", row)["_id"] for row in found} <= {"o1"}


async def test_a_union_reaches_only_our_rows(rows: TenantCollection) -> None:
    for union in ({"$unionWith": "rows"}, {"$unionWith": {"coll": "rows", "pipeline": []}}):
        assert {row["_id"] for row in await rows.aggregate([union])} == {"o1"}


FORBIDDEN = [
    [{"$out": "rows"}],
    [{"$merge": "rows"}],
    [{"$collStats": {}}],
    [{"$lookup": {"from": {"db": "other", "coll": "rows"}, "as": "found"}}],
    [{"$match": {"organizationId": THEIRS}}],
    [{"$match": {"$where": "true"}}],
    [{"$unionWith": {"coll": "rows", "pipeline": [{"$match": {"organizationId": THEIRS}}]}}],
    [{"$group": {"_id": None, "n": {"$accumulator": {}}}}],
    [{"$facet": {"a": [{"$out": "rows"}]}}],
]


@pytest.mark.parametrize("pipeline", FORBIDDEN, ids=str)
async def test_a_stage_that_could_lead_around_is_refused(
    rows: TenantCollection, pipeline: list[dict[str, object]]
) -> None:
    with pytest.raises(TenancyViolation):
        await rows.aggregate(pipeline)


WRITES: dict[str, Callable[[TenantCollection], Awaitable[object]]] = {
    "update_one": lambda rows: rows.update_one({"_id": "t1"}, {"$set": {"n": 99}}),
    "update_many": lambda rows: rows.update_many({}, {"$set": {"n": 99}}),
    "update_many_or": lambda rows: rows.update_many(
        {"$or": [{"organizationId": THEIRS}, {"n": {"$exists": True}}]}, {"$set": {"n": 99}}
    ),
    "pipeline": lambda rows: rows.update_many({}, [{"$set": {"n": 99}}]),
    "replace_one": lambda rows: rows.replace_one({"_id": "t1"}, {"n": 99}),
    "find_one_and_update": lambda rows: rows.find_one_and_update({"_id": "t1"}, {"$set": {"n": 99}}),
    "find_one_and_delete": lambda rows: rows.find_one_and_delete({"_id": "t1"}),
    "delete_one": lambda rows: rows.delete_one({"_id": "t1"}),
    "delete_many": lambda rows: rows.delete_many({}),
    "bulk": lambda rows: rows.bulk_write(
        [
            Update({"_id": "t1"}, {"$set": {"n": 99}}),
            Update({}, {"$set": {"n": 99}}, many=True),
            Delete({"_id": "t2"}),
            Delete({"n": {"$lt": 5}}, many=True),
            Insert({"_id": "o2", "n": 3}),
        ]
    ),
}


@pytest.mark.parametrize("verb", WRITES)
async def test_no_writing_verb_changes_their_rows(mongo: Mongo, rows: TenantCollection, verb: str) -> None:
    before = await theirs(mongo)
    await WRITES[verb](rows)
    assert await theirs(mongo) == before


MOVES: dict[str, Callable[[TenantCollection], Awaitable[object]]] = {
    "insert": lambda rows: rows.insert_one({"organizationId": THEIRS}),
    "set": lambda rows: rows.update_one({"_id": "o1"}, {"$set": {"organizationId": THEIRS}}),
    "set_on_insert": lambda rows: rows.update_one(
        {"_id": "o9"}, {"$setOnInsert": {"organizationId": THEIRS}}, upsert=True
    ),
    "rename": lambda rows: rows.update_one({"_id": "o1"}, {"$rename": {"n": "organizationId"}}),
    "unset": lambda rows: rows.update_one({"_id": "o1"}, {"$unset": {"organizationId": ""}}),
    "pipeline": lambda rows: rows.update_one({"_id": "o1"}, [{"$set": {"organizationId": THEIRS}}]),
    "pipeline_unset": lambda rows: rows.update_one({"_id": "o1"}, [{"$unset": "organizationId"}]),
    "pipeline_replace": lambda rows: rows.update_one({"_id": "o1"}, [{"$replaceWith": {"n": 1}}]),
    "replace": lambda rows: rows.replace_one({"_id": "o1"}, {"organizationId": THEIRS}),
    "bulk": lambda rows: rows.bulk_write([Insert({"organizationId": THEIRS})]),
    "plain_document": lambda rows: rows.update_one({"_id": "o1"}, {"n": 5}),
}


@pytest.mark.parametrize("move", MOVES)
async def test_a_row_can_not_change_hands(mongo: Mongo, rows: TenantCollection, move: str) -> None:
    before = await theirs(mongo)
    with pytest.raises(TenancyViolation):
        await MOVES[move](rows)
    assert await theirs(mongo) == before
    assert await rows.count({}) == 1


async def test_an_upsert_makes_a_row_of_ours(mongo: Mongo, rows: TenantCollection) -> None:
    await rows.update_one({"_id": "o2"}, {"$set": {"n": 1}}, upsert=True)
    row = await rows.find_one({"_id": "o2"})
    assert row is not None
    assert row["organizationId"] == OURS


async def test_without_a_call_nothing_is_read(mongo: Mongo) -> None:
    with pytest.raises(MissingContext):
        await mongo.tenant("rows").find({}, limit=1)
    with calling(organization_id=""), pytest.raises(MissingContext):
        await mongo.tenant("rows").find({}, limit=1)


async def test_files_of_another_tenant_are_not_there(mongo: Mongo) -> None:
    bucket = mongo.bucket("files")

    async def content() -> AsyncIterator[bytes]:
        yield b"their"
        yield b" secret"

    with calling(organization_id=THEIRS):
        assert await bucket.write("key", content()) == 12
        assert b"".join([chunk async for chunk in bucket.read("key")]) == b"their secret"
    with calling(organization_id=OURS):
        with pytest.raises(KeyError):
            _ = [chunk async for chunk in bucket.read("key")]
        await bucket.delete("key")
    with calling(organization_id=THEIRS):
        assert [chunk async for chunk in bucket.read("key")]
        await bucket.delete("key")
        with pytest.raises(KeyError):
            _ = [chunk async for chunk in bucket.read("key")]


async def test_a_transaction_is_kept_or_dropped_whole(mongo: Mongo) -> None:
    rows = mongo.tenant("rows")
    await mongo.ensure_indexes("rows", [])

    async def two_and_fail() -> None:
        await rows.insert_one({"_id": 1})
        await rows.insert_one({"_id": 2})
        raise ZeroDivisionError

    async def two() -> str:
        await rows.insert_one({"_id": 1})
        await rows.insert_one({"_id": 2})
        return "done"

    with calling():
        with pytest.raises(ZeroDivisionError):
            await mongo.transact(two_and_fail)
        assert await rows.count({}) == 0
        assert await mongo.transact(two) == "done"
        assert await rows.count({}) == 2


async def test_a_database_that_is_gone_is_told_long_before_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(core_mongo, "_OPERATION_SECONDS", 0.3)
    monkeypatch.setattr(core_mongo, "_TRANSACTION_SECONDS", 0.6)
    gone = Mongo(f"mongodb://127.0.0.1:{free_ports(1)[0]}/?replicaSet=rs0", "gone", app="test")
    rows = gone.tenant("rows")
    began = time.monotonic()
    with calling(deadline=began + 60):
        with pytest.raises(PyMongoError) as failed:
            await rows.find_one({})
        told = core_mongo.translate(failed.value)
        assert isinstance(told, Unavailable)
        assert told.reason == "DATABASE_UNAVAILABLE"
        with pytest.raises(Unavailable, match="DATABASE_UNAVAILABLE"):
            await gone.transact(lambda: rows.insert_one({}))
    assert time.monotonic() - began < 10
    assert "Topology" not in core_mongo.brief(failed.value)
    await gone.close()


async def test_a_tenants_index_starts_with_its_owner(mongo: Mongo) -> None:
    with pytest.raises(ValueError, match="organizationId"):
        await mongo.ensure_indexes("rows", [IndexModel([("n", ASCENDING)])])


async def test_insert_once_finds_the_row_of_the_first_try(mongo: Mongo) -> None:
    rows = mongo.tenant("rows")
    with calling():
        assert (await rows.insert_once({"_id": "k", "n": 1}))[1] is True
        row, inserted = await rows.insert_once({"_id": "k", "n": 2})
        assert (row["n"], inserted) == (1, False)
    assert context.current_or_none() is None
