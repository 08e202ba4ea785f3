"""The names of `elements` and HTML's character references as one array of numbers that compiled code can walk.

It begins with the places of its parts. The tags' names are a hash table. Another set of names is two parts: a column
for each of 256 bytes (0: no name has it), and rows, one for each beginning of a name, that hold for each column the
place of the row it leads to, then the name's value.
"""

from collections.abc import Mapping
from html.entities import html5
from string import ascii_letters, ascii_lowercase, digits

import numpy as np
import numpy.typing as npt

from recall.page.text import codes, elements


def build() -> npt.NDArray[np.int32]:
    """Lay out the table; takes some tens of milliseconds."""
    names = sorted(html5)
    table = [0] * (codes.NAMES_ROOT + 1)

    def add(part: int, numbers: list[int]) -> None:
        table[part] = len(table)
        table.extend(numbers)

    add(codes.TEXT, _text_bytes())
    add(codes.TAG, _tag_bytes())
    add(codes.WINDOWS, [ord(bytes([byte]).decode("cp1252", "ignore") or "\x80") for byte in range(0x80, 0xA0)])
    add(codes.POINTS, [ord(character) for name in names for character in html5[name].ljust(2, "\0")])
    add(codes.TAGS, _slots(_tag_meanings()))
    for part, words, alphabet in (
        (codes.CLASSES, _class_meanings(), ascii_lowercase + digits + "-_:"),
        (codes.NAMES, {name: index for index, name in enumerate(names, start=1)}, ascii_letters + digits + ";"),
    ):
        columns = _columns(alphabet)
        add(part, columns)
        add(part + 1, _rows(words, columns, len(table)))
    return np.array(table, np.int32)


def _columns(alphabet: str) -> list[int]:
    """Columns from 1 on; upper case shares that of lower case unless it has its own."""
    columns = [0] * 256
    for column, letter in enumerate(alphabet, start=1):
        columns[ord(letter)] = column
        if letter.upper() not in alphabet:
            columns[ord(letter.upper())] = column
    return columns


def _rows(words: Mapping[str, int], columns: list[int], place: int) -> list[int]:
    """The rows, the beginning of all names first, for a table that has them at `place`."""
    rows = [0] * codes.ROW
    for word, value in words.items():
        row = 0
        for octet in word.encode("ascii"):
            cell = row + columns[octet]
            if not rows[cell]:
                rows[cell] = place + len(rows)
                rows.extend([0] * codes.ROW)
            row = rows[cell] - place
        rows[row + codes.VALUE] = value
    return rows


def _slots(meanings: Mapping[str, int]) -> list[int]:
    """The slots of a hash table of names, each in the first one that is free from its own on."""
    slots = [0] * (codes.SLOTS * codes.SLOT)
    for name, meaning in meanings.items():
        letters = name.encode("ascii").ljust(codes.LONGEST, b"\0")
        place = (int.from_bytes(letters[:8], "little") * int(codes.SCATTER) % (1 << 64)) >> int(codes.SCATTERED)
        while slots[place * codes.SLOT]:
            place = (place + 1) % codes.SLOTS
        parts = [int.from_bytes(letters[at : at + 4], "little") for at in range(0, codes.LONGEST, 4)]
        slots[place * codes.SLOT : (place + 1) * codes.SLOT] = [*parts, meaning]
    return slots


def _tag_meanings() -> dict[str, int]:
    meanings: dict[str, int] = {}
    for names, bits in (
        (elements.BLOCK, codes.BLOCK),
        (elements.SPACED, codes.SPACED),
        (elements.PREFORMATTED, codes.IS_PRE),
        ({"code"}, codes.IS_CODE),
        (elements.SVG_ENDS_AT, codes.ENDS_SVG),
        (elements.LINES_KEPT, codes.LINES_KEPT),
        ({elements.SCRIPT}, codes.SCRIPT << codes.CONTENT),
        (elements.RAW_HIDDEN, codes.RAW_HIDDEN << codes.CONTENT),
        (elements.RAW_SHOWN, codes.RAW_SHOWN << codes.CONTENT),
        (elements.CHARACTERS_ONLY, codes.CHARACTERS_ONLY << codes.CONTENT),
        ({elements.PLAINTEXT}, codes.PLAINTEXT << codes.CONTENT),
        ({elements.TEMPLATE}, codes.TEMPLATE << codes.CONTENT),
        ({elements.SVG}, codes.SVG << codes.CONTENT),
    ):
        for name in names:
            meanings[name] = meanings.get(name, 0) | bits
    return meanings


def _class_meanings() -> dict[str, int]:
    return dict.fromkeys(elements.HIGHLIGHTER_CLASSES, codes.WHOLE) | dict.fromkeys(
        elements.HIGHLIGHTER_PREFIXES, codes.PREFIX
    )


def _text_bytes() -> list[int]:
    kinds = [codes.DROPPED] * 32 + [codes.PLAIN] * 224
    kinds[127] = codes.DROPPED
    for octet in b" \t\n\f\r":
        kinds[octet] = codes.SPACE
    kinds[ord("<")] = codes.MARKUP
    kinds[ord("&")] = codes.REFERENCE
    for octet in (0xC2, 0xE2, 0xEE, 0xEF):  # they begin characters that part words or are dropped, and others
        kinds[octet] = codes.LEAD
    return kinds


def _tag_bytes() -> list[int]:
    kinds = [0] * 256
    for octet in b" \t\n\f\r":
        kinds[octet] = codes.IS_SPACE | codes.ENDS_TAG_NAME | codes.ENDS_ATTRIBUTE | codes.ENDS_BARE
    kinds[ord("/")] = codes.ENDS_TAG_NAME | codes.ENDS_ATTRIBUTE
    kinds[ord("=")] = codes.ENDS_ATTRIBUTE
    kinds[ord(">")] = codes.ENDS_TAG_NAME | codes.ENDS_ATTRIBUTE | codes.ENDS_BARE
    return kinds
