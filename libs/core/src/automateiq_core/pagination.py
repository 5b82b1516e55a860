"""Keyset pages: rows after a position `(sort value, _id)`, never an offset.

A token names the position of the last row, and a fingerprint of the filter and the sort it belongs to. It holds no
authority: the tenant's filter is applied to every page.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import bson
from automateiq.common.v1.pagination_pb2 import PageInfo, PageRequest
from bson import json_util

from automateiq_core.errors import InvalidInput
from automateiq_core.mongo import Collection, Document, ObjectId

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
# What rows are sorted by. Extended JSON knows more: a regular expression or an operator from outside would be a query.
_SORTABLE = frozenset({str, int, float, datetime, ObjectId})


@dataclass(frozen=True, slots=True)
class SortKey:
    """The field a listing is sorted by, present in every row; rows with the same value are sorted by `_id`."""

    field: str
    descending: bool = False

    @property
    def direction(self) -> int:
        """1 or -1, as MongoDB takes it."""
        return -1 if self.descending else 1


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page and the token of the next one."""

    rows: list[Document]
    next_page_token: str

    @property
    def info(self) -> PageInfo:
        """What follows, as a message."""
        return PageInfo(next_page_token=self.next_page_token)


async def paginate(
    collection: Collection,
    query: Mapping[str, Any],
    sort: SortKey,
    request: PageRequest,
    *,
    projection: Mapping[str, Any] | None = None,
) -> Page:
    """One page of the rows that match.

    Raises:
        InvalidInput: the token is damaged or belongs to another filter or sort (PAGE_TOKEN_INVALID).
    """
    size = min(request.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    fingerprint = _fingerprint(query, sort)
    after = _after(request.page_token, fingerprint, sort)
    full = {"$and": [after, query]} if after and query else (after or dict(query))
    # A text query must stand at the top, not inside $and.
    if after and "$text" in query:
        full = {**query, "$and": [*query.get("$and", []), after]}
    rows = await collection.find(
        full,
        sort=[(sort.field, sort.direction), ("_id", sort.direction)]
        if sort.field != "_id"
        else [("_id", sort.direction)],
        limit=size + 1,
        projection=projection,
    )
    if len(rows) <= size:
        return Page(rows, "")
    rows = rows[:size]
    return Page(rows, _token(rows[-1], fingerprint, sort))


def _fingerprint(query: Mapping[str, Any], sort: SortKey) -> str:
    words = json_util.dumps([query, sort.field, sort.descending], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _token(row: Document, fingerprint: str, sort: SortKey) -> str:
    words = json_util.dumps([fingerprint, row[sort.field], row["_id"]])
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def _after(token: str, fingerprint: str, sort: SortKey) -> Document:
    if not token:
        return {}
    try:
        padded = token + "=" * (-len(token) % 4)
        words = json_util.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        belongs_to, value, last_id = words
        # A number beyond 64 bits or half a surrogate pair is JSON, but no value of MongoDB's.
        bson.encode({"position": [value, last_id]})
    except Exception:  # A stranger wrote it: what is wrong with it makes no difference.
        raise _invalid() from None
    if belongs_to != fingerprint or not {type(value), type(last_id)} <= _SORTABLE:
        raise _invalid()
    beyond = "$lt" if sort.descending else "$gt"
    if sort.field == "_id":
        return {"_id": {beyond: last_id}}
    return {"$or": [{sort.field: {beyond: value}}, {sort.field: value, "_id": {beyond: last_id}}]}


def _invalid() -> InvalidInput:
    return InvalidInput(
        "PAGE_TOKEN_INVALID",
        "This page token is damaged or belongs to another listing. Begin again without a token.",
    )
