"""What a person's value must look like, by the kind of its field, and its normal form."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from automateiq_documents.review.models import FieldKind

MAX_TEXT = 500

_CODES = """
    CUR REN CIE AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP
    BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
    GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT
    LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
    OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
    SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF
    YER ZAR ZMW ZWG
"""
# ISO 4217, List One: active currencies and funds that invoices are written in.
CURRENCIES = frozenset(_CODES.split())
PAYMENT_METHODS = ("cash", "card", "transfer", "direct_debit", "paypal", "other")
DOCUMENT_TYPES = ("invoice", "receipt", "credit_note", "purchase_order", "statement", "contract", "general")

_AMOUNT = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)
_QUANTITY = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?", re.ASCII)
_RATE = re.compile(r"\d{1,3}(?:\.\d{1,3})?", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_TAX_ID = re.compile(r"[A-Z0-9][A-Z0-9./-]{3,29}", re.ASCII)


def normalise(kind: FieldKind, given: str) -> str:
    """The normal form of a value.

    Raises:
        ValueError: it can not be one; the message is a sentence's end for people ("must be ...").
    """
    value = _plain(given)
    if not value:
        raise ValueError("must not be empty")
    return _NORMAL_FORMS[kind](value)


def iban_is_valid(iban: str) -> bool:
    """Whether an IBAN without spaces has the right check digits (ISO 13616: modulo 97 is 1)."""
    if not _IBAN.fullmatch(iban):
        return False
    digits = "".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])
    return int(digits) % 97 == 1


def _plain(given: str) -> str:
    """In composed form, with single spaces and nothing that does not show."""
    composed = unicodedata.normalize("NFC", given)
    shown = "".join(
        " " if letter.isspace() else letter
        for letter in composed
        if letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return " ".join(shown.split())


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT} characters")
    return value


def _number(value: str) -> str:
    if len(value) > 100:
        raise ValueError("must have at most 100 characters")
    if not any(letter.isalnum() for letter in value):
        raise ValueError("must have a letter or a digit")
    return value


def _amount(value: str) -> str:
    found = _AMOUNT.fullmatch(value)
    if found is None:
        raise ValueError(
            'must be an amount such as "1234.50", with a point and without separators of thousands'
        )
    sign, whole, cents = found.groups()
    normal = f"{int(whole)}.{(cents or '').ljust(2, '0')}"
    return normal if normal == "0.00" else sign + normal


def _quantity(value: str) -> str:
    if not _QUANTITY.fullmatch(value):
        raise ValueError('must be a number such as "3" or "2.5"')
    return _shortest(value)


def _price(value: str) -> str:
    shortest = _quantity(value)
    whole, _, decimals = shortest.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def _rate(value: str) -> str:
    bare = value.removesuffix("%").strip()
    if not _RATE.fullmatch(bare) or Decimal(bare) > 100:
        raise ValueError('must be a percentage from 0 to 100, such as "19"')
    return _shortest(bare)


def _shortest(number: str) -> str:
    shortest = format(Decimal(number).normalize(), "f")
    return "0" if shortest == "-0" else shortest


def _date(value: str) -> str:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError('must be a day of the calendar in ISO 8601, such as "2026-11-22"') from None


def _currency(value: str) -> str:
    if value.upper() not in CURRENCIES:
        raise ValueError('must be a currency of ISO 4217, such as "EUR"')
    return value.upper()


def _iban(value: str) -> str:
    bare = value.replace(" ", "").upper()
    if not iban_is_valid(bare):
        raise ValueError("must be an IBAN whose check digits are right")
    return bare


def _tax_id(value: str) -> str:
    bare = value.replace(" ", "").upper()
    if not _TAX_ID.fullmatch(bare) or not any(letter.isdigit() for letter in bare):
        raise ValueError('must be a tax number such as "DE136695976"')
    return bare


def _language(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2}", value.lower()):
        raise ValueError('must be a language of ISO 639-1, such as "en"')
    return value.lower()


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(f"must be one of: {', '.join(words)}")
        return value.lower()

    return check


_NORMAL_FORMS: Mapping[FieldKind, Callable[[str], str]] = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.AMOUNT: _amount,
    FieldKind.PRICE: _price,
    FieldKind.QUANTITY: _quantity,
    FieldKind.RATE: _rate,
    FieldKind.CURRENCY: _currency,
    FieldKind.IBAN: _iban,
    FieldKind.TAX_ID: _tax_id,
    FieldKind.PAYMENT: _one_of(PAYMENT_METHODS),
    FieldKind.DOCUMENT_TYPE: _one_of(DOCUMENT_TYPES),
    FieldKind.LANGUAGE: _language,
}
