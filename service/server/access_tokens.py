"""Bearer tokens: read from a file or the environment, compared in constant time, kept as digests, never logged."""

import hmac
import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from recall.errors import BadInput
from recall.io import text_lines

VARIABLE = "RECALL_SERVICE_TOKENS"
SHORTEST = 16


def digests_of(tokens: Iterable[str]) -> tuple[bytes, ...]:
    """What is kept of tokens. Raises BadInput for one that is too short to be a secret."""
    found = [token.strip() for token in tokens if token.strip()]
    if any(len(token) < SHORTEST for token in found):
        raise BadInput(f"serve: a bearer token has at least {SHORTEST} characters")
    return tuple(sha256(token.encode()).digest() for token in found)


def read_tokens(path: Path | None) -> tuple[bytes, ...]:
    """Tokens of a file, one a line, and of RECALL_SERVICE_TOKENS, comma-separated; none: nobody is asked for one.

    Raises BadInput for a file that cannot be read or holds none.
    """
    lines: list[str] = []
    if path is not None:
        try:
            lines = text_lines(path.read_bytes(), str(path))
        except OSError:
            raise BadInput(f"{path}: the tokens file cannot be read") from None
        if not any(lines):
            raise BadInput(f"{path}: holds no token; one a line is expected")
    return digests_of([*lines, *os.environ.get(VARIABLE, "").split(",")])


def admits(digests: tuple[bytes, ...], authorization: bytes) -> bool:
    """True when an Authorization header carries one of the tokens. Every digest is compared, whichever it is."""
    scheme, _, token = authorization.partition(b" ")
    given = sha256(token.strip()).digest()
    found = [hmac.compare_digest(given, digest) for digest in digests]
    return any(found) and scheme.lower() == b"bearer"
