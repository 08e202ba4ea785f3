"""Bytes of a page to the text that is scored: the same in scan, train, service and in front of people.

The text is what a browser without scripts would show, in page order, the title first: no scripts, styles, comments,
templates or `<svg>`, but what is in `<noscript>` and, put in its place by `shadow_roots`, what is in shadow roots;
character references resolved; each run of white space one space, or one line end where a block begins or a `<pre>` had
one; case kept. Left out: control characters, U+00AD, U+200B, U+FEFF and U+E000. After it comes once more what is
inside `<pre>` and `<code>`, from its start, and the structure marks of `records`, which tell how much code is marked
up. Nothing is refused: any bytes have a scoring text, found in linear time.

`recall.kernels.html_text` (compiled by numba) and `definition` (plain Python) are two readings of one definition. The
compiled one is used unless numba is missing or RECALL_SLOW_TEXT=1 is set. It is compiled once per machine and kept
beside the package, or in the user's cache folder where that is read-only; where neither can be written, each process
compiles it anew. NUMBA_CACHE_DIR names another folder, and NUMBA_CPU_NAME=generic makes one cache fit a cluster of
mixed machines.
"""

from typing import Protocol

from recall import kernels
from recall.page.text.charset import MAX_DECODE, MAX_SCORED, as_utf8, decode
from recall.records import BLOCK_BYTES, CODED, MARK, MARK_BUCKETS, MARK_KINDS

__all__ = ["MAX_CODE", "MAX_DECODE", "MAX_SCORED", "MAX_TEXT", "decode", "scoring_bytes", "scoring_text"]

MAX_TEXT = 100_000
"""Characters of text that are kept. The model asks which tokens occur, not how often, so the end of a very long page
says little that its beginning does not, and people are not shown more. Marks are counted over the whole body."""

MAX_CODE = 2_000
"""Bytes of code that are kept behind the text: more of it was measured and says no more."""


class Read(Protocol):
    """`definition.read` for UTF-8 without NUL, with offsets in bytes."""

    def __call__(self, page: bytes, /) -> tuple[bytes, list[bytes], tuple[int, int, int, int], list[tuple[int, int]]]:
        """The page's text, code, numbers and templates."""


def scoring_text(body: bytes, charset: str | None = None, url: str | None = None) -> str:
    """The text that the model reads: at most MAX_TEXT characters of a page, then some of its code and its marks.

    Reads the first MAX_SCORED bytes. charset: from the HTTP header, unverified. The URL is accepted beside the body as
    everywhere, but does not matter: it was measured and says nothing that the page does not.
    """
    return scoring_bytes(body, charset, url).decode()


def scoring_bytes(body: bytes, charset: str | None = None, url: str | None = None) -> bytes:  # noqa: ARG001 - as above
    """`scoring_text` in UTF-8, as a scan hands it to the tokenizer."""
    page = as_utf8(body, charset)
    text, code, (*numbers, inside), templates = _reading()(page)
    if templates:
        from recall.page.text.shadow_roots import declared, flattened  # noqa: PLC0415 - hardly any page needs it

        if declared(page, templates):
            text, code, (*numbers, inside), _ = _reading()(flattened(page, templates))
    counts = (*numbers, inside // BLOCK_BYTES)
    if len(text) > MAX_TEXT and len(characters := text.decode()) > MAX_TEXT:
        text = characters[:MAX_TEXT].rstrip(" \n").encode()
    marks = b"".join(_mark(kind, count) for kind, count in zip(MARK_KINDS, counts, strict=True) if count)
    return text + _coded(code) + marks if code else text + marks


def _coded(code: list[bytes]) -> bytes:
    """The first MAX_CODE bytes of code, a line a stretch, no character cut."""
    first = b"\n".join(code)[:MAX_CODE].decode("utf-8", "ignore").lstrip(" \n")
    return f"{MARK}{CODED}{first}".encode()


def _mark(kind: str, count: int) -> bytes:
    return f"{MARK}{kind}{min(count.bit_length(), MARK_BUCKETS)}".encode()


def _reading() -> Read:
    """The compiled reading where it can be had, else the plain one; imported when the first page is read."""
    if kernels.compiled_code_runs():
        return kernels.read_html
    return _read_plainly


def _read_plainly(page: bytes) -> tuple[bytes, list[bytes], tuple[int, int, int, int], list[tuple[int, int]]]:
    from recall.page.text import definition  # noqa: PLC0415 - only where it is asked for

    html = page.decode("utf-8")
    text, code, counts, templates = definition.read(html)
    offsets = [(len(html[:before].encode()), len(html[:at].encode())) for before, at in templates]
    return text.encode(), [part.encode() for part in code], counts, offsets
