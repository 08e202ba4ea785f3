"""The scoring text compiled: one pass over the UTF-8 of a page, no tree, no copies but the text itself.

In: UTF-8 without NUL, and the table of names (`html_table.build`). Out: the visible text, what of it is code, and how
much code is marked up. Nothing is refused. The plain twin is `recall.page.text.definition.read`, where the definition
can be read; the two agree on every input. Arrays come in, raw pointers go on to `html_markup` and `html_characters`.
"""

import threading

import numpy as np

import recall.kernels.html_table as html
from recall.kernels.compiling import compiled
from recall.kernels.html_characters import find_byte, is_letter, show, spaces, write
from recall.kernels.html_markup import comment_end, content_end, element, note_code
from recall.kernels.html_table import State, Table
from recall.kernels.intrinsics import WIDTH, Octets, address, pointer, signed


def read_html(page: bytes, names: Table) -> tuple[bytes, list[bytes], tuple[int, int, int, int]]:
    """The visible text of a page in UTF-8; the stretches of it that are code; numbers as in `definition.read`."""
    page = page or b" "
    tail = np.frombuffer(page[-WIDTH:] + bytes(2 * WIDTH), np.uint8)
    source, out = np.frombuffer(page, np.uint8), _room(2 * len(page) + WIDTH)
    state = np.zeros(html.NUMBERS, np.int64)
    _read_page(source, tail, out, state, names)
    counts = (int(state[html.PRE]), int(state[html.CODE]), int(state[html.HIGHLIGHT]), int(state[html.INSIDE]))
    ends = state[html.FIRST_PART : html.FIRST_PART + 2 * state[html.PARTS]].tolist()
    code = [out[start:end].tobytes() for start, end in zip(ends[::2], ends[1::2], strict=True)]
    return out[: state[html.WRITTEN]].tobytes(), code, counts


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


@compiled
def _read_page(page: Octets, tail: Octets, text: Octets, counts: State, names: Table) -> None:
    """Write the visible text of UTF-8 without NUL to `text`, with room for twice the page; count in `counts`."""
    source, out, state, table = pointer(page), pointer(text), pointer(counts), pointer(names)
    at, size = 0, len(page)
    state[html.SIZE] = size
    state[html.TAIL] = signed(address(pointer(tail))) - max(0, size - WIDTH)
    while at < size:
        hidden = state[html.TEMPLATES] > 0 or state[html.SVGS] > 0
        state[html.MODE] = html.REFERENCES | html.TO_MARKUP | (html.LINES if state[html.PREFORMATTED] > 0 else 0)
        before = state[html.WRITTEN]
        if hidden:
            at = find_byte(source, state, at, html.LESS)
        elif source[at] != html.LESS:  # between most tags there is nothing, or only white space
            at = spaces(source, state, table, at)
            if at < size and source[at] != html.LESS:
                at = show(source, out, state, table, at, size)
        if state[html.PREFORMATTED] > 0 or state[html.CODES] > 0:
            note_code(state, before)
        if at >= size:
            break
        following = source[at + 1] if at + 1 < size else 0
        closing = following == html.SLASH
        if is_letter(following) or (closing and at + 2 < size and is_letter(source[at + 2])):
            name = at + 2 if closing else at + 1
            at, content = element(source, state, table, name)
            if content:
                start, kind = at, content >> html.CONTENT
                at = content_end(source, state, table, name, start, kind)
                if kind >= html.RAW_SHOWN and state[html.TEMPLATES] == 0:
                    state[html.MODE] = html.REFERENCES if kind == html.CHARACTERS_ONLY else 0
                    state[html.MODE] |= html.LINES if content & html.LINES_KEPT else 0
                    show(source, out, state, table, start, at)
        elif following in (html.BANG, html.QUESTION) or (closing and at + 2 < size):
            at = comment_end(source, state, at, state[html.SVGS] > 0 and state[html.TEMPLATES] == 0)
        else:
            if not hidden:
                write(out, state, html.LESS)
            at += 1
