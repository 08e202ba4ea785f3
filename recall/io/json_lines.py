"""JSON lines: the objects of a file with the numbers of their lines.

In: the file's bytes, whole or in pieces (of these no more than a piece and a line is held), and its name; packed or
with a byte order mark as `text_lines` reads them. Out: (line number from 1, object). Blank lines and zeros that fill a
file up are passed over.
Refuses, with file, line and reason, what is no JSON object on one line, and an object that has a key twice which is
read; of other keys the last counts, as in Python.
"""

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from typing import Any

from recall.errors import BadInput, RecallError
from recall.io.text_lines import utf8_of

LONGEST_LINE = 1 << 30
_SHOWN = 80
"""Characters of a key that an error shows."""


def json_lines(
    data: bytes | Iterable[bytes],
    source: str,
    expected: str = "a JSON object on one line",
    error: type[RecallError] = BadInput,
    longest: int = LONGEST_LINE,
    keys: Container[str] | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of JSON lines with their line numbers.

    data: all bytes, or pieces of them that need not end at line ends. keys: those that are read, None for all. Raises
    `error`, by default BadInput, with
    "source:line: not `expected`" and the reason, or when a line is longer than about `longest` bytes.
    """
    for number, value in json_rows(data, source, error, longest, keys):
        if isinstance(value, str):
            raise error(f"{source}:{number}: not {expected} ({value})")
        yield number, value


def json_rows(
    data: bytes | Iterable[bytes],
    source: str,
    error: type[RecallError] = BadInput,
    longest: int = LONGEST_LINE,
    keys: Container[str] | None = None,
) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """As `json_lines`, where a line that is no such object is the reason why, and the lines behind it are read."""
    pieces = utf8_of([data] if isinstance(data, bytes) else data, source, error)
    decoder = _Decoder(keys)
    for number, raw in _lines(pieces, source, error, longest):
        line = raw.rstrip(b" \t\0")
        if not line or line.isspace():
            continue
        try:
            yield number, decoder.object(line)
        except (ValueError, RecursionError) as reason:
            yield number, str(reason)


class _Decoder:
    """Python's decoder of JSON, that tells when an object has one of `keys` twice, not of the objects inside it."""

    def __init__(self, keys: Container[str] | None) -> None:
        self._keys = keys
        self._twice: list[str] = []
        self._decoder = json.JSONDecoder(object_pairs_hook=self._paired)

    def _paired(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        self._twice = []
        if len(value) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            self._twice = [name for name in counts if counts[name] > 1]
        return value

    def object(self, line: bytes) -> dict[str, Any]:
        """The object of a line. Raises ValueError with the reason, RecursionError for what is nested too deep."""
        if b"\0" in line:
            raise ValueError("NUL bytes")
        try:
            value = self._decoder.decode(line.decode("utf-8", "surrogatepass"))
        except UnicodeDecodeError as bad:
            raise ValueError(f"not UTF-8 at byte {bad.start} of the line") from None
        except json.JSONDecodeError as bad:
            if line.strip() in (b"{", b"["):
                raise ValueError("it goes over several lines") from None
            raise ValueError(f"{bad.msg} at character {bad.pos}") from None
        if not isinstance(value, dict):
            raise ValueError("not an object")
        if self._twice:
            twice = [name for name in self._twice if self._keys is None or name in self._keys]
            if twice:
                raise ValueError(f"has the key {twice[0][:_SHOWN]!r} twice")
        return value


def _lines(pieces: Iterable[bytes], source: str, error: type[RecallError], longest: int) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers; they end with LF, CRLF or CR, which JSON has nowhere inside a string."""
    held: list[bytes] = []
    length, number = 0, 1
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if b"\n" in piece or b"\r" in piece:
            block = b"".join(held)
            lines = block.splitlines()
            last = b"" if block.endswith(b"\n") else lines.pop()
            held = [last, b"\r"] if block.endswith(b"\r") else [last]  # an LF may follow
            length = len(last)
            yield from enumerate(lines, number)
            number += len(lines)
        if length > longest:
            raise error(f"{source}:{number}: a line without end")
    yield from enumerate(b"".join(held).splitlines(), number)
