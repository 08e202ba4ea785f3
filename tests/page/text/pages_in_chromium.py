"""Real pages as Chromium reads them and as `decode` does: `python -m tests.page.text.pages_in_chromium FOLDER...`.

Draws pages of the WARCs in the folders. Chromium opens each twice from a server on loopback, without scripts and
network: the stored bytes with their Content-Type, and `decode`'s characters as UTF-8. The text of `<title>`, of each
`<pre>` and of the whole page must be equal. Prints a line of JSON: how many pages there were, and each that differs
with what explains it.
"""

import argparse
import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator

from recall.archive.warc import captures
from recall.page.text import MAX_DECODE, decode
from recall.records import Capture

SEED, PAGES = "15", 1000
TEXTS = """() => [document.characterSet,
    ...[...document.querySelectorAll("title, pre, :root")].map((element) => element.textContent)]"""


@dataclass(frozen=True)
class Difference:
    """A page that Chromium reads otherwise. reason: why `decode` may, empty where nothing explains it."""

    url: str
    content_type: str
    chromium: str
    shown: str
    ours: str
    reason: str


def drawn(folders: list[Path], pages: int) -> list[Capture]:
    """A seeded draw of the pages of all WARCs."""
    paths = sorted(path for folder in folders for path in folder.glob("crawl-data/*/segments/*/warc/*.warc.gz"))
    found = [page for path in paths for page in captures(str(path))]
    found.sort(key=lambda page: hashlib.sha256(f"{SEED} {page.url} {page.ref.offset}".encode()).digest())
    return found[:pages]


def content_type(page: Capture) -> str:
    """The Content-Type that the page was stored with."""
    with Path(page.ref.path).open("rb") as stream:
        stream.seek(page.ref.offset)
        record = next(iter(ArchiveIterator(stream)))
        return str(record.http_headers.get_header("Content-Type", ""))


class _Answers(BaseHTTPRequestHandler):
    """Gives /n/stored and /n/decoded; anything else has no content, so that no page leads away."""

    pages: tuple[Capture, ...] = ()
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        number, _, kind = self.path[1:].partition("/")
        if kind not in {"stored", "decoded"}:
            self.answer(204, "", b"")
            return
        page = self.pages[int(number)]
        if kind == "stored":
            self.answer(200, content_type(page), page.body[:MAX_DECODE])
        else:
            self.answer(200, "text/html; charset=utf-8", decode(page.body, page.charset).encode("utf-8", "replace"))

    def answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        if status == 200:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", "default-src 'none'; sandbox allow-same-origin")
        self.end_headers()
        with suppress(ConnectionError):  # a tab that has gone on
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(pages: list[Capture]) -> Iterator[str]:
    """The address of a server on loopback that gives the pages."""
    handler = type("_TheseAnswers", (_Answers,), {"pages": tuple(pages)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@contextmanager
def tab() -> Iterator[Any]:
    """An empty tab of a Chromium that runs no scripts of pages, shows no images and reaches nothing but the server."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    flags = ["--no-sandbox", "--disable-gpu", "--blink-settings=imagesEnabled=false"]
    flags.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium.new_context(java_script_enabled=False).new_page()
        chromium.close()


def texts(opened: Any, url: str) -> list[str]:
    """Chromium's name of the encoding, and the texts of the page."""
    opened.goto(url, wait_until="commit")
    opened.wait_for_load_state("domcontentloaded")
    return list(opened.evaluate(TEXTS))


def reason(body: bytes, shown: list[str], ours: list[str]) -> str:
    """What explains that the texts differ."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if shown[0] != "UTF-8":
            return "valid UTF-8 that is declared otherwise, or not at all"
    errors = ["".join(text).count("\ufffd") for text in (shown, ours)]
    return "fewer errors than as declared" if errors[1] < errors[0] else ""


def compared(pages: list[Capture], opened: Any, address: str) -> Iterator[Difference]:
    """The pages that differ."""
    for number, page in enumerate(pages):
        shown = texts(opened, f"{address}/{number}/stored")
        if shown[0] == "UTF-8" and decode(page.body, page.charset).encode("utf-8", "replace") == page.body:
            continue  # the very same bytes, read the same way
        ours = texts(opened, f"{address}/{number}/decoded")
        if shown[1:] != ours[1:]:
            at = next(place for place in range(len(shown) + 1) if shown[place + 1 :][:1] != ours[place + 1 :][:1]) + 1
            first, second = (part[at] if at < len(part) else "" for part in (shown, ours))
            start = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), 0)
            theirs, own = (text[max(0, start - 20) : start + 40] for text in (first, second))
            yield Difference(page.url, content_type(page), shown[0], theirs, own, reason(page.body, shown, ours))


def figures(folders: list[Path], count: int) -> dict[str, Any]:
    """What was compared and what differs."""
    pages = drawn(folders, count)
    with served(pages) as address, tab() as opened:
        differing = list(compared(pages, opened, address))
    return {
        "pages": len(pages),
        "not_utf8": sum(decode(page.body, page.charset).encode("utf-8", "replace") != page.body for page in pages),
        "equal": len(pages) - len(differing),
        "unexplained": sum(not difference.reason for difference in differing),
        "differing": [asdict(difference) for difference in differing],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pages", type=int, default=PAGES)
    chosen = parser.parse_args()
    print(json.dumps(figures(chosen.folders, chosen.pages), ensure_ascii=False))  # noqa: T201
