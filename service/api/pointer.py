"""The pointer file: one line, a model reference, read again when the file changes; the default follows it.

Every worker looks by itself. A pointer that cannot be followed changes nothing and is logged once.
"""

import asyncio
import logging
import os
from pathlib import Path

from recall.errors import BadInput, RecallError
from recall.io import text_lines
from service.api.models import Models, ModelSource, Version, load, resolve
from service.server.logs import say
from service.server.metrics import SWAPS

LOOK_SECONDS = 0.2


def read_pointer(path: Path) -> ModelSource:
    """What the pointer names; relative paths are read from its folder. Raises BadInput."""
    try:
        lines = [line for line in text_lines(path.read_bytes(), str(path)) if line]
    except OSError:
        raise BadInput(
            f"{path}: a pointer file is one line, a model folder or RUN[@ROUND]; it cannot be read"
        ) from None
    if len(lines) != 1:
        raise BadInput(f"{path}: a pointer file is one line, a model folder or RUN[@ROUND]")
    return resolve(lines[0], path.parent)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - as quick as it can be, it is asked for five times a second
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _follow(path: Path, models: Models) -> Version:
    source = read_pointer(path)
    return models.loaded(source.digest()) or load(source)


async def watch(path: Path, models: Models) -> None:
    """Follow the pointer until cancelled. All but the swap, one assignment, is done in threads."""
    seen = None
    while True:
        stamp = await asyncio.to_thread(_stamp, path)
        if stamp != seen and stamp is not None:
            seen = stamp
            try:
                version = await asyncio.to_thread(_follow, path, models)
            except RecallError as error:
                SWAPS.labels("failed").inc()
                say(logging.ERROR, "pointer not followed", reason=type(error).__name__, detail=str(error))
            else:
                if version is not models.default:
                    models.point(version)
                    SWAPS.labels("swapped").inc()
                    say(logging.INFO, "default model", model=version.version, name=version.name)
        await asyncio.sleep(LOOK_SECONDS)
