"""Lists as people and tools write them: marks, line ends, blanks, packing; or a refusal that names the line."""

import bz2
import codecs
import gzip
import struct
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from recall.errors import BadInput, ShardCorrupt
from recall.io import json_lines, text_lines, unpacked_of

LINES = ["a.org", "", "größer.example/日本", "# last"]
TEXT = "\n".join(LINES)


def zst(data: bytes) -> bytes:
    return zstandard.compress(data)


def skippable(kind: int, data: bytes) -> bytes:
    """A skippable frame (RFC 8878, 3.1.2)."""
    return bytes([kind]) + b"\x2a\x4d\x18" + struct.pack("<I", len(data)) + data


def repeats(blocks: int) -> bytes:
    """A zstd frame of blocks that repeat one byte 131,072 times, four bytes each (RFC 8878, 3.1.1.2)."""
    size, repeated = 1 << 17, 1
    heads = [size << 3 | repeated << 1 | (number == blocks - 1) for number in range(blocks)]
    return b"\x28\xb5\x2f\xfd\x00\x38" + b"".join(struct.pack("<I", head)[:3] + b"a" for head in heads)


MARKS: dict[str, bytes] = {
    "none": TEXT.encode(),
    "UTF-8": codecs.BOM_UTF8 + TEXT.encode(),
    "UTF-16-LE, as Windows tools write it": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16-BE": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "UTF-32-LE": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    "UTF-32-BE": codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    "of files put together": codecs.BOM_UTF8 + b"a.org\n\n" + codecs.BOM_UTF8 + "größer.example/日本\n# last".encode(),
}
ENDS: dict[str, bytes] = {
    "LF at the end": f"{TEXT}\n".encode(),
    "CRLF": TEXT.replace("\n", "\r\n").encode(),
    "CR": TEXT.replace("\n", "\r").encode(),
    "mixed": TEXT.replace("\n", "\r\n", 1).encode(),
    "Ctrl-Z of DOS": f"{TEXT}\x1a".encode(),
    "zeros": TEXT.encode() + b"\0" * 600,
}
BLANKS: dict[str, bytes] = {
    name: "\n".join(f"{blank}{line}{blank}" for line in LINES).encode()
    for name, blank in {
        "spaces and tabs": " \t ",
        "no-break space": "\u00a0",
        "zero width space": "\u200b",
        "zero width no-break space": "\ufeff",
        "word joiner": "\u2060",
        "ideographic space": "\u3000",
        "line separator": "\u2028",
    }.items()
}
PACKED: dict[str, bytes] = {
    "gzip": gzip.compress(TEXT.encode()),
    "gzip with zeros behind": gzip.compress(TEXT.encode()) + b"\0" * 1024,
    "gzip in members": gzip.compress(TEXT.encode()[:9]) + gzip.compress(TEXT.encode()[9:]),
    "gzip in members, zeros between": gzip.compress(TEXT.encode()[:9]) + b"\0" * 7 + gzip.compress(TEXT.encode()[9:]),
    "gzip with an empty member": gzip.compress(TEXT.encode()) + gzip.compress(b""),
    "gzip of a marked text": gzip.compress(MARKS["UTF-16-BE"]),
    "zstd": zst(TEXT.encode()),
    "zstd behind a skippable frame": skippable(0x50, b"pzst") + zst(TEXT.encode()),
    "zstd before a skippable frame": zst(TEXT.encode()) + skippable(0x5E, b"a seek table" * 99),
    "zstd between empty skippable frames": skippable(0x5F, b"") + zst(TEXT.encode()) + skippable(0x51, b"") + b"\0",
    "zstd frames with their sizes before, as pzstd writes": b"".join(
        skippable(0x50, struct.pack("<I", len(frame))) + frame
        for frame in (zst(TEXT.encode()[:9]), zst(TEXT.encode()[9:]))
    ),
    "zstd with the magic of a frame in a skippable frame": skippable(0x5A, zst(b"no")) + zst(TEXT.encode()),
    "zstd in frames": zst(TEXT.encode()[:9]) + zst(TEXT.encode()[9:]) + b"\0\0",
}
ALL = {
    f"{kind}: {name}": data
    for kind, files in (("mark", MARKS), ("ends", ENDS), ("blanks", BLANKS), ("packed", PACKED))
    for name, data in files.items()
}


@pytest.mark.parametrize("data", ALL.values(), ids=ALL)
def test_a_list_has_the_same_lines_however_it_is_written(data: bytes) -> None:
    assert text_lines(data, "list.txt") == LINES
    assert text_lines(data, "list.gz") == LINES


def test_an_empty_list_has_no_lines() -> None:
    for data in (b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"\0\0", gzip.compress(b"")):
        assert text_lines(data, "list") == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"a\nb\xff\n", r"list:2: not UTF-8 at byte 1 of the line; save it as UTF-8", id="latin-1"),
        pytest.param(b"a\n\nb\0c", r"list:3: holds NUL bytes", id="a NUL"),
        pytest.param("ab".encode("utf-16-le"), r"list:1: holds NUL bytes; if it is UTF-16", id="UTF-16 without mark"),
        pytest.param(codecs.BOM_UTF16_LE + b"a", r"list: begins with the mark of utf-16-le and is none", id="half"),
        pytest.param(codecs.BOM_UTF16_BE + b"\xd8\x00", r"mark of utf-16-be and is none", id="half a pair"),
        pytest.param(gzip.compress(b"a" * 99)[:-4], "list: truncated", id="gzip without its end"),
        pytest.param(gzip.compress(b"a") + b"\x1f", "list: truncated", id="a member begun"),
        pytest.param(gzip.compress(b"a") + b"\nb.org\n", r"list: .*: bytes behind the packed data", id="text behind"),
        pytest.param(gzip.compress(b"a")[:-8] + bytes(8), r"list: before byte \d+: .*check", id="wrong checksum"),
        pytest.param(zst(b"a" * 999)[:-4], "list: truncated", id="zstd without its end"),
        pytest.param(zst(b"a") + skippable(0x50, b"abc")[:-1], "list: truncated", id="a skippable frame cut"),
        pytest.param(zst(b"a") + b"\x60\x2a\x4d\x18", "bytes behind the packed data", id="no skippable frame"),
        pytest.param(bz2.compress(b"a"), r"list:\d+: (not UTF-8|holds NUL)", id="packed otherwise"),
    ],
)
def test_what_is_no_list_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        text_lines(data, "list")
    with pytest.raises(ShardCorrupt, match=says):
        text_lines(data, "list", ShardCorrupt)


def test_what_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(BadInput, match="a list of more than 1,048,576 bytes"):
        text_lines(gzip.compress(bytes(2 << 20)), "list", limit=1 << 20)


BOMBS = {
    "zstd": repeats(2_000),
    "gzip": gzip.compress(bytes(64 << 20)),
    "gzip of full outputs": gzip.compress(bytes(4 << 20)),
    "zstd with a large window": zstandard.compress(bytes(64 << 20), 19),
    "zstd of many frames": zst(bytes(1 << 20)) * 100,
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_what_is_unpacked_at_once_is_bounded(data: bytes) -> None:
    longest = total = 0
    for piece in unpacked_of([data], "list"):
        longest, total = max(longest, len(piece)), total + len(piece)
    assert total >= 4 << 20
    assert longest < (8 << 20) + (1 << 17)


@pytest.mark.parametrize("data", [repeats(2_000), gzip.compress(b"a" * (64 << 20))], ids=["zstd", "gzip"])
def test_a_line_without_end_is_refused_before_it_is_unpacked(data: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(BadInput, match="a line without end"):
        list(json_lines(data, "list", longest=8 << 20))
    with pytest.raises(BadInput, match="a list of more than"):
        text_lines(data, "list", limit=8 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 48 << 20


@given(st.sampled_from(sorted(PACKED)), st.lists(st.integers(0, 2_000), max_size=9))
def test_pieces_may_be_cut_anywhere(name: str, cuts: list[int]) -> None:
    data = PACKED[name]
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = (data[start:stop] for start, stop in pairwise(edges))
    whole = b"".join(unpacked_of(pieces, "list"))
    assert whole == b"".join(unpacked_of([data], "list"))


@pytest.mark.parametrize("made", [lambda count: b"\0" * count, lambda count: b"\r" * count], ids=["zeros", "line ends"])
def test_hostile_lists_are_read_in_linear_time(made: Callable[[int], bytes]) -> None:
    assert not any(text_lines(made(2_000_000), "list"))
