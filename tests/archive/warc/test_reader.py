"""A WARC file ends in its captures or in one clear error, whatever was done to it."""

import gzip
import io
import random
import tracemalloc
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recall.archive.index import TABLE, url_refs
from recall.archive.manifest import resolve
from recall.archive.warc import WarcWriter, capture_in, captures, read_at, responses
from recall.archive.warc.http_codings import MAX_BODY
from recall.config import AccessSection, CrawlSection
from recall.errors import ShardCorrupt, ShardFailed, ShardUnreadable
from recall.io import publish
from recall.records import Capture, Skip, WarcRef

if TYPE_CHECKING:
    from tests.conftest import S3Server
    from tests.fault_server import FaultServer

HTML = b"<!DOCTYPE html><html><body>page</body></html>"
DATE = "2026-01-31T23:59:59Z"


def record(
    body: bytes = HTML,
    kind: str = "response",
    url: str = "https://example.org/",
    length: int | None = None,
    fields: str = "",
    head: bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n",
) -> bytes:
    """One plain record; `length` announces another length than it has."""
    block = head + body
    size = len(block) if length is None else length
    names = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: {DATE}\r\n{fields}"
    return names.encode() + b"Content-Length: %d\r\n\r\n" % size + block + b"\r\n\r\n"


def gz(*members: bytes) -> bytes:
    return b"".join(gzip.compress(member, mtime=0) for member in members)


@pytest.fixture
def read(tmp_path: Path) -> "Reading":
    return Reading(tmp_path)


class Reading:
    """Writes bytes to a file and reads them as a WARC."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "file.warc.gz"

    def __call__(self, data: bytes) -> list[Capture | Skip]:
        self.path.write_bytes(data)
        return list(responses(str(self.path)))

    def until_error(self, data: bytes) -> tuple[list[Capture | Skip], str]:
        """What came before the error, and its line."""
        self.path.write_bytes(data)
        found: list[Capture | Skip] = []
        try:
            for outcome in responses(str(self.path)):
                found.append(outcome)  # noqa: PERF402 - an error ends the loop
        except ShardCorrupt as error:
            return found, str(error).removeprefix(f"{self.path}: ")
        pytest.fail(f"no error, {len(found)} responses")


def sample(pages: int = 12, seed: int = 1) -> bytes:
    """A well-made WARC with pages of many sizes."""
    rng = random.Random(seed)
    stream = io.BytesIO()
    writer = WarcWriter(stream, "sample")
    writer.info(DATE, {"software": "test"})
    for number in range(pages):
        words = " ".join(rng.choice(("alpha", "beta", "<b>gamma</b>", "δέλτα")) for _ in range(rng.randrange(5, 4000)))
        writer.page(f"https://example.org/{number}", f"<html>{words}</html>".encode(), "text/html", DATE)
    return stream.getvalue()


@pytest.mark.parametrize("pack", [gz, lambda *records: b"".join(records)], ids=["gzip", "plain"])
def test_every_response_comes_in_order_as_a_page_or_a_reason(read: Reading, pack: object) -> None:
    records = [
        record(kind="warcinfo"),
        record(kind="request"),
        record(),
        record(kind="metadata"),
        record(kind="revisit"),
        record(kind="resource"),
        record(head=b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n"),
        record(head=b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"),
        record(body=b"  \r\n"),
        record(url="ftp://example.org/"),
        record(kind="RESPONSE", url="<http://example.org/second>"),
    ]
    found = read(pack(*records))  # type: ignore[operator]
    assert [item.url if isinstance(item, Capture) else item for item in found] == [
        "https://example.org/",
        Skip.STATUS,
        Skip.NOT_HTML,
        Skip.EMPTY,
        Skip.BAD_URL,
        "http://example.org/second",
    ]
    assert [page.url for page in captures(str(read.path))] == ["https://example.org/", "http://example.org/second"]


def test_a_capture_holds_what_the_server_sent_and_where_it_lies(read: Reading) -> None:
    first, second = record(kind="request"), record(fields="WARC-Truncated: length\r\n")
    found = read(gz(first, second, first))
    ref = WarcRef(str(read.path), len(gz(first)), len(gz(second)))
    assert found == [Capture(ref, "https://example.org/", HTML, "utf-8", DATE, "length")]
    assert read_at(ref) == found[0]
    assert [item.ref.path for item in responses(str(read.path), path="name") if isinstance(item, Capture)] == ["name"]


def test_every_page_of_a_file_comes_back_by_its_reference(read: Reading) -> None:
    found = read(sample())
    assert len(found) == 12
    for page in found:
        assert isinstance(page, Capture)
        assert read_at(page.ref) == page
        assert read_at(WarcRef("elsewhere", page.ref.offset, page.ref.length), str(read.path)).body == page.body


def test_a_reference_that_is_no_page_is_corrupt(read: Reading) -> None:
    parts = [gz(record()), gz(record(kind="request")), gz(record(url="dns:x"))]
    read(b"".join(parts))
    offsets = [0, len(parts[0]), len(parts[0] + parts[1])]
    name = str(read.path)
    for ref in (
        WarcRef(name, offsets[1], len(parts[1])),
        WarcRef(name, offsets[2], len(parts[2])),
        WarcRef(name, 0, len(parts[0]) - 1),
        WarcRef(name, 0, len(parts[0]) + 1),
        WarcRef(name, 0, offsets[2]),
        WarcRef(name, 1, len(parts[0])),
        WarcRef(name, 0, 0),
        WarcRef(name, 0, 1 << 40),
    ):
        with pytest.raises(ShardCorrupt, match=f"{name}: byte {ref.offset}: "):
            read_at(ref)
    with pytest.raises(ShardUnreadable):
        read_at(WarcRef(name, offsets[2], 5000))
    with pytest.raises(ShardCorrupt):
        capture_in(b"", WarcRef(name, 0, 0))


def test_nothing_or_something_else_is_no_warc(read: Reading) -> None:
    for data, line in {
        b"": "empty",
        b"\r\n\r\n": "holds no WARC record",
        gz(b""): "holds no WARC record",
        b"<html>an error page</html>": "not a WARC: HTML or XML",
        b"filedesc://x 0.0.0.0 2010 text/plain 1\n": "truncated",
        gz(b"filedesc://x 0.0.0.0 2010 text/plain 1\n"): "truncated",
        b"\x04\x22\x4d\x18" + bytes(50): "not a WARC: lz4",
        b"\x28\xb5\x2f\xfd" + bytes(50): "not a WARC: zstd",
        b"PK\x03\x04" + bytes(50): "not a WARC: a zip file",
        gz(b"words"): "not a WARC",
        bytes(1000): "not a WARC",
    }.items():
        found, error = read.until_error(data)
        assert found == []
        assert error.startswith(f"byte 0: {line}"), data


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 60])
def test_a_file_cut_in_its_last_member_is_truncated(read: Reading, cut: int) -> None:
    data = gz(record(), record())
    found, error = read.until_error(data[:-cut])
    assert len(found) == 1
    assert error.startswith(f"byte {len(gz(record()))}: ")


def test_a_file_cut_between_members_cannot_be_told_and_is_whole(read: Reading) -> None:
    assert len(read(gz(record(), record())[: len(gz(record()))])) == 1


def test_captures_before_a_broken_member_come_and_the_error_names_its_byte(read: Reading) -> None:
    data = bytearray(sample(40))
    page = read(bytes(data))[20]
    assert isinstance(page, Capture)
    data[page.ref.offset + page.ref.length // 2] ^= 0x10
    found, error = read.until_error(bytes(data))
    assert len(found) == 20
    assert error.startswith(f"byte {page.ref.offset}: broken gzip member")


def test_empty_members_and_final_zeros_lose_nothing(read: Reading) -> None:
    one = gz(record())
    for data in (
        one + gz(b"") + one,
        gz(b"", b"") + one + gz(b"") + gz(b"\r\n\r\n") + one,
        one + one + bytes(512),
        one + one + gz(b"") + b"\r\n",
    ):
        found = read(data)
        assert len(found) == 2
        for page in found:
            assert isinstance(page, Capture)
            assert read_at(page.ref) == page


@pytest.mark.parametrize(
    ("data", "before", "line"),
    [
        (gz(record(length=30), record()), 0, "byte 0: no record follows"),
        (gz(record(), record(length=100_000), record()), 1, "byte {1}: its Content-Length reaches over"),
        (gz(record(), record(length=100_000)), 1, "byte {1}: truncated: the file ends inside"),
        (gz(record(), record(length=30), record()), 1, "byte {1}: no record follows"),
        (gz(record(kind="request", length=103 + 4 + len(record())), record(), record()), 0, "byte 0: its Content-Len"),
        (gz(record(), record(length=-1), record()), 1, "byte {1}: record header without a valid Content-Length"),
        (gz(record(), record(length=10**30), record()), 1, "byte {1}: record header without a valid Content-Length"),
        (gz(record(), record().replace(b"\r\n", b"\n"), record()), 1, "byte {1}: its Content-Length reaches over"),
        (gz(record(), record(fields=f"X: {'y' * 100_000}\r\n"), record()), 1, "byte {1}: record header without end"),
        (gz(record()) + b"garbage" + gz(record()), 1, "byte {1}: "),
        (gz(record()) + record() + gz(record()), 1, "byte {1}: "),
        (record() + b"garbage" + record(), 0, "byte 0: no record follows"),
        (record() + record(length=30), 1, "byte {0}: no record follows"),
        (record() + record()[:-50], 1, "byte {0}: truncated"),
        (record() + record()[:70], 1, "byte {0}: truncated"),
    ],
)
def test_records_that_lie_about_themselves_are_corrupt(read: Reading, data: bytes, before: int, line: str) -> None:
    found, error = read.until_error(data)
    assert error.startswith(line.format(len(record()), len(gz(record())), len(data)))
    assert len(found) == before


def test_a_record_spread_over_members_is_one_page(read: Reading) -> None:
    whole = record()
    found = read(gz(record(), whole[:140], whole[140:-4], whole[-4:] + record(), record()))
    assert len(found) == 4
    assert [page.body for page in found if isinstance(page, Capture)] == [HTML] * 4


@pytest.mark.parametrize("kind", ["response", "request"])
def test_a_gzip_bomb_is_too_large_in_bounded_memory(read: Reading, kind: str) -> None:
    size = 300 << 20
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    start = record(
        b"", kind=kind, length=len(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n") + size
    )
    bomb = packer.compress(start[:-4])
    bomb += b"".join(packer.compress(b"a" * (1 << 20)) for _ in range(size >> 20))
    bomb += packer.compress(b"\r\n\r\n") + packer.flush()
    tracemalloc.start()
    found = read(gz(record()) + bomb + gz(record()) + bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.count(Skip.TOO_LARGE) == (2 if kind == "response" else 0)
    assert sum(isinstance(item, Capture) for item in found) == 2
    assert peak < 5 * MAX_BODY


def mutations(data: bytes, count: int, seed: int) -> Iterable[bytes]:
    """Seeded damage: cuts, flipped bits, members left out, doubled, or put together wrongly."""
    rng = random.Random(seed)
    for number in range(count):
        position, other = sorted((rng.randrange(len(data)), rng.randrange(len(data))))
        match number % 4:
            case 0:
                yield data[:position]
            case 1:
                flipped = bytearray(data)
                for _ in range(rng.randrange(1, 4)):
                    flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
                yield bytes(flipped)
            case 2:
                yield data[:position] + data[other:]
            case _:
                yield data[:other] + data[position:]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("plain", [False, True], ids=["gzip", "plain"])
def test_random_damage_ends_in_captures_or_a_failed_shard(tmp_path: Path, seed: int, plain: bool) -> None:
    data = sample(6, seed)
    data = gzip.decompress(data) if plain else data
    path = tmp_path / "damaged"
    path.write_bytes(data)
    whole = {page.url: page.body for page in captures(str(path))}
    failed = 0
    for damaged in mutations(data, 100, seed):
        path.write_bytes(damaged)
        pages: list[Capture] = []
        try:
            for page in captures(str(path)):
                pages.append(page)  # noqa: PERF402 - an error ends the loop
        except ShardFailed:
            failed += 1
        else:
            # only bytes of bodies in a plain file can change unseen; a gzip member's checksum sees them
            assert plain or all(whole[page.url] == page.body for page in pages)
    assert failed > 50


def test_a_warc_over_http_under_faults_is_the_same(
    read: Reading, fault_server: "FaultServer", pauses: list[float]
) -> None:
    data = sample(40)
    calm = read(data)
    fault_server.files["file"] = data
    for after in (0, 3000, 20_000, 1):
        fault_server.then(after=after, clean=bool(after % 2))
        fault_server.then(status=503)
    access = AccessSection(timeout_seconds=5, attempts=10)
    assert list(responses(fault_server.url("file"), access, path=str(read.path))) == calm
    assert len(pauses) == 8


@pytest.mark.s3
def test_a_warc_on_s3_is_the_same(read: Reading, s3: "S3Server") -> None:
    calm = read(sample(40))
    access = AccessSection(s3_endpoint=s3.endpoint)
    publish(s3.url("warc/file"), read.path.read_bytes(), access)
    assert list(responses(s3.url("warc/file"), access, path=str(read.path))) == calm
    page = calm[0]
    assert isinstance(page, Capture)
    assert read_at(page.ref, s3.url("warc/file"), access) == page


@pytest.mark.realdata
def test_every_page_of_a_real_crawl_lies_where_its_index_says(shared: Path) -> None:
    crawl = CrawlSection(ids=("CC-MAIN-2026-00",), base=str(shared / "crawl"))
    found = [page for shard in resolve(crawl) for page in responses(shard.url, path=shard.path)]
    pages = {page.url: page.ref for page in found if isinstance(page, Capture)}
    assert len(pages) == len(found) == 3308
    index = f"{shared}/crawl/{TABLE}"
    assert {row.url: row.ref for row in url_refs(index, crawl.ids[0], sorted(pages))} == pages


def test_a_reader_that_is_far_ahead_does_not_lose_where_records_begin(tmp_path: Path) -> None:
    """Bodies that hardly compress, many times the size of one read, as images and archives in a crawl are."""
    chance = random.Random(7)
    path = tmp_path / "large.warc.gz"
    with path.open("wb") as stream:
        writer = WarcWriter(stream)
        for number in range(12):
            body = b"<html>" + chance.randbytes(chance.choice([1_000, 400_000, 3_000_000]))
            writer.page(f"http://a.org/{number}", body, "text/html", "2026-01-31T00:00:00Z")
    assert [page.url for page in captures(str(path))] == [f"http://a.org/{number}" for number in range(12)]


def test_a_page_before_odd_white_space_reads_again_by_its_reference(tmp_path: Path) -> None:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>page</p>"
    head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://host.example/\r\nContent-Length: %d\r\n\r\n"
    record = head % len(block) + block + b"\r\n\r\n"
    path = tmp_path / "odd.warc"
    path.write_bytes(record + b"\x0c\n" + record + b"\x0b")
    found = list(captures(str(path)))
    assert len(found) == 2
    assert [read_at(page.ref) for page in found] == found
