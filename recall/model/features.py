"""Feature tokens of a page's text: how dense each symbol is, how many words and lines look like code.

In: a page's text in UTF-8, before it is lower-cased. Out: indices into FEATURES, one for each symbol and look: `{5`
says that 16 to 31 of 16,000 characters are `{`, `snake0` that no word is snake_case. They say in every language what
lower-cased words cannot.
"""

import numpy as np
from numpy.typing import NDArray

from recall import kernels

Ids = NDArray[np.uint32]
"""Token ids of a text or a line."""

SYMBOLS = "{};=()_<>$#/[]&|\"+*'\\"
"""Counted by density: a symbol's bucket is the bit length of its number among PER characters."""

LOOKS = ("camel", "pascal", "snake", "call", "method", "flag", "file", "ending")
"""In the order of `kernels.symbol_density`, which says what they are. Counted by number, the bucket being its bit
length."""

DENSE, MANY = 15, 10
"""Buckets of symbols and of looks; the last is open above."""

PER = 16_000

FEATURES = tuple(
    [f"{symbol}{bucket}" for symbol in SYMBOLS for bucket in range(DENSE)]
    + [f"{look}{bucket}" for look in LOOKS for bucket in range(MANY)]
)

EXTENSIONS = (
    *("py", "js", "c", "h", "cpp", "hpp", "cc", "java", "php", "sh", "rb", "go", "rs", "xml", "json", "txt", "conf"),
    *("ts", "cs", "sql", "yml", "yaml", "css", "html", "pl", "lua", "cfg", "ini", "exe", "dll", "jar", "log", "md"),
)


def features_of(data: bytes) -> Ids:
    """The features of a text, in the order of FEATURES."""
    return kernels.symbol_features(data, SYMBOLS, EXTENSIONS, (PER, DENSE, MANY))
