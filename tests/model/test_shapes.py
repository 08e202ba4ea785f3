"""Shapes of texts, held against plain Python."""

import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recall.model.shapes import DENSE, EXTENSIONS, LOOKS, MANY, PER, SHAPES, SYMBOLS, shapes_of


def joints_of(word: str) -> list[int]:
    """Places where a word changes from lower to upper case, or goes on behind a low line inside of it."""
    return [
        at
        for at in range(1, len(word))
        if (word[at - 1].islower() and word[at].isupper()) or (word[at - 1] == "_" and word[at] != "_")
    ]


def looks_of(text: str) -> dict[str, int]:
    """The looks by their definition: one regular expression or loop each."""
    counts = dict.fromkeys(LOOKS, 0)
    words = [(found.start(), found.group()) for found in re.finditer(r"[A-Za-z0-9_]+", text)]
    for _, word in words:
        for at in range(1, len(word)):
            before = joints_of(word[:at])
            if before:
                break
            if word[at].isupper() and word[at - 1].islower():
                counts["camel"] += word[0].islower()
                counts["pascal"] += word[0].isupper()
            if word[at] == "_" and word[at - 1] != "_" and at + 1 < len(word):
                counts["snake"] += 1
    counts["call"] = len(re.findall(r"(?<=[A-Za-z0-9_])\(\)", text))
    counts["method"] = len(re.findall(r"\.[A-Za-z0-9_]+\((?!\))", text))
    counts["flag"] = len(re.findall(r"(?:(?<![^ \n])|(?<=(?<![^ \n])-))-(?=[a-z])", text))
    counts["file"] = len(
        re.findall(rf"(?<=[A-Za-z0-9_])\.(?:{'|'.join(EXTENSIONS)})(?![A-Za-z0-9_])", text, re.IGNORECASE)
    )
    counts["ending"] = len(re.findall(r"[;{}] *\n", text))
    return counts


def names_of(text: str) -> list[str]:
    characters = max(1, len(text))
    symbols = [(symbol, min((text.count(symbol) * PER // characters).bit_length(), DENSE - 1)) for symbol in SYMBOLS]
    looks = [(look, min(count.bit_length(), MANY - 1)) for look, count in looks_of(text).items()]
    return [f"{name}{bucket}" for name, bucket in (*symbols, *looks)]


def test_every_name_is_one_shape() -> None:
    assert len(set(SHAPES)) == len(SHAPES)


@pytest.mark.parametrize(
    ("text", "look", "count"),
    [
        ("fooBar fooBarBaz foobar FOO", "camel", 2),
        ("FooBar Foo FOOBar", "pascal", 1),
        ("foo_bar __init__ _x FOO_BAR_BAZ", "snake", 3),
        ("main() f (x) g(x)", "call", 1),
        ("a.append(x) a.b .c(", "method", 2),
        ("tar -x --verbose a-b - -1", "flag", 2),
        ("see main.py, MAIN.C and readme.text or x.pyc", "file", 2),
        ("int x;\nfor {  \n}\nword\n", "ending", 3),
    ],
)
def test_looks_are_counted(text: str, look: str, count: int) -> None:
    place = SHAPES.index(f"{look}0")
    assert shapes_of(text.encode())[len(SYMBOLS) + LOOKS.index(look)] - place == count.bit_length()


@settings(max_examples=300)
@given(st.text(alphabet="aB_1.- (){};\n中=pyc", max_size=40))
def test_shapes_are_those_of_plain_python(text: str) -> None:
    assert [SHAPES[place] for place in shapes_of(text.encode())] == names_of(text)


def test_symbols_are_counted_by_characters_not_bytes() -> None:
    assert shapes_of(("中" * 99 + ";").encode())[SYMBOLS.index(";")] == SHAPES.index(";8")


def test_a_page_that_is_one_word_takes_linear_time() -> None:
    shapes_of(b"warm")
    start = time.perf_counter()
    shapes_of(b"aB_(" * 500_000)
    assert time.perf_counter() - start < 3
    assert len(shapes_of(b"")) == len(np.unique(shapes_of(b""))) == len(SYMBOLS) + len(LOOKS)
