"""The bytes that gzip members hold, member after member, in bounded memory; a plain file is one member.

In: a reader of the stored bytes. Out: what they hold, piece by piece, and where each member lies. Checksums and sizes
are compared at the end of each member. Zeros and white space between members are padding. Refuses, as ShardCorrupt that
names the member's byte, members that are cut or broken, and bytes that are neither.
"""

import re
import zlib

from recall.archive.warc.window import Reader
from recall.errors import ShardCorrupt

GZIP = b"\x1f\x8b\x08"
_READ = 64 << 10
_OUTPUT = 1 << 20
_SLICE = 16 << 10
"""Stored bytes that are inflated at once, counted from the member's start, so that damage is told alike however the
bytes arrive. What is left behind a member's end is copied, so it is little."""

BLANK = b"\r\n\t\v\f "
_BLANK = re.compile(rb"[%b\0]*" % BLANK)


class Members:
    """Goes through the members. held: bytes that were unpacked and not taken.

    start: where the present member lies; position: the stored byte that comes next; fresh: nothing was taken of the
    member; padded: zeros in it were passed over since something was taken.
    """

    def __init__(self, stream: Reader, url: str, *, gzipped: bool) -> None:
        self._stream, self._url = stream, url
        self._input, self._used = b"", 0
        self._inflater: zlib._Decompress | None = None
        self._entered = False
        self.gzipped = gzipped
        self.held = bytearray()
        self.start, self.fresh = stream.tell(), True
        self.padded = False

    @property
    def position(self) -> int:
        """Where the next stored byte lies that was not unpacked; in a plain file, the next one that was not taken."""
        return self._stream.tell() - len(self._input) + self._used - (0 if self.gzipped else len(self.held))

    def enter(self) -> bool:
        """Begin the next member, past padding; False at the end of the file."""
        if not self.gzipped:
            first, self._entered = not self._entered, True
            return first
        while True:
            blank = _BLANK.match(self._input, self._used)
            self._used = blank.end() if blank else self._used
            if len(self._input) - self._used >= len(GZIP) or not self._read_on():
                break
        first_bytes = self._input[self._used : self._used + len(GZIP)]
        self.start, self.fresh, self.padded = self.position, True, False
        if not first_bytes:
            return False
        if first_bytes != GZIP:
            cut = GZIP.startswith(first_bytes)
            raise corrupt(self._url, self.start, CUT if cut else "no gzip member begins here, and no padding")
        self._inflater = zlib.decompressobj(31)
        return True

    def pull(self) -> bool:
        """Unpack more of the member; False at its end, after its checksum was compared."""
        if not self.gzipped:
            piece = self._stream.read(_READ) if self._entered else b""
            self.held += piece
            return bool(piece)
        while self._inflater is not None:
            inflater = self._inflater
            data = inflater.unconsumed_tail or self._next_input()
            if not data:
                raise corrupt(self._url, self.start, CUT)
            try:
                piece = inflater.decompress(data, _OUTPUT)
            except zlib.error as error:
                raise corrupt(self._url, self.start, f"broken gzip member: {error}") from None
            if inflater.eof:
                self._used -= len(inflater.unused_data)
                self._inflater = None
            if piece:
                self.held += piece
                return True
        return False

    def fill(self, size: int) -> None:
        """Unpack until so many bytes are held, or the member's rest."""
        while len(self.held) < size and self.pull():
            pass

    def take(self, size: int) -> bytearray:
        """The next bytes of what is held."""
        taken = self.held[:size]
        del self.held[:size]
        self.fresh = self.padded = False
        return taken

    def skip_blank(self) -> bool:
        """Pass over white space and zeros; False when the member holds nothing else."""
        while True:
            blank = _BLANK.match(self.held)
            if blank:
                self.padded |= b"\0" in blank[0]
                del self.held[: blank.end()]
            if self.held:
                return True
            if not self.pull():
                return False

    def _next_input(self) -> bytes:
        while len(self._input) - self._used < _SLICE and self._read_on():
            pass
        data = self._input[self._used : self._used + _SLICE]
        self._used += len(data)
        return data

    def _read_on(self) -> bool:
        """Read stored bytes; False at the end of the file."""
        more = self._stream.read(_READ)
        self._input, self._used = self._input[self._used :] + more, 0
        return bool(more)


CUT = "truncated: the file ends inside this record"


def corrupt(url: str, position: int, reason: str) -> ShardCorrupt:
    """The one line that says which file is broken where."""
    return ShardCorrupt(f"{url}: byte {position}: {reason}")
