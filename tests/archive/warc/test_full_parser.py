"""Files that were compressed whole, members with several records, and ARC files: all records, or one clear error."""

import gzip
import io
import itertools
import random
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from recall.archive.ranges import read_many, read_records
from recall.archive.shards import read_again
from recall.archive.warc import capture_in, captures, read_at, responses
from recall.archive.warc.full_parser import FullParser
from recall.archive.warc.http_response import RESPONSES
from recall.archive.warc.window import Window
from recall.config import AccessSection
from recall.errors import ShardCorrupt
from recall.records import Capture, Shard, Skip, WarcRef

DATE = "2026-01-31T23:59:59Z"
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


def body(number: int) -> bytes:
    return b"<html>page %d %s</html>" % (number, b"x" * (number * 37 % 5000))


def record(number: int, kind: str = "response") -> bytes:
    block = HTTP + body(number)
    fields = f"WARC-Type: {kind}\r\nWARC-Target-URI: http://a.example/{number}\r\nWARC-Date: {DATE}\r\n"
    return f"WARC/1.0\r\n{fields}Content-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"


def gz(*members: bytes) -> bytes:
    return b"".join(gzip.compress(member, mtime=0) for member in members)


def read(path: Path, data: bytes) -> list[Capture]:
    path.write_bytes(data)
    found = list(responses(str(path)))
    assert not any(isinstance(item, Skip) for item in found)
    return [item for item in found if isinstance(item, Capture)]


def until_error(path: Path, data: bytes) -> tuple[int, str]:
    path.write_bytes(data)
    count = 0
    try:
        for _ in responses(str(path)):
            count += 1
    except ShardCorrupt as error:
        return count, str(error).removeprefix(f"{path}: ")
    pytest.fail("no error")


RECORDS = [record(number) for number in range(9)]
PACKED: dict[str, bytes] = {
    "whole": gz(b"".join(RECORDS)),
    "one, then the rest": gz(RECORDS[0], b"".join(RECORDS[1:])),
    "the last two together": gz(*RECORDS[:7], b"".join(RECORDS[7:])),
    "a pair in the middle": gz(*RECORDS[:4], RECORDS[4] + RECORDS[5], *RECORDS[6:]),
    "pairs": gz(*(a + b for a, b in itertools.pairwise(RECORDS[:8:2] + RECORDS[8:]))),
    "a border inside a block": gz(b"".join(RECORDS)[:700], b"".join(RECORDS)[700:]),
    "a border inside a head": gz(b"".join(RECORDS)[:20], b"".join(RECORDS)[20:]),
    "a border before the closing line ends": gz(RECORDS[0][:-4], RECORDS[0][-4:] + RECORDS[1], RECORDS[2]),
    "empty members between": gz(b"", RECORDS[0] + RECORDS[1], b"\r\n", RECORDS[2]) + bytes(100) + gz(RECORDS[3]),
}


@pytest.mark.parametrize("name", PACKED)
def test_records_that_share_members_are_all_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.warc.gz"
    found = read(path, PACKED[name])
    theirs = [r.rec_headers.get_header("WARC-Target-URI") for r in ArchiveIterator(io.BytesIO(gunzip(PACKED[name])))]
    assert [page.url for page in found] == theirs
    assert [page.body for page in found] == [body(int(url.rpartition("/")[2])) for url in theirs]
    assert len({page.ref for page in found}) == len(found)
    assert [page.ref for page in read(path, PACKED[name])] == [page.ref for page in found]
    for page in found:
        assert read_at(page.ref) == page
    again = list(read_again(Shard(0, "", str(path), str(path)), [page.ref for page in found], AccessSection()))
    assert sorted(again, key=lambda page: page.url) == sorted(found, key=lambda page: page.url)


def gunzip(data: bytes) -> bytes:
    return gzip.decompress(data)


def test_a_record_alone_keeps_its_byte_range_beside_shared_members(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    found = read(path, PACKED["a pair in the middle"])
    sizes = [len(gz(each)) for each in RECORDS]
    start = sum(sizes[:4])
    assert [page.ref.length for page in found[:4]] == sizes[:4]
    assert [(page.ref.offset, page.ref.length) for page in found[4:6]] == [(start, -1), (start, -2)]
    assert [page.ref.length for page in found[6:]] == sizes[6:]


def test_where_a_byte_range_is_needed_a_shared_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    found = read(path, PACKED["whole"])
    refs = [page.ref for page in found]
    for ask in (lambda: list(read_records(refs)), lambda: list(read_many(refs[3:4]))):
        with pytest.raises(ShardCorrupt, match=f"{path}: byte 0: its records share a gzip member and have no bytes"):
            ask()
    with pytest.raises(ShardCorrupt, match=f"{path}: byte 0: no page lies here: no record number 99"):
        read_at(WarcRef(str(path), 0, -99))
    with pytest.raises(ShardCorrupt, match=f"{path}: byte 0: no page lies here: not one response record"):
        capture_in(PACKED["whole"], WarcRef(str(path), 0, len(PACKED["whole"])))
    lost = [WarcRef(str(path), 0, -99)]
    with pytest.raises(ShardCorrupt, match="byte 0: no page lies here any more"):
        list(read_again(Shard(0, "", str(path), str(path)), lost, AccessSection()))


@pytest.mark.parametrize("name", ["whole", "one, then the rest", "the last two together"])
@pytest.mark.parametrize("cut", [1, 7, 8, 9, 200])
def test_a_shared_member_that_is_cut_is_never_called_whole(tmp_path: Path, name: str, cut: int) -> None:
    count, error = until_error(tmp_path / "a.warc.gz", PACKED[name][:-cut])
    assert count <= 9
    assert "truncated: the file ends inside" in error


@pytest.mark.parametrize("at", [-1, -5, -8, 100])
def test_a_shared_member_with_a_flipped_bit_is_broken(tmp_path: Path, at: int) -> None:
    data = bytearray(PACKED["whole"])
    data[at] ^= 4
    _, error = until_error(tmp_path / "a.warc.gz", bytes(data))
    assert error.startswith("byte 0: broken gzip member")


def test_a_whole_file_is_read_in_bounded_memory(tmp_path: Path) -> None:
    """200 MB of records in one member, one of them of 60 MB."""
    path, packer = tmp_path / "a.warc.gz", zlib.compressobj(1, zlib.DEFLATED, 31)
    filler = random.Random(1).randbytes(1000).hex().encode()
    with path.open("wb") as stream:
        for number in range(70):
            content = HTTP + b"<html>%d " % number + filler * (30_000 if number == 40 else 1_000)
            names = b"WARC-Type: response\r\nWARC-Target-URI: http://a.example/%d\r\n" % number
            head = b"WARC/1.0\r\n" + names + b"Content-Length: %d\r\n\r\n" % len(content)
            stream.write(packer.compress(head + content + b"\r\n\r\n"))
        stream.write(packer.flush())
    tracemalloc.start()
    outcomes = [outcome if isinstance(outcome, Skip) else outcome.ref.length for outcome in responses(str(path))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outcomes == [*range(-1, -41, -1), Skip.TOO_LARGE, *range(-42, -71, -1)]
    assert peak < 100 << 20


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a byte a member": lambda: gz(*(bytes([each]) for each in (b"".join(RECORDS) * 8)[:60_000])),
    "a head of tiny members without end": lambda: gz(b"WARC/1.0\r\n", *[b"a"] * 60_000),
    "empty members": lambda: gz(b"") * 60_000 + gz(RECORDS[0]),
    "tiny records": lambda: gz(b"WARC/1.0\r\nWARC-Type:metadata\r\nContent-Length:0\r\n\r\n\r\n\r\n" * 100_000),
    "tiny records, plain": lambda: b"WARC/1.0\r\nWARC-Type:metadata\r\nContent-Length:0\r\n\r\n\r\n\r\n" * 100_000,
    "blank lines": lambda: RECORDS[0] + b"\r\n" * 5_000_000 + RECORDS[1],
    "zeros behind the end": lambda: gz(RECORDS[0]) + bytes(5_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_packing_takes_time_that_grows_with_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(HOSTILE[name]())
    began = time.process_time()
    try:
        for _ in responses(str(path)):
            pass
    except ShardCorrupt:
        pass
    assert time.process_time() - began < 15


BETWEEN = {
    "nothing": b"",
    "one line end": b"\r\n",
    "a line feed": b"\n",
    "three line ends": b"\r\n\r\n\r\n",
    "a thousand line ends": b"\r\n" * 1000,
    "white space": b" \t\r\n \v\f\r\n",
}


@pytest.mark.parametrize("last", [True, False], ids=["and behind the last", "and nothing behind the last"])
@pytest.mark.parametrize("pack", ["plain", "records", "whole"])
@pytest.mark.parametrize("name", BETWEEN)
def test_more_or_fewer_line_ends_between_records_than_two_lose_nothing(
    tmp_path: Path, name: str, pack: str, last: bool
) -> None:
    records = [record(number)[:-4] + BETWEEN[name] for number in range(5)]
    records[-1] = records[-1] if last else record(4)[:-4]
    data = b"".join(records)
    found = read(tmp_path / "a.warc", data if pack == "plain" else gz(data) if pack == "whole" else gz(*records))
    assert [page.body for page in found] == [body(number) for number in range(5)]
    assert [read_at(page.ref) for page in found] == found
    before = [BETWEEN[name] + record(number)[:-4] for number in range(5)]
    found = read(tmp_path / "a.warc", b"".join(before) if pack == "plain" else gz(*before))
    assert [page.body for page in found] == [body(number) for number in range(5)]
    assert [read_at(page.ref) for page in found] == found


@pytest.mark.parametrize("zeros", [1, 40, 100_000])
def test_zeros_inside_members_are_no_padding(tmp_path: Path, zeros: int) -> None:
    """Behind a member they are; inside one they show a length that was too short."""
    path = tmp_path / "a.warc.gz"
    assert until_error(path, gz(RECORDS[0], bytes(zeros) + RECORDS[1]))[0] == 1
    assert until_error(path, gz(RECORDS[0], RECORDS[1] + bytes(zeros) + RECORDS[2]))[0] == 1
    assert until_error(path, gz(RECORDS[0], RECORDS[1][:-4] + bytes(zeros), RECORDS[2]))[0] == 1
    assert until_error(path, RECORDS[0] + bytes(zeros) + RECORDS[1])[0] == 0
    assert len(read(path, gz(RECORDS[0], bytes(zeros), RECORDS[1]))) == 2
    assert len(read(path, gz(RECORDS[0], RECORDS[1]) + bytes(zeros))) == 2
    assert len(read(path, RECORDS[0] + RECORDS[1] + bytes(zeros))) == 2


FILEDESC = b"1 0 Example\nURL IP-address Archive-date Content-type Archive-length\n"
START = b"filedesc://a.arc 0.0.0.0 20260131235959 text/plain %d\n" % len(FILEDESC) + FILEDESC + b"\n"


def arc(number: int, version: int = 1, url: str = "") -> bytes:
    block = HTTP + body(number)
    more = b" 200 checksum - 123456 a.arc" if version == 2 else b""
    where = (url or f"http://a.example/{number}").encode()
    return where + b" 192.0.2.1 20260131235959 text/html%s %d\n" % (more, len(block)) + block + b"\n"


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("pack", ["plain", "records", "whole", "without a first record"])
def test_an_arc_gives_its_pages(tmp_path: Path, version: int, pack: str) -> None:
    records = [arc(number, version) for number in range(6)]
    records.insert(3, arc(6, version, "dns:a.example"))
    if pack != "without a first record":
        records.insert(0, START)
    data = b"".join(records)
    data = data if pack == "plain" else gz(data) if pack == "whole" else gz(*records)
    path = tmp_path / "a.arc.gz"
    found = read(path, data)
    assert [(page.url, page.body, page.fetched) for page in found] == [
        (f"http://a.example/{number}", body(number), DATE) for number in range(6)
    ]
    assert all(read_at(page.ref) == page for page in found)
    assert all((page.ref.length > 0) == (pack != "whole") for page in found)


@pytest.mark.parametrize("pack", ["plain", "gzip"])
@pytest.mark.parametrize("cut", [2, 20, 60])
def test_a_cut_arc_is_never_called_whole(tmp_path: Path, pack: str, cut: int) -> None:
    records = [START, arc(0), arc(1)]
    data = gz(*records) if pack == "gzip" else b"".join(records)
    count, error = until_error(tmp_path / "a.arc", data[:-cut])
    assert count == 1
    assert error.endswith("truncated: the file ends inside this record")


def test_an_arc_whose_member_is_broken_or_lies_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "a.arc.gz"
    data = bytearray(gz(START, arc(0), arc(1)))
    data[len(gz(START, arc(0))) - 6] ^= 1
    assert until_error(path, bytes(data)) == (
        0,
        f"byte {len(gz(START))}: broken gzip member: Error -3 while decompressing data: incorrect data check",
    )
    short = arc(1).replace(b" %d\n" % len(HTTP + body(1)), b" 50\n", 1)
    assert until_error(path, gz(START, arc(0), short, arc(2)))[0] == 1
    long = arc(1).replace(b" %d\n" % len(HTTP + body(1)), b" 5000\n", 1)
    count, error = until_error(path, gz(START, arc(0), long, arc(2)))
    assert (count, error) == (1, f"byte {len(gz(START, arc(0)))}: its Content-Length reaches over the next records")


def test_captures_of_an_arc_and_of_a_shared_member_come_by_the_usual_door(tmp_path: Path) -> None:
    path = tmp_path / "a.arc"
    path.write_bytes(START + arc(3))
    assert [page.url for page in captures(str(path))] == ["http://a.example/3"]


@pytest.mark.parametrize("size", [1, 7, 1000, 16_385, 1 << 20])
def test_damage_is_told_alike_however_the_bytes_arrive(size: int) -> None:
    """A member that holds what is no record and has a wrong checksum: two faults, of which always the same is told."""
    data = bytearray(gz(b"".join(RECORDS) + b"garbage" + random.Random(2).randbytes(300)))
    data[-8] ^= 1

    class Slow(io.BytesIO):
        def read(self, n: int | None = -1, /) -> bytes:
            return super().read(min(size, n) if n and n > 0 else size)

    def told(stream: io.BytesIO) -> str:
        with pytest.raises(ShardCorrupt) as raised:
            list(FullParser(Window(lambda _position: stream), "x", RESPONSES).records(0, 1 << 60))
        return str(raised.value)

    assert told(Slow(data)) == told(io.BytesIO(data))
