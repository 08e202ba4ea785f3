"""Responses that are no HTML: which kind each is, in which language, and what is refused."""

import gzip
import io

import pytest

from recall.archive.warc import WarcWriter, captures, read_at, responses
from recall.archive.warc.file_types import LANGUAGES, file_type
from recall.archive.warc.http_response import Content, read_response
from recall.corpus.fences import fences_of
from recall.page.markdown.code_hints import LANGUAGES as WORDS
from recall.records import OTHER_BODIES, BodyKind, Capture, Skip

SITE = "https://a.example/"
DATE = "2026-01-31T00:00:00Z"


def told(content_type: str, name: str, body: bytes = b"words of a text\n", detected: str = "") -> tuple[str, str] | str:
    """The kind and language of a response, or why it is none."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode()
    found = read_response(head + body, url=SITE + name, detected=detected.encode())
    return (found.kind.value, found.language) if isinstance(found, Content) else found.value


@pytest.mark.parametrize(
    ("content_type", "name", "expected"),
    [
        ("text/plain", "rfc/rfc9110.txt", ("text", "")),
        ("text/plain; charset=utf-8", "notes", ("text", "")),
        ("TEXT/PLAIN", "a.rst", ("text", "")),
        ("text/plain", "README.md", ("markdown", "")),
        ("text/markdown; charset=UTF-8", "anything", ("markdown", "")),
        ("text/x-web-markdown", "a.php", ("markdown", "")),
        ("text/plain", "src/setup.py?raw=1", ("source", "python")),
        ("text/x-python", "download", ("source", "python")),
        ("application/octet-stream", "a/b.rs", ("source", "rust")),
        ("application/x-sh", "install", ("source", "bash")),
        ("text/x-c", "list.hpp", ("source", "cpp")),
        ("text/x-csrc", "list", ("source", "c")),
        ("application/javascript", "app.js", ("source", "javascript")),
        ("text/javascript", "app.mjs#x", ("source", "javascript")),
        ("video/mp2t", "src/index.ts", ("source", "typescript")),
        ("text/css", "style", ("source", "css")),
        ("text/plain", "Makefile", ("source", "makefile")),
        ("text/plain", "docker/Dockerfile", ("source", "dockerfile")),
        ("application/x-ipynb+json", "view", ("notebook", "")),
        ("application/json", "a/Intro.ipynb", ("notebook", "")),
        ("text/plain", "Intro.ipynb", ("notebook", "")),
        ("application/json", "api.json", "not_html"),
        ("text/plain", "data.json", "not_html"),
        ("text/plain", "table.csv", "not_html"),
        ("text/csv", "table", "not_html"),
        ("application/javascript", "jquery.min.js", "not_html"),
        ("video/mp2t", "film.mp4", "not_html"),
        ("image/png", "a.py", "not_html"),
        ("application/octet-stream", "a.bin", "not_html"),
        ("application/pdf", "a.txt", "not_html"),
    ],
)
def test_a_kind_is_told_by_type_and_extension(content_type: str, name: str, expected: tuple[str, str] | str) -> None:
    assert told(content_type, name) == expected


@pytest.mark.parametrize(
    ("content_type", "name", "detected", "expected"),
    [
        ("text/plain", "raw", "text/x-python", ("source", "python")),
        ("application/octet-stream", "raw", "text/plain", ("text", "")),
        ("", "raw", "text/x-web-markdown", ("markdown", "")),
        ("text/plain", "raw", "application/json", "not_html"),
        ("text/plain", "raw", "text/html", "not_html"),
        ("text/plain", "a.go", "text/x-matlab", ("source", "go")),
        ("image/png", "raw", "text/plain", "not_html"),
    ],
)
def test_the_crawlers_type_counts_where_the_server_says_little(
    content_type: str, name: str, detected: str, expected: tuple[str, str] | str
) -> None:
    assert told(content_type, name, detected=detected) == expected


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("a.php", b"<?php echo 1;", ("source", "php")),
        ("a.php", b"ok: 3 rows\n", ("text", "")),
        ("a.pl", b"#!/usr/bin/perl\n", ("source", "perl")),
        ("a.pl", b"no script\n", ("text", "")),
        ("a.txt", b"<!DOCTYPE html><title>a</title>", "not_html"),
        ("a.txt", b"<div class=x>a</div>", "not_html"),
        ("README.md", b'<h1 align="center">A</h1>\n\nwords', ("markdown", "")),
        ("README.md", b"<!-- badges -->\n# A\n", ("markdown", "")),
        ("README.md", b"<!doctype html><p>not found", "not_html"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\x00\x00", "binary"),
        ("a.sh", b"#!/bin/sh\nexit\n" + b"x" * 2000 + b"\x1f\x8b\x00\x00", "binary"),
        ("a.py", b"\x7fELF\x02\x01\x01\x00", "binary"),
        ("a.txt", "\ufeffwords".encode("utf-16-le"), ("text", "")),
        ("rfc.txt", b"one\n\x0c\ntwo \x1b[1mbold\x1b[0m\n", ("text", "")),
        ("a.txt", b" \n", "empty"),
        ("a.txt", b"x" * ((8 << 20) + 1), "too_large"),
    ],
)
def test_a_body_must_be_what_it_claims(name: str, body: bytes, expected: tuple[str, str] | str) -> None:
    assert told("text/plain", name, body) == expected


def test_html_stays_html_whatever_its_name() -> None:
    assert told("text/html", "a.py") == ("html", "")
    assert told("", "a.py", b"<p>page") == ("html", "")


def test_header_fields_for_crawlers_are_kept() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Robots-Tag: noai\r\nTDM-Reservation: 1\r\n\r\n"
    found = read_response(head + b"words", url=SITE + "a.txt")
    assert isinstance(found, Content)
    assert found.robots == "x-robots-tag: noai\ntdm-reservation: 1"


def test_every_language_is_a_word_of_fences_and_no_extension_means_two() -> None:
    assert set(LANGUAGES) <= WORDS
    words = [word for extensions, _ in LANGUAGES.values() for word in extensions.split()]
    assert len(words) == len(set(words))
    assert fences_of("```python\nx = 1\n```\n")[0]["parses"]


def test_a_name_of_any_length_is_told_at_once() -> None:
    assert file_type(b"text/plain", b"", SITE + "a" * 8000 + ".py") is not None


def archive() -> tuple[bytes, dict[str, tuple[int, int]]]:
    stream = io.BytesIO()
    writer = WarcWriter(stream, "a.warc.gz")
    pages = {
        "page.html": ("text/html", b"<p>page"),
        "a.py": ("text/plain", b"x = 1\n"),
        "a.md": ("text/markdown", b"# A\n"),
        "a.txt": ("text/plain", b"words"),
        "a.ipynb": ("application/json", b'{"cells": []}'),
        "a.bin": ("text/plain", b"\x00\x01"),
        "a.json": ("application/json", b"{}"),
    }
    refs = {name: writer.page(SITE + name, body, kind, DATE) for name, (kind, body) in pages.items()}
    return stream.getvalue(), {name: (ref.offset, ref.length) for name, ref in refs.items()}


@pytest.fixture(params=["members", "one member", "plain"])
def warc(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The archive as crawlers write it, compressed whole, and as it is: both readers see it."""
    data, _ = archive()
    path = tmp_path_factory.mktemp("archive") / "a.warc.gz"
    if request.param == "one member":
        data = gzip.compress(gzip.decompress(data), mtime=0)
    if request.param == "plain":
        data, path = gzip.decompress(data), path.with_suffix("")
    path.write_bytes(data)
    return str(path)


def test_a_caller_gets_html_alone_and_the_others_counted_unless_it_asks(warc: str) -> None:
    assert [page.url for page in captures(warc)] == [f"{SITE}page.html"]
    outcomes = list(responses(warc))
    assert outcomes[1:] == [Skip.SOURCE, Skip.MARKDOWN, Skip.TEXT, Skip.NOTEBOOK, Skip.BINARY, Skip.NOT_HTML]


@pytest.mark.parametrize("types", [OTHER_BODIES, (BodyKind.SOURCE,), (BodyKind.TEXT, BodyKind.NOTEBOOK)])
def test_what_is_asked_for_is_read_the_rest_is_counted(warc: str, types: tuple[BodyKind, ...]) -> None:
    outcomes = list(responses(warc, types=types))
    pages = [outcome for outcome in outcomes if isinstance(outcome, Capture)]
    assert {page.kind for page in pages} == {BodyKind.HTML, *types}
    assert len(outcomes) == 7
    for page in pages:
        assert read_at(page.ref, warc, types=types) == page
    if BodyKind.SOURCE in types:
        (source,) = (page for page in pages if page.kind is BodyKind.SOURCE)
        assert (source.body, source.language) == (b"x = 1\n", "python")
