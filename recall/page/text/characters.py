"""Compiled: characters from bytes to the text, with references resolved and white space folded.

`slow` says the same in plain Python. Pages, texts, states and tables are bare pointers here; see `kernel`.
"""

# ruff: noqa: PLR1714 - comparing with a tuple would be a loop in compiled code

import numpy as np

from recall.page.text.codes import (
    AMPERSAND,
    ENDS_TAG_NAME,
    GAP,
    HASH,
    LEAD,
    LESS,
    LINE,
    LINES,
    MARKUP,
    MODE,
    NAMES,
    NAMES_ROOT,
    NONE,
    PLAIN,
    POINTS,
    REFERENCE,
    REFERENCES,
    SEMICOLON,
    SPACE,
    TAG,
    TEXT,
    TO_MARKUP,
    VALUE,
    WINDOWS,
    WORD,
    WRITTEN,
    Octets,
    State,
    Table,
)
from recall.page.text.wide import WIDTH, address, compiled, copy, equal, unsigned, upto, window, zeros

_ONE, _LAST = np.uint64(1), np.uint64(1 << 63)


@compiled
def same(source: Octets, at: int, end: int, word: bytes) -> bool:
    """True when the lower-case `word` is at `at`, in any case."""
    if at + len(word) > end:
        return False
    for index in range(len(word)):
        byte = source[at + index]
        if (byte | 32 if 65 <= byte < 91 else byte) != word[index]:
            return False
    return True


@compiled
def ends_name(source: Octets, table: Table, at: int, end: int) -> bool:
    """True when the byte at `at` ends a tag's name: white space, `/` or `>`."""
    return at < end and table[table[TAG] + source[at]] & ENDS_TAG_NAME != 0


@compiled
def is_letter(byte: int) -> bool:
    """True for ASCII letters."""
    return 97 <= byte | 32 < 123


@compiled
def write(out: Octets, state: State, point: int) -> None:
    """Write a character, or let it part words, or drop it."""
    if point <= 32 or point == 0xA0:
        if point >= 32 or (9 <= point <= 13 and point != 11):
            line = state[MODE] & LINES and (point == 10 or point == 13)
            state[GAP] = LINE if line else max(state[GAP], WORD)
        return
    if 0x7F <= point < 0xA0 or point == 0xAD or point == 0x200B or point == 0xFEFF or point == 0xE000:
        return
    written = state[WRITTEN]
    if state[GAP] and written:
        out[written] = 10 if state[GAP] == LINE else 32
        written += 1
    state[GAP] = NONE
    if point < 0x80:
        out[written] = point
    elif point < 0x800:
        out[written] = 0xC0 | point >> 6
    elif point < 0x10000:
        out[written] = 0xE0 | point >> 12
    else:
        out[written] = 0xF0 | point >> 18
        written += 1
        out[written] = 0x80 | point >> 12 & 63
    if point >= 0x800:
        written += 1
        out[written] = 0x80 | point >> 6 & 63
    if point >= 0x80:
        written += 1
        out[written] = 0x80 | point & 63
    state[WRITTEN] = written + 1


@compiled
def _number(source: Octets, at: int, end: int) -> tuple[int, int]:
    """The number after `&#` and the place after it, 0 where there is none; beyond Unicode it stays just beyond."""
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
    return number, (at + 1 if at < end and source[at] == SEMICOLON else at)


@compiled
def _reference(source: Octets, out: Octets, state: State, table: Table, at: int, end: int) -> int:
    """Write what the `&` at `at` begins, a character reference or itself; the place after it."""
    after, value = at + 1, 0
    if not state[MODE] & REFERENCES:
        end = after
    if after < end and source[after] == HASH:
        point, stop = _number(source, after + 1, end)
        if stop:
            if point == 0 or point > 0x10FFFF or 0xD800 <= point < 0xE000:
                point = 0xFFFD
            elif 0x80 <= point < 0xA0:
                point = table[table[WINDOWS] + point - 0x80]
            write(out, state, point)
            return stop
    place, row, columns, stop = after, table[NAMES_ROOT], table[NAMES], after
    while place < end:
        row = table[row + table[columns + source[place]]]
        if row == 0:
            break
        place += 1
        if table[row + VALUE]:
            value, stop = table[row + VALUE], place
    if value == 0:
        write(out, state, AMPERSAND)
        return after
    first = table[POINTS] + 2 * value - 2
    write(out, state, table[first])
    if table[first + 1]:
        write(out, state, table[first + 1])
    return stop


@compiled
def show(source: Octets, out: Octets, state: State, table: Table, at: int, end: int) -> int:
    """Write the text from `at` to `end`, or to the first `<`; the place where it stopped.

    At `end` lies a `<`, or the page ends there.
    """
    kinds, mode = table[TEXT], state[MODE]
    while at < end:
        byte = source[at]
        kind = table[kinds + byte]
        if kind == SPACE:
            at = min(end, spaces(source, state, table, at))
        elif kind == PLAIN or (kind == MARKUP and not mode & TO_MARKUP):
            _begin(out, state, byte)
            at = _plain(source, out, state, at + 1)
        elif kind == MARKUP:
            break
        elif kind == LEAD:
            at = _special(source, out, state, at, end)
        elif kind == REFERENCE:
            at = _reference(source, out, state, table, at, end)
        else:
            at += 1
    return at


@compiled
def spaces(source: Octets, state: State, table: Table, at: int) -> int:
    """Let white space part what stands around it; the place after it and what is dropped in it, or within.

    Behind the page's end lies more of it.
    """
    if table[table[TEXT] + source[at]] != SPACE:
        return at
    here, mode = window(source, state, at), state[MODE]
    run = zeros(~upto(here, 32))
    if mode & LINES and zeros(equal(here, 10) | equal(here, 13)) < run:
        state[GAP] = LINE
    elif state[GAP] == NONE:
        state[GAP] = WORD
    return at + run


@compiled
def _plain(source: Octets, out: Octets, state: State, at: int) -> int:
    """Copy what is shown as it stands; the place of what is not, or of two spaces in a row."""
    written = state[WRITTEN]
    while True:
        here = window(source, state, at)
        spaces = equal(here, 32)
        others = ~upto(here, 127)
        ends = upto(here, 31) | equal(here, 127) | equal(here, LESS) | equal(here, AMPERSAND)
        run = _run(spaces, ends | others)
        if run < WIDTH and others >> unsigned(run) & _ONE:
            leads = equal(here, 0xC2) | equal(here, 0xE2) | equal(here, 0xEE) | equal(here, 0xEF)
            run = _run(spaces, ends | leads)
        copy(here, address(out) + unsigned(written))
        at, written = at + run, written + run
        if run < WIDTH:
            break
    state[WRITTEN] = written
    return at


@compiled
def _run(spaces: int, ends: int) -> int:
    """How many bytes come before the first end, or before a space that another space, an end or nothing follows."""
    return zeros(ends | spaces & ((spaces | ends) >> _ONE | _LAST))


@compiled
def _begin(out: Octets, state: State, byte: int) -> None:
    """Write a byte that is a visible character or begins one."""
    written = state[WRITTEN]
    if state[GAP] and written:
        out[written] = 10 if state[GAP] == LINE else 32
        written += 1
    state[GAP] = NONE
    out[written] = byte
    state[WRITTEN] = written + 1


@compiled
def _special(source: Octets, out: Octets, state: State, at: int, end: int) -> int:
    """Write the character at `at`, whose first byte it shares with one that is dropped; the place after it."""
    first = int(source[at])
    second = int(source[at + 1]) & 63 if at + 1 < end else 0
    if first < 0xE0:
        write(out, state, (first & 31) << 6 | second)
        return at + 2
    third = int(source[at + 2]) & 63 if at + 2 < end else 0
    write(out, state, (first & 15) << 12 | second << 6 | third)
    return at + 3
