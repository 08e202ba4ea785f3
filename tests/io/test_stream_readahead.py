import threading
import time
from collections.abc import Iterator

import pytest

from recall.config import AccessSection
from recall.errors import ShardUnreadable
from recall.io.stream import BLOCK, ENOUGH, HELD, OpenBody, Readahead, Stream

DATA = bytes(range(256)) * (BLOCK * 3 // 256) + b"end"


class Source:
    """DATA `repeat` times in chunks, with an end that breaks where asked; counts what it gave.

    permits: so many chunks may be given; more are added by the test.
    """

    url, endpoint, access, attempts = "memory", "", AccessSection(), 1
    gone: threading.Event | None = None

    def __init__(self, repeat: int = 1, permits: int = 1 << 20, error: Exception | None = None) -> None:
        self.repeat, self.error = repeat, error
        self.permits = threading.Semaphore(permits)
        self.given, self.closed = 0, threading.Event()

    def open(self, start: int, stop: int | None) -> OpenBody:  # noqa: ARG002 - read to the end
        return OpenBody(self._chunks(start), len(DATA) * self.repeat, "", self.closed.set)

    def _chunks(self, start: int) -> Iterator[bytes]:
        whole = DATA * self.repeat
        for at in range(start, len(whole), BLOCK):
            assert self.permits.acquire(timeout=20)
            if self.error and at:
                raise self.error
            self.given += BLOCK
            yield whole[at : at + BLOCK]


@pytest.mark.parametrize("n", [-1, 1000, BLOCK, 10 * BLOCK])
def test_the_bytes_are_those_of_the_stream(n: int) -> None:
    with Readahead(Stream(Source(), 5, None), threading.Event()) as stream:
        assert (stream.tell(), stream.size) == (5, len(DATA))
        pieces = list(iter(lambda: stream.read(n), b""))
        assert b"".join(pieces) == DATA[5:]
        assert stream.tell() == len(DATA)
        assert stream.read(1) == b""


@pytest.mark.parametrize("error", [ShardUnreadable("memory: gone"), ZeroDivisionError("a defect")])
def test_an_error_comes_where_its_bytes_were_due(error: Exception) -> None:
    with Readahead(Stream(Source(error=error), 0, None), threading.Event()) as stream:
        assert stream.read(BLOCK) == DATA[:BLOCK]
        for _ in range(2):
            with pytest.raises(type(error), match=str(error)):
                stream.read(1)


def test_no_more_than_the_bound_is_fetched_and_the_rest_is_left_when_closed() -> None:
    source = Source(repeat=HELD // BLOCK)
    with Readahead(Stream(source, 0, None), threading.Event()) as stream:
        stream.read(1)
        time.sleep(0.3)
        assert source.given <= HELD + 2 * BLOCK
    assert source.closed.wait(60)
    assert source.given <= HELD + 2 * BLOCK


def given(source: Source, expected: int) -> int:
    """What a source gave, as soon as it is as much as expected, or after a minute."""
    deadline = time.monotonic() + 60
    while source.given < expected and time.monotonic() < deadline:
        time.sleep(0.001)
    return source.given


def test_fetching_goes_on_while_a_block_is_used() -> None:
    blocks = ENOUGH // BLOCK
    source = Source(repeat=8, permits=blocks)
    with Readahead(Stream(source, 0, None), threading.Event()) as stream:
        assert stream.read(BLOCK)
        assert given(source, blocks * BLOCK) == blocks * BLOCK
        source.permits.release(blocks)  # nobody reads, and still they are fetched
        assert given(source, 2 * blocks * BLOCK) == 2 * blocks * BLOCK
        source.permits.release(1 << 20)
        assert len(stream.read()) == 8 * len(DATA) - BLOCK
