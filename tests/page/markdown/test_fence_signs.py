"""An unnamed fence gets a language where its text proves it, and none else."""

import time

import pytest

from recall.page.markdown import markdown
from recall.page.markdown.fence_signs import MAX_JSON, language_by_signs


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (">>> import os\n>>> os.sep\n'/'", "pycon"),
        ("\n>>> 1", "pycon"),
        ("$ ls -la\ntotal 0", "console"),
        ("$ ./configure", "console"),
        ("#!/bin/sh\nls", "bash"),
        ("#!/usr/bin/env bash\nls", "bash"),
        ("#! /usr/bin/python3.11\nx = 1", "python"),
        ("#!/usr/bin/env -S node --no-warnings\nx", "javascript"),
        ("#!/usr/bin/perl -w", "perl"),
        ("<?php\necho 1;", "php"),
        ('<?xml version="1.0"?>\n<a/>', "xml"),
        ("<!DOCTYPE html>\n<p>a", "html"),
        ("diff --git a/x b/x\n--- a/x", "diff"),
        ('{"a": 1}', "json"),
        ('{\n  "a": [1, {"b": null}]\n}\n', "json"),
        ("", ""),
        ("{}", ""),
        ("{'a': 1}", ""),
        ('{"a": 1, }', ""),
        ('{ ... "a": 1 }', ""),
        ('"a"', ""),
        ("[1, 2, 3]", ""),
        ("$ 5.00", ""),
        ("$x = 1;", ""),
        ("$", ""),
        (">>> ", ""),
        (">> a", ""),
        ("a\n$ ls", ""),
        ("#!/bin/false\nx", ""),
        ("#!/bin/shell\nx", ""),
        ("#!/usr/bin/env pythonic", ""),
        ("<?= $x ?>", ""),
        ("x = 1", ""),
        ("import os", ""),
    ],
)
def test_only_proof_counts(text: str, language: str) -> None:
    assert language_by_signs(text) == language


def page(opening: str) -> bytes:
    text = "<p>The text before the listing says what it shows, in a sentence or two.</p>"
    block = f"<pre><code{opening}>$ make\n$ make install\ndone</code></pre>"
    return f"<html><body><article><h1>How to</h1>{text}{block}{text}</article></body></html>".encode()


@pytest.mark.parametrize(("opening", "word"), [("", "console"), (" class=language-fish", "fish")])
def test_the_word_of_the_page_comes_first(opening: str, word: str) -> None:
    assert f"\n```{word}\n$ make\n$ make install\ndone\n```\n" in markdown(page(opening))


HOSTILE = ['{"a":' * (MAX_JSON // 6) + "}", '{"' + "\\" * MAX_JSON + "}", "{" * 999_999 + "}"]


@pytest.mark.parametrize("text", [*HOSTILE, "#!/" + "/" * 999_999, "\n" * 999_999], ids=range(5))
def test_large_texts_are_told_at_once(text: str) -> None:
    began = time.process_time()
    assert language_by_signs(text) == ""
    assert time.process_time() - began < 0.5
