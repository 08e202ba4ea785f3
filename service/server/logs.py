"""One JSON object a line on stderr. Nothing a caller sent gets there but a checked request id."""

import json
import logging
import os
import sys
import time
import traceback
from types import TracebackType
from typing import Any, Final

LOGGER = logging.getLogger("recall.service")

FRAMES: Final = 12
"""Of a trace that are told, its innermost ones."""

_QUIET = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")


class JsonLines(logging.Formatter):
    """A record as JSON. An exception is told by its type and its frames: its message could hold page content."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "worker": os.getpid(),
            "event": record.getMessage() if record.name == LOGGER.name else f"{record.name}: {record.msg}".strip(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["frames"] = frames_of(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True)


def frames_of(trace: TracebackType | None) -> list[str]:
    """The frames of a trace in words."""
    frames = traceback.extract_tb(trace)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-FRAMES:]]


def set_up(level: str) -> None:
    """Send the service's and the server's log to stderr as JSON lines; the server's chatter only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in (LOGGER.name, *_QUIET):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level.upper() if name == LOGGER.name else logging.WARNING)
    logging.getLogger("uvicorn.access").handlers = []


def say(level: int, event: str, *, error: BaseException | None = None, **fields: Any) -> None:
    """Log an event with its fields. error: the exception that it was."""
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, event, exc_info=error, extra={"fields": fields})
