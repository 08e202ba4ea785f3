"""Compiled: tags, attributes, comments and raw content, read as the HTML standard's tokenizer reads them.

`slow` says the same in plain Python. Pages, texts, states and tables are bare pointers here; see `kernel`.
"""

from recall.page.text.characters import ends_name, is_letter, same
from recall.page.text.codes import (
    BLOCK,
    CLASSES,
    CLASSES_ROOT,
    CODE,
    CODES,
    CONTENT,
    DASH,
    DOUBLE,
    ENDS_ATTRIBUTE,
    ENDS_BARE,
    ENDS_SVG,
    ENDS_TAG_NAME,
    EQUALS,
    FIRST_PART,
    GAP,
    GREATER,
    HIGHLIGHT,
    INSIDE,
    IS_CODE,
    IS_PRE,
    IS_SPACE,
    LESS,
    LINE,
    LONGEST,
    MOST_PARTS,
    PARTS,
    PLAINTEXT,
    PRE,
    PREFIX,
    PREFORMATTED,
    SCATTER,
    SCATTERED,
    SCRIPT,
    SINGLE,
    SIZE,
    SLASH,
    SLOT,
    SLOTS,
    SPACED,
    SVG,
    SVGS,
    TAG,
    TAGS,
    TEMPLATE,
    TEMPLATES,
    VALUE,
    WHOLE,
    WORD,
    WRITTEN,
    Octets,
    State,
    Table,
)
from recall.page.text.wide import address, compiled, eight, first, first_of, letters, signed, unsigned, window


@compiled
def _attributes(source: Octets, state: State, table: Table, at: int) -> tuple[int, int, int, bool]:
    """The place after the tag, 0 where the page ends first; where the first class's value is; whether `/>` ends it."""
    kinds, size = table[TAG], state[SIZE]
    class_at, class_end, seen, slash = 0, 0, False, False
    while at < size:
        byte = source[at]
        if byte == GREATER:
            return at + 1, class_at, class_end, slash
        if byte == SLASH or table[kinds + byte] & IS_SPACE:
            slash = byte == SLASH
            at += 1
            continue
        slash = False
        start = at
        at = first_of(source, state, at + 1, SLASH, GREATER, EQUALS)
        while at < size and not table[kinds + source[at]] & ENDS_ATTRIBUTE:  # a control character
            at = first_of(source, state, at + 1, SLASH, GREATER, EQUALS)
        is_class = not seen and at - start == 5 and same(source, start, size, b"class")
        while at < size and table[kinds + source[at]] & IS_SPACE:
            at += 1
        value = end = at
        if at < size and source[at] == EQUALS:
            at += 1
            while at < size and table[kinds + source[at]] & IS_SPACE:
                at += 1
            value = at
            if at < size and (source[at] == DOUBLE or source[at] == SINGLE):
                value += 1
                end = first(source, state, value, source[at])
                at = end + 1
            else:
                at = first_of(source, state, at, GREATER, GREATER, GREATER)
                while at < size and not table[kinds + source[at]] & ENDS_BARE:
                    at = first_of(source, state, at + 1, GREATER, GREATER, GREATER)
                end = at
        if is_class:
            class_at, class_end, seen = value, end, True
    return 0, 0, 0, False


@compiled
def _highlights(source: Octets, state: State, table: Table, at: int, end: int) -> bool:
    """True when one of the classes is a highlighter's."""
    columns = table[CLASSES]
    while at < end:
        row = table[CLASSES_ROOT]
        while row and at < end and not table[table[TAG] + source[at]] & IS_SPACE:
            row = table[row + table[columns + source[at]]]
            if row and table[row + VALUE] == PREFIX:
                return True
            at += 1
        if row and table[row + VALUE] == WHOLE:
            return True
        at = first_of(source, state, at, GREATER, GREATER, GREATER)
        while at < end and not table[table[TAG] + source[at]] & IS_SPACE:  # a control character
            at = first_of(source, state, at + 1, GREATER, GREATER, GREATER)
        at += 1
    return False


@compiled
def _apply(state: State, meaning: int, closing: bool, self_closing: bool) -> bool:
    """Part words, count, enter and leave what is hidden; False where raw content cannot follow."""
    kind, step = meaning >> CONTENT, -1 if closing else 1
    if state[TEMPLATES] > 0:
        if kind == TEMPLATE:
            state[TEMPLATES] += step
        return not closing
    if state[SVGS] > 0 and (closing or not meaning & ENDS_SVG):
        if kind == SVG and (closing or not self_closing):
            state[SVGS] += step
        return False
    state[SVGS] = 0
    if meaning & BLOCK:
        state[GAP] = LINE
    elif meaning & SPACED:
        state[GAP] = max(state[GAP], WORD)
    if meaning & IS_PRE:
        state[PREFORMATTED] = max(0, state[PREFORMATTED] + step)
        state[PRE] += not closing
    elif meaning & IS_CODE:
        state[CODES] = max(0, state[CODES] + step)
        state[CODE] += not closing
    elif kind == TEMPLATE:
        state[TEMPLATES] += not closing
    elif kind == SVG:
        state[SVGS] += not closing and not self_closing
    return not closing


@compiled
def _meaning(source: Octets, state: State, table: Table, name: int, length: int) -> int:
    """What the tag with this name means, 0 for names that mean nothing."""
    if length > LONGEST:
        return 0
    here = window(source, state, name)
    begin, rest = letters(here, length), letters(here + unsigned(8), length - 8)
    slot = signed(begin * SCATTER >> SCATTERED)
    while True:
        place = table[TAGS] + SLOT * slot
        key = address(table) + unsigned(4 * place)
        if eight(key) == begin and eight(key + unsigned(8)) == rest:
            meaning: int = table[place + 4]
            return meaning
        if eight(key) == 0:
            return 0
        slot = (slot + 1) & (SLOTS - 1)


@compiled
def note_code(state: State, start: int) -> None:
    """Note that the text from `start` on is code: a part of its own, or more of the last, right behind it."""
    parts, end = state[PARTS], state[WRITTEN]
    if state[PREFORMATTED] > 0:
        state[INSIDE] += end - start
    place = FIRST_PART + 2 * parts
    if parts and state[place - 1] == start:
        state[place - 1] = end
    elif end > start and parts < MOST_PARTS:
        state[place], state[place + 1], state[PARTS] = start, end, parts + 1


@compiled
def element(source: Octets, state: State, table: Table, name: int) -> tuple[int, int]:
    """Apply the tag whose name is at `name`; the place after it, and its meaning where raw content follows, else 0."""
    kinds, size = table[TAG], state[SIZE]
    at = first_of(source, state, name, SLASH, GREATER, GREATER)
    while at < size and not table[kinds + source[at]] & ENDS_TAG_NAME:  # a control character
        at = first_of(source, state, at + 1, SLASH, GREATER, GREATER)
    meaning = _meaning(source, state, table, name, at - name)
    at, class_at, class_end, self_closing = _attributes(source, state, table, at)
    if at == 0:
        return size, 0
    closing = source[name - 1] == SLASH
    shown = state[TEMPLATES] == 0 and (state[SVGS] == 0 or (meaning & ENDS_SVG and not closing))
    if class_end > class_at and shown and not closing and _highlights(source, state, table, class_at, class_end):
        state[HIGHLIGHT] += 1
    if _apply(state, meaning, closing, self_closing) and 0 < meaning >> CONTENT < TEMPLATE:
        return at, meaning
    return at, 0


@compiled
def content_end(source: Octets, state: State, table: Table, name: int, at: int, kind: int) -> int:
    """The place of the end tag for raw content that begins at `at`, or the page's end."""
    size: int = state[SIZE]
    if kind == PLAINTEXT:
        return size
    if kind == SCRIPT:
        return _script_end(source, state, table, at)
    length = 0
    while is_letter(source[name + length]):
        length += 1
    while at < size:
        at = first(source, state, at, LESS)
        if at + 1 < size and source[at + 1] == SLASH and ends_name(source, table, at + 2 + length, size):
            index = 0
            while index < length and source[at + 2 + index] | 32 == source[name + index] | 32:
                index += 1
            if index == length:
                return at
        at += 1
    return size


@compiled
def _script_end(source: Octets, state: State, table: Table, at: int) -> int:
    """The place of the end tag of a script; a script within `<!--` within it has an end tag of its own."""
    size: int = state[SIZE]
    escaped = 0
    while at < size:
        if not escaped:
            at = first(source, state, at, LESS)
        while at < size and source[at] != LESS and source[at] != DASH:
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


@compiled
def comment_end(source: Octets, state: State, at: int, foreign: bool) -> int:
    """The place after the comment, declaration or processing instruction that begins at `at`."""
    size: int = state[SIZE]
    if same(source, at, size, b"<!-->"):
        return at + 5
    if same(source, at, size, b"<!--->"):
        return at + 6
    if same(source, at, size, b"<!--"):
        at = first(source, state, at + 4, DASH)
        while at < size and not same(source, at, size, b"-->") and not same(source, at, size, b"--!>"):
            at = first(source, state, at + 1, DASH)
        return min(size, at + 3 if same(source, at, size, b"-->") else at + 4)
    if foreign and same(source, at, size, b"<![cdata["):
        at += 9
        while at < size and not same(source, at, size, b"]]>"):
            at += 1
        return min(size, at + 3)
    return min(size, first(source, state, at + 2, GREATER) + 1)
