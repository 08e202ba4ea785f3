"""The scoring text compiled: one pass over the UTF-8 of a page, no tree, no copies but the text itself.

In: UTF-8 without NUL. Out: the visible text, what of it is code, and how much code is marked up; references are
resolved and white space is folded. Nothing is refused. The plain twin is `recall.page.text.definition.read`, where the
definition can be read; the two agree on every input. Arrays come in, raw pointers are handed on.
"""

# ruff: noqa: PLR1714 - comparing with a tuple would be a loop in compiled code

import threading

import numpy as np

import recall.kernels.html_names as html
from recall.kernels.html_markup import comment_end, content_end, element, find_byte, is_letter, note_code, window_at
from recall.kernels.html_names import State, Table
from recall.kernels.native import (
    WIDTH,
    Octets,
    address,
    compiled,
    copy_window,
    equal,
    inlined,
    pointer,
    signed,
    unsigned,
    up_to,
    write_character,
    zeros,
)

_ONE, _LAST = np.uint64(1), np.uint64(1 << 63)


def read_html(page: bytes) -> tuple[bytes, list[bytes], tuple[int, int, int, int], list[tuple[int, int]]]:
    """As `definition.read`, for UTF-8, with offsets in bytes."""
    page = page or b" "
    tail = np.frombuffer(page[-WIDTH:] + bytes(2 * WIDTH), np.uint8)
    source, out = np.frombuffer(page, np.uint8), _room(2 * len(page) + WIDTH)
    state = np.zeros(html.NUMBERS, np.int64)
    _read_page(source, tail, out, state, html.names_table())
    counts = (int(state[html.PRE]), int(state[html.CODE]), int(state[html.HIGHLIGHT]), int(state[html.INSIDE]))
    code = [out[start:end].tobytes() for start, end in _couples(state, html.FIRST_PART, html.PARTS)]
    return out[: state[html.WRITTEN]].tobytes(), code, counts, _couples(state, html.FIRST_TEMPLATE, html.OUTERMOST)


def _couples(state: State, first: int, count: int) -> list[tuple[int, int]]:
    """As many couples of numbers as the one at `count` says, from `first` on."""
    if not state[count]:
        return []
    numbers = state[first : first + 2 * state[count]].tolist()
    return list(zip(numbers[::2], numbers[1::2], strict=True))


class _Rooms(threading.local):
    """Where each thread writes texts, before they are copied out."""

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
    at, last, size = 0, 0, len(page)
    state[html.SIZE] = size
    state[html.TAIL] = signed(address(pointer(tail))) - max(0, size - WIDTH)
    while at < size:
        hidden = state[html.TEMPLATES] > 0 or state[html.SVGS] > 0
        state[html.MODE] = html.REFERENCES | html.TO_MARKUP | (html.LINES if state[html.PREFORMATTED] > 0 else 0)
        written = state[html.WRITTEN]
        if hidden:
            at = find_byte(source, state, at, html.LESS)
        elif source[at] != html.LESS:  # between most tags there is nothing, or only white space
            at = spaces(source, state, table, at)
            if at < size and source[at] != html.LESS:
                at = show(source, out, state, table, at, size)
        if state[html.PREFORMATTED] > 0 or state[html.CODES] > 0:
            note_code(state, written)
        if at >= size:
            break
        following = source[at + 1] if at + 1 < size else 0
        closing = following == html.SLASH
        if is_letter(following) or (closing and at + 2 < size and is_letter(source[at + 2])):
            name = at + 2 if closing else at + 1
            before, last = last, at
            at, content = element(source, state, table, name)
            _note_template(state, hidden, before, last)
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


@inlined
def _note_template(state: State, hidden: bool, before: int, at: int) -> None:
    """Note where a template begins that lies in no other, and the tag before it."""
    index = html.FIRST_TEMPLATE + 2 * state[html.OUTERMOST]
    if state[html.TEMPLATES] > 0 and not hidden and state[html.OUTERMOST] < html.MOST_TEMPLATES:
        state[index], state[index + 1] = before, at
        state[html.OUTERMOST] += 1


@inlined
def write(out: Octets, state: State, point: int) -> None:
    """Write a character, or let it separate words, or drop it."""
    if point <= 32 or point == 0xA0:
        if point >= 32 or (9 <= point <= 13 and point != 11):
            line = state[html.MODE] & html.LINES and (point == 10 or point == 13)
            state[html.GAP] = html.LINE if line else max(state[html.GAP], html.WORD)
        return
    if 0x7F <= point < 0xA0 or point == 0xAD or point == 0x200B or point == 0xFEFF or point == 0xE000:
        return
    written = state[html.WRITTEN]
    if state[html.GAP] and written:
        out[written] = 10 if state[html.GAP] == html.LINE else 32
        written += 1
    state[html.GAP] = html.NONE
    state[html.WRITTEN] = written + write_character(out, written, point)


@inlined
def _number(source: Octets, at: int, end: int) -> tuple[int, int]:
    """The number after `&#` and the offset behind it, 0 where there is none; beyond Unicode it stays just beyond."""
    base = 10
    if at < end and source[at] | 32 == 120:
        base = 16
        at += 1
    start, number = at, 0
    while at < end:
        byte = int(source[at])
        if 48 <= byte < 58:
            digit = byte - 48
        elif base == 16 and 97 <= byte | 32 < 103:
            digit = (byte | 32) - 87
        else:
            break
        number = min(number * base + digit, 0x110000)
        at += 1
    if at == start:
        return 0, 0
    return number, (at + 1 if at < end and source[at] == html.SEMICOLON else at)


@inlined
def _reference(source: Octets, out: Octets, state: State, table: Table, at: int, end: int) -> int:
    """Write what the `&` at `at` begins, a character reference or itself; the offset behind it."""
    after, value = at + 1, 0
    if not state[html.MODE] & html.REFERENCES:
        end = after
    if after < end and source[after] == html.HASH:
        point, stop = _number(source, after + 1, end)
        if stop:
            if point == 0 or point > 0x10FFFF or 0xD800 <= point < 0xE000:
                point = 0xFFFD
            elif 0x80 <= point < 0xA0:
                point = table[table[html.WINDOWS] + point - 0x80]
            write(out, state, point)
            return stop
    name_end, row, columns, stop = after, table[html.NAMES_ROOT], table[html.NAMES], after
    while name_end < end:
        row = table[row + table[columns + source[name_end]]]
        if row == 0:
            break
        name_end += 1
        if table[row + html.VALUE]:
            value, stop = table[row + html.VALUE], name_end
    if value == 0:
        write(out, state, html.AMPERSAND)
        return after
    first = table[html.POINTS] + 2 * value - 2
    write(out, state, table[first])
    if table[first + 1]:
        write(out, state, table[first + 1])
    return stop


@inlined
def show(source: Octets, out: Octets, state: State, table: Table, at: int, end: int) -> int:
    """Write the text from `at` to `end`, or to the first `<`; the offset where it stopped.

    At `end` lies a `<`, or the page ends there.
    """
    kinds, mode = table[html.TEXT], state[html.MODE]
    while at < end:
        byte = source[at]
        kind = table[kinds + byte]
        if kind == html.SPACE:
            at = min(end, spaces(source, state, table, at))
        elif kind == html.PLAIN or (kind == html.MARKUP and not mode & html.TO_MARKUP):
            _begin(out, state, byte)
            at = _plain(source, out, state, at + 1)
        elif kind == html.MARKUP:
            break
        elif kind == html.LEAD:
            at = _special(source, out, state, at, end)
        elif kind == html.REFERENCE:
            at = _reference(source, out, state, table, at, end)
        else:
            at += 1
    return at


@inlined
def spaces(source: Octets, state: State, table: Table, at: int) -> int:
    """Let white space part the characters around it; the offset behind it and what is dropped in it, or within.

    Behind the page's end lies more of it.
    """
    if table[table[html.TEXT] + source[at]] != html.SPACE:
        return at
    here, mode = window_at(source, state, at), state[html.MODE]
    run = zeros(~up_to(here, 32))
    if mode & html.LINES and zeros(equal(here, 10) | equal(here, 13)) < run:
        state[html.GAP] = html.LINE
    elif state[html.GAP] == html.NONE:
        state[html.GAP] = html.WORD
    return at + run


@inlined
def _plain(source: Octets, out: Octets, state: State, at: int) -> int:
    """Copy what is shown as it is; the offset of what is not, or of two spaces in a row."""
    written = state[html.WRITTEN]
    while True:
        here = window_at(source, state, at)
        spaces = equal(here, 32)
        others = ~up_to(here, 127)
        ends = up_to(here, 31) | equal(here, 127) | equal(here, html.LESS) | equal(here, html.AMPERSAND)
        run = _run(spaces, ends | others)
        if run < WIDTH and others >> unsigned(run) & _ONE:
            leads = equal(here, 0xC2) | equal(here, 0xE2) | equal(here, 0xEE) | equal(here, 0xEF)
            run = _run(spaces, ends | leads)
        copy_window(here, address(out) + unsigned(written))
        at, written = at + run, written + run
        if run < WIDTH:
            break
    state[html.WRITTEN] = written
    return at


@inlined
def _run(spaces: int, ends: int) -> int:
    """How many bytes come before the first end, or before a space that another space, an end or nothing follows."""
    return zeros(ends | spaces & ((spaces | ends) >> _ONE | _LAST))


@inlined
def _begin(out: Octets, state: State, byte: int) -> None:
    """Write a byte that is a visible character or begins one."""
    written = state[html.WRITTEN]
    if state[html.GAP] and written:
        out[written] = 10 if state[html.GAP] == html.LINE else 32
        written += 1
    state[html.GAP] = html.NONE
    out[written] = byte
    state[html.WRITTEN] = written + 1


@inlined
def _special(source: Octets, out: Octets, state: State, at: int, end: int) -> int:
    """Write the character at `at`, whose first byte it shares with one that is dropped; the offset behind it."""
    first = int(source[at])
    second = int(source[at + 1]) & 63 if at + 1 < end else 0
    if first < 0xE0:
        write(out, state, (first & 31) << 6 | second)
        return at + 2
    third = int(source[at + 2]) & 63 if at + 2 < end else 0
    write(out, state, (first & 15) << 12 | second << 6 | third)
    return at + 3
