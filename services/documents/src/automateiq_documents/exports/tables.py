"""Tables as CSV and as workbooks, with cells that no spreadsheet takes for a formula.

What was read from a stranger's document may begin like a formula (CSV injection, CWE-1236). In CSV such a cell gets an
apostrophe in front, as OWASP advises, also behind signs that part cells elsewhere; in a workbook it is text by its
type, and marked as text for who edits it. Numbers of columns that hold numbers are left as they are, also negative
ones.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import IO, Any

import xlsxwriter

from automateiq_documents.exports.models import DOCUMENT_COLUMNS, LINE_COLUMNS, Column, Row

# The wide forms are read as the plain ones by some spreadsheets in East Asian settings.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
# Where a semicolon parts columns, as in most of Europe, a spreadsheet parts our lines otherwise, and quotes in the
# middle of its cells mean nothing to it: what follows such a mark, or a new line, may begin a cell too.
_INNER_FORMULA = re.compile(r"(?s)(?<=.)([;|\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,10})?")
# No table of a text program has a place for these.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
# What a sheet of Excel holds, and a cell of it.
SHEET_ROWS = 1_048_576
_MAX_CELL = 32_767


def is_number(text: str) -> bool:
    """Whether a value is a plain decimal number."""
    return _NUMBER.fullmatch(text) is not None


def clean(text: str) -> str:
    """A text without signs that are no text."""
    return _CONTROLS.sub("", text)


def like_formula(text: str) -> bool:
    """Whether a spreadsheet could take a text for a formula."""
    return text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)


def csv_lines(columns: Sequence[Column], rows: Iterable[Row]) -> bytes:
    """Rows as CSV (RFC 4180), UTF-8."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_csv_cell(column, text) for column, text in zip(columns, row, strict=True)])
    return written.getvalue().encode()


def csv_head(columns: Sequence[Column]) -> bytes:
    """The first line: the names of the columns."""
    return (",".join(column.name for column in columns) + "\r\n").encode()


def _csv_cell(column: Column, text: str) -> str:
    if column.number and is_number(text):
        return text
    text = _INNER_FORMULA.sub(r"\1'", clean(text))
    return f"'{text}" if like_formula(text) else text


class Workbook:
    """A workbook that is written row by row into a file and holds one row of each sheet in memory."""

    def __init__(self, file: IO[bytes], folder: str) -> None:
        self._book = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_numbers": False,
                "strings_to_urls": False,
            },
        )
        self._bold = self._book.add_format({"bold": True})
        self._text = self._book.add_format({"quote_prefix": True})
        self._sheets = [
            _Sheet(self, "Documents", DOCUMENT_COLUMNS),
            _Sheet(self, "Line items", LINE_COLUMNS),
        ]

    def add(self, documents: Iterable[Row], lines: Iterable[Row]) -> None:
        """Appends rows to both sheets."""
        for sheet, rows in zip(self._sheets, (documents, lines), strict=True):
            for row in rows:
                sheet.add(row)

    def close(self) -> None:
        """Writes what is left; the file is whole afterwards."""
        self._book.close()

    def begin_sheet(self, name: str, columns: Sequence[Column]) -> Any:
        """A sheet with its head."""
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for number, column in enumerate(columns):
            sheet.write_string(0, number, column.name, self._bold)
        return sheet

    def write(self, sheet: Any, place: tuple[int, int], column: Column, text: str) -> None:
        """One cell. A number with more digits than a spreadsheet keeps is text."""
        if not text:
            return
        if column.number and is_number(text) and len(text.lstrip("-").replace(".", "")) <= 15:
            sheet.write_number(*place, float(text))
            return
        shown = clean(text)[:_MAX_CELL]
        sheet.write_string(*place, shown, self._text if like_formula(shown) else None)


class _Sheet:
    """A table that goes on in a further sheet where one is full."""

    def __init__(self, book: Workbook, name: str, columns: Sequence[Column]) -> None:
        self._book, self._name, self._columns = book, name, columns
        self._number, self._next_row = 1, 1
        self._sheet = book.begin_sheet(name, columns)

    def add(self, row: Row) -> None:
        if self._next_row >= SHEET_ROWS:
            self._number, self._next_row = self._number + 1, 1
            self._sheet = self._book.begin_sheet(f"{self._name} {self._number}", self._columns)
        for number, (column, text) in enumerate(zip(self._columns, row, strict=True)):
            self._book.write(self._sheet, (self._next_row, number), column, text)
        self._next_row += 1
