"""What is kept and scored of text, Markdown and source files."""

import re
import time

import pytest

from recall.corpus.signals import blocks
from recall.page.files.file_markdown import file_markdown, title_of
from recall.page.files.file_text import text_page
from recall.page.text import scoring_text
from recall.records import BodyKind, plain_text

RFC = (
    "Network Working Group                                          A. Author\r\n\r\n\r\n"
    "1.  Introduction\r\n\r\n   A paragraph stands as it is, and its\r\n   second line too.\r\n\r\n"
    "Author                      Informational                      [Page 1]\r\n\x0c\r\n"
    "RFC 0000                    Words                          January 2026\r\n"
)


def test_a_text_stays_as_it_is_but_for_its_line_ends() -> None:
    kept = file_markdown(RFC.encode(), "us-ascii", BodyKind.TEXT)
    assert kept.text == RFC.replace("\r\n", "\n")
    assert kept.title == ""
    assert file_markdown(b"one\rtwo", None, BodyKind.TEXT).text == "one\ntwo\n"
    assert file_markdown(b" \r\n", None, BodyKind.TEXT).text == ""


CODE = "def f():\n\treturn '```', \"~~~\", '\\u00e9é'  # a\tb\x0c \n\n\n"


@pytest.mark.parametrize("code", [CODE, "x", "x\n", "\n\n  x = 1\n", "````\n```python\nx\n```\n````\n", "a\n \n"])
def test_a_source_file_is_one_block_exact_to_the_character(code: str) -> None:
    text = file_markdown(code.encode(), None, BodyKind.SOURCE, "python").text
    (block,) = blocks(text)
    assert text[block.start : block.end] == code.removesuffix("\n")
    assert block.language == "python"
    assert file_markdown(code.replace("\n", "\r\n").encode(), None, BodyKind.SOURCE, "python").text == text
    assert plain_text(text_page(code.encode(), None, BodyKind.SOURCE)) == code


@pytest.mark.parametrize(
    ("body", "charset", "expected"),
    [
        ("# -*- coding: euc-jp -*-\ns = '日本'\n".encode("euc-jp"), None, "日本"),
        ("#!/usr/bin/python\n# vim: set fileencoding=koi8-r :\ns = 'Привет'\n".encode("koi8-r"), None, "Привет"),
        ("# coding: utf-8\ns = 'café'\n".encode("latin-1"), "iso-8859-1", "café"),
        ("\ufeffs = 'é'\n".encode(), None, "s = 'é'"),
        ("s = 'é'\n".encode("utf-16"), None, "s = 'é'"),
        ("coding: nonsense\né!\n".encode("latin-1"), None, "é!"),
    ],
)
def test_bytes_are_decoded_as_those_of_pages_and_by_a_files_own_word(
    body: bytes, charset: str | None, expected: str
) -> None:
    text = file_markdown(body, charset, BodyKind.SOURCE, "python").text
    assert expected in text
    assert "\ufeff" not in text


MARKDOWN = "---\ntitle: 'The title'\ntags: [a]\n---\n\nwords  \nmore\n\n```\n# no heading\n```\n\n* a\n\n\n\n| a |\n"


def test_markdown_stays_as_it_is_and_names_its_title() -> None:
    kept = file_markdown(MARKDOWN.encode(), None, BodyKind.MARKDOWN)
    assert (kept.text, kept.title) == (MARKDOWN, "The title")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# A title #\n", "A title"),
        ("words\n\n## Second *level*\n# First\n", "Second *level*"),
        ("```\n# code\n```\n# B\n", "B"),
        ("~~~~\n```\n# code\n~~~\n~~~~\n# B\n", "B"),
        ("Set\nin two\n======\n", "in two"),
        ("words\n\n---\n# B\n", "B"),
        ("    # code\n#B\n# C\n", "C"),
        ("---\nlayout: x\n---\n# D\n", "D"),
        ("---\nno front matter\n\n# E\n", "E"),
        ("#\n# \nwords\n", ""),
        ("# C#\n", "C#"),
        ("# C# ##\t \n", "C#"),
        ("# a # #\n", "a #"),
        ("# ##\n", ""),
        ("# a #b\n", "a #b"),
        ("", ""),
    ],
)
def test_the_title_is_that_of_the_front_matter_or_the_first_heading(text: str, title: str) -> None:
    assert title_of(text) == title


@pytest.mark.parametrize("kind", [BodyKind.TEXT, BodyKind.MARKDOWN, BodyKind.SOURCE])
@pytest.mark.parametrize("word", ["utf-8", "utf-16", "utf-7", "unicode_escape", "raw_unicode_escape", "cesu-8", "x"])
@pytest.mark.parametrize("half", [b"\\ud83d", b"\xed\xa0\xbd", b"\xff\xfe\x3d\xd8x\x00", b"+2D0-"])
def test_no_body_gives_half_a_surrogate_pair(half: bytes, word: str, kind: BodyKind) -> None:
    lines = b'---\ntitle: "' + half + b'"\n---\n# coding: ' + word.encode() + b"\n"
    for body in (lines, half + lines, lines.removeprefix(b"---\n")):
        for charset in (None, word):
            kept = file_markdown(body, charset, kind, "python")
            assert kept.text.encode().decode() == kept.text
            assert kept.title.encode().decode() == kept.title


@pytest.mark.parametrize(
    "text",
    ["# a{ }b", "# a {#}b", "# a{ #}b", "#{ }", "a\n--{ }b", "{`}", "---\n---{ }b", "---\ntitle:{ }\n---\n", "{---\n}"],
)
def test_time_for_a_title_is_linear_in_the_size(text: str) -> None:
    def seconds(size: int) -> float:
        hostile = re.sub(r"\{([^}]*)\}", lambda repeated: repeated[1] * (size // len(repeated[1])), text)
        times = []
        for _ in range(3):
            began = time.process_time()
            title_of(hostile)
            times.append(time.process_time() - began)
        return min(times)

    assert seconds(1_000_000) < 60 * seconds(50_000) + 1  # 20 times where linear, 400 times where quadratic


def test_what_is_scored_is_the_text_without_fences() -> None:
    page = text_page(b"<b>x</b> &amp; y\n", None, BodyKind.SOURCE)
    assert scoring_text(page, "utf-8") == "<b>x</b> &amp; y"
    cells = b'{"cells": [{"cell_type": "code", "source": "x = 1"}, {"cell_type": "markdown", "source": "words"}]}'
    assert plain_text(text_page(cells, None, BodyKind.NOTEBOOK)) == "x = 1\n\nwords"
