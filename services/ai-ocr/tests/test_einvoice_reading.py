"""Electronic invoices are read in every syntax, and hostile XML does no harm."""

from dataclasses import replace
from decimal import Decimal

import pytest
from automateiq_ocr.einvoice.checks import rate_times_base, verify
from automateiq_ocr.einvoice.engine import read_invoice
from automateiq_ocr.einvoice.models import XmlInvoice, XmlLine, XmlSums, XmlTax
from automateiq_ocr.einvoice.trees import MAX_BYTES, UnreadableXml
from automateiq_ocr.extraction.models import DocumentType
from einvoices import cii, ubl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

EVERY_SYNTAX = {
    "Factur-X, ZUGFeRD 2": cii(),
    "ZUGFeRD 1": cii(version=1),
    "UBL invoice": ubl(),
    "UBL credit note": ubl(credit=True),
}


def read(data: bytes) -> XmlInvoice:
    invoice = read_invoice(data)
    assert invoice is not None
    return invoice


@pytest.mark.parametrize("data", EVERY_SYNTAX.values(), ids=EVERY_SYNTAX.keys())
def test_every_syntax_says_the_same(data: bytes) -> None:
    invoice = read(data)
    assert invoice.texts == {
        "invoice_number": "RE-2024/118",
        "date": "2024-04-03",
        "due_date": "2024-04-17",
        "period_start": "2024-03-01",
        "period_end": "2024-03-31",
        "vendor": "Gärtnerei Waldhof GmbH",
        "vendor_tax_id": "DE136695976",
        "vendor_address": "Am Hang 7, 79100 Freiburg",
        "customer": "Hotel Sonnenblick KG",
        "order_number": "PO-77",
        "contract_number": "V-5",
        "currency": "EUR",
        "iban": "DE88200800000970375700",
        "payment_method": "transfer",
    }
    assert {name: str(value) for name, value in invoice.amounts().items()} == {
        "subtotal": "2590.00",
        "tax": "481.30",
        "total": "3071.30",
        "amount_due": "2571.30",
    }
    assert invoice.sums.prepaid == 500
    assert invoice.taxes == (
        XmlTax(Decimal(7), Decimal(90), Decimal("6.3")),
        XmlTax(Decimal(19), Decimal(2500), Decimal(475)),
    )
    assert invoice.lines == (
        XmlLine("Topfrose rot", Decimal(20), Decimal("4.5"), Decimal(90), Decimal(7)),
        XmlLine("Pflanzkübel aus Terrakotta", Decimal(2), Decimal(1250), Decimal(2500), Decimal(19)),
    )


def test_the_type_follows_the_syntax_and_the_code() -> None:
    assert read(ubl()).type is DocumentType.INVOICE
    assert read(ubl(credit=True)).type is DocumentType.CREDIT_NOTE
    assert read(cii().replace(b">380<", b">381<")).type is DocumentType.CREDIT_NOTE
    correction = cii().replace(b">380<", b">384<")
    assert read(correction).type is DocumentType.INVOICE
    assert read(correction.replace(b">3071.30<", b">-3071.30<")).type is DocumentType.CREDIT_NOTE


def test_a_price_for_several_is_given_for_one() -> None:
    per_hundred = cii().replace(
        b"<ram:ChargeAmount>4.5000</ram:ChargeAmount>",
        b"<ram:ChargeAmount>450.00</ram:ChargeAmount><ram:BasisQuantity>100</ram:BasisQuantity>",
    )
    assert read(per_hundred).lines[0].unit_price == Decimal("4.5")


def test_lines_that_only_group_others_are_no_lines() -> None:
    grouped = cii().replace(
        b"<ram:IncludedSupplyChainTradeLineItem>",
        b"<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument>"
        b"<ram:LineStatusReasonCode>GROUP</ram:LineStatusReasonCode></ram:AssociatedDocumentLineDocument>",
        1,
    )
    assert [line.description for line in read(grouped).lines] == ["Pflanzkübel aus Terrakotta"]


def test_values_that_make_no_sense_are_left_out() -> None:
    odd = cii(total="a lot").replace(b">20240403<", b">20241399<").replace(b">90.00<", b">1e9999999<")
    invoice = read(odd)
    assert "total" not in invoice.amounts()
    assert "date" not in invoice.texts
    assert [line.description for line in invoice.lines] == ["Pflanzkübel aus Terrakotta"]


def test_a_rounding_belongs_to_the_total() -> None:
    sums = XmlSums(
        net=Decimal("10.02"), tax=Decimal("1.99"), gross=Decimal("12.01"), rounding=Decimal("-0.01")
    )
    invoice = replace(read(cii()), sums=sums, lines=(), taxes=())
    assert invoice.amounts()["total"] == Decimal("12.00")
    assert verify(invoice).checks["total"] == ["net_plus_tax"]


@pytest.mark.parametrize(
    "other",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<Invoice/>",
        b"<Invoice xmlns='urn:somebody'/>",
        b'<SCRDMCCBDACIOMessageStructure xmlns="urn:un:unece:uncefact:data:SCRDMCCBDACIOMessageStructure:100"/>',
        ubl()
        .replace(b"Invoice-2", b"Order-2")
        .replace(b"<Invoice", b"<Order")
        .replace(b"</Invoice>", b"</Order>"),
    ],
    ids=["picture", "no namespace", "somebody else's", "Order-X", "UBL order"],
)
def test_other_xml_is_no_invoice(other: bytes) -> None:
    assert read_invoice(other) is None


BOMB = b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><Invoice>&c;</Invoice>'


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"no xml",
        cii()[:-20],
        BOMB,
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><Invoice/>',
        b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/hostname">]><Invoice>&f;</Invoice>',
        b"<a>" * 1_000 + b"</a>" * 1_000,
        b"<a>" + b"<b/>" * 300_000 + b"</a>",
        b"<a>" + b" " * MAX_BYTES + b"</a>",
        b'<?xml version="1.0" encoding="no-such-code"?><Invoice/>',
        b'<?xml version="1.0" encoding="utf-16"?><Invoice/>',
        b"<a>\xff\xfe</a>",
        b"<a>&unknown;</a>",
    ],
    ids=[
        "empty", "no xml", "cut short", "entities", "outer DTD", "file", "deep", "many", "large",
        "unknown encoding", "other encoding", "not utf-8", "unknown entity",
    ],
)  # fmt: skip
def test_hostile_xml_is_refused(hostile: bytes) -> None:
    with pytest.raises(UnreadableXml):
        read_invoice(hostile)


def test_other_encodings_are_read() -> None:
    text = ubl().decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    assert read(text.encode("utf-16")).texts["vendor"] == "Gärtnerei Waldhof GmbH"
    latin = ubl().decode().replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').encode("latin-1")
    assert read(latin).texts["vendor"] == "Gärtnerei Waldhof GmbH"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(EVERY_SYNTAX.values())), st.data())
def test_damage_anywhere_is_refused_or_read_around(data: bytes, drawn: st.DataObject) -> None:
    start = drawn.draw(st.integers(0, len(data) - 1))
    length = drawn.draw(st.integers(0, 40))
    piece = drawn.draw(
        st.one_of(st.binary(max_size=20), st.sampled_from([b"<", b">", b"&", b"9" * 20, b"-"]))
    )
    try:
        invoice = read_invoice(data[:start] + piece + data[start + length :])
    except UnreadableXml:
        return
    if invoice is not None:
        verify(invoice)


@settings(deadline=None)
@given(st.binary(max_size=2_000))
@example(b"<a" + b" " * 100)
def test_any_bytes_are_refused_or_no_invoice(data: bytes) -> None:
    try:
        assert read_invoice(data) is None
    except UnreadableXml as refusal:
        assert str(refusal)


def test_sums_speak_for_the_values_and_against_them() -> None:
    sound = verify(read(cii()))
    assert sound.checks["total"] == ["net_plus_tax"]
    assert set(sound.checks["subtotal"]) == {"lines_sum", "net_plus_tax"}
    assert set(sound.checks["tax"]) == {"net_plus_tax", "taxes_sum"}
    assert sound.checks["amount_due"] == ["total_minus_prepaid"]
    assert not any(sound.doubts.values())

    broken = verify(read(cii(total="3000.00")))
    assert (
        broken.doubts["total"] == broken.doubts["subtotal"] == broken.doubts["amount_due"] == ["sum_differs"]
    )
    assert "net_plus_tax" not in broken.checks["tax"]


@pytest.mark.parametrize(
    ("tax", "verdict"),
    [
        (XmlTax(Decimal(19), Decimal(100), Decimal(19)), True),
        (XmlTax(Decimal("5.5"), Decimal(543), Decimal("29.87")), True),
        (XmlTax(Decimal(19), Decimal(100), Decimal(7)), False),
        (XmlTax(Decimal(19), None, Decimal(7)), None),
    ],
)
def test_a_tax_is_its_rate_of_its_base(tax: XmlTax, verdict: bool | None) -> None:
    assert rate_times_base(tax) is verdict
