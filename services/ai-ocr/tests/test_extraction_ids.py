"""Tax numbers and IBANs: what is one, whose it is, and that its check digits decide."""

import pytest
from automateiq_ocr.extraction.blocks import cells_of
from automateiq_ocr.extraction.iban import find_iban
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.tax_ids import find_tax_id
from extraction_deeds import is_printed, set_page
from hypothesis import given
from hypothesis import strategies as st

# The examples of the IBAN registry (SWIFT).
REGISTRY = (
    "GB29 NWBK 6016 1331 9268 19",
    "DE89 3704 0044 0532 0130 00",
    "FR14 2004 1010 0505 0001 3M02 606",
    "ES91 2100 0418 4502 0005 1332",
    "IT60 X054 2811 1010 0000 0123 456",
    "NL91 ABNA 0417 1643 00",
    "PT50 0002 0123 1234 5678 9015 4",
    "CH93 0076 2011 6238 5295 7",
    "BE68 5390 0754 7034",
)


@pytest.mark.parametrize("printed", REGISTRY)
@pytest.mark.parametrize("written", ["{}", "IBAN: {}", "Bank   IBAN {} BIC BYLADEM1001"])
def test_an_iban_is_read_in_groups_or_whole(printed: str, written: str) -> None:
    for text in (printed, printed.replace(" ", "")):
        page = set_page(written.format(text))
        field = find_iban(lay_out([page]))
        assert field is not None
        assert field.value == printed.replace(" ", "")
        assert field.source_text == text
        assert field.checks == ("iban_check_digits",)
        assert is_printed(field, [page])


def german_iban(account: int) -> str:
    """An IBAN by the definition: 98 minus the remainder of account, country and "00" by 97 (D is 13, E is 14)."""
    return f"DE{98 - int(f'{account:018d}131400') % 97:02d}{account:018d}"


@given(st.integers(0, 10**18 - 1), st.data())
def test_one_wrong_digit_refutes_an_iban(account: int, data: st.DataObject) -> None:
    right = german_iban(account)
    place = data.draw(st.integers(2, 21))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != right[place]]))
    wrong = right[:place] + digit + right[place + 1 :]
    proven = find_iban(lay_out([set_page(f"IBAN {right}")]))
    refuted = find_iban(lay_out([set_page(f"IBAN {wrong}")]))
    assert proven is not None
    assert refuted is not None
    assert (proven.value, proven.checks, proven.doubts) == (right, ("iban_check_digits",), ())
    assert (refuted.checks, refuted.doubts) == ((), ("iban_check_digits_wrong",))
    assert refuted.confidence < 0.5 < proven.confidence


def test_the_payers_own_account_and_a_masked_one_are_not_read() -> None:
    assert find_iban(lay_out([set_page("Ihre IBAN: DE89 3704 0044 0532 0130 00")])) is None
    assert find_iban(lay_out([set_page("IBAN: FR76 ***************************")])) is None


# Numbers that the authorities' or the format's own descriptions give as examples.
@pytest.mark.parametrize(
    ("printed", "value", "check"),
    [
        ("USt-IdNr.: DE136695976", "DE136695976", "vat_check_digits"),
        ("UID: ATU13585627", "ATU13585627", "vat_check_digits"),
        ("MWST-Nr. CHE-107.787.577 MWST", "CHE107787577", "tax_id_check_digits"),
        ("N° TVA : FR40 303 265 045", "FR40303265045", "vat_check_digits"),
        ("SIRET 732 829 320 00074", "73282932000074", "tax_id_check_digits"),
        ("P. IVA 00743110157", "00743110157", "vat_check_digits"),
        ("NIF: B-58378431", "B58378431", "vat_check_digits"),
        ("NIF 501964843", "501964843", "vat_check_digits"),
        ("BTW-nummer NL004495445B01", "NL004495445B01", "vat_check_digits"),
        ("BTW BE 0428.759.497", "BE0428759497", "vat_check_digits"),
        ("VAT Reg No GB 980 7806 84", "GB980780684", "vat_check_digits"),
        ("VAT 980 7806 84", "980780684", "vat_check_digits"),
        ("NIP 8567346215", "8567346215", "vat_check_digits"),
        ("A.B.N. 83 914 571 673", "83914571673", "tax_id_check_digits"),
        ("GSTIN: 27AAPFU0939F1ZV", "27AAPFU0939F1ZV", "tax_id_check_digits"),
        ("Org.nr 123456-7897", "1234567897", "tax_id_check_digits"),
        ("Federal Tax ID 91-1144442", "911144442", None),
        ("GST Reg No. 001492992000", "001492992000", None),
        ("GST REGNO000243941376", "000243941376", None),
        ("Steuernummer 201/113/40209", "20111340209", None),
    ],
)
def test_tax_numbers_of_many_countries(printed: str, value: str, check: str | None) -> None:
    page = set_page("Quillfeather Bindery", printed)
    field = find_tax_id(lay_out([page]))
    assert field is not None
    assert field.value == value
    assert field.checks == ((check,) if check else ())
    assert field.doubts == ()
    assert is_printed(field, [page])


def german_vat(base: int) -> str:
    """Eight digits and their check digit by ISO 7064, mod 11,10."""
    product = 10
    for digit in f"{base:08d}":
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return f"DE{base:08d}{(11 - product) % 10}"


@given(st.integers(10_000_000, 99_999_999), st.data())
def test_one_wrong_digit_refutes_a_vat_id(base: int, data: st.DataObject) -> None:
    right = german_vat(base)
    place = data.draw(st.integers(3, 10))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != right[place]]))
    wrong = right[:place] + digit + right[place + 1 :]
    proven = find_tax_id(lay_out([set_page(f"USt-IdNr. {right}")]))
    refuted = find_tax_id(lay_out([set_page(f"USt-IdNr. {wrong}")]))
    assert proven is not None
    assert refuted is not None
    assert (proven.value, proven.checks) == (right, ("vat_check_digits",))
    assert (refuted.value, refuted.doubts) == (wrong, ("tax_id_check_digits_wrong",))
    assert refuted.confidence < 0.5 < proven.confidence


@pytest.mark.parametrize(
    "row",
    [
        "Your VAT number: DE136695976",
        "USt-IdNr. des Kunden: DE136695976",
        "N° TVA client : FR40303265045",
        "Uw BTW nummer: NL004495445B01",
        "VAT 20 %   12.50",
        "MwSt   02.06.2023 16:59",
        "Tax ID",
    ],
)
def test_the_customers_number_and_what_is_no_number_are_left(row: str) -> None:
    assert find_tax_id(lay_out([set_page("Quillfeather Bindery", row)])) is None


def test_what_stands_in_the_customers_block_is_the_customers() -> None:
    layout = lay_out([set_page("VAT no DE136695976                    VAT no ATU13585627")])
    left, right = cells_of(layout.rows[0])
    issuer, other = find_tax_id(layout, [right]), find_tax_id(layout, [left])
    assert issuer is not None
    assert other is not None
    assert (issuer.value, other.value) == ("DE136695976", "ATU13585627")


def test_a_vat_id_goes_before_a_registers_number() -> None:
    field = find_tax_id(lay_out([set_page("SIRET 732 829 320 00074", "TVA FR40303265045")]))
    assert field is not None
    assert field.value == "FR40303265045"
