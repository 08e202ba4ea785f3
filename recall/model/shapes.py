"""Shapes of a page's text as tokens: how dense each symbol is, how many words and lines look like code.

In: a page's text in UTF-8, before it is lower-cased. Out: indices into SHAPES, one for each symbol and look: `{5` says
that 16 to 31 of 16,000 characters are `{`, `snake0` that no word is snake_case. They say in every language what
lower-cased words cannot. One compiled pass over the bytes; a test holds it against plain Python.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.model.lines import Ids

SYMBOLS = "{};=()_<>$#/[]&|\"+*'\\"
"""Counted by density: a symbol's bucket is the bit length of its number among PER characters."""

LOOKS = ("camel", "pascal", "snake", "call", "method", "flag", "file", "ending")
"""Counted by number, the bucket being its bit length: camelCase, PascalCase and snake_case words, `f()`, `.f(`, ` -f`,
names of source files, lines that end in ; { or }."""

DENSE, MANY = 15, 10
"""Buckets of symbols and of looks; the last is open above."""

PER = 16_000

SHAPES = tuple(
    [f"{symbol}{bucket}" for symbol in SYMBOLS for bucket in range(DENSE)]
    + [f"{look}{bucket}" for look in LOOKS for bucket in range(MANY)]
)

EXTENSIONS = (
    *("py", "js", "c", "h", "cpp", "hpp", "cc", "java", "php", "sh", "rb", "go", "rs", "xml", "json", "txt", "conf"),
    *("ts", "cs", "sql", "yml", "yaml", "css", "html", "pl", "lua", "cfg", "ini", "exe", "dll", "jar", "log", "md"),
)
_LONGEST = 4
_FAR = 64
"""Bytes of a word that are looked back at: a page may be one word."""

_LOWER, _UPPER, _DIGIT, _UNDER = 1, 2, 3, 4
_DOT, _DASH, _OPEN, _CLOSE, _SPACE, _BREAK, _LOW_LINE = (ord(char) for char in ".-() \n_")
_SOLID = tuple(ord(char) for char in ";{}")
_ENDING_NEEDS = (_SPACE, *_SOLID)
_KINDS, _COUNTS = len(SYMBOLS), len(SYMBOLS) + len(LOOKS)
_CAMEL, _PASCAL, _SNAKE, _CALL, _METHOD, _FLAG, _FILE, _ENDING = range(_KINDS, _COUNTS)


def shapes_of(data: bytes) -> Ids:
    """The shapes of a text, in the order of SHAPES."""
    out: Ids = np.empty(_COUNTS, np.uint32)
    _loop()(np.frombuffer(data, np.uint8), _classes(), _symbols(), _extensions(), out)
    return out


@cache
def _symbols() -> NDArray[np.uint8]:
    return np.frombuffer(SYMBOLS.encode(), np.uint8)


@cache
def _classes() -> NDArray[np.uint8]:
    """By byte: the kind of word character in the low four bits, and 16 where a look may begin or end."""
    table = np.zeros(256, dtype=np.uint8)
    for kind, first, last in ((_LOWER, "a", "z"), (_UPPER, "A", "Z"), (_DIGIT, "0", "9"), (_UNDER, "_", "_")):
        table[ord(first) : ord(last) + 1] = kind
    for byte in (*range(ord("A"), ord("Z") + 1), _DOT, _DASH, _OPEN, _BREAK, _LOW_LINE):
        table[byte] |= 16
    return table


@cache
def _extensions() -> NDArray[np.int64]:
    """File extensions as numbers, sorted: their bytes, big-endian."""
    return np.array(sorted(int.from_bytes(name.encode(), "big") for name in EXTENSIONS), dtype=np.int64)


@cache
def _loop() -> Callable[..., None]:
    import numba  # noqa: PLC0415 - loading a model must not load it

    compiled = numba.njit(cache=True, nogil=True)
    look = compiled(_look_with(compiled(_file), compiled(_word)))
    loop: Callable[..., None] = compiled(_shape_with(look))
    return loop


def _look_with(file: Any, word: Any) -> Callable[..., int]:
    def look(text: Any, kinds: Any, known: Any, at: int) -> int:
        """Place of the look that the byte at `at` completes or begins, -1 for none."""
        size, byte = len(text), text[at]
        before = text[at - 1] if at else _SPACE
        after = text[at + 1] if at + 1 < size else _SPACE
        kind = kinds[before] & 15
        if byte == _BREAK:
            back = at - 1
            while back >= 0 and text[back] == _SPACE:
                back -= 1
            return _ENDING if back >= 0 and text[back] in _SOLID else -1
        if byte == _DASH:
            ahead = text[at - 2] if before == _DASH and at > 1 else before
            return _FLAG if kinds[after] & 15 == _LOWER and (at == 0 or ahead in (_SPACE, _BREAK)) else -1
        if kind == 0:
            return -1
        found: int = file(text, kinds, known, at) if byte == _DOT else word(text, kinds, at)
        return found

    return look


def _file(text: Any, kinds: Any, known: Any, at: int) -> int:
    """_FILE when the dot at `at`, behind a word, begins a known extension."""
    packed, end, size = 0, at + 1, len(text)
    while end < size and end - at <= _LONGEST and kinds[text[end]] & 15:
        packed = packed << 8 | (text[end] | 32)
        end += 1
    if packed == 0 or (end < size and kinds[text[end]] & 15):
        return -1
    place = np.searchsorted(known, packed)
    return _FILE if place < len(known) and known[place] == packed else -1


def _word(text: Any, kinds: Any, at: int) -> int:
    """What the word before `at` looks like with the bracket, low line or capital there, told at its first joint."""
    byte, kind = text[at], kinds[text[at - 1]] & 15
    after = text[at + 1] if at + 1 < len(text) else _SPACE
    start, joints = at - 1, 0
    while start > 0 and at - start < _FAR and kinds[text[start - 1]] & 15:
        start -= 1
        pair = kinds[text[start]] & 15, kinds[text[start + 1]] & 15
        joints += pair == (_LOWER, _UPPER) or (pair[0] == _UNDER and pair[1] != _UNDER)
    if byte == _OPEN:
        return _CALL if after == _CLOSE else _METHOD if start and text[start - 1] == _DOT else -1
    if joints:
        return -1
    if byte == _LOW_LINE:
        return _SNAKE if kind != _UNDER and kinds[after] & 15 else -1
    first = kinds[text[start]] & 15
    return -1 if kind != _LOWER else _CAMEL if first == _LOWER else _PASCAL if first == _UPPER else -1


def _shape_with(look: Any) -> Callable[..., None]:
    def shape(text: Any, kinds: Any, symbols: Any, known: Any, out: Any) -> None:
        """Write the shapes of a text to `out`."""
        octets, counts = np.zeros(256, np.int64), np.zeros(_COUNTS, np.int64)
        for at in range(len(text)):
            byte = text[at]
            octets[byte] += 1
            if kinds[byte] & 16:
                near = text[at - 1] if at else _SPACE
                plain_break = byte == _BREAK and near not in _ENDING_NEEDS
                if plain_break or (byte not in (_BREAK, _DASH) and kinds[near] & 15 == 0):
                    continue  # most of them: told without a call, which costs more than all else here
                found = look(text, kinds, known, at)
                if found >= 0:
                    counts[found] += 1
        characters = max(1, len(text) - octets[0x80:0xC0].sum())
        for place in range(_COUNTS):
            symbol = place < _KINDS
            count = octets[symbols[place]] * PER // characters if symbol else counts[place]
            bucket = 0
            while count:
                count >>= 1
                bucket += 1
            start = place * DENSE if symbol else _KINDS * DENSE + (place - _KINDS) * MANY
            out[place] = start + min(bucket, DENSE - 1 if symbol else MANY - 1)

    return shape
