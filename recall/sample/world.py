"""Every response of the sample crawl, in order of host: labelled pages, and what a crawler also meets.

The same seed gives the same bytes: each page draws from its own source of chance, named by seed, host and number.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from recall.sample.chance import chance
from recall.sample.frame import frame
from recall.sample.pages import KINDS, Author
from recall.sample.plan import Host, Section, plan_hosts
from recall.sample.prose import Voice, Writer
from recall.sample.snippets import Coder

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_CUT = 4096


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered. label: "" for what is no page and carries no label; language: of the host's text."""

    url: str
    body: bytes
    content_type: str
    language: str
    use: str
    label: str = ""
    status: str = "200 OK"
    truncated: str | None = None


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return _NOT_SLUG.sub("-", plain.lower()).strip("-")[:60] or "page"


def _author(host: Host, section: Section, voice: Voice, rng: Random) -> Author:
    writer = Writer(voice, section.topics, rng)
    own = [name for topic in section.topics for name in voice.topic(topic).snippets]
    return Author(writer, Coder(host.snippets or tuple(own) or ("shell",), rng), host.code)


def _address(host: Host, section: Section, title: str, rng: Random, taken: set[str]) -> str:
    """A URL of the section that no other page has."""
    while True:
        path = section.path.format(
            n=rng.randint(100, 99_999),
            slug=_slug(title) + (f"-{rng.randint(2, 99)}" if taken and rng.random() < 0.2 else ""),
            year=rng.randint(2008, 2025),
            month=f"{rng.randint(1, 12):02}",
        )
        url = f"https://{host.site.host}{path}"
        if url not in taken:
            taken.add(url)
            return url
        title = f"{title} {rng.randint(2, 999)}"


def _pages(host: Host, seed: int) -> Iterator[Response]:
    """The labelled pages of one host."""
    voice = Voice(host.site.host, host.site.language, seed)
    content_type = f"text/html; charset={host.charset}" if host.header else "text/html"
    taken: set[str] = set()
    number = 0
    for section in host.sections:
        for _ in range(section.pages):
            rng = chance(seed, host.site.host, number)
            author = _author(host, section, voice, rng)
            body = KINDS[section.kind](author)
            url = _address(host, section, body.title, rng, taken)
            document = frame(host.site, body, author)
            # what an old charset cannot hold is written as a character reference, as editors of the time did
            encoded = document.encode(host.charset, "xmlcharrefreplace")
            yield Response(url, encoded, content_type, host.site.language, host.use, section.label)
            number += 1


def _cut(page: Response) -> Response:
    """The page as a crawler with a length limit stores it."""
    return Response(
        page.url, page.body[:_CUT], page.content_type, page.language, page.use, page.label, truncated="length"
    )


def _others(host: Host, seed: int) -> Iterator[Response]:
    """What is no page: errors, redirects, files of other types."""
    rng = chance(seed, host.site.host, "others")
    site, name = host.site, f"https://{host.site.host}"
    number = rng.randint(100, 999)
    if rng.random() < 0.35:
        yield Response(
            f"{name}/old/{number}", b"", "text/html", site.language, host.use, status="301 Moved Permanently"
        )
    if rng.random() < 0.35:
        body = b"<html><title>404</title><h1>Not Found</h1></html>"
        yield Response(f"{name}/none/{number}", body, "text/html", site.language, host.use, status="404 Not Found")
    if rng.random() < 0.25:
        body = b"%PDF-1.4\n" + rng.randbytes(400) + b"\n%%EOF\n"
        yield Response(f"{name}/paper-{number}.pdf", body, "application/pdf", site.language, host.use)
    if rng.random() < 0.35:
        body = b"\x89PNG\r\n\x1a\n" + rng.randbytes(300)
        yield Response(f"{name}/img/{number}.png", body, "image/png", site.language, host.use)
    if rng.random() < 0.15:
        yield Response(f"{name}/api/{number}.json", b'{"ok": true}', "application/json", site.language, host.use)


def responses(seed: int, pages: int) -> Iterator[Response]:
    """All responses of the sample, about `pages` of them labelled pages; one in three hundred of these is cut short."""
    count = 0
    for host in plan_hosts(pages):
        for page in _pages(host, seed):
            count += 1
            yield _cut(page) if count % 300 == 7 and len(page.body) > _CUT else page
        yield from _others(host, seed)
