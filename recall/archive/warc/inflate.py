"""gzip members, one after the other, by libdeflate: twice as fast as zlib, whole members only.

In: a stream. Out: each member's bytes in a room that is used again, and where the member ends; its checksum and size
were verified. A member that is cut, broken or too large is not told apart from what is no member: whoever needs to
know looks again with `members`. libdeflate comes with the package `deflate`, whose own functions do not tell where a
member ends, so its C functions are called; where they cannot be found, `Inflater.make` gives None.
"""

import ctypes
from functools import cache

from recall.archive.warc.members import GZIP, Reader

MAX_INPUT = 32 << 20
"""Stored bytes of a member that are looked at before it counts as too large."""

_READ = 1 << 20
_FIRST_ROOM = 2 << 20
_NO_ROOM = 3
_SIZE = ctypes.c_size_t


@cache
def _library() -> ctypes.CDLL | None:
    try:
        from deflate import _deflate  # noqa: PLC0415 - only WARCs need it

        library = ctypes.CDLL(_deflate.__file__)
        inflate, make = library.libdeflate_gzip_decompress_ex, library.libdeflate_alloc_decompressor
    except (ImportError, OSError, AttributeError):
        return None
    number = ctypes.POINTER(_SIZE)
    inflate.argtypes = [ctypes.c_void_p, ctypes.c_void_p, _SIZE, ctypes.c_void_p, _SIZE, number, number]
    inflate.restype = ctypes.c_int
    make.argtypes, make.restype = [], ctypes.c_void_p
    library.libdeflate_free_decompressor.argtypes = [ctypes.c_void_p]
    return library


class Inflater:
    """Members of a stream from where it stands. room, view: the last one's bytes; start, end: where it lay."""

    def __init__(self, stream: Reader, largest: int, library: ctypes.CDLL) -> None:
        self._stream, self._largest, self._library = stream, largest, library
        self._decompressor = library.libdeflate_alloc_decompressor()
        self._inflate = library.libdeflate_gzip_decompress_ex
        self._window, self._address, self._at = b"", 0, 0
        self._ended = False
        self._used, self._written = _SIZE(), _SIZE()
        self.start = self.end = stream.tell()
        self._make_room(min(_FIRST_ROOM, largest))

    @classmethod
    def make(cls, stream: Reader, largest: int) -> "Inflater | None":
        """An inflater of members that hold at most `largest` bytes, or None without libdeflate."""
        library = _library()
        return None if library is None else cls(stream, largest, library)

    def close(self) -> None:
        """Give its memory back; no member can be read any more."""
        self._library.libdeflate_free_decompressor(self._decompressor)
        self._decompressor = None

    def next(self) -> int:
        """Inflate the next member: its size in `room`, 0 at the stream's end, -1 where no whole member follows."""
        references = ctypes.byref(self._used), ctypes.byref(self._written)
        while True:
            left = len(self._window) - self._at
            result = 1
            if left and self._window.startswith(GZIP, self._at):
                where, size = self._address + self._at, len(self.room)
                result = self._inflate(self._decompressor, where, left, self._room_address, size, *references)
            elif left >= len(GZIP):
                return -1
            if result == 0 and self._written.value:
                self.start, self.end = self.end, self.end + self._used.value
                self._at += self._used.value
                return self._written.value
            if result == 0 or (result == _NO_ROOM and len(self.room) == self._largest):
                return -1
            if result == _NO_ROOM:
                self._make_room(self._largest)
            elif self._ended or left > MAX_INPUT:
                return -1 if left else 0
            else:
                self._read_on(max(_READ, left))

    def _read_on(self, size: int) -> None:
        """Take at least `size` more bytes into the window, where there are so many."""
        pieces = [self._window[self._at :]]
        while size > 0 and not self._ended:
            piece = self._stream.read(_READ)
            pieces.append(piece)
            size -= len(piece)
            self._ended = not piece
        self._window, self._at = b"".join(pieces), 0
        self._address = ctypes.cast(ctypes.c_char_p(self._window), ctypes.c_void_p).value or 0

    def _make_room(self, size: int) -> None:
        self.room = bytearray(size)
        self.view = memoryview(self.room)
        self._held = (ctypes.c_char * size).from_buffer(self.room)
        self._room_address = ctypes.addressof(self._held)
