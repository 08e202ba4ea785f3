"""Records read fast and records read carefully are the same records, whatever a file holds."""

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from recall.archive.warc import WarcWriter, read_at, responses
from recall.archive.warc.fast_reader import FastReader, GzipMembers
from recall.archive.warc.full_parser import FullParser
from recall.archive.warc.http_response import RESPONSES, Record
from recall.archive.warc.window import Window
from recall.errors import ShardFailed
from recall.io import open_stream
from recall.records import Capture, Skip

HTML = b"<html><body>page</body></html>"
BLOCK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML
Told = list[Capture | Skip | str]


def told(path: Path) -> Told:
    """Outcomes, and the error that ended them."""
    found: Told = []
    try:
        for outcome in responses(str(path)):
            found.append(outcome)
    except ShardFailed as error:
        found.append(str(error))
    return found


def carefully(path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The same by the full parser alone, which reads the file in one turn."""
    in_turns = FullParser.records

    def nothing(self: FastReader, start: int) -> Iterator[Record]:
        self.stopped = start
        return iter(())

    with monkeypatch.context() as patch:
        patch.setattr(FastReader, "records", nothing)
        patch.setattr(FullParser, "records", lambda self, start, _: in_turns(self, start, 1 << 60))
        return told(path)


def fast(path: Path) -> tuple[int, bool]:
    """How many outcomes are read fast from the file's start on, and whether the file ends there."""
    with Window(lambda position: open_stream(str(path), offset=position)) as window:
        reader = FastReader(window, RESPONSES)
        return sum(record.outcome is not None for record in reader.records(0)), reader.ended


def warc(path: Path, pages: int = 20, seed: int = 3) -> bytes:
    chance = random.Random(seed)
    with path.open("wb") as stream:
        writer = WarcWriter(stream)
        writer.info("2026-01-31T00:00:00Z", {"software": "test"})
        for number in range(pages):
            body = b"<html>" + chance.randbytes(chance.choice([0, 50, 3000]))
            kind = chance.choice(["text/html", "image/png"])
            cut = chance.choice([None, "length"])
            writer.page(f"http://a.org/{number}", body, kind, "2026-01-31T00:00:00Z", truncated=cut)
    return path.read_bytes()


def record(*fields: bytes, block: bytes = BLOCK, version: bytes = b"WARC/1.0") -> bytes:
    return b"\r\n".join([version, *fields, b"", block, b"", b""])


def test_a_file_as_crawlers_write_it_is_read_fast_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.warc.gz"
    warc(path)
    assert fast(path) == (20, True)
    assert told(path) == carefully(path, monkeypatch)


@pytest.mark.parametrize("seed", range(3))
def test_damage_is_told_alike(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path, chance = tmp_path / "a.warc.gz", random.Random(seed)
    data = warc(path, 8, seed)
    for _ in range(60):
        broken = bytearray(data)
        match chance.randrange(4):
            case 0:
                del broken[chance.randrange(len(data)) :]
            case 1:
                broken[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            case 2:
                start = chance.randrange(len(data))
                del broken[start : start + chance.randrange(1, 3000)]
            case _:
                at = chance.randrange(len(data))
                broken[at:at] = data[chance.randrange(len(data)) :][: chance.randrange(1, 3000)]
        path.write_bytes(broken)
        assert told(path) == carefully(path, monkeypatch)


NAMES = (b"WARC-Type: response", b"WARC-Target-URI: http://a.org/", b"WARC-Date: 2026-01-31T00:00:00Z")
SIZE = b"Content-Length: %d" % len(BLOCK)
ODD = {
    "plain": [*NAMES, SIZE],
    "no date": [*NAMES[:2], SIZE],
    "no url": [NAMES[0], SIZE],
    "empty url": [NAMES[0], b"WARC-Target-URI: ", SIZE],
    "url in brackets": [NAMES[0], b"WARC-Target-URI: <http://a.org/>", SIZE],
    "url with spaces": [NAMES[0], b"WARC-Target-URI:   http://a.org/  ", SIZE],
    "url not in utf-8": [NAMES[0], b"WARC-Target-URI: http://a.org/\xff", SIZE],
    "no space": [NAMES[0], b"WARC-Target-URI:http://a.org/", SIZE],
    "lower case": [name.lower() for name in NAMES] + [SIZE],
    "lower case length": [*NAMES, SIZE.lower()],
    "two lengths": [*NAMES, SIZE, b"Content-Length: 5"],
    "two lengths in two cases": [*NAMES, SIZE, b"content-length: 5"],
    "two equal lengths": [*NAMES, SIZE, SIZE],
    "two types": [b"WARC-Type: request", *NAMES, SIZE],
    "two types in two cases": [b"warc-type: request", *NAMES, SIZE],
    "two urls": [*NAMES, b"WARC-Target-URI: http://b.org/", SIZE],
    "unknown type": [b"WARC-Type: Response", *NAMES[1:], SIZE],
    "type of tomorrow": [b"WARC-Type: tomorrow", *NAMES[1:], SIZE],
    "no type": [*NAMES[1:], SIZE],
    "folded": [*NAMES, b"X-Note: a\r\n b", SIZE],
    "folded length": [*NAMES, b"Content-Length:\r\n %d" % len(BLOCK)],
    "line feed": [*NAMES, b"X-Note: a\nb: c", SIZE],
    "carriage return": [*NAMES, b"X-Note: a\rb: c", SIZE],
    "no colon": [*NAMES, b"nothing", SIZE],
    "leading zero": [*NAMES, b"Content-Length: 0%d" % len(BLOCK)],
    "plus": [*NAMES, b"Content-Length: +%d" % len(BLOCK)],
    "too long": [*NAMES, b"Content-Length: %d" % (len(BLOCK) + 1)],
    "too short": [*NAMES, b"Content-Length: %d" % (len(BLOCK) - 1)],
    "no length": [*NAMES],
    "huge length": [*NAMES, b"Content-Length: 99999999999999999999"],
    "another content": [*NAMES, b"Content-Type: text/dns", SIZE],
    "http content": [*NAMES, b"Content-Type: Application/HTTP; msgtype=response", SIZE],
    "empty content": [*NAMES, b"Content-Type: ", SIZE],
    "cut": [*NAMES, b"WARC-Truncated: length", SIZE],
    "cut for no reason": [*NAMES, b"WARC-Truncated: ", SIZE],
    "segment": [*NAMES, b"WARC-Segment-Number: 1", SIZE],
    "segment and cut": [*NAMES, b"WARC-Segment-Number: 1", b"WARC-Truncated: time", SIZE],
    "cut in another case": [*NAMES, b"warc-truncated: length", SIZE],
    "reason in another alphabet": [*NAMES, "WARC-Truncated: длина".encode(), SIZE],
    "empty name": [*NAMES, b": x", SIZE],
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("version", [b"WARC/1.0", b"WARC/1.1", b"WARC/0.18", b"warc/1.0", b"WARC/1.0 "])
def test_a_header_means_the_same_to_both(
    tmp_path: Path, name: str, version: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.warc.gz"
    between = [record(*NAMES, SIZE), record(*ODD[name], version=version), record(*NAMES, SIZE)]
    path.write_bytes(b"".join(gzip.compress(member, mtime=0) for member in between))
    assert told(path) == carefully(path, monkeypatch)


@pytest.mark.parametrize(
    "between",
    [b"\0" * 512, b"\r\n\r\n", gzip.compress(b""), b"garbage", b"\x1f\x8b\x08"],
    ids=["zeros", "line ends", "empty member", "garbage", "half a member"],
)
@pytest.mark.parametrize("after", [True, False], ids=["between", "last"])
def test_what_lies_between_records_is_told_alike(
    tmp_path: Path, between: bytes, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.warc.gz"
    member = gzip.compress(record(*NAMES, SIZE), mtime=0)
    path.write_bytes(member * 2 + between + member * after)
    assert told(path) == carefully(path, monkeypatch)


def test_a_record_ends_where_its_member_does(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    member = gzip.compress(record(*NAMES, SIZE), mtime=0)
    path.write_bytes(member * 2 + gzip.compress(b"\r\n", mtime=0) + member)
    pages = [page for page in responses(str(path)) if isinstance(page, Capture)]
    assert [page.ref.length for page in pages] == [len(member)] * 3
    assert [read_at(page.ref) for page in pages] == pages


def test_members_larger_than_one_read_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, chance = tmp_path / "a.warc.gz", random.Random(5)
    with path.open("wb") as stream:
        writer = WarcWriter(stream)
        for number in range(6):
            body = b"<html>" + chance.randbytes(chance.choice([1000, 2_500_000, 5_000_000]))
            writer.page(f"http://a.org/{number}", body, "text/html", "2026-01-31T00:00:00Z")
    assert fast(path)[1]
    assert told(path) == carefully(path, monkeypatch)


def test_a_bomb_is_left_to_the_careful_reader(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    member = gzip.compress(record(*NAMES, SIZE), mtime=0)
    path.write_bytes(member + gzip.compress(bytes(64 << 20), mtime=0))
    tracemalloc.start()
    with Window(lambda position: open_stream(str(path), offset=position)) as window:
        members = GzipMembers(window, 10 << 20)
        assert bytes(members.next() or b"") == record(*NAMES, SIZE)
        assert (members.start, members.end) == (0, len(member))
        assert members.next() is None
        assert not members.ended
    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("odd", [0, 1, 10, 19], ids=lambda number: f"record {number}")
def test_plain_records_after_an_odd_one_are_read_fast_again(
    tmp_path: Path, odd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, member = tmp_path / "a.warc.gz", gzip.compress(record(*NAMES, SIZE), mtime=0)
    strange = gzip.compress(record(*NAMES, SIZE, b"X-Note: a", b"x-note: b"), mtime=0)
    path.write_bytes(member * odd + strange + member * (200 - odd))
    read: list[int] = []
    in_turns = FullParser.records

    def counted(self: FullParser, start: int, count: int) -> Iterator[Record]:
        for found in in_turns(self, start, count):
            read.append(found.start)
            yield found

    monkeypatch.setattr(FullParser, "records", counted)
    outcomes = told(path)
    assert len(outcomes) == 201
    assert odd * len(member) in read
    assert len(read) <= 2
    assert outcomes == carefully(path, monkeypatch)


@pytest.mark.parametrize("every", [1, 2, 3, 7])
def test_where_odd_records_are_frequent_the_full_parser_goes_on(
    tmp_path: Path, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, member = tmp_path / "a.warc.gz", gzip.compress(record(*NAMES, SIZE), mtime=0)
    strange = gzip.compress(record(*NAMES, SIZE, b"X-Note: a", b"x-note: b"), mtime=0)
    path.write_bytes((strange + member * (every - 1)) * (600 // every))
    turns: list[int] = []
    in_turns = FullParser.records

    def counted(self: FullParser, start: int, count: int) -> Iterator[Record]:
        turns.append(count)
        return in_turns(self, start, count)

    monkeypatch.setattr(FullParser, "records", counted)
    outcomes = told(path)
    assert len(outcomes) == 600 // every * every
    assert len(turns) <= (12 if every < 3 else 600 // every)
    monkeypatch.setattr(FullParser, "records", in_turns)
    assert outcomes == carefully(path, monkeypatch)


@pytest.mark.parametrize("flags", range(256))
def test_a_member_is_read_as_zlib_reads_it_or_not_at_all(tmp_path: Path, flags: int) -> None:
    """Every value of a gzip header's flags, the fields they announce there or not, and a damaged trailer."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(BLOCK) + packer.flush()
    trailer = zlib.crc32(BLOCK).to_bytes(4, "little") + len(BLOCK).to_bytes(4, "little")
    head = b"\x1f\x8b\x08%c\0\0\0\0\0\xff" % flags
    fields = (
        (b"\x02\0ab" if flags & 4 else b"") + (b"name\0" if flags & 8 else b"") + (b"note\0" if flags & 16 else b"")
    )
    checksum = (zlib.crc32(head + fields) & 0xFFFF).to_bytes(2, "little") if flags & 2 else b""
    spoilt = bytes([trailer[0] ^ 1]) + trailer[1:]
    path = tmp_path / "members.gz"
    for member in (
        head + fields + checksum + body + trailer,
        head + fields + checksum + body + spoilt,
        head + fields + checksum + body + trailer[:4] + spoilt[:4],
        head + fields + (b"\0\0" if flags & 2 else b"") + body + trailer,
        head + body + trailer,
        head + fields + checksum + body + trailer[:7],
    ):
        path.write_bytes(member + gzip.compress(b"next"))
        inflater = zlib.decompressobj(31)
        try:
            expected: bytes | None = inflater.decompress(path.read_bytes())
        except zlib.error:
            expected = None
        with Window(lambda position: open_stream(str(path), offset=position)) as window:
            members = GzipMembers(window, 1 << 20)
            found = members.next()
        assert found == (expected if inflater.eof else None) or (found is None and flags & 0xE2)


def _files(shared: Path) -> Iterator[Path]:
    folders = (shared / "edge-warcs", shared / "crawl" / "crawl-data")
    return (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.realdata
def test_files_that_other_programs_wrote_are_told_alike(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    different = [path.name for path in _files(shared) if told(path) != carefully(path, monkeypatch)]
    assert different == []
