"""Writes recall/data/encodings.txt.xz from what Chromium's TextDecoder answers.

`python -m tests.page.text.encoding_tables_generator`, with Chromium installed. A row for each table: its name, then its
characters, U+FFFD where bytes mean nothing. A name without "/" is what a byte from 0x80 on means, a space where it
begins a longer character; name/2 is what follows it: a character for each lead byte 0x81 to 0xFE and each trail byte
0x40 to 0xFE; euc-jp/3 the same behind 0x8F. gb18030/4 lists ranges of four-byte characters as pointer:code point,
0 where they mean nothing.
"""

import lzma
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recall.page.text import encoding_tables

FLAGS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
DOUBLE = ("gb18030", "big5", "euc-jp", "shift_jis", "euc-kr")
NOT_TABLES = {"utf-8", "utf-16le", "utf-16be", "iso-2022-jp", "replacement", "gbk", *DOUBLE}
RANGES_END = 126 * 10 * 126 * 10
"""Four-byte sequences of GB18030."""

_PENDING = """name => Array.from({length: 128}, (_, index) =>
    new TextDecoder(name).decode(new Uint8Array([index + 128]), {stream: true}) || " ").join("")"""
_PAIRS = """([name, before]) => {
    const read = (...bytes) => new TextDecoder(name).decode(new Uint8Array([...before, ...bytes]), {stream: true});
    const out = [];
    for (let lead = 0x81; lead < 0xff; lead++) for (let trail = 0x40; trail < 0xff; trail++)
        out.push(read(lead) ? "\\ufffd" : [...read(lead, trail)][0] || "\\ufffd");
    return out.join("");
}"""
_FOURS = """() => {
    const runs = [], bytes = new Uint8Array(4), end = 126 * 10 * 126 * 10;
    let next = -1;
    for (let pointer = 0; pointer < end; pointer++) {
        bytes[0] = 0x81 + Math.floor(pointer / 12600);
        bytes[1] = 0x30 + Math.floor(pointer / 1260) % 10;
        bytes[2] = 0x81 + Math.floor(pointer / 10) % 126;
        bytes[3] = 0x30 + pointer % 10;
        const point = new TextDecoder("gb18030").decode(bytes).codePointAt(0);
        if (point != next && !(point == 0xfffd && next == 0)) {
            runs.push(pointer + ":" + (point == 0xfffd ? 0 : point));
            next = point == 0xfffd ? 0 : point;
        }
        if (next) next = point + 1;
    }
    return runs.join(" ");
}"""


@contextmanager
def blank_page() -> Iterator[Any]:
    """An empty page of a Chromium without network, whose scripts run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium.new_page()
        chromium.close()


def rows(page: Any) -> Iterator[str]:
    """The tables, as Chromium has them."""
    names = {encoding_tables.encoding_of(label) for label in encoding_tables.labels()}
    for name in sorted(str(name) for name in names - NOT_TABLES):
        yield f"{name}\t{page.evaluate(_PENDING, name)}"
    for name in DOUBLE:
        yield f"{name}\t{page.evaluate(_PENDING, name)}"
        yield f"{name}/2\t{page.evaluate(_PAIRS, [name, []])}"
    yield f"euc-jp/3\t{page.evaluate(_PAIRS, ['euc-jp', [0x8F]])}"
    yield f"gb18030/4\t{page.evaluate(_FOURS)}"


def packed(lines: Iterator[str]) -> bytes:
    """The rows as they are shipped: the same bytes for the same rows."""
    return lzma.compress("\n".join(lines).encode("utf-16-le"), preset=9 | lzma.PRESET_EXTREME)


if __name__ == "__main__":
    with blank_page() as blank:
        Path(str(encoding_tables.FILE)).write_bytes(packed(rows(blank)))
