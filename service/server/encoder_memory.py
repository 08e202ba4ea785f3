"""The memory of encoders, bounded by what the worker really grew by.

An encoder remembers every distinct word it has met, in tables that double: little when pages repeat themselves, much
when somebody sends words at random. Making it anew takes some 50 ms, which everybody waits for, and it is then the
worker's own and shared no more. So it is done when memory has grown, not when so much text was read.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from recall.model import Tokenizer

MOST_BYTES = 24 << 20
"""That a worker grows by before its encoders are made anew. Tables double at 5, 9, 18, 36 and 70 MB: the fourth is met
by words at random, and after some hundred megabytes of real text; the fifth is not."""
_LOOK_BYTES = 1 << 20
"""Text read between two looks, which take 20 microseconds each."""
_COPIES = 3
"""Times that a body is in memory at most: as it came, as text, as items."""

_STATM = Path("/proc/self/statm")


def anonymous() -> int:
    """Bytes of this process that are no file's; shared with another process or not."""
    resident, files = map(int, _STATM.read_bytes().split()[1:3])
    return (resident - files) * os.sysconf("SC_PAGESIZE")


class EncoderMemory:
    """Makes a worker's encoders anew when they have grown.

    encoders: those of all loaded models; held: bytes of bodies that are in memory just now.
    """

    def __init__(self, encoders: Callable[[], Sequence[Tokenizer]], held: Callable[[], int]) -> None:
        self._encoders = encoders
        self._held = held
        self._known = _STATM.exists()  # elsewhere they are made anew by the text they have read, as in a scan
        self._least = sys.maxsize
        self._read = 0

    def add(self, count: int) -> None:
        """So many bytes were read. Called by who has the turn at scoring: encoders may be replaced."""
        self._read += count
        if self._known and self._read >= _LOOK_BYTES:
            self._read = 0
            self._look()

    def _look(self) -> None:
        encoders = self._encoders()
        now = anonymous() - _COPIES * self._held()
        self._least = min(self._least, now)
        for encoder in encoders:
            encoder.most_bytes = sys.maxsize
        if now - self._least > MOST_BYTES:
            for encoder in encoders:
                encoder.renew()
            self._least = anonymous()
