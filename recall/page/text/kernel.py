"""The scoring text compiled by numba: one pass over UTF-8 bytes, no tree, no copies but the text itself.

The same definition as `slow`, where it can be read; the two must agree on every input. Importing this imports numba;
the first page of a process compiles (some ten seconds) or loads what was compiled before. `strip` takes arrays and
hands bare pointers on, and looks at 64 bytes at once (`wide`).
"""

import threading
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numba
import numpy as np

from recall.page.text import tables
from recall.page.text.characters import is_letter, show, spaces, write
from recall.page.text.codes import (
    BANG,
    CHARACTERS_ONLY,
    CODE,
    CODES,
    CONTENT,
    FIRST_PART,
    HIGHLIGHT,
    INSIDE,
    LESS,
    LINES,
    LINES_KEPT,
    MODE,
    NUMBERS,
    PARTS,
    PRE,
    PREFORMATTED,
    QUESTION,
    RAW_SHOWN,
    REFERENCES,
    SIZE,
    SLASH,
    SVGS,
    TAIL,
    TEMPLATES,
    TO_MARKUP,
    VERSION,
    WRITTEN,
    Octets,
    State,
    Table,
)
from recall.page.text.markup import comment_end, content_end, element, note_code
from recall.page.text.wide import WIDTH, address, first, pointer

_COMPILED_FROM = ("codes.py", "wide.py", "characters.py", "markup.py")


def read(html: bytes) -> tuple[str, list[str], tuple[int, int, int, int]]:
    """The visible text of UTF-8 without NUL; what of it is code; numbers as in `slow.read`."""
    text, code, counts = read_bytes(html)
    return str(text, "utf-8"), [str(part, "utf-8") for part in code], counts


def read_bytes(html: bytes) -> tuple[bytes, list[bytes], tuple[int, int, int, int]]:
    """The same with the text in UTF-8."""
    html = html or b" "
    tail = np.frombuffer(html[-WIDTH:] + bytes(2 * WIDTH), np.uint8)
    source, out = np.frombuffer(html, np.uint8), _room(2 * len(html) + WIDTH)
    state = np.zeros(NUMBERS, np.int64)
    strip, table = _kernel()
    strip(source, tail, out, state, table)
    counts = (int(state[PRE]), int(state[CODE]), int(state[HIGHLIGHT]), int(state[INSIDE]))
    ends = state[FIRST_PART : FIRST_PART + 2 * state[PARTS]].tolist()
    code = [out[start:end].tobytes() for start, end in zip(ends[::2], ends[1::2], strict=True)]
    return out[: state[WRITTEN]].tobytes(), code, counts


class _Rooms(threading.local):
    """What each thread writes texts to, before they are copied out."""

    def __init__(self) -> None:
        self.octets: Octets = np.empty(1 << 18, np.uint8)


_rooms = _Rooms()


def _room(size: int) -> Octets:
    """Room for `size` bytes, used again for the next page: fresh memory costs as much as writing to it."""
    if len(_rooms.octets) < size:
        _rooms.octets = np.empty(size, np.uint8)
    return _rooms.octets


@lru_cache(maxsize=1)
def _kernel() -> tuple[Callable[[Octets, Octets, Octets, State, Table], None], Table]:
    """The compiled pass and its table. Where numba finds no folder for its cache every process compiles anew."""
    folder = Path(__file__).parent
    strip = _pass(zlib.crc32(b"".join((folder / name).read_bytes() for name in _COMPILED_FROM)))
    try:
        compiled = numba.njit(cache=True, nogil=True)(strip)
    except RuntimeError:
        compiled = numba.njit(nogil=True)(strip)
    return compiled, tables.build()


def _pass(version: int) -> Callable[[Octets, Octets, Octets, State, Table], None]:
    """The pass to compile. numba's cache sees this file and what `strip` closes over: so it knows the other files."""

    def strip(page: Octets, tail: Octets, text: Octets, counts: State, names: Table) -> None:
        """Write the visible text of UTF-8 without NUL to `text`, with room for twice the page; count in `counts`."""
        source, out, state, table = pointer(page), pointer(text), pointer(counts), pointer(names)
        at, size = 0, len(page)
        state[SIZE], state[VERSION] = size, version
        state[TAIL] = numba.int64(address(pointer(tail))) - max(0, size - WIDTH)
        while at < size:
            hidden = state[TEMPLATES] > 0 or state[SVGS] > 0
            state[MODE] = REFERENCES | TO_MARKUP | (LINES if state[PREFORMATTED] > 0 else 0)
            before = state[WRITTEN]
            if hidden:
                at = first(source, state, at, LESS)
            elif source[at] != LESS:  # between most tags there is nothing, or only white space
                at = spaces(source, state, table, at)
                if at < size and source[at] != LESS:
                    at = show(source, out, state, table, at, size)
            if state[PREFORMATTED] > 0 or state[CODES] > 0:
                note_code(state, before)
            if at >= size:
                break
            following = source[at + 1] if at + 1 < size else 0
            closing = following == SLASH
            if is_letter(following) or (closing and at + 2 < size and is_letter(source[at + 2])):
                name = at + 2 if closing else at + 1
                at, content = element(source, state, table, name)
                if content:
                    start, kind = at, content >> CONTENT
                    at = content_end(source, state, table, name, start, kind)
                    if kind >= RAW_SHOWN and state[TEMPLATES] == 0:
                        state[MODE] = REFERENCES if kind == CHARACTERS_ONLY else 0
                        state[MODE] |= LINES if content & LINES_KEPT else 0
                        show(source, out, state, table, start, at)
            elif following in (BANG, QUESTION) or (closing and at + 2 < size):
                at = comment_end(source, state, at, state[SVGS] > 0 and state[TEMPLATES] == 0)
            else:
                if not hidden:
                    write(out, state, LESS)
                at += 1

    return strip
