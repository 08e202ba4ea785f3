"""Bytes of a page to characters: which encoding, and the decoded text. Never fails, always the same answer.

In order (`_choose`): byte order mark; encodings that pass for ASCII (ISO-2022-JP, UTF-16 by its NULs); valid UTF-8, a
few errors allowed; what the HTTP header, then the page's `<meta>` or XML declaration declares, where the bytes do not
contradict it, UTF-8 with more errors; detection by resiliparse; the first declared encoding after all; windows-1252.
UTF-8 comes before what is declared because text in another encoding is hardly ever valid UTF-8 by chance, while wrong
declarations are common.
Labels and encodings are those of the WHATWG Encoding standard, as browsers have them (`iso-8859-1` is windows-1252;
`recall.page.text.encoded` decodes). Of what the standard refuses, because scripts could hide in it, ISO-2022-KR is read
and what is declared HZ or ISO-2022-CN counts as not declared. NUL never occurs in the result.
"""

import codecs
import re

from recall import kernels

MAX_SCORED = 1 << 20
"""Bytes of a body that are read for scoring: 1 MiB is where Common Crawl cut its captures for most of its years, so
that a page scores alike in old and new crawls. The encoding is chosen on these bytes, also for `decode`."""

MAX_DECODE = 8 << 20
"""Bytes that `decode` turns into text: the largest body a capture can have."""

_HEAD, _PIECE = 8192, 4096
_ERRORS_PER_HIGH_BYTES = 20
"""An encoding is believed while at most one in so many non-ASCII bytes is an error."""

_ERRORS_IN_DECLARED_UTF8 = 2
"""The same where UTF-8 is declared: other encodings look like it in less than half of their bytes."""

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16le", codecs.BOM_UTF16_BE: "utf-16be"}
_MARKS_BYTES = tuple(_MARKS)
_MORE_LABELS = {
    # what the detector calls encodings beside the standard's labels, and old names that browsers do not know
    "cp949": "euc-kr",
    "uhc": "euc-kr",
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
    "iso2022_jp": "iso-2022-jp",
    "iso8859-16": "iso-8859-16",
    "mac-cyrillic": "x-mac-cyrillic",
    "cp852": "cp852",
    "cp855": "cp855",
    # refused by the standard because of scripts, which are not run here
    "iso2022_kr": "iso2022_kr",
    "iso-2022-kr": "iso2022_kr",
    "csiso2022kr": "iso2022_kr",
}
_SEVEN_BIT = frozenset({"iso-2022-jp", "iso2022_kr"})
_NOT_EIGHT_BIT = _SEVEN_BIT | {"utf-16le", "utf-16be"}
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_META = re.compile(rb"""<meta[ \t\r\n\f/]((?:[^>"']++|"[^"]*+"|'[^']*+')*+)""", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"""([^ \t\r\n\f/>=]++)(?:[ \t\r\n\f]*+=[ \t\r\n\f]*+(?:"([^"]*+)"|'([^']*+)'|([^ \t\r\n\f>]*+)))?+"""
)
_CHARSET = re.compile(
    rb"""charset[ \t\r\n\f]*+=[ \t\r\n\f]*+["']?[ \t\r\n\f]*+([A-Za-z0-9_:.+-]{1,40})""", re.IGNORECASE
)
_XML = re.compile(
    rb"""\A\s*+<\?xml[ \t\r\n\f][^>]{0,200}?encoding[ \t\r\n\f]*+=[ \t\r\n\f]*+["']([A-Za-z0-9_:.+-]{1,40})""",
    re.IGNORECASE,
)
_ISO_2022_JP = re.compile(rb"\x1b\$[@B]")
_DOUBLES = re.compile(rb"\x1b\$[@B]([!-~]++)(?=\x1b)")
_ASCII = bytes(range(128))
_BELOW_LETTERS = bytes(range(160))
_LATIN = {"cp852", "windows-1250", "windows-1254", "windows-1257", "windows-1258", "macintosh", "x-mac-cyrillic"}
_LATIN |= {f"iso-8859-{part}" for part in (2, 3, 4, 10, 13, 14, 15, 16)}
_LATIN_LETTERS = 6
"""With fewer different accented letters the detector's choice among the Latin encodings is a guess."""


def decode(body: bytes, charset: str | None = None) -> str:
    """The characters of the first MAX_DECODE bytes; `charset` is that of the HTTP header, unverified.

    Bytes that mean nothing become U+FFFD, a character cut off at the end is left out, NUL and byte order marks too.
    """
    encoding, text = _choose(body[:MAX_SCORED], charset)
    return text if text is not None and len(body) <= MAX_SCORED else _characters(body[:MAX_DECODE], encoding)


def as_utf8(body: bytes, charset: str | None = None) -> bytes:
    """`decode(body[:MAX_SCORED], charset)` as UTF-8, without decoding what is valid UTF-8 already."""
    body = body[:MAX_SCORED]
    if not body.startswith(_MARKS_BYTES):
        valid = kernels.valid_length(body) if kernels.compiled_code_runs() else plain_valid_length(body)
        if valid >= 0:
            return body[:valid]
    return decode(body, charset).encode("utf-8", "replace")


def _choose(body: bytes, charset: str | None) -> tuple[str, str | None]:
    """The encoding of `body`, and its characters where they were needed to choose."""
    for mark, encoding in _MARKS.items():
        if body.startswith(mark):
            return encoding, None
    if _may_be_seven_bit(body):
        hidden = _passing_for_ascii(body, charset)
        if hidden is not None:
            return hidden, None
    if _valid_length(body) >= 0 or _nearly_utf8(body, high := _high(body), _ERRORS_PER_HIGH_BYTES):
        return "utf-8", None
    declared = [encoding for encoding in _declared(body, charset) if encoding not in _NOT_EIGHT_BIT]
    for encoding in declared:
        if (text := _believed(body, high, encoding)) is not None:
            return encoding, text
    detected = _detected(body)
    if detected != "utf-8" and (text := _believed(body, high, detected)) is not None:
        return detected, text
    return declared[0] if declared else "windows-1252", None


def plain_valid_length(body: bytes) -> int:
    """`kernels.valid_length` by decoding, which takes several times as long."""
    return -1 if _may_be_seven_bit(body) else _valid_length(body)


def _valid_length(body: bytes) -> int:
    try:
        return codecs.utf_8_decode(body, "strict", False)[1]
    except UnicodeDecodeError:
        return -1


def _characters(body: bytes, encoding: str) -> str:
    if encoding == "utf-8":
        text = codecs.utf_8_decode(body, "replace", False)[0].replace("\0", "")
    else:
        from recall.page.text.encoded import characters  # noqa: PLC0415 - only pages that are not UTF-8 need it

        text = characters(body, encoding)
    return text.removeprefix("\ufeff")


def _believed(body: bytes, high: bytes, encoding: str) -> str | None:
    """The characters, where decoding gives few errors, measured against the bytes above 127."""
    if encoding == "utf-8":
        return _characters(body, encoding) if _nearly_utf8(body, high, _ERRORS_IN_DECLARED_UTF8) else None
    from recall.page.text.encoded import unused  # noqa: PLC0415 - only pages that are not UTF-8 need it

    text = _characters(body, encoding)
    errors = text.count("\ufffd") + len(high) - len(high.translate(None, unused(encoding)))
    return text if errors * _ERRORS_PER_HIGH_BYTES <= len(high) else None


def _nearly_utf8(body: bytes, high: bytes, share: int) -> bool:
    """True where at most one in `share` bytes above 127 is an error of UTF-8.

    Ends at once in what is far from it, where each error takes long.
    """
    decoder, errors = codecs.getincrementaldecoder("utf-8")("replace"), 0
    for start in range(0, len(body), _PIECE):
        errors += decoder.decode(body[start : start + _PIECE]).count("\ufffd")
        if errors * share > len(high):
            return False
    return True


def _high(body: bytes) -> bytes:
    """Its bytes above 127."""
    return body.translate(None, _ASCII)


def _may_be_seven_bit(body: bytes) -> bool:
    return b"\x1b" in body or b"\0" in body


def _passing_for_ascii(body: bytes, charset: str | None) -> str | None:
    """ISO-2022-JP, ISO-2022-KR and UTF-16 without a mark: what their bytes and the declaration show."""
    declared = _declared(body, charset)
    if _ISO_2022_JP.search(body) and _fits_iso_2022_jp(body, declared):
        return "iso-2022-jp"
    for encoding in declared:
        if encoding in _SEVEN_BIT and body.isascii():
            return encoding
    even, odd = body[:_HEAD:2].count(0), body[1:_HEAD:2].count(0)
    half = min(len(body), _HEAD) // 2
    if (odd > even and odd * 2 > half) or (odd and declared[:1] == ["utf-16le"]):
        return "utf-16le"
    if even * 2 > half or (even and declared[:1] == ["utf-16be"]):
        return "utf-16be"
    return None


def _fits_iso_2022_jp(body: bytes, declared: list[str]) -> bool:
    """Whether a page with its escape sequences, which other pages show too, has few bytes that it has not.

    Where it is declared, as many as there are, as in browsers, unless the page is valid UTF-8.
    """
    if body.isascii():
        return True
    doubles = sum(map(len, _DOUBLES.findall(body)))
    return len(_high(body)) * _ERRORS_PER_HIGH_BYTES <= doubles or (
        "iso-2022-jp" in declared and _valid_length(body) < 0
    )


def _declared(body: bytes, charset: str | None) -> list[str]:
    """The declared encodings, most trusted first; windows-1252 in a header is often only a server's default."""
    head = _COMMENT.sub(b"", body[:_HEAD])
    metas = [match[1] for match in _META.finditer(head) if b"charset" in match[1].lower()]
    labels = [*map(_label_of_meta, metas), _label(_XML, head), *(_label(_CHARSET, meta) for meta in metas)]
    named = [encoding for label in labels if (encoding := _encoding(label)) and not encoding.startswith("utf-16")]
    page = ["windows-1252" if encoding == "x-user-defined" else encoding for encoding in named]
    header = _encoding(charset) if charset else None
    if header is not None:
        page = [*page, header] if header == "windows-1252" else [header, *page]
    return list(dict.fromkeys(page))


def _label_of_meta(attributes: bytes) -> str:
    """The label that browsers read in a `<meta>`: its charset, or that of its content where it stands for a header."""
    found: dict[bytes, bytes] = {}
    for name, double, single, plain in _ATTRIBUTE.findall(attributes):
        found.setdefault(name.lower(), double or single or plain)
    if b"charset" in found:
        return found[b"charset"].decode("latin-1")
    is_header = found.get(b"http-equiv", b"").lower() == b"content-type"
    return _label(_CHARSET, found.get(b"content", b"")) if is_header else ""


def _label(pattern: re.Pattern[bytes], text: bytes) -> str:
    match = pattern.search(text)
    return match[1].decode("ascii") if match else ""


def _encoding(label: str) -> str | None:
    """The encoding that a label names, or None where nobody knows it."""
    from recall.page.text.encoding_tables import encoding_of  # noqa: PLC0415 - only pages that are not UTF-8 need it

    label = label.strip(" \t\r\n\f\"'").lower()
    encoding = _MORE_LABELS.get(label) or encoding_of(label)
    return None if encoding == "replacement" else encoding


def _detected(body: bytes) -> str:
    from resiliparse.parse.encoding import detect_encoding  # noqa: PLC0415 - only pages that are not UTF-8 need it

    name = detect_encoding(body, html5_compatible=False) or "windows-1252"  # compatible, it calls Korean UTF-8
    encoding = _encoding(name) or "windows-1252"
    if encoding in _LATIN and len(set(body.translate(None, _BELOW_LETTERS))) < _LATIN_LETTERS:
        return "windows-1252"
    return encoding
