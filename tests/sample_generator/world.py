"""Every response of a sample crawl: labelled pages, and what a crawler also meets.

The same seed gives the same bytes: each page draws from its own source of chance, named by seed, host and number.
"""

import re
import unicodedata
from collections.abc import Iterator
from random import Random

from recall.sample.crawl import SampleResponse
from tests.sample_generator.chance import chance
from tests.sample_generator.frame import frame
from tests.sample_generator.pages import KINDS, Author
from tests.sample_generator.plan import Host, Section, plan_hosts
from tests.sample_generator.prose import Voice, Writer
from tests.sample_generator.snippets import Coder

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_CUT = 4096

PAGES = 1_600
"""Labelled pages of the sample that recall ships."""


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


def _pages(host: Host, seed: int) -> Iterator[SampleResponse]:
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
            yield SampleResponse(url, encoded, content_type, host.site.language, host.use, section.label)
            number += 1


def _cut(page: SampleResponse) -> SampleResponse:
    """The page as a crawler with a length limit stores it."""
    return SampleResponse(
        page.url, page.body[:_CUT], page.content_type, page.language, page.use, page.label, truncated="length"
    )


def _others(host: Host, seed: int) -> Iterator[SampleResponse]:
    """What is no page: errors, redirects, files of other types."""
    rng = chance(seed, host.site.host, "others")
    site, name = host.site, f"https://{host.site.host}"
    number = rng.randint(100, 999)
    if rng.random() < 0.35:
        yield SampleResponse(
            f"{name}/old/{number}", b"", "text/html", site.language, host.use, status="301 Moved Permanently"
        )
    if rng.random() < 0.35:
        body = b"<html><title>404</title><h1>Not Found</h1></html>"
        yield SampleResponse(
            f"{name}/none/{number}", body, "text/html", site.language, host.use, status="404 Not Found"
        )
    if rng.random() < 0.25:
        body = b"%PDF-1.4\n" + rng.randbytes(400) + b"\n%%EOF\n"
        yield SampleResponse(f"{name}/paper-{number}.pdf", body, "application/pdf", site.language, host.use)
    if rng.random() < 0.35:
        body = b"\x89PNG\r\n\x1a\n" + rng.randbytes(300)
        yield SampleResponse(f"{name}/img/{number}.png", body, "image/png", site.language, host.use)
    if rng.random() < 0.15:
        yield SampleResponse(f"{name}/api/{number}.json", b'{"ok": true}', "application/json", site.language, host.use)


def responses(seed: int, pages: int) -> Iterator[SampleResponse]:
    """All responses of the sample, about `pages` of them labelled pages; one in three hundred of these is cut short."""
    count = 0
    for host in plan_hosts(pages):
        for page in _pages(host, seed):
            count += 1
            yield _cut(page) if count % 300 == 7 and len(page.body) > _CUT else page
        yield from _others(host, seed)


def crawled(seed: int = 0, pages: int = PAGES) -> list[SampleResponse]:
    """The responses in the order of a crawl.

    Below about 200 pages each section of a host keeps one page, so that there are more than were asked for.
    """
    answers = list(responses(seed, pages))
    chance(seed, "order").shuffle(answers)
    return answers
