"""PDF/A-2b (ISO 19005-2), written page by page: pictures of pages over unseen text.

    catalog ─▶ pages ─▶ page ─▶ picture (JPEG), content (picture, then text)
       │                  └───▶ font: Type 0, embedded, with a map to Unicode
       ├──▶ XMP metadata (part 2, conformance B)
       └──▶ output intent: sRGB

What is written depends on nothing but the pages and the title: the same call gives the same bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from functools import cache
from typing import IO
from xml.sax.saxutils import escape

from PIL import ImageCms

from automateiq_ocr.rendering import glyphless
from automateiq_ocr.rendering.models import Sheet

PRODUCER = "AutomateIQ"
# Objects whose numbers are known before anything is written.
_CATALOG, _PAGES, _METADATA, _PROFILE, _FONT, _DESCENDANT, _DESCRIPTOR, _FONT_FILE, _GLYPHS, _UNICODE = range(
    1, 11
)
_FIRST_FREE = 11
_MOST_CHARS = 100  # of one block in a map to Unicode (Adobe Technical Note 5014)


class PdfaWriter:
    """Writes to a file that is open for writing in binary: `add` each page, then `finish`."""

    def __init__(self, file: IO[bytes], title: str) -> None:
        self._file = file
        self._title = title
        self._at = 0
        self._offsets: dict[int, int] = {}
        self._next = _FIRST_FREE
        self._pages: list[int] = []
        self._letters: set[str] = set()
        self._digest = hashlib.sha256()
        # Bytes above 127 in the second line say that the file is binary (6.1.2).
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(self, sheet: Sheet) -> None:
        """Writes a page."""
        picture, content, page = self._next, self._next + 1, self._next + 2
        self._next += 3
        across, down = sheet.pixels
        colours = "DeviceGray" if sheet.grey else "DeviceRGB"
        self._stream(
            picture,
            f"/Type /XObject /Subtype /Image /Width {across} /Height {down} /ColorSpace /{colours} "
            "/BitsPerComponent 8 /Filter /DCTDecode",
            sheet.jpeg,
        )
        drawn = f"q {sheet.width:.3f} 0 0 {sheet.height:.3f} 0 0 cm /P Do Q\n".encode() + sheet.content
        self._stream(content, "/Filter /FlateDecode", zlib.compress(drawn))
        self._object(
            page,
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {sheet.width:.3f} {sheet.height:.3f}] "
            f"/Resources << /XObject << /P {picture} 0 R >> /Font << /F1 {_FONT} 0 R >> >> "
            f"/Contents {content} 0 R >>",
        )
        self._pages.append(page)
        self._letters |= sheet.letters

    def finish(self) -> None:
        """Writes what belongs to all pages, and the file's end."""
        self._write_font()
        self._stream(_PROFILE, "/N 3 /Filter /FlateDecode", zlib.compress(srgb_profile()))
        self._stream(_METADATA, "/Type /Metadata /Subtype /XML", _xmp(self._title))
        kids = " ".join(f"{page} 0 R" for page in self._pages)
        self._object(_PAGES, f"<< /Type /Pages /Count {len(self._pages)} /Kids [{kids}] >>")
        self._object(
            _CATALOG,
            f"<< /Type /Catalog /Pages {_PAGES} 0 R /Metadata {_METADATA} 0 R /OutputIntents [<< "
            "/Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) "
            f"/Info (sRGB IEC61966-2.1) /DestOutputProfile {_PROFILE} 0 R >>] >>",
        )
        start, count = self._at, self._next
        rows = "".join(f"{self._offsets[number]:010d} 00000 n \n" for number in range(1, count))
        mark = self._digest.hexdigest()[:32].upper()
        self._write(
            (
                f"xref\n0 {count}\n0000000000 65535 f \n{rows}trailer\n<< /Size {count} /Root {_CATALOG} 0 R "
                f"/ID [<{mark}> <{mark}>] >>\nstartxref\n{start}\n%%EOF\n"
            ).encode()
        )

    def _write_font(self) -> None:
        name = glyphless.NAME
        self._object(
            _FONT,
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
            f"/DescendantFonts [{_DESCENDANT} 0 R] /ToUnicode {_UNICODE} 0 R >>",
        )
        self._object(
            _DESCENDANT,
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDSystemInfo << /Registry (Adobe) "
            f"/Ordering (Identity) /Supplement 0 >> /FontDescriptor {_DESCRIPTOR} 0 R "
            f"/DW {glyphless.ADVANCE} /CIDToGIDMap {_GLYPHS} 0 R >>",
        )
        high = glyphless.UNITS
        self._object(
            _DESCRIPTOR,
            f"<< /Type /FontDescriptor /FontName /{name} /Flags 5 /ItalicAngle 0 /Ascent {high} /Descent 0 "
            f"/CapHeight {high} /StemV 80 /FontBBox [0 0 {glyphless.ADVANCE} {high}] "
            f"/FontFile2 {_FONT_FILE} 0 R >>",
        )
        font = glyphless.font_file()
        self._stream(_FONT_FILE, f"/Length1 {len(font)} /Filter /FlateDecode", zlib.compress(font))
        self._stream(_GLYPHS, "/Filter /FlateDecode", glyphless.cid_to_glyph())
        self._stream(_UNICODE, "/Filter /FlateDecode", zlib.compress(_to_unicode(self._letters)))

    def _object(self, number: int, body: str) -> None:
        self._offsets[number] = self._at
        self._write(f"{number} 0 obj\n{body}\nendobj\n".encode())

    def _stream(self, number: int, entries: str, data: bytes) -> None:
        self._offsets[number] = self._at
        self._write(f"{number} 0 obj\n<< {entries} /Length {len(data)} >>\nstream\n".encode())
        self._write(data)
        self._write(b"\nendstream\nendobj\n")

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._at += len(data)


@cache
def srgb_profile() -> bytes:
    """The ICC profile of sRGB, as LittleCMS makes it; its date is fixed."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Version 4.2 is the last that ISO 15076-1:2005 knows, to which PDF/A-2 refers; the tags are the same.
    profile[8:12] = b"\x04\x20\x00\x00"
    profile[24:36] = b"\x07\xe8\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00"
    return bytes(profile)


def _to_unicode(letters: set[str]) -> bytes:
    """The map from codes (UTF-16 units) to themselves, for the characters that are used."""
    units = sorted({unit for letter in letters for unit in _units(letter)})
    blocks = []
    for start in range(0, len(units), _MOST_CHARS):
        part = units[start : start + _MOST_CHARS]
        rows = "\n".join(f"<{unit:04X}> <{unit:04X}>" for unit in part)
        blocks.append(f"{len(part)} beginbfchar\n{rows}\nendbfchar\n")
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{''.join(blocks)}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()


def _units(letter: str) -> tuple[int, ...]:
    data = letter.encode("utf-16-be")
    return tuple(int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))


def _xmp(title: str) -> bytes:
    named = escape("".join(letter for letter in title if letter.isprintable()) or "Document")
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <dc:format>application/pdf</dc:format>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{named}</rdf:li></rdf:Alt></dc:title>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
   <pdf:Producer>{PRODUCER}</pdf:Producer>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode("utf-8", "ignore")
