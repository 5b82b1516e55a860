import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from automateiq_core.context import CallContext
from automateiq_core.mongo import Mongo
from automateiq_core.testing import calling

sys.path.insert(0, str(Path(__file__).parent))

from billing_books import Books


@pytest.fixture
async def books(mongo: Mongo) -> Books:
    books = Books(mongo)
    await books.store.ensure_indexes()
    return books


@pytest.fixture
def organization() -> Iterator[CallContext]:
    """An organization of its own, for which the whole test calls."""
    with calling(caller="documents") as call:
        yield call
