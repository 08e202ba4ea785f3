"""Features of texts, held against their plain definition."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recall.kernels.plain_twins import plain_symbol_features
from recall.model.features import DENSE, EXTENSIONS, FEATURES, LOOKS, MANY, PER, SYMBOLS, features_of


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
    first = FEATURES.index(f"{look}0")
    assert features_of(text.encode())[len(SYMBOLS) + LOOKS.index(look)] - first == count.bit_length()


@settings(max_examples=300)
@given(st.text(alphabet="aB_1.- (){};\n中=pyc", max_size=40))
def test_features_are_those_of_the_plain_definition(text: str) -> None:
    features = features_of(text.encode()).tolist()
    assert features == plain_symbol_features(text, SYMBOLS, EXTENSIONS, (PER, DENSE, MANY))
    assert [FEATURES[index].rstrip("0123456789") for index in features] == [*SYMBOLS, *LOOKS]


def test_symbols_are_counted_by_characters_not_bytes() -> None:
    assert features_of(("中" * 99 + ";").encode())[SYMBOLS.index(";")] == FEATURES.index(";8")


def test_a_page_that_is_one_word_takes_linear_time() -> None:
    features_of(b"warm")
    start = time.process_time()
    features_of(b"aB_(" * 500_000)
    assert time.process_time() - start < 3
    assert len(features_of(b"")) == len(np.unique(features_of(b""))) == len(SYMBOLS) + len(LOOKS)


@pytest.mark.parametrize("word", ["a", "A", "_", "a__", "9"])
def test_a_page_that_is_one_word_takes_linear_time_without_compiled_code(word: str) -> None:
    start = time.process_time()
    plain_symbol_features(word * (200_000 // len(word)), SYMBOLS, EXTENSIONS, (PER, DENSE, MANY))
    assert time.process_time() - start < 3
