"""A font of one shape, for text that lies unseen beneath a picture: every character is a box, half as wide as high.

Written by hand after the OpenType specification: the six tables that a PDF wants of an embedded TrueType font
(ISO 32000-1, 9.9). Glyph 0, for missing characters, is empty; glyph 1, for all others, is a box that fills its place:
of characters without any extent PDFium finds none where the text runs up or down.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache

NAME = "AutomateIQUnseen"
UNITS = 1000
ADVANCE = 500
_MADE = 3_786_912_000  # 2024-01-01, in seconds since 1904
_MAGIC_SUM = 0xB1B0AFBA


@cache
def font_file() -> bytes:
    """The TrueType font."""
    metrics = struct.pack(">HhHh", ADVANCE, 0, ADVANCE, 0)
    # One contour of four points on the curve: up, right, down.
    box = struct.pack(
        ">hhhhhHH4B4h4h", 1, 0, 0, ADVANCE, UNITS, 3, 0, *[1] * 4, 0, 0, ADVANCE, 0, 0, UNITS, 0, -UNITS
    )
    box += b"\0" * (-len(box) % 4)
    tables = {
        b"glyf": box,
        b"head": _head(0),
        b"hhea": struct.pack(
            ">IhhhHhhhhhh8xhH", 0x00010000, UNITS, 0, 0, ADVANCE, 0, 0, ADVANCE, 1, 0, 0, 0, 2
        ),
        b"hmtx": metrics,
        b"loca": struct.pack(">HHH", 0, 0, len(box) // 2),
        b"maxp": struct.pack(">IH13H", 0x00010000, 2, *(4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)),
    }
    whole = _assembled(tables)
    tables[b"head"] = _head((_MAGIC_SUM - _checksum(whole)) & 0xFFFFFFFF)
    return _assembled(tables)


def cid_to_glyph() -> bytes:
    """The compressed map that gives every code glyph 1."""
    return zlib.compress(b"\0\1" * 65536, 9)


def _head(adjustment: int) -> bytes:
    return struct.pack(
        ">IIIIHHqqhhhhHHhhh",
        0x00010000,
        0x00010000,
        adjustment,
        0x5F0F3CF5,
        0b1011,
        UNITS,
        _MADE,
        _MADE,
        *(0, 0, ADVANCE, UNITS),
        0,
        8,
        2,
        0,
        0,
    )


def _assembled(tables: dict[bytes, bytes]) -> bytes:
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    header = struct.pack(
        ">IHHHH", 0x00010000, count, power * 16, power.bit_length() - 1, (count - power) * 16
    )
    at = len(header) + 16 * count
    directory, body = b"", b""
    for tag, data in sorted(tables.items()):
        directory += struct.pack(">4sIII", tag, _checksum(data), at + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    return header + directory + body


def _checksum(data: bytes) -> int:
    padded = data + b"\0" * (-len(data) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
