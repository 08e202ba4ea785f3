"""The choice of segments: as many as the expected F-measure wants, and rules for what is certain."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.page.markdown.content import LINK_RUN, MAX_GAP, choose, expected_choice
from recall.page.markdown.conversion import cut_page
from recall.page.markdown.segment_features import word_counts
from recall.page.markdown.segments import Segments
from recall.page.markdown.table_writer import data_tables

SURE, LIKELY, UNLIKELY, FRAME = 0.99, 0.9, 0.1, 0.001


def cut(html: str) -> Segments:
    found = cut_page(html.encode())
    assert found is not None
    return found.segments


def kept(html: str, probabilities: list[float]) -> list[str]:
    segments = cut(html)
    assert len(segments.texts) == len(probabilities)
    keep = choose(segments, np.array(probabilities), word_counts(segments), data_tables(segments))
    return [text for text, chosen in zip(segments.texts, keep.tolist(), strict=True) if chosen]


@given(
    st.lists(st.tuples(st.floats(0, 1).map(lambda p: round(p, 3)), st.integers(0, 50)), min_size=1, max_size=7),
    st.sampled_from([1.0, 1.5]),
)
def test_no_other_choice_has_a_larger_expected_f(segments: list[tuple[float, int]], beta: float) -> None:
    probabilities = np.array([probability for probability, _ in segments])
    counts = np.array([count for _, count in segments])

    def expected(chosen: tuple[int, ...]) -> float:
        right = float(sum(probabilities[index] * counts[index] for index in chosen))
        wanted = float((probabilities * counts).sum())
        shown = float(sum(counts[index] for index in chosen))
        return (1 + beta**2) * right / (shown + beta**2 * wanted + 1e-9)

    keep = tuple(np.flatnonzero(expected_choice(probabilities, counts, beta)).tolist())
    others = (chosen for size in range(1, len(segments) + 1) for chosen in combinations(range(len(segments)), size))
    assert expected(keep) == pytest.approx(max(map(expected, others)), abs=1e-4)


def test_a_larger_beta_keeps_no_less() -> None:
    chance = np.random.default_rng(4)
    probabilities, counts = chance.random(200), chance.integers(1, 40, 200)
    for low, high in ((0.5, 1.0), (1.0, 1.5), (1.5, 3.0)):
        assert not (expected_choice(probabilities, counts, low) & ~expected_choice(probabilities, counts, high)).any()


def test_nothing_is_kept_of_nothing() -> None:
    assert expected_choice(np.zeros(0), np.zeros(0, np.int64)).tolist() == []


LONG = "Some words of a paragraph that stands in the article, and they go on for a while."


def test_code_stays_unless_it_is_frame_for_certain() -> None:
    html = f"<p>{LONG}</p><div><p>Menu</p></div><pre>a = 1\nb = 2</pre><div><p>x</p></div><pre>c = 3\nd = 4</pre>"
    assert kept(html, [SURE, FRAME, 0.05, FRAME, FRAME]) == [LONG, "a = 1\nb = 2"]


@pytest.mark.parametrize(("length", "stays"), [(1, True), (MAX_GAP, True), (MAX_GAP + 1, False)])
def test_short_gaps_in_the_text_are_filled(length: int, stays: bool) -> None:
    gap = [f"part {number}" for number in range(length)]
    html = f"<p>{LONG}</p>" + "".join(f"<p>{text}</p>" for text in gap) + f"<p>{LONG}</p>"
    texts = kept(html, [SURE, *[UNLIKELY] * length, SURE])
    assert (texts[1:-1] == gap) == stays


def test_frame_in_a_gap_is_left_out() -> None:
    assert kept(f"<p>{LONG}</p><p>Share this</p><p>{LONG}</p>", [SURE, FRAME, SURE]) == [LONG, LONG]


def test_long_runs_of_short_links_go_however_likely_they_are() -> None:
    def page(count: int) -> str:
        links = "".join(f"<li><a href=x>link {number}</a></li>" for number in range(count))
        return f"<p>{LONG}</p><ul>{links}</ul><p>{LONG}</p>"

    assert kept(page(LINK_RUN), [SURE] * (LINK_RUN + 2)) == [LONG, LONG]
    assert len(kept(page(LINK_RUN - 1), [SURE] * (LINK_RUN + 1))) == LINK_RUN + 1


@pytest.mark.parametrize(
    ("chances", "count"), [([SURE, SURE, FRAME, FRAME], 4), ([SURE, FRAME, FRAME, FRAME], 0), ([FRAME] * 4, 0)]
)
def test_a_list_of_links_stays_whole_or_goes(chances: list[float], count: int) -> None:
    links = "".join(f"<li><a href=#{number}>The part {number}</a></li>" for number in range(3))
    html = f"<p>{LONG}</p><ul>{links}<ul><li><a href=#4>Another part</a></li></ul></ul><div><p>x</p></div>"
    assert len(kept(html, [SURE, *chances, FRAME])) == 1 + count


def test_a_list_of_which_a_part_is_no_link_is_cut_as_its_items_are() -> None:
    html = f"<p>{LONG}</p><ul><li><a href=a>One</a></li><li>Two, which is no link, but words.</li></ul><p>x</p>"
    assert kept(html, [SURE, FRAME, SURE, FRAME]) == [LONG, "Two, which is no link, but words."]


@pytest.mark.parametrize(("cells", "count"), [([SURE, SURE, SURE, FRAME], 4), ([FRAME, FRAME, FRAME, LIKELY], 0)])
def test_a_table_stays_whole_or_goes(cells: list[float], count: int) -> None:
    html = f"<p>{LONG}</p><div><p>x</p></div><table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"
    assert len(kept(html, [SURE, FRAME, *cells])) == 1 + count


def test_headings_stay_with_their_text_and_go_without() -> None:
    html = f"<h1>Title</h1><h2>Part</h2><p>{LONG}</p><h2>Related</h2><p>Frame</p>"
    assert kept(html, [UNLIKELY, UNLIKELY, SURE, SURE, FRAME]) == ["Title", "Part", LONG]


LEDE = "This is said in one sentence of its own."
LINES = {
    "contents-dropped": (
        f"<h1>T</h1><h2>Table of Contents</h2><nav><a href=#a>The a</a></nav><p>{LONG}</p>",
        [SURE, SURE, FRAME, SURE],
        ["T", LONG],
    ),
    "contents-in-chinese": (
        f"<h1>T</h1><h2>文章目录</h2><ul><li><a href=#a>The a</a></ul><h2>a</h2><p>{LONG}</p>",
        [SURE, SURE, FRAME, SURE, SURE],
        ["T", "a", LONG],
    ),
    "contents-that-a-script-fills": (
        f"<h1>T</h1><div class=post-toc><h2>Here</h2><div><nav id=toc></nav></div></div><p>{LONG}</p>",
        [SURE, SURE, SURE],
        ["T", LONG],
    ),
    "contents-kept": (
        f"<h1>T</h1><p>{LONG}</p><h2 id=toc>Contents</h2><ul><li><a href=#a>The a</a></ul>",
        [SURE, SURE, SURE, SURE],
        ["T", LONG, "Contents", "The a"],
    ),
    "links-of-a-section-dropped": (
        f"<h1>T</h1><h2>Saws</h2><ul><li><a href=#a>The a</a></ul><p>{LONG}</p>",
        [SURE, SURE, FRAME, SURE],
        ["T", "Saws", LONG],
    ),
    "subtitle": (
        f"<header><h1>T</h1><h3>On saws</h3><div>ann</div></header><h2>a</h2><p>{LONG}</p>",
        [SURE, UNLIKELY, FRAME, SURE, SURE],
        ["T", "On saws", "a", LONG],
    ),
    "last-heading": (
        f"<h1>T</h1><div><p>{LONG}</p><h2>The end</h2></div><div>ann, 2018</div>",
        [SURE, SURE, LIKELY, FRAME],
        ["T", LONG, "The end"],
    ),
    "heading-of-frame": (
        f"<h1>T</h1><div><p>{LONG}</p></div><div><h2>More</h2><p>ann, 2018</p></div>",
        [SURE, SURE, LIKELY, FRAME],
        ["T", LONG],
    ),
    "lede": (
        f"<h1>T</h1>{'<p>x</p>' * 13}<p>{LEDE}</p><p>{LONG}</p>",
        [SURE, *[FRAME] * 13, 0.15, SURE],
        ["T", LEDE, LONG],
    ),
    "line-of-links-above": (
        f"<h1>T</h1>{'<p>x</p>' * 13}<p><a href=a>{LEDE}</a></p><p>{LONG}</p>",
        [SURE, *[FRAME] * 13, 0.15, SURE],
        ["T", LONG],
    ),
    "signs-alone": (f"<h1>T</h1><p>{LONG}</p><div>»</div><p>{LONG}</p>", [SURE] * 4, ["T", LONG, LONG]),
    "signs-told-of": (
        f"<h1>T</h1><p>{LONG}</p><dl><dt>→</dt><dd>{LEDE}</dd></dl>",
        [SURE] * 4,
        ["T", LONG, "→", LEDE],
    ),
}


@pytest.mark.parametrize(("html", "chances", "wanted"), LINES.values(), ids=LINES)
def test_lines_beside_the_text(html: str, chances: list[float], wanted: list[str]) -> None:
    assert kept(html, chances) == wanted
