"""JSON lines: the objects of a file with the numbers of their lines.

In: the file's bytes, whole or in pieces (of these no more than a piece and a line is held), and its name. Out: (line
number from 1, object). Blank lines are passed over.
Refuses, with file and line, what is no JSON object.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from recall.errors import BadInput, RecallError

LONGEST_LINE = 1 << 30


def json_lines(
    data: bytes | Iterable[bytes],
    source: str,
    expected: str = "a JSON object on one line",
    error: type[RecallError] = BadInput,
    longest: int = LONGEST_LINE,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of JSON lines with their line numbers.

    data: all bytes, or pieces of them that need not end at line ends. Raises `error`, by default BadInput, with
    "source:line: not `expected`", or when a line is longer than about `longest` bytes.
    """
    for number, line in _lines(data, source, error, longest):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise error(f"{source}:{number}: not {expected}")
        yield number, value


def _lines(
    data: bytes | Iterable[bytes], source: str, error: type[RecallError], longest: int
) -> Iterator[tuple[int, bytes]]:
    if isinstance(data, bytes):
        yield from enumerate(data.split(b"\n"), 1)
        return
    rest, number = b"", 1
    for piece in data:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield number, line
            number += 1
        if len(rest) > longest:
            raise error(f"{source}:{number}: a line without end")
    yield number, rest
