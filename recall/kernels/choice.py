"""Whether compiled code runs in this process: unless numba is missing, RECALL_SLOW_TEXT=1 is set, or a caller says no.

A process that reads a few pages ends sooner without it: importing numba takes as long as reading half a megabyte does.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache


class _Setting:
    plain = False


def compiled_code_runs() -> bool:
    """Whether kernels are the compiled ones, else their plain twins, which give the same."""
    return not _Setting.plain and _can_run()


@cache
def _can_run() -> bool:
    if os.environ.get("RECALL_SLOW_TEXT") == "1":
        return False
    try:
        import recall.kernels.html_text  # noqa: F401, PLC0415 - numba takes half a second to import
    except ImportError:
        return False
    return True


@contextmanager
def plainly() -> Iterator[None]:
    """Within the block pages are scored without compiled code."""
    before, _Setting.plain = _Setting.plain, True
    try:
        yield
    finally:
        _Setting.plain = before
