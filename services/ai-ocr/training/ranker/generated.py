"""Documents that the project writes itself: receipts and invoices in many layouts, languages and number formats.

No pictures: pages are set word by word, with the slips that recognition makes. All figures follow from the lines by the
arithmetic that shops and offices use; what is printed of it, and under which labels, is drawn by chance.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from automateiq_ocr.recognition.models import Line, Page, Word
from labelled import Labelled
from words import CURRENCIES, FORMS, LABELS, NAMES, RATES, TRADES

CENT = Decimal("0.01")
# What a reader takes for what; digits are spared: a wrong digit is no lesson about layout.
_SLIPS = {"o": "0", "l": "1", "I": "l", "S": "5", "e": "c", "a": "o", "t": "l", "m": "rn", ".": ",", ":": "."}

Row = list[tuple[str, float]]  # texts, each with where it starts (0 left .. 1 right); negative: where it ends


@dataclass
class _Draft:
    chance: random.Random
    language: str
    narrow: bool
    rows: list[Row] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    sign: str = ""
    sign_behind: bool = False
    format: tuple[str, str] = ("", ".")
    tax_code: str = ""

    def say(self, role: str) -> str:
        return self.chance.choice(LABELS[self.language][role])

    def money(self, value: Decimal, *, sign: bool = True) -> str:
        thousands, decimal = self.format
        text = f"{abs(value):,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)
        if sign and self.sign:
            text = f"{text} {self.sign}" if self.sign_behind else f"{self.sign}{text}"
        if value < 0:
            text = f"{text}-" if self.chance.random() < 0.2 else f"-{text}"
        return text

    def pair(self, label: str, value: Decimal, *, sign: bool | None = None) -> None:
        signed = self.chance.random() < 0.7 if sign is None else sign
        colon = self.chance.choice(["", "", ":", " :"])
        start = 0.0 if self.narrow else self.chance.choice([0.5, 0.55, 0.6])
        self.rows.append([(label + colon, start), (self.money(value, sign=signed), -1.0)])


def generate(count: int, seed: int) -> list[Labelled]:
    """`count` documents, always the same for a seed."""
    return [_document(random.Random(f"{seed}/{index}"), index) for index in range(count)]


def _document(chance: random.Random, index: int) -> Labelled:
    language = chance.choices(list(LABELS), [8, 4, 2, 1.5, 1.5, 1.5, 1, 1, 1])[0]
    narrow = chance.random() < 0.6
    draft = _Draft(chance, language, narrow)
    currency, signs = chance.choice(CURRENCIES[language])
    draft.sign = chance.choice(signs)
    draft.sign_behind = language != "en" and chance.random() < 0.7
    draft.format = (
        chance.choice([(",", "."), ("", ".")])
        if language == "en"
        else chance.choice([(".", ","), ("", ","), ("\u202f", ",")])
    )
    draft.tax_code = chance.choice(["", "", "", " A", "S", " SR"]) if narrow else ""
    _head(draft, currency)
    _body(draft)
    for _ in range(chance.randint(0, 3)):
        draft.rows.append([(draft.say("thanks"), chance.choice([0.0, 0.2]))])
    page = _page(draft)
    return Labelled("generated", f"{index}", "", f"generated/{index}", (page,), draft.labels, {}, "", 0.35)


def _head(draft: _Draft, currency: str) -> None:
    chance, labels = draft.chance, draft.labels
    name = " ".join(
        part
        for part in (chance.choice(NAMES), chance.choice(TRADES), chance.choice(FORMS[draft.language]))
        if part
    )
    labels["vendor"] = name
    if draft.sign:
        labels["currency"] = currency
    draft.rows.append([(name, chance.choice([0.0, 0.15, 0.25]))])
    draft.rows.append(
        [(f"{chance.randint(1, 99)} {chance.choice(NAMES)} {chance.choice(['St', 'Rd', '12', ''])}", 0.0)]
    )
    draft.rows.append([(f"{chance.randint(10000, 99999)} {chance.choice(NAMES)}", 0.0)])
    issued = date(2012, 1, 1) + timedelta(days=chance.randint(0, 5000))
    labels["date"] = issued.isoformat()
    title = draft.say("receipt" if draft.narrow else "invoice")
    if title:
        draft.rows.append([(title, chance.choice([0.0, 0.3]))])
    style = _date_style(draft)
    rows: list[Row] = [[(f"{draft.say('date')}:", 0.0), (_time(draft, style(issued)), 0.3)]]
    number = f"{chance.choice(['', 'INV-', 'R', '2019/'])}{chance.randint(100, 999999)}"
    labels["invoice_number"] = number
    rows.append([(f"{draft.say('number')}:", 0.0), (number, 0.3)])
    if not draft.narrow:
        if chance.random() < 0.5:
            due = issued + timedelta(days=chance.choice([7, 10, 14, 30, 60]))
            labels["due_date"] = due.isoformat()
            rows.append([(f"{draft.say('due_date')}:", 0.0), (style(due), 0.3)])
        if chance.random() < 0.4:
            other = issued - timedelta(days=chance.randint(1, 20))
            rows.append([(f"{draft.say('other_date')}:", 0.0), (style(other), 0.3)])
        if chance.random() < 0.25:
            start = issued - timedelta(days=chance.randint(28, 40))
            end = start + timedelta(days=chance.choice([6, 13, 27, 30]))
            labels["period_start"], labels["period_end"] = start.isoformat(), end.isoformat()
            rows.append([(f"{draft.say('period')}:", 0.0), (f"{style(start)} - {style(end)}", 0.3)])
    chance.shuffle(rows)
    if draft.narrow and chance.random() < 0.3:
        rows = [[(_time(draft, style(issued)), chance.choice([0.0, 0.4]))]]
    if draft.narrow and chance.random() < 0.15:
        draft.rows.append([("", 0.0)])
    draft.rows += rows


def _date_style(draft: _Draft) -> Callable[[date], str]:
    american = draft.language == "en" and draft.sign == "$" and draft.chance.random() < 0.7
    year = draft.chance.choice(["%Y", "%Y", "%y"])
    if american:
        form = draft.chance.choice([f"%m/%d/{year}", "%b %d, %Y", "%B %d, %Y", f"%m-%d-{year}"])
    elif draft.language == "en":
        form = draft.chance.choice(
            [f"%d/%m/{year}", f"%d-%m-{year}", "%d %b %Y", "%Y-%m-%d", f"%d.%m.{year}"]
        )
    else:
        form = draft.chance.choice([f"%d.%m.{year}", f"%d/%m/{year}", "%Y-%m-%d", f"%d-%m-{year}"])
    return lambda day: day.strftime(form)


def _time(draft: _Draft, day: str) -> str:
    if draft.chance.random() < 0.5:
        return f"{day} {draft.chance.randint(7, 22):02d}:{draft.chance.randint(0, 59):02d}"
    return day


def _body(draft: _Draft) -> None:
    chance = draft.chance
    lines = _lines(draft)
    amounts = [amount for _, _, _, amount in lines]
    credit = not draft.narrow and chance.random() < 0.08
    if credit:
        amounts = [-amount for amount in amounts]
        lines = [(name, count, -price, -amount) for name, count, price, amount in lines]
    _print_lines(draft, lines)
    sums = Decimal(sum(amounts))
    if chance.random() < 0.25:
        draft.rows.append([(draft.say("quantity"), 0.0), (str(len(lines)), -1.0)])
    included = draft.narrow and chance.random() < 0.6
    _sums(draft, sums, included=included)


def _lines(draft: _Draft) -> list[tuple[str, int, Decimal, Decimal]]:
    chance = draft.chance
    most = 4000 if draft.narrow else 60000
    lines = []
    for _ in range(chance.choice([1, 1, 2, 2, 3, 4, 5, 7, 10])):
        count = chance.choice([1, 1, 1, 1, 2, 3, 5])
        price = Decimal(chance.randint(50, most)) / 100
        lines.append((draft.say("items"), count, price, price * count))
    return lines


def _print_lines(draft: _Draft, lines: Sequence[tuple[str, int, Decimal, Decimal]]) -> None:
    chance = draft.chance
    if not draft.narrow or chance.random() < 0.3:
        columns = LABELS[draft.language]["columns"]
        draft.rows.append([(columns[0], 0.0), (columns[1], 0.55), (columns[2], -0.78), (columns[3], -1.0)])
    plain = chance.random() < 0.6  # no sign beside the lines
    for name, count, price, amount in lines:
        amount_text = draft.money(amount, sign=not plain) + draft.tax_code
        if draft.narrow and chance.random() < 0.6:
            head = f"{count} {name}" if chance.random() < 0.5 else name
            draft.rows.append([(head, 0.0), (amount_text, -1.0)])
            if count > 1 and chance.random() < 0.6:
                draft.rows.append([(f"{count} x {draft.money(price, sign=False)}", 0.1)])
        else:
            price_text = draft.money(price, sign=False)
            draft.rows.append([(name, 0.0), (str(count), 0.57), (price_text, -0.78), (amount_text, -1.0)])


def _sums(draft: _Draft, sums: Decimal, *, included: bool) -> None:
    chance, labels = draft.chance, draft.labels
    discount = Decimal(0)
    if chance.random() < 0.15:
        draft.pair(draft.say("subtotal"), sums)
        discount = (sums * Decimal(chance.choice(["0.05", "0.1", "0.2"]))).quantize(CENT, ROUND_HALF_UP)
        draft.pair(draft.say("discount"), -discount if chance.random() < 0.6 else discount)
    net = sums - discount
    if chance.random() < 0.08:
        service = (net * Decimal("0.1")).quantize(CENT, ROUND_HALF_UP)
        draft.pair(draft.say("service"), service)
        net += service
    rate = chance.choice(RATES[draft.language])
    share = Decimal(rate) / 100
    taxed = chance.random() < 0.85
    if included:
        total, tax = net, (net * share / (1 + share)).quantize(CENT, ROUND_HALF_UP)
        net = total - tax
    else:
        tax = (net * share).quantize(CENT, ROUND_HALF_UP) if taxed else Decimal(0)
        total = net + tax
    printed_rate = rate.replace(".", draft.format[1])
    if not included and taxed:
        if chance.random() < 0.85:
            draft.pair(draft.say("subtotal"), net)
            labels["subtotal"] = f"{net:.2f}"
        draft.pair(draft.say("tax").format(r=printed_rate), tax)
        labels["tax"] = f"{tax:.2f}"
    elif not included and chance.random() < 0.4:
        draft.pair(draft.say("subtotal"), net)
        labels["subtotal"] = f"{net:.2f}"
    total = _rounded(draft, total)
    labels["total"] = f"{total:.2f}"
    if included and taxed:
        after = chance.random()
        if after < 0.35:
            draft.pair(draft.say("tax_in").format(r=printed_rate), tax)
            labels["tax"] = f"{tax:.2f}"
    _paid(draft, total)
    if included and taxed and chance.random() < 0.45:
        _table(draft, printed_rate, net, tax, total)
        labels["tax"], labels["subtotal"] = f"{tax:.2f}", f"{net:.2f}"


def _rounded(draft: _Draft, total: Decimal) -> Decimal:
    """Prints the total, in some countries rounded to five cents; gives what is to be paid."""
    chance = draft.chance
    if draft.narrow and chance.random() < 0.3:
        rounded = (total / Decimal("0.05")).quantize(Decimal(1), ROUND_HALF_UP) * Decimal("0.05")
        if chance.random() < 0.8:
            draft.pair(draft.say("total"), total)
        step = rounded - total
        draft.pair(draft.say("rounding"), step if chance.random() < 0.7 else abs(step), sign=False)
        draft.pair(draft.say("rounded"), rounded)
        return rounded
    draft.pair(draft.say("total"), total)
    if chance.random() < 0.1:
        draft.pair(draft.say("total"), total)
    return total


def _paid(draft: _Draft, total: Decimal) -> None:
    chance, labels = draft.chance, draft.labels
    way = chance.random()
    if draft.narrow and way < 0.4:
        steps = [s for s in (Decimal("0.5"), Decimal(1), Decimal(5), Decimal(10), Decimal(50)) if s]
        step = chance.choice(steps)
        cash = (total / step).to_integral_value(rounding="ROUND_UP") * step
        draft.pair(draft.say("cash"), cash)
        if cash != total or chance.random() < 0.7:
            draft.pair(draft.say("change"), cash - total)
    elif draft.narrow and way < 0.75:
        draft.pair(draft.say("card"), total)
    elif draft.narrow and draft.language == "en" and way < 0.85:
        for percent in (15, 18, 20):
            tip = (total * percent / 100).quantize(CENT, ROUND_HALF_UP)
            draft.rows.append([(f"{percent}% Tip", 0.0), (draft.money(tip), -1.0)])
    elif not draft.narrow and way < 0.15:
        paid = (total * chance.choice([Decimal("0.3"), Decimal("0.5"), Decimal(1)])).quantize(
            CENT, ROUND_HALF_UP
        )
        draft.pair(draft.say("paid"), -paid if chance.random() < 0.5 else paid)
        draft.pair(draft.say("due"), total - paid)
        labels["amount_due"] = f"{total - paid:.2f}"
    if chance.random() < 0.08:
        draft.pair(draft.say("saved"), Decimal(chance.randint(10, 900)) / 100)


def _table(draft: _Draft, rate: str, net: Decimal, tax: Decimal, total: Decimal) -> None:
    """The table of rates at the end of a till's receipt."""
    titles = LABELS[draft.language]["table"]
    values = [net, tax, total]
    columns = [1, 2, 3] if draft.chance.random() < 0.6 else [1, 2]
    edges = [-0.5, -0.75, -1.0]
    draft.rows.append([(titles[0], 0.0), *((titles[c], edges[c - 1]) for c in columns)])
    draft.rows.append(
        [(f"{rate}%", 0.0), *((draft.money(values[c - 1], sign=False), edges[c - 1]) for c in columns)]
    )


def _page(draft: _Draft) -> Page:
    """The rows set in words, with the slips of a reader."""
    chance = draft.chance
    wide = 320.0 if draft.narrow else 800.0
    letter, height, apart = 8.0, 13.0, chance.uniform(17, 24)
    noise = chance.choice([0.0, 0.0, 0.01, 0.03])
    lines = []
    for index, row in enumerate(draft.rows):
        words = []
        for text, place in row:
            text = text.strip()
            start = place * wide if place >= 0 else -place * wide - len(text) * letter
            at = 30 + max(0.0, start)
            for part, gap in re.findall("([^ \u202f]*)([ \u202f]?)", text):
                if part:
                    read = chance.uniform(0.75, 1.0) if noise else 0.99
                    box = (at, 30 + index * apart, len(part) * letter, height)
                    words.append(Word(_slip(part, noise, chance), *box, read))
                # Thousands are parted by a thin space.
                at += len(part) * letter + (3 if gap == "\u202f" else letter)
        if words:
            lines.append(Line(tuple(words)))
    size = (wide + 60, 60 + apart * (len(draft.rows) + 1))
    return Page(1, *size, "px", "ocr", 0, 0.0, 0.95, tuple(lines))


def _slip(word: str, noise: float, chance: random.Random) -> str:
    if not noise or any(character.isdigit() for character in word):
        return word
    return "".join(_SLIPS.get(c, c) if chance.random() < noise else c for c in word)
