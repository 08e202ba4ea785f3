"""WARC files that we write read back the same, here and in warcio."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from recall.archive.warc import WarcWriter, responses
from recall.records import Capture, Skip, WarcRef

DATE = "2026-01-31T23:59:59Z"


def write(stream: io.BytesIO) -> list[WarcRef]:
    writer = WarcWriter(stream, "name")
    writer.info(DATE, {"software": "test", "format": "WARC File Format 1.0"})
    return [
        writer.page("https://example.org/a?b", b"<html>one</html>", "text/html; charset=utf-8", DATE),
        writer.page("https://example.org/gone", b"<html>gone</html>", "text/html", DATE, "404 Not Found"),
        writer.page("https://example.org/long", b"<html>long", "text/html", DATE, truncated="length"),
    ]


def test_pages_read_back_with_the_references_that_writing_gave(tmp_path: Path) -> None:
    stream = io.BytesIO()
    refs = write(stream)
    path = tmp_path / "file.warc.gz"
    path.write_bytes(stream.getvalue())
    read = list(responses(str(path), path="name"))
    ids = [one.record_id for one in read if isinstance(one, Capture)]
    assert [one[:10] for one in ids] == ["<urn:uuid:"] * 2
    assert ids[0] != ids[1]
    assert [replace(one, record_id="") if isinstance(one, Capture) else one for one in read] == [
        Capture(refs[0], "https://example.org/a?b", b"<html>one</html>", "utf-8", DATE),
        Skip.STATUS,
        Capture(refs[2], "https://example.org/long", b"<html>long", None, DATE, "length"),
    ]


def test_warcio_reads_what_we_write_and_finds_the_digests_right() -> None:
    stream = io.BytesIO()
    write(stream)
    stream.seek(0)
    kinds = []
    for record in ArchiveIterator(stream, check_digests="raise"):
        record.content_stream().read()
        kinds.append(record.rec_type)
    assert kinds == ["warcinfo", *["request", "response", "metadata"] * 3]


def test_the_same_pages_give_the_same_bytes() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    assert write(first) == write(second)
    assert first.getvalue() == second.getvalue()


@pytest.mark.parametrize("place", range(4))
def test_a_line_end_in_a_header_is_refused(place: int) -> None:
    values = ["https://example.org/", "text/html", DATE, "200 OK"]
    values[place] += "\r\nInjected: header"
    url, kind, date, status = values
    with pytest.raises(ValueError, match="line end"):
        WarcWriter(io.BytesIO()).page(url, b"", kind, date, status)
