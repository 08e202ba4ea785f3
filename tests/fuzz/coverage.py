"""Coverage-guided fuzzing with atheris: WARC reader, scoring text, Markdown, tokens. What fails is written as crash-*.

python tests/fuzz/coverage.py TARGET CORPUS [libFuzzer options such as -max_total_time=600], with atheris beside
recall's own packages (`make fuzz`). A target fails on any exception but those it may raise, on two readings that
differ, and after a time limit. Compiled functions show no coverage: what is instrumented is the plain reading they are
held against.
"""

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(PROJECT)
SHARED = Path(os.environ.get("RECALL_SHARED", PROJECT.parent / "shared"))

INSTRUMENTED = {
    "warc": ["recall.archive.warc"],
    "text": ["recall.page.text.definition", "recall.page.text.charset"],
    "markdown": ["recall.page.markdown", "trafilatura.main_extractor", "trafilatura.xml"],
    "tokens": ["recall.model.tokens"],
}

COMPILED = tuple(f"recall.kernels.{name}" for name in ("html_text", "symbol_density", "token_lines", "utf8"))
"""Imported as they are: numba cannot compile what is instrumented."""


def warc() -> Callable[[bytes], None]:
    """A file ends in ShardFailed, or in its responses, each of which reads again by its reference."""
    from recall.archive.warc import read_at, responses
    from recall.errors import ShardFailed
    from recall.records import Capture

    path = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm")) / "x.warc"

    def check(data: bytes) -> None:
        path.write_bytes(data)
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


def write_seeds(target: str, folder: Path) -> None:
    """Real files to begin with, where they are: small archives, or pages of them."""
    from recall.archive.warc import captures
    from recall.errors import ShardFailed
    from recall.page.text import scoring_text

    folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(sorted((SHARED / "edge-warcs").rglob("*.warc*"))):
        if path.stat().st_size > 200_000:
            continue
        if target == "warc":
            (folder / f"seed-{number}").write_bytes(path.read_bytes()[:20_000])
            continue
        try:
            for count, page in enumerate(captures(str(path))):
                body = page.body[:20_000]
                data = scoring_text(body).encode()[:4000] if target == "tokens" else body
                (folder / f"seed-{number}-{count}").write_bytes((b"\0" if target == "text" else b"") + data)
                if count == 3:
                    break
        except ShardFailed:
            pass
    (folder / "seed").write_bytes(b"\0<pre><code>a &lt; b</code></pre><table><tr><td>1<td>x = 1</table>")


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
        check = {"warc": warc, "text": text, "markdown": markdown, "tokens": tokens}[target]()
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
