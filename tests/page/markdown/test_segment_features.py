"""Features of segments: what the columns say on small pages, that they never vary, and what they cost."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.page.markdown.conversion import cut_page
from recall.page.markdown.opening_tags import TABLE_BITS, parse_tag, token
from recall.page.markdown.segment_features import columns_of, features, word_counts, word_token, word_tokens
from recall.page.markdown.segments import Segments

SIZE = 1 << TABLE_BITS
NOTHING = np.zeros(SIZE, np.int64)
PROSE = "A paragraph that says something, at some length."


def cut(html: str) -> Segments:
    found = cut_page(html.encode())
    assert found is not None
    return found.segments


def columns(html: str, markup: Any = NOTHING, words: Any = NOTHING) -> dict[str, list[float]]:
    segments = cut(html)
    return {name: values.tolist() for name, values in columns_of(segments, markup, words).items()}


@pytest.mark.parametrize(
    ("column", "html", "values"),
    [
        ("chars", "<p>abc</p><p>de</p>", [3, 2]),
        ("free", "<p>abc <a href=x>link</a></p><p>de</p>", [4, 2]),
        ("words", "<p>one two</p><p>three</p>", [2, 1]),
        ("ends", "<p>Done.</p><p>Menu</p>", [1, 0]),
        ("lines", "<p>a<br>b</p><p>c</p>", [1, 0]),
        ("copies", "<p>a</p><p>b</p><p>a</p>", [2, 1, 2]),
        ("copyright", "<p>© me</p><p>me</p>", [1, 0]),
        ("heading", "<h1>T</h1><h3>S</h3><p>x</p>", [1, 3, 0]),
        ("in_nav", "<nav><p>a</p></nav><p>b</p>", [1, 0]),
        ("in_main", "<main><div><p>a</p></div></main><p>b</p>", [1, 0]),
        ("is_li", "<ul><li>a</li></ul><p>b</p>", [1, 0]),
        ("is_BLOCK", "<p>b</p><pre>x = 1\ny = 2</pre>", [0, 1]),
        ("depth", "<div><p>a</p></div><p>b</p>", [2, 1]),
        ("since_title", "<p>a</p><h1>T</h1><p>b</p>", [-1, 0, 1]),
        ("since_heading", "<p>a</p><h2>T</h2><p>b</p>", [99, 0, 1]),
        ("heading_level", "<p>a</p><h2>T</h2><p>b</p>", [0, 2, 2]),
        ("segments", "<p>a</p><p>b</p>", [2, 2]),
        ("to_longest", "<p>a</p><p>long</p><p>b</p>", [-1, 0, 1]),
        ("count_parent", "<div><p>a</p><p>b</p></div><p>c</p>", [2, 2, 3]),
        ("mean_free_parent", "<div><p>abc</p><p>a</p></div>", [2, 2]),
        ("same_count", "<p>a</p><p>b</p><div>c</div>", [2, 2, 1]),
        ("same_mean", "<p>abc</p><p>b</p><div>c</div>", [2, 2, 1]),
        ("path_count", "<p>a</p><div><p>b</p></div><p>c</p>", [2, 1, 2]),
        ("path_free", "<p>abc</p><div><p>b</p></div><p>c</p>", [2, 1, 2]),
        ("page_links", "<p>ab</p><p><a href=x>cd</a></p>", [0.5, 0.5]),
        ("free-1", "<p>abc</p><p>b</p>", [0, 3]),
        ("free+1", "<p>abc</p><p>b</p>", [1, 0]),
    ],
)
def test_columns_say_what_they_are_named(column: str, html: str, values: list[float]) -> None:
    assert columns(html)[column] == values


def test_posts_of_one_shape_are_a_group_whatever_their_ids() -> None:
    post = '<div class="row r{0}" id="p{0}"><h4>Name</h4><p>Words of a person, number {0}.</p></div>'
    html = f"<p>Menu</p><section>{''.join(post.format(number) for number in range(4))}</section>"
    found = columns(html)
    assert found["group_count"] == [0] + [4] * 8
    assert found["group_index"] == [-1, 0, 0, 1, 1, 2, 2, 3, 3]
    assert found["group_segments"] == [0] + [2] * 8
    assert found["path_count"] == [1] + [4] * 8


def test_words_of_markup_weigh_on_all_inside() -> None:
    markup = NOTHING.copy()
    markup[token("c:menu")] = -7
    markup[token("t:p")] = 2
    found = columns('<div class="menu"><p>a</p></div><p>b</p>', markup)
    assert found["path"] == [-5, 2]
    assert found["least"] == [-7, 0]
    assert found["most"] == [2, 2]
    assert found["path_parent"] == [-7, 0]


def test_each_distinct_word_of_a_text_weighs_once() -> None:
    words = NOTHING.copy()
    words[word_token("cookies")] = -9
    found = columns("<p>Cookies, cookies!</p><p>bread</p>", words=words)
    assert found["text"] == [-9, 0]
    assert found["text+1"] == [0, 0]
    assert found["mean_text_parent"] == [-4.5, -4.5]


def test_only_the_start_of_a_long_text_is_looked_up() -> None:
    assert len(word_tokens(" ".join(f"w{number}" for number in range(1000)))) == 40
    assert len(word_tokens("x" * 10_000_000)) == 1


def test_the_matrix_is_the_columns_in_their_order() -> None:
    segments = cut(f"<h1>T</h1><p>{PROSE}</p><ul><li><a href=x>a</a></li></ul>")
    named = columns_of(segments, NOTHING, NOTHING)
    rows = features(segments, NOTHING, NOTHING)
    assert rows.dtype == np.float32
    assert rows.flags.c_contiguous
    assert rows.shape == (3, len(named))
    assert not np.isnan(rows).any()
    assert rows[:, list(named).index("chars")].tolist() == [1, len(PROSE), 1]


def test_one_segment_has_all_columns() -> None:
    names = set(columns(f"<h1>T</h1><p>{PROSE}</p>"))
    assert set(columns("<p>a</p>")) == set(columns("alone")) == names
    assert word_counts(Segments()).tolist() == []


@pytest.mark.slow
def test_other_processes_compute_the_same() -> None:
    """Whatever order their sets and hashes of strings have."""
    program = (
        "import sys, zlib, numpy as np; from tests.page.markdown.test_segment_features import cut;"
        "from recall.page.markdown.segment_features import features;"
        "w = np.random.default_rng(3).integers(-999, 999, 1 << 14);"
        "print(zlib.crc32(features(cut(sys.argv[1]), w, w).tobytes()))"
    )
    html = "<nav class='a b c'><a href=x>one two</a></nav>" + f"<p id=q>{PROSE}</p>" * 3 + "<div class=z>x</div>" * 9
    digests = {
        subprocess.run(
            [sys.executable, "-c", program, html],
            capture_output=True,
            check=True,
            text=True,
            cwd=Path(__file__).parents[3],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("name", ["img", "span"])
def test_a_tag_that_holds_its_picture_is_not_kept(name: str) -> None:
    def page(size: int) -> str:
        return f"<div><{name} class=unheard-{name} src='data:{'x' * size}'>words</{name}></div>"

    cut(page(10))
    kept = parse_tag.cache_info().currsize
    assert cut(page(2000)).texts == ["words"]
    assert parse_tag.cache_info().currsize == kept


@pytest.mark.parametrize("shape", ["flat", "nested", "groups"])
def test_a_hundred_thousand_segments_take_linear_time(shape: str) -> None:
    segments = Segments()
    tags = cut("<div class=x><p>a</p></div>").tags
    count = 100_000
    segments.tags = [tags[0], *(tags[1 + (number % 2 if shape == "groups" else 0)] for number in range(count))]
    segments.parents = [-1, *(number if shape == "nested" else 0 for number in range(count))]
    if shape == "groups":
        segments.parents = [-1, *(0 if number % 2 == 0 else number for number in range(count))]
    segments.nodes = list(range(1, count + 1))
    segments.texts = ["word"] * count
    segments.linked, segments.code = [0] * count, [-1] * count
    started = time.process_time()
    assert features(segments, NOTHING, NOTHING).shape[0] == count
    assert time.process_time() - started < 5


@given(st.text(max_size=60))
def test_words_and_signs_of_a_text_are_those_of_the_patterns(text: str) -> None:
    segments = cut("<p>a</p>")
    segments.texts = [text]
    segments.linked = [0]
    weights = np.random.default_rng(1).integers(-99, 99, SIZE)
    found = columns_of(segments, NOTHING, weights)
    size = max(len(text), 1)
    assert found["words"].tolist() == word_counts(segments).tolist() == [len(re.findall(r"\w+", text))]
    assert found["text"].tolist() == [sum(int(weights[number]) for number in word_tokens(text))]
    assert found["digits"].tolist() == [len(re.findall(r"\d", text)) / size]
    assert found["capitals"].tolist() == [len(re.findall("[A-Z]", text)) / size]
    assert found["punctuation"].tolist() == [len(re.findall("[.,;:!?。，、；：！？]", text)) / size]
