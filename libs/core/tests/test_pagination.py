"""Keyset pages give every row once, in order, while rows come and go."""

import base64
import json
from typing import Any

import pytest
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core.errors import InvalidInput
from automateiq_core.mongo import Mongo
from automateiq_core.pagination import SortKey, paginate
from automateiq_core.testing import calling
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

values = st.lists(st.one_of(st.integers(-3, 3), st.sampled_from(["a", "b", ""])), max_size=25)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(values=values, size=st.integers(1, 7), descending=st.booleans())
async def test_pages_together_are_the_listing(
    mongo: Mongo, values: list[int | str], size: int, descending: bool
) -> None:
    rows = mongo.tenant("rows")
    # One kind of value a field, as in a real collection.
    kind = type(values[0]) if values else int
    values = [value for value in values if isinstance(value, kind)]
    with calling():
        if values:
            await rows.insert_many([{"_id": i, "v": value} for i, value in enumerate(values)])
        seen: list[tuple[int | str, int]] = []
        token = ""
        while True:
            page = await paginate(
                rows,
                {"v": {"$exists": True}},
                SortKey("v", descending),
                PageRequest(page_size=size, page_token=token),
            )
            assert len(page.rows) <= size
            seen += [(row["v"], row["_id"]) for row in page.rows]
            token = page.info.next_page_token
            if not token:
                break
        await rows.delete_many({})
        assert seen == sorted([(value, i) for i, value in enumerate(values)], reverse=descending)


async def test_a_row_that_comes_later_moves_no_other(mongo: Mongo) -> None:
    rows = mongo.tenant("rows")
    with calling():
        await rows.insert_many([{"_id": i} for i in range(0, 20, 2)])
        first = await paginate(rows, {}, SortKey("_id"), PageRequest(page_size=5))
        await rows.insert_one({"_id": 1})
        await rows.delete_one({"_id": 8})
        second = await paginate(
            rows, {}, SortKey("_id"), PageRequest(page_size=5, page_token=first.next_page_token)
        )
    assert [row["_id"] for row in second.rows] == [10, 12, 14, 16, 18]


@given(token=st.one_of(st.text(min_size=1, max_size=40), st.binary(min_size=1, max_size=60).map(bytes.hex)))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_damaged_token_is_refused(mongo: Mongo, token: str) -> None:
    with calling(), pytest.raises(InvalidInput, match="PAGE_TOKEN_INVALID"):
        await paginate(mongo.tenant("rows"), {}, SortKey("_id"), PageRequest(page_token=token))


async def test_a_token_belongs_to_its_filter_and_sort(mongo: Mongo) -> None:
    rows = mongo.tenant("rows")
    with calling():
        await rows.insert_many([{"_id": i, "v": i} for i in range(5)])
        token = (await paginate(rows, {}, SortKey("v"), PageRequest(page_size=2))).next_page_token
        request = PageRequest(page_size=2, page_token=token)
        for query, sort in (({"v": 1}, SortKey("v")), ({}, SortKey("v", True)), ({}, SortKey("_id"))):
            with pytest.raises(InvalidInput, match="PAGE_TOKEN_INVALID"):
                await paginate(rows, query, sort, request)


@pytest.mark.parametrize(
    "value",
    [
        {"$regularExpression": {"pattern": "(a+)+$", "options": ""}},
        {"$code": "sleep(1000)"},
        {"$ref": "users", "$id": 1, "$where": "1"},
        {"$oid": "no id"},
        {"$date": {"$numberLong": "9" * 18}},
        {"$minKey": 1},
        {"$gt": ""},
        ["a"],
        None,
        True,
        10**30,
        "\ud800",
    ],
    ids=str,
)
@pytest.mark.parametrize("place", [1, 2])
async def test_a_token_holds_plain_values_only(mongo: Mongo, value: Any, place: int) -> None:
    rows = mongo.tenant("rows")
    with calling():
        await rows.insert_many([{"_id": f"{i}", "v": f"{i}"} for i in range(5)])
        request = PageRequest(page_size=2)
        token = (await paginate(rows, {}, SortKey("v"), request)).next_page_token
        words = json.loads(base64.urlsafe_b64decode(token + "=="))
        words[place] = value
        request.page_token = base64.urlsafe_b64encode(json.dumps(words).encode()).decode().rstrip("=")
        with pytest.raises(InvalidInput, match="PAGE_TOKEN_INVALID"):
            await paginate(rows, {}, SortKey("v"), request)
