import gzip

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from service.api.bodies import BodyDecoder, LineCutter
from service.problems import Refusal

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
