"""The WHATWG encodings: known values of the standard, and every short sequence of bytes as Chromium reads it."""

import base64
import random
import re
import shutil
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.page.text import encoded
from recall.page.text.encoded import characters
from recall.page.text.encoding_tables import FILE, encoding_of, labels, rows
from tests.page.text import encoding_tables_generator as generator

NAMES = sorted({name for name in labels().values() if name not in {"replacement", "utf-8"}})
PAIRS = [bytes(pair) for pair in product(range(256), repeat=2)]


def test_every_encoding_is_decoded() -> None:
    assert len(labels()) == 228
    assert len(NAMES) == 38
    for name in NAMES:
        text = "aa <pre>\n~ \\ \t"
        assert characters(text.encode(name if name.startswith("utf-16") else "ascii"), name) == text


@pytest.mark.parametrize(
    ("encoding", "octets", "text"),
    [
        ("euc-jp", b"\xad\xa1\xad\xa2\xad\xb0", "①②⑯"),
        ("euc-jp", b"\x8f\xb0\xa1\xa4\xa2\x8e\xb1", "丂あｱ"),
        ("euc-jp", b"\xf9\xa1\xfc\xfc\xf5\xa1", "纊￤\ufffd"),
        ("euc-jp", b"\x8f\xb0a\xa4a\xffa", "\ufffda\ufffda\ufffda"),
        ("euc-jp", b"\xa1\xc1\xa1\xdd\xa1\xb1", "～－￣"),
        ("shift_jis", b"\x87\x40\xfb\xfc\x5c\x7e\x80\xb1", "①髙\\~\x80ｱ"),
        ("shift_jis", b"\xf0\x40\xf9\xfc", "\ue000\ue757"),
        ("shift_jis", b"\x81\x20\xfd\x81\xff", "\ufffd \ufffd\ufffd"),
        ("iso-2022-jp", b'\x1b$B$"-!\x1b(Ba\x1b(I1\x1b(J\\~\x1b(B\\~', "あ①aｱ¥‾\\~"),
        ("iso-2022-jp", b'\x1b$B\x1b(B\x1b$@$"\n', "\ufffd\ufffdあ\ufffd"),
        ("iso-2022-jp", b"a\x1bb\x0e\xa4\x1b$(D!!", "a\ufffdb\ufffd\ufffd\ufffd$(D!!"),
        ("euc-jp", b"\x8f\xfe\n\xa1\xa1", "\ufffd\n\u3000"),
        ("iso-2022-jp", b"\x1b$B!!\x1b$\x1b$B!!", "\u3000\ufffd\ufffd\u3000"),
        ("gbk", b"\x80\xa2\xe3\xa8\xbc\xfe\x50", "€€ḿ\u2e81"),
        ("gb18030", b"\x81\x35\xf4\x37\x84\x31\xa4\x37\x90\x30\x81\x30", "\ue7c7\ufffd\U00010000"),
        ("gb18030", b"\x81\x30\x81\x41a\x81\x30\xff0\x81\x7f", "\ufffd0丄a\ufffd0\ufffd0\ufffd\x7f"),
        ("gb18030", b"\x81\x30\x84\x36" * 3 + b"\x81\x30\x41", "¥¥¥\ufffd0A"),
        ("big5", b"\x88\x62\x88\x64\x88\xa3\x88\xa5\x87\x40\xa1\x40", "Ê̄Ê̌ê̄ê̌䏰\u3000"),
        ("big5", b"\x80\x81\x40\xff\xa1\xffa", "\ufffd\ufffd@\ufffd\ufffda"),
        ("euc-kr", b"\x81\x41\xc6\x52\xa4\xa1\xb0\xa1\xc9\xa1", "갂힣ㄱ가\ufffd"),
        ("koi8-u", b"\xa4\xad\xae\xbd\xbe", "єґўҐЎ"),
        ("windows-1252", b"\x80\x81\x9f", "€\x81Ÿ"),
        ("windows-874", b"\xa1\xdb\x80", "ก\ufffd€"),
        ("windows-1255", b"\xca\xd9", "\u05ba\ufffd"),
        ("iso-8859-8-i", b"\xe0\xa1", "א\ufffd"),
        ("macintosh", b"\x80\xdb\xf0", "Ä€\uf8ff"),
        ("x-mac-cyrillic", b"\xa2\xff", "Ґ€"),
        ("ibm866", b"\x80\xf0", "АЁ"),
        ("x-user-defined", b"\x80\xff", "\uf780\uf7ff"),
        ("utf-16le", b"\x3d\xd8\x00\xde\x00\xd8a\0", "😀\ufffda"),
        ("utf-16be", b"\xdc\x00\0a\0", "\ufffda"),
    ],
)
def test_bytes_mean_what_the_standard_says(encoding: str, octets: bytes, text: str) -> None:
    assert characters(octets, encoding) == text


@pytest.mark.parametrize(
    ("encoding", "octets"),
    [
        ("euc-jp", b"\xa4"),
        ("euc-jp", b"\x8f"),
        ("euc-jp", b"\x8f\xb0"),
        ("shift_jis", b"\x82"),
        ("gb18030", b"\x81"),
        ("gb18030", b"\x81\x30"),
        ("gb18030", b"\x81\x30\x81"),
        ("gb18030", b"\x81\x30\x81\x30\x81\x30"),
        ("big5", b"\xa4"),
        ("euc-kr", b"\xb0"),
        ("utf-16le", b"\x3d\xd8\x00"),
        ("iso-2022-jp", b"\x1b$B$"),
    ],
)
def test_a_character_cut_off_at_the_end_is_left_out(encoding: str, octets: bytes) -> None:
    whole = "" if octets != b"\x81\x30\x81\x30\x81\x30" else "\x80"
    assert characters(octets, encoding) == whole
    assert characters(b"ab" + octets, encoding) == ("ab" + whole if encoding != "utf-16le" else "扡")


@pytest.mark.parametrize("encoding", [*generator.DOUBLE, "iso-2022-jp"])
@given(st.binary(max_size=24), st.integers(0, 30))
def test_a_sequence_means_the_same_wherever_a_piece_ends(encoding: str, octets: bytes, back: int) -> None:
    before = encoded._PIECE - back
    assert characters(b"a" * before + octets, encoding) == "a" * before + characters(octets, encoding)


@pytest.mark.parametrize("encoding", generator.DOUBLE)
@given(st.lists(st.binary(max_size=6) | st.sampled_from([b"\x810", b"\x810\x81", b"\x8f", b"\x8f\xb0", b"\xa4"])))
def test_what_lies_between_tags_is_read_as_it_is_read_alone(encoding: str, parts: list[bytes]) -> None:
    alone = [characters(part + b"<b>", encoding) for part in parts]
    assert characters(b"".join(part + b"<b>" for part in parts), encoding) == "".join(alone)


@pytest.mark.parametrize("encoding", [*generator.DOUBLE, "iso-2022-jp"])
@pytest.mark.parametrize(
    "attack", [b"\x1b$B", b"\x1b$B!", b"\x1b(I1", b"\x8f", b"\x8f\xb0", b"\x810", b"\x810\xff", b"\xa1"]
)
def test_half_a_megabyte_of_one_thing_is_decoded(encoding: str, attack: bytes) -> None:
    body = attack * ((1 << 19) // len(attack))
    assert len(characters(body, encoding)) <= len(body)


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        (" \t\n\f\rEUC-JP ", "euc-jp"),
        ("Latin1", "windows-1252"),
        ("TIS-620", "windows-874"),
        ("KOI8-RU", "koi8-u"),
        ("ms_kanji", "shift_jis"),
        ("unicode", "utf-16le"),
        ("x-cp1251", "windows-1251"),
        ("\u00a0utf-8", None),
        ("utf8mb4", None),
        ("", None),
    ],
)
def test_labels_are_read_in_any_case_and_with_white_space_around_them(label: str, encoding: str | None) -> None:
    assert encoding_of(label) == encoding


@pytest.fixture(scope="module")
def blank() -> Iterator[Any]:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("Chromium is not installed (Debian package chromium)")
    with generator.blank_page() as page:
        yield page


READ = """([name, body, length]) => {
    const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0)), out = [];
    for (let at = 0; at < bytes.length; at += length)
        out.push(new TextDecoder(name, {ignoreBOM: true}).decode(bytes.subarray(at, at + length), {stream: true}));
    return out.join("").replaceAll("\\0", "");
}"""
FAULTS = (("\u0093\udf04", "Ê̄"), ("\u0093\udf0c", "Ê̌"), ("\u00b3\udf04", "ê̄"), ("\u00b3\udf0c", "ê̌"))
"""What Chromium 156 makes of the four characters of Big5 that the standard (14.1.1) writes as two. It also keeps the
flag of JIS X 0212 over an error in EUC-JP and drops a byte of an escape sequence of ISO-2022-JP that breaks off behind
its second byte, so that no body below has these, and each sequence is read by a decoder of its own."""
BROKEN_OFF = re.compile(rb"\x1b(?:\$(?![@B])|\((?![BJI]))")


def assert_alike(page: Any, encoding: str, body: bytes, length: int = 0) -> None:
    """`body` is read alike; in pieces of `length` bytes there, each of which ends in characters that begin anew."""
    theirs = page.evaluate(READ, [encoding, base64.b64encode(body).decode(), length or len(body)])
    for wrong, right in FAULTS if encoding == "big5" else ():
        theirs = theirs.replace(wrong, right)
    ours = characters(body, encoding)
    at = next((at for at, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), len(theirs))
    assert ours == theirs, f"{encoding}: {ours[at - 10 : at + 10]!r} is {theirs[at - 10 : at + 10]!r} in Chromium"


@pytest.mark.browser
@pytest.mark.parametrize("encoding", [name for name in NAMES if name != "iso-2022-jp"])
def test_every_sequence_of_two_bytes_is_read_as_chromium_reads_it(blank: Any, encoding: str) -> None:
    assert_alike(blank, encoding, b"".join(pair + b"\n\n" for pair in PAIRS), 4)
    if not encoding.startswith("utf-16"):
        assert_alike(blank, encoding, b"".join(bytes([octet]) + b"\n" for octet in range(256)), 2)


@pytest.mark.browser
def test_every_sequence_of_three_bytes_of_jis_x_0212_is_read_as_chromium_reads_it(blank: Any) -> None:
    assert_alike(blank, "euc-jp", b"".join(b"\x8f" + pair + b"\n\n" for pair in PAIRS), 5)


@pytest.mark.browser
@pytest.mark.parametrize("mode", [b"\x1b$@", b"\x1b$B", b"\x1b(J", b"\x1b(I", b"\x1b(B"])
def test_every_sequence_of_two_bytes_of_iso_2022_jp_is_read_as_chromium_reads_it(blank: Any, mode: bytes) -> None:
    pieces = [b"\x1b(Ba" + mode + pair + b"\n\x1b(B\n" for pair in PAIRS if not BROKEN_OFF.match(pair)]
    assert_alike(blank, "iso-2022-jp", b"".join(pieces), len(pieces[0]))


@pytest.mark.browser
def test_every_range_of_four_bytes_is_read_as_chromium_reads_it(blank: Any) -> None:
    borders = [int(run.split(":")[0]) + step for run in rows()["gb18030/4"].split(" ") for step in (-1, 0, 1)]
    drawn = random.Random(15).sample(range(generator.RANGES_END), 100_000)
    pointers = [pointer for pointer in borders if 0 <= pointer < generator.RANGES_END] + drawn
    body = b"".join(
        bytes((0x81 + p // 12600, 0x30 + p // 1260 % 10, 0x81 + p // 10 % 126, 0x30 + p % 10)) for p in pointers
    )
    assert_alike(blank, "gb18030", body)
    assert_alike(blank, "gbk", body)


@pytest.mark.browser
@pytest.mark.parametrize("encoding", [*generator.DOUBLE, "iso-2022-jp", "utf-16le", "utf-16be"])
def test_drawn_bytes_are_read_as_chromium_reads_them(blank: Any, encoding: str) -> None:
    chance = random.Random(encoding)
    kinds = [*b"0a@\x7f\x80\x81\x8e\xa1\xa4\xb0\xd8\xdf\xfe\xff$B(IJ\n", 0x1B, 0x1B]
    for drawn in (bytes(chance.choices(kinds, k=400_000)), chance.randbytes(400_000)):
        body = drawn.replace(b"\x8f", b"") if encoding == "euc-jp" else drawn
        while encoding == "iso-2022-jp" and BROKEN_OFF.search(body):
            body = BROKEN_OFF.sub(b"", body)
        assert_alike(blank, encoding, body)


@pytest.mark.browser
def test_labels_and_tables_are_chromiums(blank: Any) -> None:
    asked = "labels => labels.map((label) => new TextDecoder(label).encoding)"
    known = [label for label, name in labels().items() if name != "replacement"]
    assert blank.evaluate(asked, known) == [labels()[label] for label in known]
    assert list(generator.rows(blank)) == ["\t".join(row) for row in rows().items()]
    assert FILE.read_bytes() == generator.packed("\t".join(row) for row in rows().items())
