import threading
import time
from collections.abc import Iterator

import pytest

from recall.config import AccessSection
from recall.errors import ShardUnreadable
from recall.io.readahead import BLOCK, ENOUGH, HELD, Ahead
from recall.io.stream import Body, Stream

DATA = bytes(range(256)) * (BLOCK * 3 // 256) + b"end"


class Source:
    """DATA `repeat` times in chunks, slowly or with an end that breaks; counts what it gave."""

    url, endpoint, access, attempts = "memory", "", AccessSection(), 1

    def __init__(self, repeat: int = 1, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.repeat, self.seconds, self.error = repeat, seconds, error
        self.given, self.closed = 0, threading.Event()

    def open(self, start: int, stop: int | None) -> Body:  # noqa: ARG002 - read to the end
        return Body(self._chunks(start), len(DATA) * self.repeat, "", self.closed.set)

    def _chunks(self, start: int) -> Iterator[bytes]:
        whole = DATA * self.repeat
        for at in range(start, len(whole), BLOCK):
            time.sleep(self.seconds)
            if self.error and at:
                raise self.error
            self.given += BLOCK
            yield whole[at : at + BLOCK]


@pytest.mark.parametrize("n", [-1, 1000, BLOCK, 10 * BLOCK])
def test_the_bytes_are_those_of_the_stream(n: int) -> None:
    with Ahead(Stream(Source(), 5, None)) as ahead:
        assert (ahead.tell(), ahead.size) == (5, len(DATA))
        pieces = list(iter(lambda: ahead.read(n), b""))
        assert b"".join(pieces) == DATA[5:]
        assert ahead.tell() == len(DATA)
        assert ahead.read(1) == b""


@pytest.mark.parametrize("error", [ShardUnreadable("memory: gone"), ZeroDivisionError("a defect")])
def test_an_error_comes_where_its_bytes_were_due(error: Exception) -> None:
    with Ahead(Stream(Source(error=error), 0, None)) as ahead:
        assert ahead.read(BLOCK) == DATA[:BLOCK]
        for _ in range(2):
            with pytest.raises(type(error), match=str(error)):
                ahead.read(1)


def test_no_more_than_the_bound_is_fetched_and_the_rest_is_left_when_closed() -> None:
    source = Source(repeat=HELD // BLOCK)
    with Ahead(Stream(source, 0, None)) as ahead:
        ahead.read(1)
        time.sleep(0.3)
        assert source.given <= HELD + 2 * BLOCK
    assert source.closed.wait(5)
    assert source.given <= HELD + 2 * BLOCK


def test_fetching_goes_on_while_blocks_are_used() -> None:
    source = Source(repeat=8, seconds=0.02)
    blocks = 8 * len(DATA) // BLOCK + 1
    started = time.perf_counter()
    with Ahead(Stream(source, 0, None)) as ahead:
        while ahead.read(BLOCK):
            time.sleep(0.02)
    assert blocks * BLOCK > 2 * ENOUGH
    assert time.perf_counter() - started < 0.9 * 0.04 * blocks
