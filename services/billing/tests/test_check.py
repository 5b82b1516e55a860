import pytest
from automateiq_billing import check_ledger
from automateiq_billing.main import SERVICE
from automateiq_billing.settings import BillingSettings
from automateiq_core.mongo import Mongo
from automateiq_core.testing import calling
from billing_books import Books, ocr

pytestmark = pytest.mark.usefixtures("organization")


async def used(books: Books) -> None:
    """Books with something of everything."""
    service = books.replica()
    for number in range(4):
        hold = await service.reserve(f"key-{number}", ocr(number + 1))
        if number == 1:
            await service.settle(hold.id, 1)
        elif number == 2:
            await service.release(hold.id)
        elif number == 3:
            books.turn_month()


async def test_an_organization_without_books_has_no_differences(books: Books) -> None:
    assert await books.replica().check(repair=True) == []
    assert await books.store.balance() is None


async def test_books_that_agree_have_no_differences(books: Books) -> None:
    await used(books)
    await books.replica().balance()
    assert await books.replica().check() == []


async def test_a_projection_that_is_wrong_is_found_and_made_anew(books: Books) -> None:
    await used(books)
    right = await books.replica().balance()
    await books.mongo.tenant("balances").update_one({}, {"$inc": {"available": 5}})
    (difference,) = await books.replica().check()
    assert difference.what == "balance"
    assert (await books.replica().balance()).available == right.available + 5
    await books.replica().check(repair=True)
    assert await books.replica().check() == []
    assert await books.replica().balance() == right
    await books.audit()


async def test_a_projection_that_was_lost_is_made_anew(books: Books) -> None:
    await used(books)
    right = await books.replica().balance()
    await books.mongo.tenant("balances").delete_many({})
    await books.replica().check(repair=True)
    assert await books.replica().balance() == right
    await books.audit()


async def test_a_ledger_or_a_hold_that_was_tampered_with_is_found(books: Books) -> None:
    await used(books)
    await books.replica().balance()
    await books.mongo.tenant("ledger").update_one({"kind": "settle"}, {"$set": {"entries.0.credits": 9}})
    await books.mongo.tenant("credit_holds").update_one({"status": "held"}, {"$inc": {"credits": 1}})
    found = {difference.what for difference in await books.replica().check(repair=True)}
    assert found == {"balance", "unbalanced transactions", "credits of live holds"}


async def test_the_command_goes_over_all_organizations(mongo_uri: str, mongo: Mongo) -> None:
    prefix = f"{mongo._database.name}-"
    database = Mongo(mongo_uri, prefix + SERVICE.name, app="test")
    settings = BillingSettings(MONGODB_URI=mongo_uri, mongodb_database_prefix=prefix)
    books = Books(database)
    try:
        await books.store.ensure_indexes()
        for _ in range(3):
            with calling():
                await used(books)
                await books.replica().balance()
        assert await check_ledger.check(settings, repair=False)
        await database.across_tenants("balances", why="damage").update_one({}, {"$inc": {"spent": 1}})
        assert not await check_ledger.check(settings, repair=False)
        assert not await check_ledger.check(settings, repair=True)
        assert await check_ledger.check(settings, repair=False)
    finally:
        await database.drop()
        await database.close()
