"""Compiled: the shapes of a text, counted in one pass without branches, then a look at the few places it finds."""

from collections.abc import Callable
from typing import Any

import numpy as np

from recall.model.lines.bare import compiled, inner, pointer

CAMEL, PASCAL, SNAKE, CALL, METHOD, FLAG, FILE, ENDING = range(8)

_LONGEST = 4
"""Bytes of the longest file extension."""
_FAR = 64
"""Bytes of a word that are looked back at: a page may be one word."""
_LOWER, _UPPER, _UNDER = 1, 2, 4
_DOT, _DASH, _OPEN, _CLOSE, _SPACE, _BREAK, _LOW_LINE = 46, 45, 40, 41, 32, 10, 95
_SEMICOLON, _BEGIN, _END = 59, 123, 125
_NEEDS, _GIVES = 256, 512


@inner
def _file(text: Any, size: int, kinds: Any, known: Any, at: int) -> int:
    """FILE when the dot at `at`, behind a word, begins one of the known extensions, which end with a zero."""
    packed, end = 0, at + 1
    while end < size and end - at <= _LONGEST and kinds[text[end]]:
        packed = packed << 8 | (text[end] | 32)
        end += 1
    if packed == 0 or (end < size and kinds[text[end]]):
        return -1
    place = 0
    while known[place] and known[place] != packed:
        place += 1
    return FILE if known[place] else -1


@inner
def _word(text: Any, size: int, kinds: Any, at: int) -> int:
    """What the word before `at` looks like with the bracket, low line or capital there, told at its first joint."""
    byte, kind = text[at], kinds[text[at - 1]]
    after = text[at + 1] if at + 1 < size else _SPACE
    start, joints = at - 1, 0
    while start > 0 and at - start < _FAR and kinds[text[start - 1]]:
        start -= 1
        first, second = kinds[text[start]], kinds[text[start + 1]]
        joints += (first == _LOWER and second == _UPPER) or (first == _UNDER and second != _UNDER)
    if byte == _OPEN:
        return CALL if after == _CLOSE else METHOD if start and text[start - 1] == _DOT else -1
    if joints:
        return -1
    if byte == _LOW_LINE:
        return SNAKE if kind != _UNDER and kinds[after] else -1
    first = kinds[text[start]]
    return -1 if kind != _LOWER else CAMEL if first == _LOWER else PASCAL if first == _UPPER else -1


@inner
def _look(text: Any, size: int, kinds: Any, known: Any, at: int) -> int:
    """The look that the byte at `at` completes or begins, -1 for none."""
    byte = text[at]
    before = text[at - 1] if at else _SPACE
    if byte == _BREAK:
        back = at - 1
        while back >= 0 and text[back] == _SPACE:
            back -= 1
        solid = back >= 0 and (text[back] == _SEMICOLON or text[back] == _BEGIN or text[back] == _END)
        return ENDING if solid else -1
    if byte == _DASH:
        after = text[at + 1] if at + 1 < size else _SPACE
        ahead = text[at - 2] if before == _DASH and at > 1 else before
        apart = at == 0 or ahead == _SPACE or ahead == _BREAK  # noqa: PLR1714 - a tuple would be a loop
        return FLAG if apart and kinds[after] == _LOWER else -1
    look: int = _file(text, size, kinds, known, at) if byte == _DOT else _word(text, size, kinds, at)
    return look


def _count(text: Any, tables: Any, bounds: Any, out: Any) -> None:
    """Write the shapes of a text to `out`."""
    classes, symbols, extensions = tables
    size = len(text)
    octets = np.zeros(1024, np.int32)  # four counts of each byte: one would wait for itself in runs of a byte
    places, counts = np.empty(size + 1, np.int32), np.zeros(8, np.int64)
    source, kinds, number_of, place_of = pointer(text), pointer(classes), pointer(octets), pointer(places)
    found, before = 0, np.uint8(_SPACE)
    for at in range(size):
        byte = source[at]
        number_of[(at & 3) << 8 | byte] += 1
        place_of[found] = at
        found += kinds[_NEEDS + byte] & kinds[_GIVES + before] != 0
        before = byte
    known = pointer(extensions)
    for index in range(found):
        where = np.int64(places[index])  # not by its pointer: numba frees an array after its last use
        look = _look(source, size, kinds, known, where)
        if look >= 0:
            counts[look] += 1
    numbers = octets[:256] + octets[256:512] + octets[512:768] + octets[768:]
    characters = max(1, size - numbers[0x80:0xC0].sum())
    per, dense, many = bounds
    for place in range(len(out)):
        symbol = place < len(symbols)
        number = np.int64(numbers[symbols[place]]) * per // characters if symbol else counts[place - len(symbols)]
        bucket = 0
        while number:
            number >>= 1
            bucket += 1
        start = place * dense if symbol else len(symbols) * dense + (place - len(symbols)) * many
        out[place] = start + min(bucket, dense - 1 if symbol else many - 1)


count: Callable[..., None] = compiled(_count)
