"""Compiled: characters from the bytes of a page to its text, with references resolved and white space folded.

In: pointers to a page, to room for its text, to the state of the reading and to the table of names (`html_table`). Out:
the text, and the offset where the reading stopped. `recall.page.text.definition` says the same in plain Python.
"""

# ruff: noqa: PLR1714 - comparing with a tuple would be a loop in compiled code

import numpy as np

import recall.kernels.html_table as html
from recall.kernels.compiling import inlined
from recall.kernels.html_table import State, Table
from recall.kernels.intrinsics import (
    WIDTH,
    Octets,
    address,
    copy_window,
    equal,
    unsigned,
    up_to,
    write_character,
    zeros,
)

_ONE, _LAST = np.uint64(1), np.uint64(1 << 63)


@inlined
def window_at(source: Octets, state: State, at: int) -> int:
    """The address of WIDTH bytes of the page from `at` on; behind its end there are zeros."""
    if at + WIDTH <= state[html.SIZE]:
        return address(source) + unsigned(at)
    return unsigned(state[html.TAIL] + at)


@inlined
def find_byte(source: Octets, state: State, at: int, byte: int) -> int:
    """The offset of the first `byte` from `at`, or the page's end."""
    size: int = state[html.SIZE]
    while at < size:
        matches = equal(window_at(source, state, at), byte)
        if matches:
            return at + zeros(matches)
        at += WIDTH  # not by a count of zeros: the next window would wait for it
    return size


@inlined
def find_end(source: Octets, state: State, at: int, ends: tuple[int, int, int]) -> int:
    """The offset of the first byte from `at` that is up to a space or one of three others; the page's end counts."""
    while True:
        here = window_at(source, state, at)
        matches = up_to(here, 32) | equal(here, ends[0]) | equal(here, ends[1]) | equal(here, ends[2])
        if matches:
            return at + zeros(matches)
        at += WIDTH


@inlined
def same(source: Octets, at: int, end: int, word: bytes) -> bool:
    """True when the lower-case `word` is at `at`, in any case."""
    if at + len(word) > end:
        return False
    for index in range(len(word)):
        byte = source[at + index]
        if (byte | 32 if 65 <= byte < 91 else byte) != word[index]:
            return False
    return True


@inlined
def ends_name(source: Octets, table: Table, at: int, end: int) -> bool:
    """True when the byte at `at` ends a tag's name: white space, `/` or `>`."""
    return at < end and table[table[html.TAG] + source[at]] & html.ENDS_TAG_NAME != 0


@inlined
def is_letter(byte: int) -> bool:
    """True for ASCII letters."""
    return 97 <= byte | 32 < 123


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
