"""Compiled: tags, attributes, comments and raw content, read as the HTML standard's tokenizer reads them.

In: pointers to a page, to the state of the reading and to the table of names (`html_names`), and an offset in the page.
Out: the offset behind what was read. `recall.page.text.definition` says the same in plain Python.
"""

import recall.kernels.html_names as html
from recall.kernels.html_names import State, Table
from recall.kernels.native import (
    WIDTH,
    Octets,
    address,
    equal,
    inlined,
    load_eight,
    lowercase_word,
    signed,
    unsigned,
    up_to,
    zeros,
)

_NAME_ENDS = (html.SLASH, html.GREATER, html.GREATER)
_ATTRIBUTE_ENDS = (html.SLASH, html.GREATER, html.EQUALS)
_VALUE_ENDS = (html.GREATER, html.GREATER, html.GREATER)


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
def _attributes(source: Octets, state: State, table: Table, at: int) -> tuple[int, int, int, bool]:
    """The offset behind the tag, 0 where the page ends first; the first class's value; whether `/>` ends the tag."""
    kinds, size = table[html.TAG], state[html.SIZE]
    class_at, class_end, seen, slash = 0, 0, False, False
    while at < size:
        byte = source[at]
        if byte == html.GREATER:
            return at + 1, class_at, class_end, slash
        if byte == html.SLASH or table[kinds + byte] & html.IS_SPACE:
            slash = byte == html.SLASH
            at += 1
            continue
        slash = False
        start = at
        at = find_end(source, state, at + 1, _ATTRIBUTE_ENDS)
        while at < size and not table[kinds + source[at]] & html.ENDS_ATTRIBUTE:  # a control character
            at = find_end(source, state, at + 1, _ATTRIBUTE_ENDS)
        is_class = not seen and at - start == 5 and same(source, start, size, b"class")
        while at < size and table[kinds + source[at]] & html.IS_SPACE:
            at += 1
        value = end = at
        if at < size and source[at] == html.EQUALS:
            at += 1
            while at < size and table[kinds + source[at]] & html.IS_SPACE:
                at += 1
            value = at
            if at < size and (source[at] == html.DOUBLE or source[at] == html.SINGLE):
                value += 1
                end = find_byte(source, state, value, source[at])
                at = end + 1
            else:
                at = find_end(source, state, at, _VALUE_ENDS)
                while at < size and not table[kinds + source[at]] & html.ENDS_UNQUOTED:
                    at = find_end(source, state, at + 1, _VALUE_ENDS)
                end = at
        if is_class:
            class_at, class_end, seen = value, end, True
    return 0, 0, 0, False


@inlined
def _highlights(source: Octets, state: State, table: Table, at: int, end: int) -> bool:
    """True when one of the classes is a highlighter's."""
    columns = table[html.CLASSES]
    while at < end:
        row = table[html.CLASSES_ROOT]
        while row and at < end and not table[table[html.TAG] + source[at]] & html.IS_SPACE:
            row = table[row + table[columns + source[at]]]
            if row and table[row + html.VALUE] == html.PREFIX:
                return True
            at += 1
        if row and table[row + html.VALUE] == html.WHOLE:
            return True
        at = find_end(source, state, at, _VALUE_ENDS)
        while at < end and not table[table[html.TAG] + source[at]] & html.IS_SPACE:  # a control character
            at = find_end(source, state, at + 1, _VALUE_ENDS)
        at += 1
    return False


@inlined
def _apply(state: State, meaning: int, closing: bool, self_closing: bool) -> bool:
    """Separate words, count, enter and leave what is hidden; False where raw content cannot follow."""
    kind, step = meaning >> html.CONTENT, -1 if closing else 1
    if state[html.TEMPLATES] > 0:
        if kind == html.TEMPLATE:
            state[html.TEMPLATES] += step
        return not closing
    if state[html.SVGS] > 0 and (closing or not meaning & html.ENDS_SVG):
        if kind == html.SVG and (closing or not self_closing):
            state[html.SVGS] += step
        return False
    state[html.SVGS] = 0
    if meaning & html.BLOCK:
        state[html.GAP] = html.LINE
    elif meaning & html.SPACED:
        state[html.GAP] = max(state[html.GAP], html.WORD)
    if meaning & html.IS_PRE:
        state[html.PREFORMATTED] = max(0, state[html.PREFORMATTED] + step)
        state[html.PRE] += not closing
    elif meaning & html.IS_CODE:
        state[html.CODES] = max(0, state[html.CODES] + step)
        state[html.CODE] += not closing
    elif kind == html.TEMPLATE:
        state[html.TEMPLATES] += not closing
    elif kind == html.SVG:
        state[html.SVGS] += not closing and not self_closing
    return not closing


@inlined
def _meaning(source: Octets, state: State, table: Table, name: int, length: int) -> int:
    """The meaning of the tag with this name, as bits, 0 for names without one."""
    if length > html.LONGEST:
        return 0
    here = window_at(source, state, name)
    begin, rest = lowercase_word(here, length), lowercase_word(here + unsigned(8), length - 8)
    slot = signed(begin * html.SCATTER >> html.SCATTERED)
    while True:
        entry = table[html.TAGS] + html.SLOT * slot
        key = address(table) + unsigned(4 * entry)
        if load_eight(key) == begin and load_eight(key + unsigned(8)) == rest:
            meaning: int = table[entry + 4]
            return meaning
        if load_eight(key) == 0:
            return 0
        slot = (slot + 1) & (html.SLOTS - 1)


@inlined
def note_code(state: State, start: int) -> None:
    """Note that the text from `start` on is code: a part of its own, or more of the last, right behind it."""
    parts, end = state[html.PARTS], state[html.WRITTEN]
    if state[html.PREFORMATTED] > 0:
        state[html.INSIDE] += end - start
    index = html.FIRST_PART + 2 * parts
    if parts and state[index - 1] == start:
        state[index - 1] = end
    elif end > start and parts < html.MOST_PARTS:
        state[index], state[index + 1], state[html.PARTS] = start, end, parts + 1


@inlined
def element(source: Octets, state: State, table: Table, name: int) -> tuple[int, int]:
    """Apply the tag whose name is at `name`; the offset behind it, and its meaning if raw content follows, else 0."""
    kinds, size = table[html.TAG], state[html.SIZE]
    at = find_end(source, state, name, _NAME_ENDS)
    while at < size and not table[kinds + source[at]] & html.ENDS_TAG_NAME:  # a control character
        at = find_end(source, state, at + 1, _NAME_ENDS)
    meaning = _meaning(source, state, table, name, at - name)
    at, class_at, class_end, self_closing = _attributes(source, state, table, at)
    if at == 0:
        return size, 0
    closing = source[name - 1] == html.SLASH
    shown = state[html.TEMPLATES] == 0 and (state[html.SVGS] == 0 or (meaning & html.ENDS_SVG and not closing))
    if class_end > class_at and shown and not closing and _highlights(source, state, table, class_at, class_end):
        state[html.HIGHLIGHT] += 1
    if _apply(state, meaning, closing, self_closing) and 0 < meaning >> html.CONTENT < html.TEMPLATE:
        return at, meaning
    return at, 0


@inlined
def content_end(source: Octets, state: State, table: Table, name: int, at: int, kind: int) -> int:
    """The offset of the end tag for raw content that begins at `at`, or the page's end."""
    size: int = state[html.SIZE]
    if kind == html.PLAINTEXT:
        return size
    if kind == html.SCRIPT:
        return _script_end(source, state, table, at)
    length = 0
    while is_letter(source[name + length]):
        length += 1
    while at < size:
        at = find_byte(source, state, at, html.LESS)
        if at + 1 < size and source[at + 1] == html.SLASH and ends_name(source, table, at + 2 + length, size):
            index = 0
            while index < length and source[at + 2 + index] | 32 == source[name + index] | 32:
                index += 1
            if index == length:
                return at
        at += 1
    return size


@inlined
def _script_end(source: Octets, state: State, table: Table, at: int) -> int:
    """The offset of the end tag of a script; a script within `<!--` within it has an end tag of its own."""
    size: int = state[html.SIZE]
    escaped = 0
    while at < size:
        if not escaped:
            at = find_byte(source, state, at, html.LESS)
        while at < size and source[at] != html.LESS and source[at] != html.DASH:
            at += 1
        if same(source, at, size, b"<!--"):
            if same(source, at + 4, size, b">") or same(source, at + 4, size, b"->"):
                escaped = 0
            elif not escaped:
                escaped = 1
            at += 3
        elif same(source, at, size, b"-->"):
            escaped = 0
        elif same(source, at, size, b"</script") and ends_name(source, table, at + 8, size):
            if escaped < 2:
                return at
            escaped = 1
        elif escaped and same(source, at, size, b"<script") and ends_name(source, table, at + 7, size):
            escaped = 2
        at += 1
    return size


@inlined
def comment_end(source: Octets, state: State, at: int, foreign: bool) -> int:
    """The offset behind the comment, declaration or processing instruction that begins at `at`."""
    size: int = state[html.SIZE]
    if same(source, at, size, b"<!-->"):
        return at + 5
    if same(source, at, size, b"<!--->"):
        return at + 6
    if same(source, at, size, b"<!--"):
        at = find_byte(source, state, at + 4, html.DASH)
        while at < size and not same(source, at, size, b"-->") and not same(source, at, size, b"--!>"):
            at = find_byte(source, state, at + 1, html.DASH)
        return min(size, at + 3 if same(source, at, size, b"-->") else at + 4)
    if foreign and same(source, at, size, b"<![cdata["):
        at += 9
        while at < size and not same(source, at, size, b"]]>"):
            at += 1
        return min(size, at + 3)
    return min(size, find_byte(source, state, at + 2, html.GREATER) + 1)
