"""Coverage-guided fuzzing with atheris: WARC readers, scoring text, Markdown, tokens. What fails is written as crash-*.

Started by `tests.fuzz.run` with TARGET CORPUS [libFuzzer options such as -max_total_time=600], atheris beside recall's
own packages, and TMPDIR (`make fuzz`). A target fails on any exception but those it may raise, on two readings that
differ, and after a time limit. Compiled functions show no coverage: what is instrumented is the plain reading they are
held against. Archives are mutated as they are unpacked, and packed before they are read: a checksum would refuse them.
"""

import contextlib
import gzip
import importlib
import json
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import atheris

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(PROJECT)
SHARED = Path(os.environ.get("RECALL_SHARED", PROJECT.parent / "shared"))

INSTRUMENTED = {
    "warc": ["recall.archive.warc"],
    "readers": ["recall.archive.warc"],
    "text": ["recall.page.text.definition", "recall.page.text.charset"],
    "markdown": ["recall.page.markdown", "trafilatura.main_extractor", "trafilatura.xml"],
    "tokens": ["recall.model.tokens"],
}

COMPILED = tuple(
    f"recall.kernels.{name}"
    for name in (
        "decision_trees", "element_tree", "html_text", "segment_columns", "segment_words", "symbol_density",
        "token_lines", "utf8",
    )
)  # fmt: skip
"""Imported as they are: numba cannot compile what is instrumented."""


def warc() -> Callable[[bytes], None]:
    """A file ends in ShardFailed, or in its responses, each of which reads again by its reference."""
    from recall.archive.warc import read_at, responses
    from recall.errors import ShardFailed
    from recall.records import Capture

    path = file_in_memory()

    def check(data: bytes) -> None:
        path.write_bytes(pack(data))
        try:
            found = list(responses(str(path)))
        except ShardFailed as failed:
            if str(path) not in str(failed):
                raise
            return  # a file counts whole or not at all
        for capture in found:
            if isinstance(capture, Capture):
                assert read_at(capture.ref) == capture

    return check


def readers() -> Callable[[bytes], None]:
    """recall's two readers, warcio and FastWARC find the same responses, or a rule says why not."""
    from tests.fuzz.oracle import compare

    path = file_in_memory()

    def check(data: bytes) -> None:
        path.write_bytes(pack(data))
        wrong, _ = compare(path)
        assert not wrong, wrong

    return check


def file_in_memory() -> Path:
    """Where an archive lies that is read by its name: in a folder that `tests.fuzz.run` makes and removes."""
    return Path(os.environ["TMPDIR"]) / "x.warc"


def pack(data: bytes) -> bytes:
    """An archive as its first byte says: plain, compressed whole, a member for each record, or members of one size."""
    how, archive = data[0] if data else 0, data[1:]
    if how % 4 == 0:
        return archive
    pieces = [archive]
    if how % 4 == 1:
        pieces = re.split(rb"(?=WARC/1)", archive)
    elif how % 4 == 2:
        size = 16 * (how // 4) + 1
        pieces = [archive[start : start + size] for start in range(0, len(archive), size)]
    return b"".join(gzip.compress(piece, 1, mtime=0) for piece in pieces if piece)


def text() -> Callable[[bytes], None]:
    """Any bytes have one scoring text, compiled and plain."""
    from recall.kernels.html_text import read_html
    from recall.page.text import definition
    from recall.page.text.charset import as_utf8

    charsets = (None, "utf-8", "utf-16", "shift_jis", "windows-1251", "x-user-defined", "no such")

    def check(data: bytes) -> None:
        page = as_utf8(data[1:], charsets[data[0] % len(charsets)] if data else None)
        visible, code, counts, templates = definition.read(page.decode())
        expected = visible.encode(), [part.encode() for part in code], counts
        assert read_html(page)[:3] == expected, page
        assert len(read_html(page)[3]) == len(templates), page

    return check


def markdown() -> Callable[[bytes], None]:
    """Any bytes have Markdown, which is text."""
    from recall.page.markdown import markdown as convert

    def check(data: bytes) -> None:
        convert(data, "https://host.example/a/b").encode()

    return check


def tokens() -> Callable[[bytes], None]:
    """Two encoders give the same line; each span lies in the text."""
    from recall.model.tokens import Tokenizer

    made = Tokenizer.train([f"def f(x): return x + {n} # naïve «text»" for n in range(300)], 400)
    plain = Tokenizer(made.document)
    plain._fast = None
    assert made.fast

    def check(data: bytes) -> None:
        string = data.decode("utf-8", "replace")
        fast, slow = next(iter(made.lines([string]))), next(iter(plain.lines([string])))
        assert fast.tolist() == slow.tolist(), string
        assert next(iter(made.lines([string.encode()]))).tolist() == fast.tolist()
        for span in made.spans(string):
            assert 0 <= span.start <= span.end <= len(string)

    return check


_BLOCK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><pre>x = 1</pre></html>"
_NAMES = (b"WARC-Type: response", b"WARC-Target-URI: http://a.example/", b"WARC-Date: 2026-01-31T23:59:59Z")
_SIZE = b"Content-Length: %d" % len(_BLOCK)
_ARC = b"filedesc://a 0.0.0.0 20260131235959 text/plain 14\n1 0 A\nURL IP\n\n"
_LINE = b"http://a.example/ 192.0.2.1 20260131235959 text/html %d\n" % len(_BLOCK)
ARCHIVES = (
    b"\r\n".join((b"WARC/1.0", *_NAMES, _SIZE, b"", _BLOCK, b"", b"")) * 3,
    b"\r\n".join((b"WARC/1.1", *map(bytes.lower, (*_NAMES, _SIZE)), b"", _BLOCK, b"", b"")) * 2,
    b"\n".join((b"WARC/0.18", *_NAMES, _SIZE, b"", _BLOCK, b"", b"")) * 2,
    b"\r\n".join(
        (b"WARC/1.0", *_NAMES, b"X: a\r\n b", b"Content-Length:\r\n 000%d" % len(_BLOCK), b"", _BLOCK, b"", b"")
    ),
    _ARC + (_LINE + _BLOCK + b"\n") * 2,
)


def write_seeds(target: str, folder: Path) -> None:
    """What to begin with: archives as they may be written and the sample's pages; real archives, where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    if target in ("warc", "readers"):
        for number, archive in enumerate(ARCHIVES):
            for how in (0, 1, 2, 3, 30):
                (folder / f"seed-{number}-{how}").write_bytes(bytes([how]) + archive)
        for number, path in enumerate(real_archives()):
            data = path.read_bytes()
            archive = zlib.decompressobj(31).decompress(data) if data.startswith(b"\x1f\x8b") else data
            (folder / f"real-{number}").write_bytes(b"\1" + archive[:20_000])
        return
    from recall.page.text import scoring_text

    for number, body in enumerate(page_bodies()):
        data = scoring_text(body).encode()[:4000] if target == "tokens" else body
        (folder / f"seed-{number}").write_bytes((b"\0" if target == "text" else b"") + data)
    (folder / "seed").write_bytes(b"\0<pre><code>a &lt; b</code></pre><table><tr><td>1<td>x = 1</table>")


def real_archives() -> list[Path]:
    """Small archives that others wrote."""
    files = sorted((SHARED / "edge-warcs").rglob("*.*arc*"))
    return [path for path in files if path.stat().st_size <= 200_000]


def page_bodies() -> Iterator[bytes]:
    """Pages of the sample crawl, and up to four of each real archive."""
    from recall.archive.warc import captures
    from recall.errors import ShardFailed
    from recall.sample.crawl import sample_responses

    yield from (answer.body[:20_000] for answer in sample_responses()[:40])
    for path in real_archives():
        with contextlib.suppress(ShardFailed):
            yield from (page.body[:20_000] for page in islice(captures(str(path)), 4))


TARGETS = {"warc": warc, "readers": readers, "text": text, "markdown": markdown, "tokens": tokens}


def main() -> None:
    """Fuzz one target until told to stop."""
    target, folder = sys.argv[1], Path(sys.argv[2])
    if not folder.exists():
        write_seeds(target, folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "recall"]:
        del sys.modules[name]  # imported plain for the seeds; the target imports them instrumented
    for name in COMPILED:
        importlib.import_module(name)
    with atheris.instrument_imports(include=INSTRUMENTED[target]):
        check = TARGETS[target]()
    runs = 0

    def one(data: bytes) -> None:
        nonlocal runs
        runs += 1
        check(data)

    atheris.Setup([sys.argv[0], str(folder), "-timeout=60", "-rss_limit_mb=4000", "-max_len=20000", *sys.argv[3:]], one)
    sys.stdout.write(json.dumps({"target": target, "seeds": len(list(folder.iterdir()))}) + "\n")
    sys.stdout.flush()
    atheris.Fuzz()


if __name__ == "__main__":
    main()
