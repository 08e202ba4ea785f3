"""Files outside a run's folder: written whole or not at all, never over one that is there."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from recall.errors import BadInput


@contextmanager
def written(target: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes appear under the name when all went well. Raises BadInput for a name that is taken."""
    if target.exists():
        raise BadInput(f"{target}: exists already; choose another name or remove it")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, target)
    except OSError as error:
        raise BadInput(f"{target}: cannot be written: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
