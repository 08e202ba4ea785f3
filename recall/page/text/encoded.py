"""Bytes in one of the WHATWG encodings to characters, by the decoders of the Encoding standard (sections 8 to 14).

In: bytes and the standard's name of their encoding, or Python's for the few that only older text has. Out: characters;
U+FFFD for bytes that mean nothing, where a byte of ASCII behind a lead byte stays; NUL and a character cut off at the
end are left out. Never fails, in linear time: what begins at each position of a piece is looked up at once, and then
those positions are kept where a character begins.
"""

import codecs
import re
from functools import cache

import numpy as np
import numpy.typing as npt

from recall.page.text.encoding_tables import rows

Points = npt.NDArray[np.int32]
Octets = npt.NDArray[np.uint8]

_PIECE = 1 << 16
_LEADS, _TRAILS = range(0x81, 0xFF), range(0x40, 0xFF)
_ERROR, _POINT = 0xFFFD, 0x1FFFFF
_TWO = 1 << 24
"""Added to what a pair means where it takes both bytes."""
_HALF = _POINT
"""What half of a four-byte character of GB18030 means."""
_SHIFT = 0x8F
"""In EUC-JP the next two bytes are of JIS X 0212."""
_COMBINED = {
    0x8862: ("\ufdd0", "\u00ca\u0304"),
    0x8864: ("\ufdd1", "\u00ca\u030c"),
    0x88A3: ("\ufdd2", "\u00ea\u0304"),
    0x88A5: ("\ufdd3", "\u00ea\u030c"),
}
"""The four characters of Big5 that Unicode writes as two, and noncharacters that stand for them in between."""
_ESCAPE = re.compile(rb"\x1b(\([BJI]|\$[@B])")
_NOTHING, _YEN, _OVERLINE = "\x1b", "\x0e", "\x0f"
"""Where ISO-2022-JP becomes EUC-JP: what stands for an error, and for the two characters of JIS X 0201 Roman."""


def characters(body: bytes, encoding: str) -> str:
    """The characters of `body`; see above."""
    if encoding in {"utf-16le", "utf-16be"}:
        decode = codecs.utf_16_le_decode if encoding == "utf-16le" else codecs.utf_16_be_decode
        text = decode(body, "replace", False)[0]
    elif encoding == "iso-2022-jp":
        text = _pairs(_as_euc_jp(body), "euc-jp")
        text = text.replace(_NOTHING, "\ufffd").replace(_YEN, "¥").replace(_OVERLINE, "‾")
    elif encoding in {"gbk", "gb18030", "big5", "euc-jp", "shift_jis", "euc-kr"}:
        text = _pairs(body, "gb18030" if encoding == "gbk" else encoding)
        if encoding == "big5":
            for stand_in, both in _COMBINED.values():
                text = text.replace(stand_in, both)
    elif encoding in rows():
        text = codecs.charmap_decode(body, "strict", _octet_table(encoding))[0]
    else:
        text = body.decode(encoding, "replace")
    return text.replace("\0", "") if "\0" in text else text


@cache
def unused(encoding: str) -> bytes:
    """The bytes that a Windows code page leaves free: the standard reads a control character, but no text has one."""
    if not encoding.startswith("windows-"):
        return b""
    return bytes(octet for octet, character in enumerate(_octet_table(encoding)) if "\x80" <= character < "\xa0")


@cache
def _octet_table(encoding: str) -> str:
    return "".join(map(chr, range(128))) + rows()[encoding]


@cache
def _pair_table(encoding: str, name: str) -> Points:
    """What two bytes mean, by their number: the character, and whether it takes both."""
    octets = np.array([ord(character) for character in _octet_table(encoding)], np.int32)
    table = np.repeat(octets, 256).reshape(256, 256)
    shape = len(_LEADS), len(_TRAILS)
    doubles = np.frombuffer(rows()[name].encode("utf-32-le"), np.int32).reshape(shape)
    leads = np.flatnonzero(octets == ord(" "))
    leads = leads[leads >= 0x80]
    table[leads] = _ERROR
    table[leads, 0x80:] |= _TWO  # an error takes no byte of ASCII with it
    known = leads[:, None], np.array(_TRAILS)
    found = doubles[leads - _LEADS[0]] if len(leads) else doubles
    table[known] = np.where(found == _ERROR, table[known], found | _TWO)
    if encoding == "gb18030":
        table[leads, 0x30:0x3A] = _HALF | _TWO
    elif encoding == "euc-jp":
        table[_SHIFT, 0xA1:0xFF] = 0
    elif encoding == "big5":
        for pair, (stand_in, _) in _COMBINED.items():
            table[pair >> 8, pair & 255] = ord(stand_in) | _TWO
    return table.ravel()


def _pairs(body: bytes, encoding: str) -> str:
    """Decode an encoding whose characters have one byte or two, some three or four."""
    octets, out, at = np.frombuffer(body, np.uint8), [], 0
    while at < len(octets):
        points, used = _piece(octets[at : at + _PIECE], encoding)
        if not used:
            break
        out.append(points.tobytes())
        at += used
    return b"".join(out).decode("utf-32-le")


def _piece(octets: Octets, encoding: str) -> tuple[Points, int]:
    """The code points of the whole characters of a piece, and how many bytes these are.

    Most bytes of most pages are ASCII of markup. They mean themselves, but for the two behind a byte above 127.
    """
    high = octets >= 0x80
    near = high.copy()
    near[1:] |= high[:-1]
    near[2:] |= high[:-2]
    places = np.flatnonzero(near)
    points: Points = octets.astype(np.int32)
    if not len(places):
        return points, len(octets)
    values, starts, used = _characters_at(octets[places], encoding)
    points[places] = values & _POINT
    whole = len(octets) if used == len(places) else int(places[used])
    begins = np.ones(len(octets), bool)
    begins[places] = starts
    return points[:whole][begins[:whole]], whole


def _characters_at(octets: Octets, encoding: str) -> tuple[Points, npt.NDArray[np.bool_], int]:
    """What begins at each byte, whether a character does begin there, and how many bytes are whole characters.

    Behind a position that takes one byte a character always begins, whether or not that position began one: so whether
    a character begins somewhere follows from how far that is behind the last one of these.
    """
    size, table = len(octets), _pair_table(encoding, f"{encoding}/2")
    numbers = octets.astype(np.uint16) << 8
    numbers[:-1] |= octets[1:]
    values = table.take(numbers)
    ones = np.flatnonzero(values[:-1] < _TWO)
    starts = np.empty(size, bool)
    starts[0] = True
    one_is_odd = np.concatenate(([True], ones % 2 == 1))
    starts[1:] = _index_is_odd()[1:size] ^ np.repeat(one_is_odd, np.diff(ones, prepend=0, append=size - 1))
    used = size - int(starts[-1] and table[int(octets[-1]) << 8 | 0xFF] >= _TWO)
    if encoding == "gb18030":
        used = _join_halves(octets, values, starts, used)
    elif encoding == "euc-jp":
        shifts = np.flatnonzero(starts[:-1] & (values[:-1] == 0) & (octets[:-1] == _SHIFT))
        starts[shifts] = False
        values[shifts + 1] = _pair_table(encoding, "euc-jp/3").take(numbers[shifts + 1])
        used -= int(used < size and len(shifts) > 0 and shifts[-1] == used - 1)
    return values, starts, used


@cache
def _index_is_odd() -> npt.NDArray[np.bool_]:
    odd: npt.NDArray[np.bool_] = np.arange(_PIECE) % 2 == 1
    return odd


def _join_halves(octets: Octets, values: Points, starts: npt.NDArray[np.bool_], used: int) -> int:
    """Put four-byte characters where their halves are; how many bytes are whole characters.

    Half a character that no other half follows is an error, its second byte a digit.
    """
    halves = np.flatnonzero(starts & (values == _HALF | _TWO))
    if not len(halves):
        return used
    follows = np.diff(halves, prepend=-3) == 2
    order = np.arange(len(halves))
    first = np.maximum.accumulate(np.where(follows, -1, order))
    opens = (order - first) % 2 == 0
    closed = opens & np.append(follows[1:], False)
    leads, alone = halves[closed], halves[opens & ~closed]
    digits = [octets[leads + offset].astype(np.int32) for offset in range(4)]
    pointers = ((digits[0] - 0x81) * 10 + digits[1] - 0x30) * 1260 + (digits[2] - 0x81) * 10 + digits[3] - 0x30
    values[leads], starts[leads + 2] = _four_bytes(pointers), False
    values[alone], values[alone + 1], starts[alone + 1] = _ERROR, octets[alone + 1], True
    return int(alone[-1]) if len(alone) and alone[-1] + 2 >= used else used


@cache
def _ranges() -> tuple[Points, Points]:
    pairs = [run.split(":") for run in rows()["gb18030/4"].split(" ")]
    pointers, points = zip(*((int(pointer), int(point)) for pointer, point in pairs), strict=True)
    return np.array(pointers, np.int32), np.array(points, np.int32)


def _four_bytes(pointers: Points) -> Points:
    firsts, points = _ranges()
    run = np.searchsorted(firsts, pointers, "right") - 1
    found: Points = np.where(points[run] > 0, points[run] + pointers - firsts[run], _ERROR).astype(np.int32)
    return found


def _translation(first: int, last: int, raised: int, **others: int) -> bytes:
    """A table for bytes.translate: from `first` to `last` by `raised` higher, all others 0xFF, which is an error."""
    table = bytearray(b"\xff" * 256)
    for octet in range(first, last + 1):
        table[octet] = octet + raised
    for place in (0x0E, 0x0F, 0x1B):
        table[place] = 0xFF if place < 0x1B else place
    for name, value in others.items():
        table[int(name.removeprefix("x"), 16)] = value
    return bytes(table)


_SETS = {
    b"(B": _translation(0, 0x7F, 0),
    b"(J": _translation(0, 0x7F, 0, x5c=ord(_YEN), x7e=ord(_OVERLINE)),
    b"(I": _translation(0x21, 0x5F, 0x80),
    b"$@": _translation(0x21, 0x7E, 0x80),
    b"$B": _translation(0x21, 0x7E, 0x80),
}


def _as_euc_jp(body: bytes) -> bytes:
    """ISO-2022-JP as EUC-JP; a NUL between two bytes keeps a character apart that an escape sequence cuts off."""
    parts = _ESCAPE.split(body)
    out = [parts[0].translate(_SETS[b"(B"])]
    for position in range(1, len(parts), 2):
        chosen, text = parts[position], parts[position + 1].translate(_SETS[parts[position]])
        if chosen == b"(I":
            text = re.sub(rb"([\xa1-\xdf])", b"\x8e\\1", text)
        if position > 1 and not parts[position - 1]:
            text = b"\xff" + text  # two escape sequences with nothing between them
        if not text:
            continue
        if out[-1] and out[-1][-1] >= 0x80 and text[0] >= 0x80:
            out.append(b"\0")
        out.append(text)
    return b"".join(out)
