"""What the labels around an amount call it: before it in its row, over its column, or alone in the row above."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.amounts import Amount
from automateiq_ocr.extraction.layout import Layout, Row, overlap

Kind = Literal["subtotal", "tax", "total"]
Role = Literal[
    "total", "plain", "partial", "due", "subtotal", "tax", "tax_sum", "tip", "rounding", "discount", "cash", "change",
    "payment",
]  # fmt: skip
Roles = dict[Role, float]


@dataclass
class Labelling:
    """The amounts that are money, row by row, and what the labels call them: {id of the amount: {role: 0..1}}."""

    amounts: dict[int, list[Amount]] = field(default_factory=dict)
    roles: dict[int, Roles] = field(default_factory=dict)


def label_amounts(layout: Layout, amounts: Mapping[int, list[Amount]]) -> Labelling:
    """The money among a document's amounts, with its roles. A whole number is money only beside a plain label."""
    made = Labelling()
    for row in layout.rows:
        inside = amounts[row.index]
        found = _in_row(row, inside) if inside else []
        if inside and not any(roles for _, roles in found):
            found += _under_labels(layout, row, inside)
        for amount, roles in found:
            known = made.roles.setdefault(id(amount), {})
            for role, score in roles.items():
                known[role] = max(score, known.get(role, 0.0))
        made.amounts[row.index] = [
            amount
            for amount in inside
            if amount.money or _plainly_called(amount, made.roles.get(id(amount)), inside)
        ]
    _take_from_above(layout, made)
    made.roles = {place: roles for place, roles in made.roles.items() if roles}
    return made


def _plainly_called(amount: Amount, roles: Roles | None, inside: list[Amount]) -> bool:
    """ "TOTAL 180": the last number of a row whose label is nothing but that of a total."""
    if not roles or amount is not inside[-1] or amount.value < 1:
        return False
    if amount.row.text[amount.start : amount.end].startswith("0"):
        return False  # "006" is a misread sum, or a number of something
    return roles.get("plain", 0.0) > 0.8


_BESIDE_LABELS = re.compile(
    r"\(?(?<!\w)(?:rm|usd|eur|euro|gbp|myr|sek|pln|chf|kr|sgd|aud|cad)(?!\w)\)?|[$€£]"
)


_ANY_KIND = vocabulary.either(
    vocabulary.TAX_SUM, vocabulary.TOTAL_TO_PAY, vocabulary.SUBTOTAL, vocabulary.TAX, vocabulary.TOTAL
)
_ANY_ROLE = vocabulary.either(
    _ANY_KIND, vocabulary.ROUNDING, vocabulary.TIP, vocabulary.ALLOWANCE, vocabulary.DUE, vocabulary.CHANGE_BACK,
    vocabulary.CASH, vocabulary.PAYMENT, vocabulary.DISCOUNT,
)  # fmt: skip
# "Total 6% supplies" is a part; "Total incl. GST @ 6%" says what the whole includes.
_ONE_RATE = re.compile(r"^(?!.*(?:incl\S*|inkl\S*|inc\.?) ?(?:of )?[a-z.]* ?@? ?\d).*\d ?%")
_ROUNDED_TOTAL = re.compile(
    r"(?:total|amount|sum|net|payable|due).{0,12}round|round\w* (?:total|amount)|after round"
)


def roles_of(text: str) -> Roles:
    """What a folded label calls its amount: {role: how plainly, 0 to 1}."""
    text = text.strip(" :.-=|*#")
    if re.search(r"(?:\w ){3}\w(?!\w)", text):
        text = re.sub(r"(?<=\w) (?=\w(?!\w))", "", text)  # "t o t a l" in double width
    if not text or not _ANY_ROLE.search(text):
        return {}
    if vocabulary.ROUNDING.search(text) and not _ROUNDED_TOTAL.search(text):
        return {"rounding": 1.0}
    if tip := vocabulary.TIP.search(text):
        if vocabulary.TIP_SUGGESTED.search(text):
            return {"tip": 0.2}
        if not vocabulary.TOTAL.search(text[: tip.start()]):
            return {"tip": 1.0}
    if vocabulary.ALLOWANCE.search(text):
        return {"discount": 1.0}
    kind, score = labelled(text)
    roles: Roles = {kind: score} if kind else {}
    if kind == "tax" and vocabulary.TAX_SUM.search(text):
        roles["tax_sum"] = score
    if kind == "total":
        # "Total", "Total payable (RM)" and nothing else; or that of one rate: "Total 6% supplies".
        core = _BESIDE_LABELS.sub(" ", text).strip(" :.-=|*#")
        if vocabulary.TOTAL_TO_PAY.fullmatch(core) or vocabulary.TOTAL.fullmatch(core):
            roles["plain"] = 1.0
        elif _ONE_RATE.search(text):
            roles["partial"] = 1.0
    if vocabulary.DUE.search(text):
        roles["due"] = 0.9 if len(text) < 40 else 0.6
    if kind is None:
        short = 1.0 if len(text) < 30 else 0.6
        if vocabulary.CHANGE_BACK.search(text):
            roles["change"] = short
        elif vocabulary.CASH.search(text):
            roles["cash"] = short
        elif vocabulary.PAYMENT.search(text):
            roles["payment"] = short
        elif vocabulary.DISCOUNT.search(text):
            roles["discount"] = short
    return roles


def labelled(text: str) -> tuple[Kind | None, float]:
    """(whether a folded label calls its amount subtotal, tax or total, how plainly from 0 to 1)."""
    text = text.strip(" :.-=|")
    if not text or not _ANY_KIND.search(text):
        return None, 0.0
    short = 1.0 if len(text) < 40 else 0.75
    if _excluded(text):
        return None, 0.0
    if vocabulary.TAX_SUM.search(text):
        return "tax", 1.0 * short
    pay, subtotal = vocabulary.TOTAL_TO_PAY.search(text), vocabulary.SUBTOTAL.search(text)
    tax = vocabulary.TAX.search(text)
    includes = re.search(
        r"incl|inkl|inc\b|with|mit|ttc|gross|brutto|after|including|enth|compris|tax invoice", text
    )
    if (
        tax
        and not includes
        and not re.search(r"excl|before|without|ohne|ex\b|hors|sin\b|zzgl\.? \S+ ?(?:mwst)?$", text)
        and (not pay or tax.start() < pay.start() or not re.search(r"total|gesamt|betrag|amount", text))
    ):
        return "tax", 0.9 * short
    if (
        subtotal
        and (not pay or subtotal.end() - subtotal.start() >= pay.end() - pay.start())
        and not includes
    ):
        return "subtotal", 0.95 * short
    if re.search(r"excl|before tax|without|ohne|hors taxe", text) and (pay or vocabulary.TOTAL.search(text)):
        return "subtotal", 0.9 * short
    if tax and re.search(r"inkl|incl|enth", text) and not pay and not vocabulary.TOTAL.search(text):
        return "tax", 0.7 * short
    if pay:
        return "total", 1.0 * short
    if vocabulary.TOTAL.search(text):
        return "total", (0.85 if re.search(r"tota|summe", text) else 0.45) * short
    return None, 0.0


def _excluded(text: str) -> bool:
    if vocabulary.CHANGE.search(text) and not re.search(
        r"total.*(?:after|incl\S*) round|round\S* total|total round", text
    ):
        return True
    return bool(vocabulary.NOT_AN_AMOUNT.search(text)) and not vocabulary.TOTAL_TO_PAY.search(text)


def _in_row(row: Row, inside: list[Amount]) -> list[tuple[Amount, Roles]]:
    """Labels before the amounts. Of several amounts behind one label, the last is the label's."""
    found: list[tuple[Amount, Roles]] = []
    if vocabulary.TIP.search(row.folded) and vocabulary.TIP_SUGGESTED.search(row.folded):
        return [(amount, {"tip": 0.2}) for amount in inside]  # "20%: (Tip $3.33 Total $20.00)"
    at = 0
    before: Roles = {}
    for amount in inside:
        if not amount.money and amount is not inside[-1]:
            continue  # a count between label and sum: "TO PAY (3 ITEMS) 91.90"
        label = row.folded[at : amount.start]
        nearest = _nearest_cell(row, at, amount.start)
        roles = roles_of(nearest or label)
        if not roles and nearest != label:
            roles = {role: 0.9 * score for role, score in roles_of(label).items()}
        worded = bool(re.search(r"[a-z]{2}", label))
        if not roles and not worded:
            roles = before
            if found and before and found[-1][1] is before:
                found[-1] = (found[-1][0], {role: 0.5 * score for role, score in before.items()})
        if worded:
            before = roles
        found.append((amount, roles))
        at = amount.end
    return _with_label_behind(row, found)


def _with_label_behind(row: Row, found: list[tuple[Amount, Roles]]) -> list[tuple[Amount, Roles]]:
    """ "1.06 VAT 20 % 6.35": an amount that opens its row may have its label behind it."""
    if not found:
        return found
    first, roles = found[0]
    behind = row.folded[first.end : found[1][0].start if len(found) > 1 else None]
    opens = not re.search(r"[a-z\d]", row.folded[: first.start])
    if opens and not roles and re.search(r"[a-z]{3}", behind):
        weak: Roles = {role: 0.5 * score for role, score in roles_of(behind).items()}
        found = [(first, weak), *found[1:]]
    return found


def _nearest_cell(row: Row, start: int, end: int) -> str:
    """The label's own cell: the text in the last cell before an amount that has letters."""
    at = 0
    best = ""
    for cell in row.cells:
        begin, at = at, at + len(cell.text) + 1
        if begin >= start and begin < end:
            text = row.folded[begin : min(at - 1, end)]
            if re.search(r"[a-z]{2}", text):
                best = text
    return best


def _under_labels(layout: Layout, row: Row, inside: Iterable[Amount]) -> list[tuple[Amount, Roles]]:
    """Amounts under a row of labels: Net | VAT | Total."""
    found: list[tuple[Amount, Roles]] = []
    if re.search(r"[a-z]{4}", row.folded):
        return found
    for passed, above in enumerate(layout.above(row, 5)):
        if row.middle - above.middle > (4 + 2 * passed) * max(row.height, above.height):
            break
        if not re.search(r"[a-z]{3}", above.folded):
            continue  # an earlier row of the same table: the last one holds the sums
        for amount in inside:
            tokens = row.within(amount.start, amount.end)
            for cell in above.cells:
                if not re.search(r"\d", cell.text) and any(overlap(cell, token) > 0.3 for token in tokens):
                    sure = 0.6 + 0.1 * passed
                    found.append((amount, {r: min(0.9, s * sure) for r, s in roles_of(cell.folded).items()}))
        break
    return found


def _take_from_above(layout: Layout, made: Labelling) -> None:
    """Labels whose amount slipped into the next row, with nothing else in it."""
    for row in layout.rows:
        if made.amounts[row.index] or len(row.cells[-1].text) > 40:
            continue
        roles = roles_of(row.cells[-1].folded)
        if max(roles.values(), default=0.0) < 0.7:
            continue
        for below in layout.below(row, 1):
            inside = made.amounts[below.index]
            close = below.middle - row.middle < 2.5 * max(row.height, below.height)
            if len(inside) == 1 and close and not re.search(r"[a-z]{3}", below.folded[: inside[0].start]):
                known = made.roles.setdefault(id(inside[0]), {})
                for role, score in roles.items():
                    known.setdefault(role, score * 0.7)
