"""The process that extracts pages: a line of JSON in, a page; a line of JSON out, the answer with its Markdown.

It has so much memory as its argument says. What it did not expect ends it: the exception's type and frames are the last
line of stderr, as JSON without the message, which could hold page content.
"""

import base64
import faulthandler
import logging
import os
import resource
import sys
from types import TracebackType
from typing import Final

from pydantic_core import from_json, to_json

from service.server.logs import frames_of

OUT_OF_MEMORY: Final = 86
"""Exit code of a process that got no more memory."""


def tell(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
    """Write what ended the process, as its last line."""
    sys.stderr.write(to_json({"exception": kind.__name__, "frames": frames_of(trace)}).decode() + "\n")


def serve(memory: int) -> None:
    """Answer line by line until stdin ends."""
    faulthandler.enable()
    sys.excepthook = tell
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    logging.disable()  # libraries' warnings name pages
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else writes there does not write into an answer
    from recall.page.markdown import markdown  # noqa: PLC0415 - the limits come first

    for line in sys.stdin.buffer:
        body, url, charset, echo = from_json(line)
        text = markdown(base64.urlsafe_b64decode(body), url, charset).encode("utf-8", "replace").decode()
        answers.write(to_json({**echo, "markdown": text}) + b"\n")
        answers.flush()


if __name__ == "__main__":
    try:
        serve(int(sys.argv[1]))
    except MemoryError as error:
        tell(type(error), error, error.__traceback__)
        sys.exit(OUT_OF_MEMORY)
