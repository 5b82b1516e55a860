"""The pure rules of the memory: notations, labels, places, keys; on noise and on nonsense too."""

import random
import time
from typing import Any

import pytest
from automateiq_documents.review import engine, places
from automateiq_documents.review.models import SINGLE, Box, FieldKind
from automateiq_documents.review.patterns import (
    amount_of,
    date_of,
    is_two_faced,
    likeness,
    order_of,
    shape_likeness,
    shape_of,
    skeleton,
)
from automateiq_documents.review.recognising import keys_of, name_likeness, own_name, recognise
from automateiq_documents.review.remembered import VARYING, Constant, Label, Side, VendorMemory, trust
from automateiq_documents.review.words import Sheet, Word, sheets_of
from review_deeds import Placed, field, invoice, words_of

PAGES = [{"number": 1, "width": 600.0, "height": 800.0}]


def sheet_of(placed: list[Placed]) -> list[Sheet]:
    return sheets_of(PAGES, words_of(placed))


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("03/04/2026", "MDY", "2026-03-04"),
        ("03/04/2026", "DMY", "2026-04-03"),
        ("3.4.26", "DMY", "2026-04-03"),
        ("26-04-03", "YMD", "2026-04-03"),
        ("2026-04-03", "MDY", "2026-04-03"),
        ("14/03/2026", "MDY", ""),
        ("4 March 2026", "", "2026-03-04"),
        ("Mar 4th, 2026", "", "2026-03-04"),
        ("4. März 2026", "", "2026-03-04"),
        ("4 de março de 2026", "", "2026-03-04"),
        ("4 août 2026", "", "2026-08-04"),
        ("31/02/2026", "DMY", ""),
        ("no date", "DMY", ""),
        ("99/99/9999", "DMY", ""),
        ("0/0/0", "DMY", ""),
    ],
)
def test_dates_are_read_in_a_known_order(text: str, order: str, day: str) -> None:
    assert date_of(text, order) == day


def test_an_order_is_learnt_only_from_a_date_that_shows_it() -> None:
    assert order_of("03/04/2026", "2026-03-04") == "MDY"
    assert order_of("03/03/2026", "2026-03-03") == ""
    assert order_of("4 March 2026", "2026-03-04") == ""
    assert is_two_faced("03/04/2026")
    assert not is_two_faced("2026-03-04")
    assert not is_two_faced("13/04/2026")


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.234,50", ",", "1234.50"),
        ("1,234.50", ".", "1234.50"),
        ("1,234", ".", "1234.00"),
        ("1,234", ",", ""),
        ("EUR 12,5", "", "12.50"),
        ("1'234.50 CHF", ".", "1234.50"),
        ("(12.00)", ".", "-12.00"),
        ("12.00-", ".", "-12.00"),
        ("none", ".", ""),
        ("1.2.3.4", ".", ""),
    ],
)
def test_amounts_are_read_with_a_known_decimal_mark(text: str, decimal: str, value: str) -> None:
    assert amount_of(text, decimal) == value


def test_shapes_and_skeletons() -> None:
    assert shape_of("RX-2026/7b") == "A2 - 94 / 91 A1"
    assert shape_likeness(shape_of("RX-12"), shape_of("AB-99")) == 1
    assert shape_likeness(shape_of("RX-12"), shape_of("AB-9999")) == 0.9
    assert shape_likeness(shape_of("RX-12"), shape_of("12-RX")) == 0
    assert skeleton("5uppIies") == skeleton("Supplies")
    assert likeness(skeleton("Corner"), skeleton("Comer")) == 1
    assert likeness("", "") == 0
    assert own_name("ACME Supplies Ltd.") == own_name("Acme Supplies GmbH")
    assert own_name("INVOICE") == own_name("Tax Invoice") == ""
    assert own_name("Ltd") != ""


def test_trust_grows_with_what_was_right_and_falls_with_what_was_wrong() -> None:
    assert 0.96 < trust(1, 0) < trust(5, 0) < trust(100, 0) < 1
    assert trust(1, 1) < 0.75


def test_the_keys_are_the_vendors_and_not_the_customers() -> None:
    placed: list[Placed] = [
        *(("Kunde:", 50, 100), ("Müller", 50, 115), ("mueller@kunde.example", 50, 130)),
        *(("www.haendler.example", 350, 100), ("Tel.", 350, 115), ("089/123", 375, 115), ("4567", 415, 115)),
        *(("jemand@gmail.com", 350, 130),),
    ]
    read = invoice(vendorTaxId=field("DE 136 695 976"), iban=field("DE89 3704 0044 0532 0130 00"))
    assert set(keys_of(read, sheet_of(placed))) == {
        "tax:DE136695976",
        "iban:DE89370400440532013000",
        "domain:haendler.example",
        "phone:1234567",
        "mail:jemand@gmail.com",
    }


def test_who_is_recognised() -> None:
    acme = VendorMemory(
        "a", "Acme Supplies", names=[own_name("Acme Supplies")], keys=["tax:DE1", "domain:a.example"]
    )
    zeta = VendorMemory("z", "Zeta Tools", names=[own_name("Zeta Tools")], keys=["domain:z.example"])
    both = [acme, zeta]

    def known(name: str, *keys: str, confidence: float = 0.7) -> str:
        found = recognise(invoice(vendor=field(name, confidence) if name else None), keys, both)
        return found[0].id if found else ""

    assert known("Acme 5upplles") == "a"
    assert known("", "domain:z.example") == "z"
    assert known("something else", "tax:DE1", confidence=0.99) == "a"
    # A site alone does not outweigh another name, and another tax number says that it is another vendor.
    assert known("Something Else", "domain:z.example") == ""
    assert known("Acme Supplies", "tax:DE2") == ""
    assert known("Zeta Tools", "domain:a.example") == "z"
    assert known("INVOICE") == known("") == ""
    assert name_likeness(zeta, "") == 0


def test_a_value_is_found_beside_its_label_wherever_that_stands() -> None:
    first = sheet_of([("Docket", 50, 100), ("no.:", 90, 100), ("K-17", 300, 100), ("K-99", 300, 400)])
    place = places.teach(FieldKind.NUMBER, "K-17", None, first)
    assert place is not None
    assert place.label == Label(Side.LEFT, ("Docket", "no.:"))
    moved = sheet_of([("K-11", 60, 100), ("Dockct", 250, 600), ("no.:", 290, 600), ("K-18", 400, 600)])
    found = places.find(FieldKind.NUMBER, place, "", moved)
    assert found is not None
    assert (found.value, found.box) == ("K-18", Box(1, 400, 600, 20, 10))
    # Another pattern, or nothing, beside the label: nothing is found.
    assert (
        places.find(FieldKind.NUMBER, place, "", sheet_of([("Docket", 50, 100), ("17.50", 300, 100)])) is None
    )
    assert places.find(FieldKind.NUMBER, place, "", sheet_of([("Docket", 50, 100)])) is None
    assert places.find(FieldKind.NUMBER, place, "", []) is None


def test_an_amount_is_taken_with_its_own_decimal_mark_only() -> None:
    first = sheet_of([("Zahlbetrag", 50, 500), ("1.190,00", 300, 500)])
    place = places.teach(FieldKind.AMOUNT, "1190.00", None, first)
    assert place is not None
    assert place.decimal == ","
    found = places.find(
        FieldKind.AMOUNT, place, "", sheet_of([("Zahlbetrag", 50, 500), ("2.380,50", 300, 500)])
    )
    assert found is not None
    assert found.value == "2380.50"
    assert (
        places.find(FieldKind.AMOUNT, place, "", sheet_of([("Zahlbetrag", 50, 500), ("2380", 300, 500)]))
        is None
    )


def test_nonsense_on_a_page_breaks_nothing() -> None:
    chance = random.Random(7)
    letters = "aA0 1/-.:,|!€$()#\u0301\u4e2d\U0001f600ß@www.tel+"

    def word() -> str:
        return "".join(chance.choice(letters) for _ in range(chance.randint(1, 12)))

    for _ in range(60):
        placed = [
            (word(), chance.uniform(-50, 700), chance.uniform(-50, 900)) for _ in range(chance.randint(0, 40))
        ]
        sheets = sheet_of(placed)
        read: dict[str, Any] = invoice(vendor=field(word() or "x", chance.random()), date=field("2026-03-04"))
        keys_of(read, sheets)
        memory = VendorMemory("m", "M", names=["acme"], order="MDY", constants={"vendor": Constant(word())})
        for name in VARYING:
            box = Box(1, chance.uniform(0, 600), chance.uniform(0, 800), 100, 50)
            place = places.teach(SINGLE[name], "2026-03-04", box, sheets)
            if place is not None:
                memory = VendorMemory(
                    **{slot: getattr(memory, slot) for slot in memory.__slots__}
                    | {"places": {**memory.places, name: [place]}}
                )
        data = engine.apply(memory, read, sheets, strong=True)
        assert set(read) <= set(data)


def test_a_full_page_is_searched_in_time() -> None:
    placed = [
        (f"word{row}x{column}", 10 + 55 * column, 5 + 1.9 * row) for row in range(400) for column in range(10)
    ]
    sheets = sheet_of([*placed, ("Docket", 50, 790), ("K-17", 300, 790)])
    place = places.teach(FieldKind.NUMBER, "K-17", None, sheets)
    assert place is not None
    memory = VendorMemory("m", "M", places={name: [place] * 3 for name in VARYING})
    started = time.process_time()
    engine.apply(memory, invoice(), sheets, strong=True)
    spent = time.process_time() - started
    print(f"{spent:.2f} s of CPU for {len(placed)} words and {3 * len(VARYING)} places")
    assert spent < 30


def test_a_page_full_of_customers_is_looked_at_in_time() -> None:
    row = [Word("client", column / 5000, 0.5, 0.0001, 0.01) for column in range(5000)]
    sheets = [Sheet(number, 600, 800, [row]) for number in range(1, 7)]
    started = time.process_time()
    assert keys_of(invoice(), sheets) == []
    assert time.process_time() - started < 5
