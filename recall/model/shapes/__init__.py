"""Shapes of a page's text as tokens: how dense each symbol is, how many words and lines look like code.

In: a page's text in UTF-8, before it is lower-cased. Out: indices into SHAPES, one for each symbol and look: `{5` says
that 16 to 31 of 16,000 characters are `{`, `snake0` that no word is snake_case. They say in every language what
lower-cased words cannot. `kernel` counts them in one compiled pass; a test holds it against plain Python.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from recall.model.lines import Ids

SYMBOLS = "{};=()_<>$#/[]&|\"+*'\\"
"""Counted by density: a symbol's bucket is the bit length of its number among PER characters."""

LOOKS = ("camel", "pascal", "snake", "call", "method", "flag", "file", "ending")
"""In `kernel`'s order. Counted by number, the bucket being its bit length: camelCase, PascalCase and snake_case words,
`f()`, `.f(`, ` -f`, names of source files, lines that end in ; { or }."""

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
_LOWER, _UPPER, _DIGIT, _UNDER = 1, 2, 3, 4


def shapes_of(data: bytes) -> Ids:
    """The shapes of a text, in the order of SHAPES."""
    from recall.model.shapes.kernel import count  # noqa: PLC0415 - loading a model must not load numba

    out: Ids = np.empty(len(SYMBOLS) + len(LOOKS), np.uint32)
    count(np.frombuffer(data, np.uint8), _tables(), (PER, DENSE, MANY), out)
    return out


@cache
def _tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    """What `kernel` asks of bytes; the symbols; file extensions as numbers, their bytes big-endian, and a zero.

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
    symbols = np.frombuffer(SYMBOLS.encode(), np.uint8)
    extensions = np.array([*(int.from_bytes(name.encode(), "big") for name in EXTENSIONS), 0], dtype=np.int64)
    return np.concatenate([kinds, needs, gives]), symbols, extensions
