"""The memory of vendors: the second document is right after one correction, and nobody else's changes."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from automateiq.documents.v1 import review_pb2
from automateiq_core.context import CallContext, Role
from automateiq_core.errors import NotFound, PermissionDenied
from automateiq_core.testing import calling
from review_deeds import Placed, correct, field, invoice, put, read_as, say

Pdf = Callable[..., bytes]

FOOTER = "www.acme-supplies.example"


def bill(number: str, date: str, total: str, *, label: str = "Reference", name: str = "ACNE") -> list[Placed]:
    """The words of a bill of one vendor, whose logo is read as something else and whose number has an odd label."""
    return [
        *((name, 60, 40), ("Supplles", 90, 40)),
        *(("Bill", 60, 120), ("to", 85, 120)),
        *(("Larch", 60, 135), ("Bakery", 90, 135), ("office@larch.example", 60, 150)),
        *((label, 350, 120), ("code:", 350 + 5 * len(label) + 4, 120), (number, 480, 120)),
        *(("Printed", 350, 135), (date, 480, 135)),
        *(("Order", 350, 150), ("77-1234", 480, 150)),
        *(("Amount", 350, 500), ("payable", 385, 500), (total, 480, 500)),
        *(("Net", 350, 480), ("100.00", 480, 480)),
        *((FOOTER, 60, 760), ("Tel:", 250, 760), ("+1", 280, 760), ("555", 295, 760), ("019-2837", 315, 760)),
    ]


def reading(number: str, date: str, date_text: str, total: str, **more: Any) -> dict[str, Any]:
    """What is read from such a bill: the logo misread, the order's number for the bill's, a date the wrong way."""
    return invoice(
        vendor=field("ACNE Supplles", 0.8, box={"page": 1, "x": 60, "y": 40, "width": 70, "height": 10}),
        invoiceNumber=field(
            number, 0.7, box={"page": 1, "x": 480, "y": 150, "width": 35, "height": 10}, sourceText=number
        ),
        date=field(
            date,
            0.6,
            box={"page": 1, "x": 480, "y": 135, "width": 50, "height": 10},
            sourceText=date_text,
            doubts=["ambiguous_date"],
        ),
        total=field(total, 0.97),
        customer=field("Larch Bakery", box={"page": 1, "x": 60, "y": 135, "width": 65, "height": 10}),
        **more,
    )


async def read(
    bench: Any, pdf: Pdf, name: str, data: dict[str, Any], words: Sequence[Placed]
) -> tuple[str, Any]:
    document_id = str(await bench.uploaded(pdf(name), f"{name}.pdf"))
    await read_as(bench, document_id, data, words)
    return document_id, (await bench.get(document_id)).ocr_result.extracted_data


async def first_bill_corrected(bench: Any, pdf: Pdf) -> tuple[str, Any]:
    """The first bill of the vendor, and what a person said about it."""
    document_id, data = await read(
        bench,
        pdf,
        "first",
        reading("77-1234", "2026-04-03", "03/04/2026", "119.00"),
        bill("RX-2026-0815", "03/04/2026", "119.00"),
    )
    assert data.vendor.value == "ACNE Supplles"
    number = {"page": 1, "x": 478, "y": 118, "width": 70, "height": 14}
    review = await correct(
        bench,
        document_id,
        put("vendor", "ACME Supplies Ltd"),
        put("invoiceNumber", "RX-2026-0815", box=number),
        put("date", "2026-03-04"),
    )
    return document_id, review


async def second_bill(bench: Any, pdf: Pdf, name: str = "second", **more: Any) -> Any:
    _, data = await read(
        bench,
        pdf,
        name,
        reading("77-9999", "2026-06-05", "05/06/2026", "238.00"),
        bill("RX-2026-0999", "05/06/2026", "238.00", **more),
    )
    return data


async def test_the_second_document_of_a_vendor_is_right_after_one_correction(bench: Any, pdf: Pdf) -> None:
    with calling():
        await first_bill_corrected(bench, pdf)
        data = await second_bill(bench, pdf)
    assert (data.vendor.value, data.vendor.origin) == ("ACME Supplies Ltd", "memory")
    assert data.vendor.source_text == "ACNE Supplles"
    assert (data.invoice_number.value, data.invoice_number.origin) == ("RX-2026-0999", "memory")
    assert data.invoice_number.source_text == "RX-2026-0999"
    box = data.invoice_number.box
    assert (box.page, box.x, box.y, box.width, box.height) == pytest.approx((1, 480, 120, 60, 10))
    assert (data.date.value, data.date.origin, list(data.date.doubts)) == ("2026-05-06", "memory", [])
    assert data.date.source_text == "05/06/2026"
    assert (data.total.value, data.total.origin) == ("238.00", "page")
    assert min(data.vendor.confidence, data.invoice_number.confidence, data.date.confidence) >= 0.93


async def test_a_misread_label_and_another_misreading_of_the_name_are_no_hindrance(
    bench: Any, pdf: Pdf
) -> None:
    with calling():
        await first_bill_corrected(bench, pdf)
        data = reading("77-9999", "2026-06-05", "05/06/2026", "238.00")
        data["vendor"] = field("AGME 5uppIies", 0.6)
        _, data = await read(
            bench,
            pdf,
            "noisy",
            data,
            bill("RX-2026-0999", "05/06/2026", "238.00", label="Refcrence", name="AGME"),
        )
    assert data.vendor.value == "ACME Supplies Ltd"
    assert data.invoice_number.value == "RX-2026-0999"
    assert data.date.value == "2026-05-06"


async def test_a_label_above_its_value_and_no_label_at_all(bench: Any, pdf: Pdf) -> None:
    def slip(number: str, till: str) -> list[Placed]:
        return [
            *(("Beleg", 100, 300), ("Kasse", 300, 300)),
            *((number, 100, 315), ("04", 300, 315)),
            *((till, 400, 60),),
            *((FOOTER, 60, 760),),
        ]

    with calling():
        document_id, _ = await read(bench, pdf, "one", invoice(invoiceNumber=None), slip("00017-B", "T/4711"))
        await correct(bench, document_id, put("invoiceNumber", "00017-B"), put("orderNumber", "T/4711"))
        _, data = await read(bench, pdf, "two", invoice(invoiceNumber=None), slip("00018-B", "T/4712"))
    assert (data.invoice_number.value, data.invoice_number.origin) == ("00018-B", "memory")
    assert (data.order_number.value, data.order_number.origin) == ("T/4712", "memory")


async def test_another_tenant_learns_nothing(bench: Any, pdf: Pdf) -> None:
    with calling():
        await first_bill_corrected(bench, pdf)
        await second_bill(bench, pdf)
    with calling():
        data = await second_bill(bench, pdf)
        assert (data.vendor.value, data.vendor.origin) == ("ACNE Supplles", "page")
        assert (data.invoice_number.value, data.date.value) == ("77-9999", "2026-06-05")
        assert (await memories(bench)) == []


async def test_another_vendor_of_the_same_customer_is_left_alone(bench: Any, pdf: Pdf) -> None:
    """Same layout, same labels, same customer with the same address: only the vendor's own name and site differ."""
    with calling():
        await first_bill_corrected(bench, pdf)
        words = [
            ("www.other-vendor.example" if text == FOOTER else text, x, y)
            for text, x, y in bill("RX-2026-0999", "05/06/2026", "238.00", name="Zenith")
            if "019" not in text and text not in ("Tel:", "+1", "555")
        ]
        given = reading("77-9999", "2026-06-05", "05/06/2026", "238.00")
        given["vendor"] = field("Zenith Supplles", 0.8)
        _, data = await read(bench, pdf, "other", given, words)
    assert (data.vendor.value, data.vendor.origin) == ("Zenith Supplles", "page")
    assert (data.invoice_number.value, data.date.value) == ("77-9999", "2026-06-05")
    assert list(data.vendor.doubts) == []


async def test_a_key_that_two_vendors_have_tells_neither(bench: Any, pdf: Pdf) -> None:
    """A portal's site stands on the bills of two vendors whose names were not read."""
    portal = [("www.portal.example", 60, 760), ("Code", 350, 120), ("A-1", 480, 120)]
    with calling():
        for name in ("Alder", "Birch"):
            document_id, _ = await read(bench, pdf, name, invoice(vendor=None), portal)
            await correct(bench, document_id, put("vendor", f"{name} Ltd"))
        kept = await memories(bench)
        assert {one.name: list(one.keys) for one in kept} == {"Alder Ltd": [], "Birch Ltd": []}
        _, data = await read(bench, pdf, "third", invoice(vendor=None), portal)
    assert not data.HasField("vendor")


async def test_what_passed_arithmetic_gives_way_only_to_what_was_taught_against_just_that(
    bench: Any, pdf: Pdf
) -> None:
    def checked(total: str, **more: Any) -> dict[str, Any]:
        box = {"page": 1, "x": 480, "y": 480, "width": 30, "height": 10}
        return invoice(
            vendor=field("Acme Ltd", 0.99), total=field(total, 0.97, checks=["net_plus_tax"], box=box, **more)
        )

    with calling():
        plain, _ = await read(
            bench, pdf, "plain", invoice(total=field("1.00", 0.5)), bill("A-1", "1", "119.00")
        )
        await correct(bench, plain, put("total", "119.00"))
        # Taught against a total without checks: one that passed them stays, and the difference is told.
        _, data = await read(bench, pdf, "kept", checked("100.00"), bill("A-2", "2", "238.00"))
        assert (data.total.value, data.total.origin) == ("100.00", "page")
        assert list(data.total.doubts) == ["memory_differs"]
        assert data.total.confidence <= 0.5
        # Taught against just such a one: now it gives way.
        again, _ = await read(bench, pdf, "again", checked("100.00"), bill("A-3", "3", "357.00"))
        await correct(bench, again, put("total", "357.00"))
        _, data = await read(bench, pdf, "replaced", checked("100.00"), bill("A-4", "4", "476.00"))
        assert (data.total.value, data.total.origin) == ("476.00", "memory")


async def test_a_changed_account_is_shown_to_people(bench: Any, pdf: Pdf) -> None:
    ours, theirs = "DE89370400440532013000", "GB82WEST12345698765432"
    words = bill("A-1", "1", "119.00")
    with calling():
        one, _ = await read(bench, pdf, "one", invoice(), words)
        await correct(bench, one, put("iban", ours))
        _, filled = await read(bench, pdf, "two", invoice(), words)
        assert (filled.iban.value, filled.iban.origin) == (ours, "memory")
        swapped = invoice(iban=field(theirs, 0.99, checks=["iban_check_digits"]))
        _, data = await read(bench, pdf, "three", swapped, words)
    assert data.iban.value == theirs
    assert "memory_differs" in data.iban.doubts


async def memories(bench: Any, **which: Any) -> list[Any]:
    request = review_pb2.ListVendorMemoriesRequest(**which)
    return list((await bench.reviews.ListVendorMemories(request)).memories)


async def test_two_people_teach_the_same_vendor_at_once(bench: Any, pdf: Pdf) -> None:
    with calling():
        await first_bill_corrected(bench, pdf)
        ids = [
            (
                await read(
                    bench, pdf, name, invoice(vendor=field("ACNE Supplles", 0.6)), bill("A-1", "1", "9.00")
                )
            )[0]
            for name in ("one", "two", "three")
        ]
        changes = [("currency", "USD"), ("vendorTaxId", "DE136695976"), ("vendorAddress", "4 Mill Lane")]
        await asyncio.gather(
            *(correct(bench, one, put(*change)) for one, change in zip(ids, changes, strict=True))
        )
        (memory,) = await memories(bench)
        known = {one.field: one.value for one in memory.constants}
        assert known.items() >= dict(changes).items()


async def test_what_was_wrong_twice_is_forgotten(bench: Any, pdf: Pdf) -> None:
    with calling():
        await first_bill_corrected(bench, pdf)
        for number in range(2):
            document_id, data = await read(
                bench,
                pdf,
                f"wrong {number}",
                reading("77-9999", "2026-06-05", "05/06/2026", "238.00"),
                bill(f"RX-2026-099{number}", "05/06/2026", "238.00"),
            )
            assert data.invoice_number.origin == "memory"
            # It stands nowhere on the page, so nothing better is learnt.
            await correct(bench, document_id, put("invoiceNumber", f"HAND-{number}"))
        data = await second_bill(bench, pdf)
        assert (data.invoice_number.value, data.invoice_number.origin) == ("77-9999", "page")
        assert data.vendor.origin == "memory"


async def test_what_is_taken_back_is_forgotten(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id, review = await first_bill_corrected(bench, pdf)
        for correction in review.corrections:
            await say(bench, "UndoCorrection", document_id, correction_id=correction.id)
        assert await memories(bench) == []
        assert (await second_bill(bench, pdf)).vendor.origin == "page"


async def test_a_confirmation_teaches_constants_and_strengthens(bench: Any, pdf: Pdf) -> None:
    with calling():
        right = invoice(vendor=field("Acme Ltd", 0.6), currency=field("USD", 0.6))
        document_id, _ = await read(bench, pdf, "one", right, bill("A-1", "1", "119.00", name="Acme"))
        await say(bench, "ConfirmReview", document_id)
        (kept,) = await memories(bench)
        assert {one.field: one.value for one in kept.constants} == {
            "vendor": "Acme Ltd",
            "currency": "USD",
            "documentType": "invoice",
        }
        _, data = await read(
            bench, pdf, "two", invoice(vendor=None, currency=field("USD", 0.3)), bill("A-2", "2", "1.00")
        )
        assert (data.vendor.value, data.vendor.origin) == ("Acme Ltd", "memory")
        assert (data.currency.origin, list(data.currency.checks)) == ("page", ["vendor_memory"])
        assert data.currency.confidence > 0.9


async def test_a_confirmed_place_fills_and_agrees_but_overrides_nothing(bench: Any, pdf: Pdf) -> None:
    def placed(value: str, y: float, confidence: float = 0.6, **more: Any) -> dict[str, Any]:
        box = {"page": 1, "x": 480, "y": y, "width": 6 * len(value), "height": 10}
        return field(value, confidence, box=box, **more)

    with calling():
        first = invoice(
            invoiceNumber=placed("RX-1", 120),
            date=placed("2026-03-04", 135, sourceText="03/04/2026", doubts=["ambiguous_date"]),
        )
        document_id, _ = await read(bench, pdf, "one", first, bill("RX-1", "03/04/2026", "119.00"))
        await say(bench, "ConfirmReview", document_id)
        missing = invoice(invoiceNumber=None, date=placed("2026-06-05", 135, sourceText="05/06/2026"))
        _, data = await read(bench, pdf, "two", missing, bill("RX-2", "05/06/2026", "1.00"))
        assert (data.invoice_number.value, data.invoice_number.origin) == ("RX-2", "memory")
        assert (data.date.value, data.date.origin) == ("2026-05-06", "memory")
        agreeing = invoice(invoiceNumber=placed("RX-3", 120))
        _, data = await read(bench, pdf, "three", agreeing, bill("RX-3", "05/06/2026", "1.00"))
        assert (data.invoice_number.origin, list(data.invoice_number.checks)) == ("page", ["vendor_memory"])
        other = invoice(invoiceNumber=placed("77-1234", 150, 0.9))
        _, data = await read(bench, pdf, "four", other, bill("RX-4", "05/06/2026", "1.00"))
        assert (data.invoice_number.value, list(data.invoice_number.doubts)) == ("77-1234", [])


async def test_memories_are_listed_switched_off_and_deleted(bench: Any, pdf: Pdf) -> None:
    with calling() as me:
        await first_bill_corrected(bench, pdf)
        (memory,) = await memories(bench, name="acme s")
        assert await memories(bench, name="b") == []
        assert memory.name == "ACME Supplies Ltd"
        assert set(memory.keys) == {"domain:acme-supplies.example", "phone:0192837"}
        (number,) = [one for one in memory.places if one.field == "invoiceNumber"]
        assert (list(number.label), number.side) == (["Reference", "code:"], review_pb2.LABEL_SIDE_LEFT)
        assert memory.date_order == "MDY"
        off = review_pb2.UpdateVendorMemoryRequest(memory_id=memory.id, enabled=False)
        assert not (await bench.reviews.UpdateVendorMemory(off)).memory.enabled
        assert (await second_bill(bench, pdf)).vendor.origin == "page"
        on = review_pb2.UpdateVendorMemoryRequest(memory_id=memory.id, enabled=True)
        await bench.reviews.UpdateVendorMemory(on)
        assert (await second_bill(bench, pdf, "third")).vendor.origin == "memory"
        await assert_only_managers_change(bench, me, memory.id)
        await bench.reviews.DeleteVendorMemory(review_pb2.DeleteVendorMemoryRequest(memory_id=memory.id))
        assert await memories(bench) == []
        assert (await second_bill(bench, pdf, "fourth")).vendor.origin == "page"


async def assert_only_managers_change(bench: Any, me: CallContext, memory_id: str) -> None:

    delete = review_pb2.DeleteVendorMemoryRequest(memory_id=memory_id)
    with (
        calling(role=Role.STAFF, organization_id=me.organization_id),
        pytest.raises(PermissionDenied),
    ):
        await bench.reviews.DeleteVendorMemory(delete)
    with calling(), pytest.raises(NotFound):
        await bench.reviews.DeleteVendorMemory(delete)


async def test_deleting_a_document_leaves_what_was_learnt_without_its_content(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id, _ = await first_bill_corrected(bench, pdf)
        await bench.delete(document_id)
        (row,) = await bench.rows("vendor_memories")
        for content in (document_id, "RX-2026", "119.00", "Larch", "larch.example", "77-1234"):
            assert content not in str(row)
        assert (await second_bill(bench, pdf)).vendor.origin == "memory"
