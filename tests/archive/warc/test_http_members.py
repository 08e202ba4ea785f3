"""Every kind of HTTP response that archives hold, against the standards, and against Chromium where it is there."""

import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.archive.warc.fast_reader import FastReader
from recall.archive.warc.http_head import read_head
from recall.archive.warc.http_response import Content, read_response, usual_head
from recall.archive.warc.record_head import RecordFields
from recall.archive.warc.window import Window
from recall.io import open_stream
from recall.records import BodyKind, Skip
from tests.archive.warc.http_members import MEMBERS, PAGE, Member
from tests.chromium import started

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable"
).split()


def name_of(member: Member) -> str:
    return f"{member.kind}: {member.name}".encode("ascii", "backslashreplace").decode()[:70]


@pytest.mark.parametrize("member", MEMBERS, ids=name_of)
def test_a_response_is_read_as_the_standards_say(member: Member) -> None:
    found = read_response(member.block)
    other = isinstance(found, Content) and found.kind is not BodyKind.HTML  # tests/archive/warc/test_file_types.py
    assert (Skip.NOT_HTML if other else found) == member.expected


def test_each_kind_has_members() -> None:
    assert min(Counter(member.kind for member in MEMBERS).values()) >= 5
    assert len({(member.kind, member.name) for member in MEMBERS}) == len(MEMBERS)


def compare_ways(block: bytes) -> bool:
    """Hold the quick way through a head and the careful one together; tells whether the quick one was taken."""
    usual, whole = usual_head(block, 0, len(block)), read_head(block, 0, len(block))
    if usual is None:
        return False
    assert whole is not None
    assert usual.status == whole.status
    if usual.status == 200:
        for name in set(whole.fields) - {b"x-content-type-options"}:
            assert usual.fields.get(name, b"").strip(b" \t") == whole.fields[name].lower()
        assert (usual.begin, usual.robots) == (whole.begin, whole.robots)
    return True


@pytest.mark.parametrize("member", MEMBERS, ids=name_of)
def test_the_quick_way_through_a_head_is_the_careful_one(member: Member) -> None:
    compare_ways(member.block)


PARTS = (
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\0", b",", b"x", b"\r\n\r\n", b"\r\n ", b"\n\n"),
    *(b"Content-Type", b"content-encoding", b"Content-Length", b"TRANSFER-ENCODING", b"X-Robots-Tag", b"Content-Usage"),
    *(b"text/html", b": gzip\r\n", b"; charset=utf-8\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 404 No\r\n", b"\xff"),
)


@given(st.lists(st.sampled_from(PARTS), max_size=30))
def test_both_ways_agree_on_any_head(parts: list[bytes]) -> None:
    compare_ways(b"HTTP/1.1 200 OK\r\n" + b"".join(parts) + b"\r\n\r\n" + PAGE)
    compare_ways(b"".join(parts))


@pytest.mark.parametrize("seed", range(10))
def test_any_change_of_a_response_ends_in_a_page_or_a_reason(seed: int) -> None:
    chance = random.Random(seed)
    short = [member.block for member in MEMBERS if len(member.block) < 10_000]
    for _ in range(500):
        block = bytearray(chance.choice(short))
        for _ in range(chance.choice((1, 2, 8))):
            at = chance.randrange(len(block) + 1)
            block[at : at + chance.choice((0, 0, 1, 8))] = chance.choice(
                (b"", chance.choice(PARTS), chance.randbytes(1))
            )
        assert isinstance(read_response(block), Content | Skip)
        compare_ways(bytes(block))


def window_of(file: Path) -> Window:
    return Window(lambda position: open_stream(str(file), offset=position))


@pytest.mark.realdata
def test_nearly_every_head_of_a_crawl_takes_the_quick_way(shared: Path) -> None:
    files = sorted(shared.glob("*/crawl-data/**/*.warc.gz"))
    quick: Counter[bool] = Counter()

    def compare(_fields: RecordFields, block: bytearray, start: int, stop: int) -> Skip:
        quick[compare_ways(bytes(block[start:stop]))] += 1
        return Skip.EMPTY

    for file in files:
        with window_of(file) as window:
            for _ in FastReader(window, {"response": compare}).records(0):
                pass
    assert quick[True] > 0.9 * quick.total() > 0


class RawServer:
    """Answers each path with the bytes that it was given, and closes."""

    def __init__(self) -> None:
        self.blocks: dict[str, bytes] = {}
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self.socket.accept()[0],), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(5)
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += (part := connection.recv(65536))
                if not part:
                    return
            connection.sendall(self.blocks.get(asked.split(b" ")[1].decode(), b"HTTP/1.1 404 No\r\n\r\n"))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


class Tab:
    """A page of Chromium without scripts. Hosts below localhost are this server's, and secure: br and zstd are read."""

    def __init__(self, browser: Any, server: RawServer) -> None:
        self.context = browser.new_context(java_script_enabled=False)
        self.page = self.context.new_page()
        self.server = server

    def shows(self, block: bytes) -> tuple[str, str, str] | None:
        """Type, encoding and HTML of what is shown of a response; None for an error, a download or another status."""
        path = f"/{len(self.server.blocks)}"
        self.server.blocks[path] = block
        try:
            answer = self.page.goto(f"http://page.localhost{path}", wait_until="commit", timeout=5000)
        except Exception as error:
            self.page.close()
            self.page = self.context.new_page()
            if "net::ERR" in str(error) or "Download is starting" in str(error):
                return None
            raise
        ended: list[bool] = []
        self.page.on("requestfailed", lambda _: ended.append(True))
        for _ in range(100):
            if self.page.evaluate("document.readyState") == "complete":
                break
            if ended:
                self.page.wait_for_timeout(100)  # what came before the error is still being read
                break
            self.page.wait_for_timeout(10)
        script = "[document.contentType, document.characterSet, document.documentElement?.outerHTML]"
        kind, charset, html = self.page.evaluate(script)
        return (kind, charset, html) if html is not None and answer is not None and answer.status == 200 else None


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    server = RawServer()
    rules = f"--host-resolver-rules=MAP *.localhost 127.0.0.1:{server.port}"
    with closing(server.socket), started(*FLAGS, rules) as chromium:
        yield Tab(chromium, server)


def agrees(tab: Tab, expected: Content | Skip, shown: tuple[str, str, str] | None) -> bool:
    """Whether Chromium shows the page, in the encoding that the header names."""
    if shown is None or shown[0] not in ("text/html", "application/xhtml+xml"):
        return isinstance(expected, Skip)
    if isinstance(expected, Skip):
        return expected in (Skip.EMPTY, Skip.BAD_ENCODING) and "<body></body>" in shown[2]
    charset = f"; charset={expected.charset}" if expected.charset else ""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {shown[0]}{charset}\r\n\r\n".encode()
    return tab.shows(head + expected.body) == shown


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("member", MEMBERS, ids=name_of)
def test_a_response_is_read_as_chromium_shows_it_but_where_a_reason_is_given(tab: Tab, member: Member) -> None:
    assert agrees(tab, member.expected, tab.shows(member.block)) is not bool(member.differs)
