"""The form parser, over every way a body can be cut into pieces, and over bodies that are wrong."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from automateiq_core.errors import InvalidInput
from automateiq_gateway import multipart
from automateiq_gateway.multipart import PartBegins, PartData, PartEnds
from hypothesis import given
from hypothesis import strategies as st

BOUNDARY = b"----WebKitFormBoundary7MA4"

Part = tuple[str, str | None, bytes]


def body_of(parts: list[Part], boundary: bytes = BOUNDARY) -> bytes:
    made = b""
    for name, filename, content in parts:
        escaped = name.replace('"', "%22").encode()
        made += b'--%b\r\nContent-Disposition: form-data; name="%b"' % (boundary, escaped)
        if filename is not None:
            quoted = filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            made += b'; filename="%b"\r\nContent-Type: application/pdf' % quoted.encode()
        made += b"\r\n\r\n%b\r\n" % content
    return made + b"--%b--\r\n" % boundary


async def pieces_of(body: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    begin = 0
    for cut in [*sorted(cuts), len(body)]:
        yield body[begin:cut]
        begin = max(begin, cut)


async def parse(body: bytes, cuts: list[int] | None = None, boundary: bytes = BOUNDARY) -> list[Part]:
    found: list[Any] = []
    open_part = False
    async for event in multipart.events(pieces_of(body, cuts or []), boundary):
        if isinstance(event, PartBegins):
            assert not open_part
            open_part = True
            found.append([event.name, event.filename, b""])
        elif isinstance(event, PartData):
            assert open_part and event.data
            found[-1][2] += event.data
        else:
            assert isinstance(event, PartEnds) and open_part
            open_part = False
    assert not open_part
    return [tuple(part) for part in found]


names = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"\\;%'), min_size=1, max_size=8
)
filenames = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters='\\%;="'),
    min_size=1,
    max_size=20,
)
contents = st.one_of(
    st.binary(max_size=300),
    # What looks like a boundary and is none.
    st.lists(
        st.sampled_from([b"\r\n", b"--", b"\r", b"\n", BOUNDARY[:-1], b"\r\n--" + BOUNDARY[:-1], b"x"])
    ).map(b"".join),
)
forms = st.lists(st.tuples(names, st.one_of(st.none(), filenames), contents), min_size=1, max_size=5)


@given(forms, st.lists(st.integers(0, 2000), max_size=30))
async def test_however_a_body_is_cut_it_reads_the_same(parts: list[Part], cuts: list[int]) -> None:
    body = body_of(parts)
    assert await parse(body, [cut for cut in cuts if cut <= len(body)]) == parts


@given(forms)
async def test_byte_by_byte(parts: list[Part]) -> None:
    body = body_of(parts)
    assert await parse(body, list(range(len(body)))) == parts


@given(forms, st.data())
async def test_a_body_that_breaks_off_is_refused(parts: list[Part], data: st.DataObject) -> None:
    body = body_of(parts).removesuffix(b"--\r\n")
    cut = data.draw(st.integers(0, len(body)))
    with pytest.raises(InvalidInput) as error:
        await parse(body[:cut])
    assert error.value.reason == "MULTIPART_INVALID"


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
async def test_noise_is_refused_and_nothing_worse(noise: bytes, cuts: list[int]) -> None:
    try:
        await parse(noise, [cut for cut in cuts if cut <= len(noise)])
    except InvalidInput as error:
        assert error.reason == "MULTIPART_INVALID"
    else:
        assert BOUNDARY in noise


@given(forms, st.data())
async def test_a_damaged_byte_is_read_or_refused_and_nothing_worse(
    parts: list[Part], data: st.DataObject
) -> None:
    body = bytearray(body_of(parts))
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        await parse(bytes(body))
    except InvalidInput as error:
        assert error.reason == "MULTIPART_INVALID"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--other\r\n\r\n",
        body_of([("a", None, b"1")], b"other"),
        b"--%b\r\n\r\nno headers\r\n--%b--\r\n" % (BOUNDARY, BOUNDARY),
        b"--%b\r\nContent-Type: text/plain\r\n\r\nno name\r\n--%b--\r\n" % (BOUNDARY, BOUNDARY),
        b"--%b\r\nContent-Disposition: attachment; name=x\r\n\r\n\r\n--%b--\r\n" % (BOUNDARY, BOUNDARY),
        b"--%b\r\nContent-Disposition: form-data; name=\r\n\r\n\r\n--%b--\r\n" % (BOUNDARY, BOUNDARY),
        b"--%b\r\nno colon\r\n\r\n\r\n--%b--\r\n" % (BOUNDARY, BOUNDARY),
        b"--%b\r\nX: %b\r\n\r\n\r\n--%b--\r\n" % (BOUNDARY, b"x" * 5000, BOUNDARY),
        b"--%b\r\n%b\r\n\r\n--%b--\r\n" % (BOUNDARY, b"X: y\r\n" * 50, BOUNDARY),
        body_of([("a", None, b"1")] * 300),
    ],
)
async def test_what_is_no_form(body: bytes) -> None:
    with pytest.raises(InvalidInput) as error:
        await parse(body)
    assert error.value.reason == "MULTIPART_INVALID"


async def test_names_of_files() -> None:
    for sent, meant in (
        (b"r\xc3\xa9sum\xc3\xa9.pdf", "résumé.pdf"),
        (b"a%22b.pdf", 'a"b.pdf'),
        (b"\xe9.pdf", "é.pdf"),
    ):
        body = b'--%b\r\ncontent-disposition: form-data; name="file"; filename="%b"\r\n\r\nx\r\n--%b--' % (
            BOUNDARY,
            sent,
            BOUNDARY,
        )
        assert await parse(body) == [("file", meant, b"x")]


async def test_what_follows_the_last_boundary_is_ignored() -> None:
    assert await parse(body_of([("a", None, b"1")]) + b"epilogue" * 1000) == [("a", None, b"1")]


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        ("", "UNSUPPORTED_MEDIA_TYPE"),
        ("application/json", "UNSUPPORTED_MEDIA_TYPE"),
        ("multipart/mixed; boundary=x", "UNSUPPORTED_MEDIA_TYPE"),
        ("multipart/form-data", "MULTIPART_INVALID"),
        ("multipart/form-data; boundary=", "MULTIPART_INVALID"),
    ],
)
def test_the_boundary_has_to_be_named(content_type: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as error:
        multipart.boundary_of(content_type)
    assert error.value.reason == reason


async def test_a_boundary_that_is_too_long() -> None:
    with pytest.raises(InvalidInput):
        await parse(b"", boundary=b"x" * 5000)


def test_a_quoted_boundary() -> None:
    assert multipart.boundary_of('Multipart/Form-Data; charset=utf-8; boundary="a b"') == b"a b"
