import numpy as np
import pytest

from recall.model.fasttext import Recipe
from recall.model.scorer import SHIPPED_MODEL, ModelCard, Scorer, label_of
from recall.page.text import scoring_text
from recall.records import MARK

CARD = ModelCard(("C", "other"), "C", "html", Recipe(), 0.5, text_threshold=0.2, thresholds={"forum": 0.3})
CARD_OF_PAGES = ModelCard(("C", "other"), "C", "html", Recipe(), 0.5)
LONG = "x" * CARD.least_characters
FORUM = "https://forum.example.org/t/1"


@pytest.mark.parametrize(
    ("text", "score", "url", "bare", "label"),
    [
        (LONG, 0.5, None, False, "C"),
        (LONG, 0.49, None, False, "other"),
        (LONG, 0.3, FORUM, False, "C"),
        (LONG, 0.29, FORUM, False, "other"),
        (LONG, 0.2, FORUM, True, "C"),
        (LONG, 0.19, None, True, "other"),
        (LONG[1:], 0.19, None, True, "too short"),
        ("", 0.0, None, False, "too short"),
        ("def f(x): return x", 0.9, None, True, "C"),
        (f" \n{LONG[1:]}\n ", 0.1, None, False, "too short"),
        (f"{LONG[1:]}{MARK}in code: {LONG}{MARK}pre1", 0.1, None, False, "too short"),
        ("ß" * CARD.least_characters, 0.1, None, False, "other"),
        ("\U0001f600" * (CARD.least_characters - 1), 0.1, None, False, "too short"),
    ],
)
def test_a_page_is_positive_other_or_too_short_for_an_opinion(
    text: str, score: float, url: str | None, bare: bool, label: str
) -> None:
    assert label_of(CARD, score, text, url, bare=bare) == label
    assert label_of(CARD, score, text.encode(), url, bare=bare) == label


def test_without_a_threshold_for_text_a_text_is_held_to_that_of_pages() -> None:
    assert [label_of(CARD_OF_PAGES, score, LONG, bare=True) for score in (0.5, 0.4)] == ["C", "other"]


@pytest.fixture(scope="module")
def shipped() -> Scorer:
    return Scorer.load()


CODE = """<h1>How to read a file line by line in Python</h1><p>Open the file with a context manager, so that it
is closed when an exception is raised, and iterate over it: the interpreter reads it in blocks.</p><pre><code>import sys

def count_lines(path):
    total = 0
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            total += 1
    return total

if __name__ == "__main__":
    print(count_lines(sys.argv[1]))
</code></pre><p>The function returns an integer. To skip empty lines, test <code>line.strip()</code> in the loop.</p>"""
LIFE = """<h1>Plum cake for a Sunday in September</h1><p>Halve the plums, take out the stones and lay them close
together on the dough. My grandmother used to sprinkle them with cinnamon and coarse sugar;
half an hour later the whole house smelled of it.</p><p>Let the cake rest until it is lukewarm, cut it into squares and
serve it with whipped cream and strong coffee. It keeps for two days under a cloth.</p>"""


def test_the_shipped_model_tells_code_from_life(shipped: Scorer) -> None:
    assert shipped.labels_of([scoring_text(page.encode()) for page in (CODE, LIFE)]) == ["C", "other"]


def test_the_shipped_model_has_no_opinion_of_a_line(shipped: Scorer) -> None:
    assert shipped.labels_of(["def f(x): return x", "A day at the sea."], bare=True) == ["too short"] * 2


def test_the_shipped_model_says_what_it_is_and_stays_small(shipped: Scorer) -> None:
    files = {path.name: path.stat().st_size for path in SHIPPED_MODEL.iterdir()}
    assert sum(files[name] for name in ("tokenizer.json", "scorer.npz", "model.json")) < 1_600_000
    assert files["plain.bin"] < 1_600_000
    thresholds = [shipped.card.metrics[f"threshold_{precision}"] for precision in (0.5, 0.8, 0.9)]
    assert thresholds == sorted(thresholds)
    assert shipped.threshold < thresholds[0]
    assert np.all(np.diff(shipped.calibrate(np.linspace(0.01, 0.99, 50))) > 0)
