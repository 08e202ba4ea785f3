import gzip
import time

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from service.api.bodies import BodyDecoder, LineCutter, inflate
from service.problems import Refusal
from service.server.scheduler import BodyMemory

PARTS = st.lists(st.binary(max_size=2000), min_size=1, max_size=5)
SIZE = st.integers(1, 700)


def feed(inflater: BodyDecoder, data: bytes, size: int) -> bytes:
    out = b"".join(piece for at in range(0, len(data), size) for piece in inflater.feed(data[at : at + size]))
    inflater.finish()
    return out


@given(PARTS, SIZE, st.sampled_from(["gzip", "zstd"]))
def test_any_cut_of_any_number_of_frames_is_undone(parts: list[bytes], size: int, encoding: str) -> None:
    compress = gzip.compress if encoding == "gzip" else zstandard.compress
    assert feed(BodyDecoder(encoding), b"".join(map(compress, parts)), size) == b"".join(parts)


@given(st.binary(min_size=10, max_size=3000), SIZE, st.sampled_from(["gzip", "zstd"]), st.integers(1, 9))
def test_a_cut_frame_is_never_taken_for_whole(data: bytes, size: int, encoding: str, missing: int) -> None:
    whole = gzip.compress(data) if encoding == "gzip" else zstandard.ZstdCompressor(write_checksum=True).compress(data)
    with pytest.raises(Refusal):
        feed(BodyDecoder(encoding), whole[:-missing], size)


@given(st.binary(max_size=500), SIZE)
def test_garbage_is_refused_or_undone_and_nothing_else(data: bytes, size: int) -> None:
    statuses = set()
    for encoding in ("gzip", "zstd"):
        try:
            feed(BodyDecoder(encoding), data, size)
        except Refusal as refusal:
            statuses.add(refusal.status)
    assert statuses <= {400}


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_pieces_of_a_bomb_are_bounded(encoding: str) -> None:
    zeros = bytes(200 << 20)
    bomb = gzip.compress(zeros) if encoding == "gzip" else zstandard.compress(zeros)
    sizes = [len(piece) for piece in BodyDecoder(encoding).feed(bomb)]
    assert sum(sizes) == len(zeros)
    assert max(sizes) <= 8 << 20


LINE = st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"."))


@given(st.lists(LINE, max_size=12), st.integers(1, 50), st.booleans())
def test_lines_are_those_of_split_however_they_come(lines: list[bytes], size: int, ended: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    cutter = LineCutter(40)
    found = [line for at in range(0, len(data), size) for line in cutter.feed(data[at : at + size])]
    found += cutter.finish()
    assert found == [line if len(line) <= 40 else None for line in data.split(b"\n") if line.strip() or len(line) > 40]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_of_empty_members_is_undone_in_short_steps_and_in_time(encoding: str) -> None:
    empty = gzip.compress(b"") if encoding == "gzip" else zstandard.compress(b"")
    body = empty * ((4 << 20) // len(empty))
    with BodyMemory(1 << 30, 1).share() as share:
        job = inflate(body, encoding, 100, share)
    longest, began = 0.0, time.thread_time()
    ended, undone = False, b"?"
    while not ended:
        before = time.thread_time()
        try:
            next(job)
        except StopIteration as stop:
            ended, undone = True, stop.value
        longest = max(longest, time.thread_time() - before)
    assert undone == b""
    assert longest < 0.2
    assert time.thread_time() - began < 40


def test_runs_of_blank_lines_are_passed_over_and_nothing_else() -> None:
    data = b'{"a":1}\n\n\n \t\r\n  {"b":2}\n\x0b\n\n {"c":\n3}\n   '
    cutter = LineCutter(100)
    whole = [bytes(line or b"") for line in (*cutter.feed(data), *cutter.finish())]
    assert whole == [b'{"a":1}', b'  {"b":2}', b' {"c":', b"3}"]
    cutter = LineCutter(100)
    pieces = [bytes(line or b"") for n in range(len(data)) for line in cutter.feed(data[n : n + 1])]
    assert pieces == whole


def test_many_blank_lines_take_no_time() -> None:
    began = time.thread_time()
    for blank in (b"\n", b" \n", b"\r\n", b"\x0b\x0c\n", b" " * 1000 + b"\n"):
        cutter = LineCutter(100_000)
        data = blank * ((8 << 20) // len(blank)) + b"last"
        assert [*cutter.feed(data), *cutter.finish()] == [b"last"]
    assert time.thread_time() - began < 8
