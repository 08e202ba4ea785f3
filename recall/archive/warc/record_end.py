"""Where a record ends, measured without trusting FastWARC: the check that a file is whole.

FastWARC stops silently at a cut gzip member, at an empty member and at the end of a file that lacks its last bytes.
`check_record` reads one record again from its first byte, gzip checksums included. Out: where it ends and where the
next bytes begin that are no padding. Refuses, as ShardCorrupt, a record that is cut, broken, or not as long as its
header says. Bounded memory: bytes are counted, not kept.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from recall.archive.warc.window import Reader
from recall.config import AccessSection
from recall.errors import ShardCorrupt
from recall.io import open_stream

GZIP = b"\x1f\x8b\x08"
MAX_WARC_HEAD = 64 << 10
_READ = 64 << 10
_OUTPUT = 1 << 20
_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(\d{1,18})[ \t]*\r?$")
_NOT_ITS_MEMBER = "its gzip member does not end with it: a wrong Content-Length, or several records in one member"
_READ_AHEAD = 200
"""Records that are looked at to find the one that stopped the reader, which reads ahead by less."""

_BLANK = b"\r\n\t\v\f \0"


@dataclass(frozen=True, slots=True)
class Checked:
    """end: first byte after the record; following: where the next record begins, None at the end of the file."""

    end: int
    following: int | None


class _Members:
    """The decompressed pieces of a stream, member by member; a plain file is one member."""

    def __init__(self, stream: Reader, *, gzipped: bool) -> None:
        self._stream = stream
        self.gzipped = gzipped
        self._input = b""

    @property
    def position(self) -> int:
        """Where the next stored byte lies in the file."""
        return self._stream.tell() - len(self._input)

    def starts(self) -> bytes:
        """The next stored bytes, b"" at the end of the file; bytes of padding (zeros, line ends) are passed over."""
        while True:
            self._input = self._input.lstrip(_BLANK)
            if len(self._input) >= len(GZIP):
                return self._input
            more = self._stream.read(_READ)
            if not more:
                return self._input
            self._input += more

    def pieces(self) -> Iterator[bytes]:
        """Decompressed bytes of the member that begins here. Raises EOFError when it is cut, zlib.error when broken."""
        if not self.gzipped:
            while piece := self._input or self._stream.read(_READ):
                self._input = b""
                yield piece
            return
        inflater = zlib.decompressobj(31)
        while not inflater.eof:
            data = inflater.unconsumed_tail or self._input or self._stream.read(_READ)
            if not data:
                raise EOFError
            self._input = b""
            yield inflater.decompress(data, _OUTPUT)
        self._input = inflater.unused_data


def check_record(stream: Reader, url: str, *, gzipped: bool) -> Checked:
    """Check the record that begins where the stream stands.

    Raises ShardCorrupt, naming url and byte, when it is cut, broken, or not as long as its header says.
    """
    start = stream.tell()
    members = _Members(stream, gzipped=gzipped)
    try:
        end, following = _measure(members, start, url)
        return Checked(end, _following(members) if following is None else following)
    except EOFError:
        raise corrupt(url, start, "truncated: the file ends inside this record") from None
    except zlib.error as error:
        raise corrupt(url, start, f"broken gzip member: {error}") from None


def check_alone(stream: Reader, url: str) -> None:
    """Check that the gzip members of one record, which are all the stream holds, hold no other record.

    A record whose header announces too many bytes may end at the end of a later record: that one would be lost.
    """
    start = stream.tell()
    members = _Members(stream, gzipped=True)
    first = True
    try:
        while members.starts():
            head = b""
            for piece in members.pieces():
                head = head or piece.lstrip(b"\r\n")[:5]
            if not first and head == b"WARC/":
                raise corrupt(url, start, "its Content-Length reaches over the next records")
            first = False
    except (EOFError, zlib.error):
        raise corrupt(url, start, "broken gzip member") from None


def find_record(stream: Reader, *, gzipped: bool) -> int | None:
    """Where the next record begins from here on, past empty members and padding; None when nothing follows."""
    return _following(_Members(stream, gzipped=gzipped))


def _measure(members: _Members, start: int, url: str) -> tuple[int, int | None]:
    """Walk over the record: its end, and for a plain file the start of the next record."""
    head = b""
    seen = 0
    needed: int | None = None
    while needed is None or seen < needed:  # one turn for each member; most records have one
        if not members.starts():
            raise EOFError
        for piece in members.pieces():
            seen += len(piece)
            if needed is None:
                head += piece
                needed = _needed(head, start, url)
            if needed is None or seen <= needed:
                continue
            extra = piece[max(0, len(piece) - (seen - needed)) :].lstrip(_BLANK)
            if extra and members.gzipped:
                raise corrupt(url, start, _NOT_ITS_MEMBER)
            if extra and not extra.startswith(b"WARC/"[: len(extra)]):
                raise corrupt(url, start, "no record follows where its Content-Length ends")
            if extra:
                return members.position - len(extra), members.position - len(extra)
    return members.position, None


def _needed(head: bytes, start: int, url: str) -> int | None:
    """Bytes of the whole record without its closing line ends, once its head is complete."""
    skipped = len(head) - len(head.lstrip(b"\r\n"))
    line = head.find(b"\n", skipped)
    if line > 0 and head[line - 1 : line] != b"\r":
        raise corrupt(url, start, "the lines of its header do not end with CR LF")
    end = head.find(b"\r\n\r\n", skipped)
    if end < 0:
        if len(head) > MAX_WARC_HEAD:
            raise corrupt(url, start, f"record header without end in {MAX_WARC_HEAD} bytes")
        return None
    length = _LENGTH.search(head, skipped, end + 1)
    if length is None:
        raise corrupt(url, start, "record header without a valid Content-Length")
    return end + 4 + int(length[1])


def _following(members: _Members) -> int | None:
    """Start of the next member that is not blank, be it broken. Empty members and zeros are padding."""
    while True:
        following = members.starts()
        if not following:
            return None
        position = members.position
        if not members.gzipped or not following.startswith(GZIP):
            return position
        try:
            if any(piece.strip(_BLANK) for piece in members.pieces()):
                return position
        except (EOFError, zlib.error):
            return position


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is looked at again, at single records, by opening it there."""

    url: str
    access: AccessSection
    gzipped: bool

    def check(self, position: int) -> Checked:
        """Check the record at a position."""
        with open_stream(self.url, self.access, position) as stream:
            return check_record(stream, self.url, gzipped=self.gzipped)

    def check_alone(self, start: int, end: int) -> None:
        """Check that the members of the record between start and end hold no other record."""
        with open_stream(self.url, self.access, start, end - start) as stream:
            check_alone(stream, self.url)

    def find(self, position: int) -> Checked:
        """Where the first record lies. Raises ShardCorrupt when there is none."""
        with open_stream(self.url, self.access, position) as stream:
            following = find_record(stream, gzipped=self.gzipped)
        if following is None:
            raise corrupt(self.url, position, "holds no WARC record")
        return Checked(position, following)

    def blame(self, checked: Checked, reason: str) -> ShardCorrupt:
        """Name the record that stopped a reader that reads ahead: the first one after `checked` that is broken."""
        suspect = checked
        for _ in range(_READ_AHEAD):
            if suspect.following is None:
                break
            try:
                suspect = self.check(suspect.following)
            except ShardCorrupt as damage:
                return damage
        return corrupt(self.url, checked.end, reason)


def corrupt(url: str, position: int, reason: str) -> ShardCorrupt:
    """The one line that says which file is broken where."""
    return ShardCorrupt(f"{url}: byte {position}: {reason}")
