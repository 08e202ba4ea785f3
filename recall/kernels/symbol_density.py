"""How dense each symbol of a text is, and how many words and lines look like code: counted in one pass.

In: a text in UTF-8 as it was written, the symbols, the known file extensions. Out: one bucket for each symbol, then one
for each look, in the order of the constants below. The pass has no branches; then the few offsets that it noted are
looked at. `plain_twins.plain_symbol_features` says the same with regular expressions.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.kernels.native import compiled, inlined, pointer
from recall.kernels.plain_twins import CALL, CAMEL, ENDING, FILE, FLAG, LOOK_COUNT, METHOD, PASCAL, SNAKE, Buckets

_LONGEST = 4
"""Bytes of the longest file extension."""
_FAR = 64
"""Bytes of a word that are looked back at: a page may be one word."""
_LOWER, _UPPER, _DIGIT, _UNDER = 1, 2, 3, 4
_DOT, _DASH, _OPEN, _CLOSE, _SPACE, _BREAK, _LOW_LINE = 46, 45, 40, 41, 32, 10, 95
_SEMICOLON, _BEGIN, _END = 59, 123, 125
_NEEDS, _GIVES = 256, 512


def symbol_features(data: bytes, symbols: str, extensions: tuple[str, ...], buckets: Buckets) -> NDArray[np.uint32]:
    """The features of a text: uint32 of shape (symbols + looks,), each numbered behind all buckets of those before."""
    out = np.empty(len(symbols) + LOOK_COUNT, np.uint32)
    _count(np.frombuffer(data, np.uint8), _tables(symbols, extensions), buckets, out)
    return out


@cache
def _tables(symbols: str, extensions: tuple[str, ...]) -> tuple[NDArray[Any], ...]:
    """Facts about bytes; the symbols; file extensions as numbers, their bytes big-endian, and a zero.

    Of each byte: its kind of word character, what it needs before it and what it is before another. A look may begin
    or end where a byte needs what the byte before it is, both being sets of bits: 1 a word character (needed by low
    lines, dots and brackets), 2 anything (by dashes), 4 what may end a line of code (by line ends), 8 a small letter
    (by capitals).
    """
    kinds, needs, gives = np.zeros((3, 256), dtype=np.uint8)
    for kind, first, last in ((_LOWER, "a", "z"), (_UPPER, "A", "Z"), (_DIGIT, "0", "9"), (_UNDER, "_", "_")):
        kinds[ord(first) : ord(last) + 1] = kind
    gives[:] = 2
    gives[kinds > 0] |= 1
    gives[list(b" ;{}")] |= 4
    gives[kinds == _LOWER] |= 8
    needs[kinds == _UPPER] = 8
    needs[list(b"_.(")] = 1
    needs[ord("-")], needs[ord("\n")] = 2, 4
    packed = np.array([*(int.from_bytes(name.encode(), "big") for name in extensions), 0], dtype=np.int64)
    return np.concatenate([kinds, needs, gives]), np.frombuffer(symbols.encode(), np.uint8), packed


@compiled
def _count(text: Any, tables: Any, buckets: Any, out: Any) -> None:
    """Write the features of a text to `out`."""
    classes, symbols, extensions = tables
    size = len(text)
    octets = np.zeros(1024, np.int32)  # four counts of each byte: one would wait for itself in runs of a byte
    offsets, counts = np.empty(size + 1, np.int32), np.zeros(LOOK_COUNT, np.int64)
    source, kinds, number_of, offset_of = pointer(text), pointer(classes), pointer(octets), pointer(offsets)
    noted, before = 0, np.uint8(_SPACE)
    for at in range(size):
        byte = source[at]
        number_of[(at & 3) << 8 | byte] += 1
        offset_of[noted] = at
        noted += kinds[_NEEDS + byte] & kinds[_GIVES + before] != 0
        before = byte
    known = pointer(extensions)
    for index in range(noted):
        where: Any = np.int64(offsets[index])  # not by its pointer: numba frees an array after its last use
        look = _look(source, size, kinds, known, where)
        if look >= 0:
            counts[look] += 1
    numbers = octets[:256] + octets[256:512] + octets[512:768] + octets[768:]
    characters = max(1, size - numbers[0x80:0xC0].sum())
    per, dense, many = buckets
    for index in range(len(out)):
        symbol = index < len(symbols)
        number = np.int64(numbers[symbols[index]]) * per // characters if symbol else counts[index - len(symbols)]
        bucket = 0
        while number:
            number >>= 1
            bucket += 1
        start = index * dense if symbol else len(symbols) * dense + (index - len(symbols)) * many
        out[index] = start + min(bucket, dense - 1 if symbol else many - 1)


@inlined
def _file(text: Any, size: int, kinds: Any, known: Any, at: int) -> int:
    """FILE when the dot at `at`, behind a word, begins one of the known extensions, which end with a zero."""
    packed, end = 0, at + 1
    while end < size and end - at <= _LONGEST and kinds[text[end]]:
        packed = packed << 8 | (text[end] | 32)
        end += 1
    if packed == 0 or (end < size and kinds[text[end]]):
        return -1
    index = 0
    while known[index] and known[index] != packed:
        index += 1
    return FILE if known[index] else -1


@inlined
def _word(text: Any, size: int, kinds: Any, at: int) -> int:
    """The look of the word before `at` with the bracket, low line or capital there, decided at its first joint."""
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


@inlined
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
        first = text[at - 2] if before == _DASH and at > 1 else before
        apart = at == 0 or first == _SPACE or first == _BREAK  # noqa: PLR1714 - a tuple would be a loop
        return FLAG if apart and kinds[after] == _LOWER else -1
    look: int = _file(text, size, kinds, known, at) if byte == _DOT else _word(text, size, kinds, at)
    return look
