"""Bytes of a page to characters: which encoding, and the decoded text. Never fails, always the same answer.

In order (`_choose`): byte order mark; encodings that pass for ASCII (ISO-2022-JP, UTF-16 by its NULs); valid UTF-8, a
few errors allowed; what the HTTP header, then the page's `<meta>` or XML declaration declares, where the bytes do not
contradict it; detection by resiliparse; the first declared encoding after all; windows-1252. UTF-8 comes before what is
declared because text in another encoding is hardly ever valid UTF-8 by chance, while wrong declarations are common.
Labels mean what the WHATWG Encoding standard says (`iso-8859-1` is windows-1252). NUL never occurs in the result.
"""

import codecs
import os
import re
from functools import lru_cache

from recall import kernels

MAX_SCORED = 1 << 20
"""Bytes of a body that are read for scoring: 1 MiB is where Common Crawl cut its captures for most of its years, so
that a page scores alike in old and new crawls. The encoding is chosen on these bytes, also for `decode`."""

MAX_DECODE = 8 << 20
"""Bytes that `decode` turns into text: the largest body a capture can have."""

_HEAD, _PIECE = 8192, 4096
_ERRORS_PER_HIGH_BYTES = 20
"""An encoding is believed while at most one in so many non-ASCII bytes is an error."""

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MARKS_BYTES = tuple(_MARKS)
_CODECS = {
    # resiliparse's name -> Python's closest codec to what WHATWG describes
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso2022_jp": "iso2022_jp_ext",
    "iso8859-11": "cp874",
}
_MORE_LABELS = {
    # labels and names its detector gives that resiliparse does not map; what WHATWG refuses among them it refuses
    # because of scripts, which are not run here
    "mac-cyrillic": "mac_cyrillic",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ukrainian": "mac_cyrillic",
    "x-user-defined": "cp1252",
    "cp949": "cp949",
    "uhc": "cp949",
    "cp852": "cp852",
    "cp855": "cp855",
    "iso2022_kr": "iso2022_kr",
    "iso-2022-kr": "iso2022_kr",
    "iso-2022-cn": "gb18030",
}
_SEVEN_BIT = frozenset({"iso2022_jp_ext", "iso2022_kr"})
_NOT_EIGHT_BIT = _SEVEN_BIT | {"utf-16-le", "utf-16-be"}
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_DECLARED = re.compile(
    rb"""<meta[ \t\r\n\f/][^>]{0,500}?charset[ \t\r\n\f]*=[ \t\r\n\f]*["']?[ \t\r\n\f]*([A-Za-z0-9_:.+-]{1,40})"""
    rb"""|<\?xml[ \t\r\n\f][^>]{0,200}?encoding[ \t\r\n\f]*=[ \t\r\n\f]*["']([A-Za-z0-9_:.+-]{1,40})""",
    re.IGNORECASE,
)
_ISO_2022_JP = re.compile(rb"\x1b\$[@B]")
_ASCII = bytes(range(128))
_BELOW_LETTERS = bytes(range(160))
_LATIN = ("cp1250", "cp1254", "cp1257", "cp1258", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-1", "mac")
_LATIN_LETTERS = 6
"""With fewer different accented letters the detector's choice among the Latin encodings is a guess."""


def decode(body: bytes, charset: str | None = None) -> str:
    """The characters of the first MAX_DECODE bytes; `charset` is that of the HTTP header, unverified.

    Bytes that mean nothing become U+FFFD, a character cut off at the end is left out, NUL and byte order marks too.
    """
    codec, text = _choose(body[:MAX_SCORED], charset)
    return text if text is not None and len(body) <= MAX_SCORED else _characters(body[:MAX_DECODE], codec)


def as_utf8(body: bytes, charset: str | None = None) -> bytes:
    """`decode(body[:MAX_SCORED], charset)` as UTF-8, without decoding what is valid UTF-8 already."""
    body = body[:MAX_SCORED]
    if not body.startswith(_MARKS_BYTES):
        valid = kernels.valid_length(body) if compiled_code_runs() else plain_valid_length(body)
        if valid >= 0:
            return body[:valid]
    return decode(body, charset).encode("utf-8", "replace")


def _choose(body: bytes, charset: str | None) -> tuple[str, str | None]:
    """Python's name of the encoding of `body`, and its characters where they were needed to choose."""
    for mark, codec in _MARKS.items():
        if body.startswith(mark):
            return codec, None
    if _may_be_seven_bit(body):
        hidden = _passing_for_ascii(body, charset)
        if hidden is not None:
            return hidden, None
    if _valid_length(body) >= 0 or _nearly_utf8(body):
        return "utf-8", None
    declared = [codec for codec in _declared(body, charset) if codec not in _NOT_EIGHT_BIT]
    for codec in declared:
        if codec != "utf-8" and (text := _believed(body, codec)) is not None:
            return codec, text
    detected = _detected(body)
    if detected != "utf-8" and (text := _believed(body, detected)) is not None:
        return detected, text
    return declared[0] if declared else "cp1252", None


@lru_cache(maxsize=1)
def compiled_code_runs() -> bool:
    """Whether pages are read by compiled code: unless numba is missing or RECALL_SLOW_TEXT=1 is set."""
    if os.environ.get("RECALL_SLOW_TEXT") == "1":
        return False
    try:
        import recall.kernels.html_text  # noqa: F401, PLC0415 - numba takes half a second to import
    except ImportError:
        return False
    return True


def plain_valid_length(body: bytes) -> int:
    """`kernels.valid_length` by decoding, which takes several times as long."""
    return -1 if _may_be_seven_bit(body) else _valid_length(body)


def _valid_length(body: bytes) -> int:
    try:
        return codecs.utf_8_decode(body, "strict", False)[1]
    except UnicodeDecodeError:
        return -1


def _characters(body: bytes, codec: str) -> str:
    text = codecs.utf_8_decode(body, "replace", False)[0] if codec == "utf-8" else body.decode(codec, "replace")
    if "\0" in text:
        text = text.replace("\0", "")
    return text.removeprefix("\ufeff")


def _believed(body: bytes, codec: str) -> str | None:
    """The characters, where decoding gives few errors, measured against the bytes above 127."""
    text = _characters(body, codec)
    return text if text.count("\ufffd") * _ERRORS_PER_HIGH_BYTES <= _high(body) else None


def _nearly_utf8(body: bytes) -> bool:
    """True where the same holds for UTF-8; ends at once in what is far from it, where each error takes long."""
    high, decoder, errors = _high(body), codecs.getincrementaldecoder("utf-8")("replace"), 0
    for start in range(0, len(body), _PIECE):
        errors += decoder.decode(body[start : start + _PIECE]).count("\ufffd")
        if errors * _ERRORS_PER_HIGH_BYTES > high:
            return False
    return True


def _high(body: bytes) -> int:
    """Bytes above 127."""
    return len(body.translate(None, _ASCII))


def _may_be_seven_bit(body: bytes) -> bool:
    return b"\x1b" in body or b"\0" in body


def _passing_for_ascii(body: bytes, charset: str | None) -> str | None:
    """ISO-2022-JP, ISO-2022-KR and UTF-16 without a mark: what their bytes and the declaration show."""
    declared = _declared(body, charset)
    if _ISO_2022_JP.search(body):
        return "iso2022_jp_ext"
    for codec in declared:
        if codec in _SEVEN_BIT and body.isascii():
            return codec
    even, odd = body[:_HEAD:2].count(0), body[1:_HEAD:2].count(0)
    half = min(len(body), _HEAD) // 2
    if (odd > even and odd * 2 > half) or (odd and declared[:1] == ["utf-16-le"]):
        return "utf-16-le"
    if even * 2 > half or (even and declared[:1] == ["utf-16-be"]):
        return "utf-16-be"
    return None


def _declared(body: bytes, charset: str | None) -> list[str]:
    """The declared encodings, most trusted first; windows-1252 in a header is often only a server's default."""
    head = _COMMENT.sub(b"", body[:_HEAD])
    labels = [(match[1] or match[2]).decode("ascii") for match in _DECLARED.finditer(head)]
    page = [codec for codec in map(_codec, labels) if codec is not None and not codec.startswith("utf-16")]
    header = _codec(charset) if charset else None
    if header is None:
        return page
    return [*page, header] if header == "cp1252" else [header, *page]


def _codec(label: str) -> str | None:
    """Python's codec for a label, or None where nobody knows it."""
    from resiliparse.parse.encoding import map_encoding_to_html5  # noqa: PLC0415 - only pages that are not UTF-8 need it

    label = label.strip(" \t\r\n\f\"'").lower()
    name = _MORE_LABELS.get(label) or map_encoding_to_html5(label, fallback_utf8=False)
    if name is None:
        return None
    return _CODECS.get(name, name)


def _detected(body: bytes) -> str:
    from resiliparse.parse.encoding import detect_encoding  # noqa: PLC0415 - only pages that are not UTF-8 need it

    name = detect_encoding(body, html5_compatible=False) or "windows-1252"  # compatible, it calls Korean UTF-8
    codec = _codec(name) or "cp1252"
    if codec.startswith(_LATIN) and len(set(body.translate(None, _BELOW_LETTERS))) < _LATIN_LETTERS:
        return "cp1252"
    return codec
