"""Benchmark items are found in whatever dress they come, and clean text has none."""

import json
from pathlib import Path

import pytest

from recall.config import AccessSection
from recall.corpus.filters.contamination import Benchmarks, split_words, views
from recall.errors import BadInput

ITEMS = [
    {
        "task_id": "Shelf/0",
        "prompt": 'def widest_gap(shelves, floor):\n    """ Return the widest gap between two neighbouring shelves,\n'
        "    the lowest one measured from the floor.\n    >>> widest_gap([3, 9], 1)\n    6\n" + '    """\n',
        "canonical_solution": "    heights = sorted([floor, *shelves])\n    widest = 0\n    for low, high in "
        "zip(heights, heights[1:]):\n        if high - low > widest:\n            widest = high - low\n"
        "    return widest\n",
        "test": "def check(candidate):\n    assert candidate([3, 9], 1) == 6\n",
        "entry_point": "widest_gap",
    },
    {
        "task_id": "Shelf/1",
        "prompt": "def add(x: int, y: int):\n    " + '"""Add two numbers x and y"""\n',
        "canonical_solution": "    return x + y\n",
    },
    {"task_id": "Shelf/2", "question": "Which colour has a ripe kumquat?", "answer": "orange"},
    {"task_id": "Shelf/3", "prompt": "Return the number of vowels that precede each consonant of the word, as a list."},
    {
        "task_id": "Shelf/4",
        "prompt": "def fractional_hours(minutes: float) -> float:\n" + '    """Hours without whole ones."""\n',
        "canonical_solution": "    return minutes / 60 % 1.0\n",
    },
]
CLEAN = """# Point

```python
class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

def add(x, y):
    return x + y
```

For i in range(n), for j in range(n): 1 2 3 4 5 6 7 8 9 10 11 12 0 0 0 0 0 0 0 0 0 0 0.
"""


@pytest.fixture(scope="module")
def benchmarks(tmp_path_factory: pytest.TempPathFactory) -> Benchmarks:
    path = tmp_path_factory.mktemp("benchmarks") / "shelf.jsonl"
    path.write_text("\n".join(json.dumps(item) for item in ITEMS), encoding="utf-8")
    return Benchmarks.load([str(path)], AccessSection())


def found(benchmarks: Benchmarks, text: str) -> list[str]:
    return [hit.item for hit in benchmarks.hits(f"# A page\n\nSome words before.\n\n{text}\n\nand some after it.\n")]


SOLUTION = str(ITEMS[0]["canonical_solution"])


@pytest.mark.parametrize(
    "planted",
    [
        str(ITEMS[0]["prompt"]),
        SOLUTION,
        SOLUTION.replace("    ", "\t"),
        SOLUTION.replace("\n", "\n\n\n").replace(" ", "  "),
        SOLUTION.replace(" > ", ">").replace(" - ", "-").replace(", ", ","),
        SOLUTION.upper(),
        SOLUTION.replace("\n", "  # a remark of my own about this very line\n"),
        SOLUTION.replace("\n", "  // and so it goes on\n"),
        SOLUTION.replace("widest = 0", "widest = 0\n    /* none yet,\n       of course */"),
        "```python\n" + SOLUTION + "```",
        str(ITEMS[0]["prompt"]).split('"""')[0] + "# no docstring here\n" + SOLUTION,
        str(ITEMS[0]["prompt"]).replace("\n    ", " "),
    ],
    ids=range(12),
)
def test_an_item_is_found_with_other_white_space_case_and_comments(benchmarks: Benchmarks, planted: str) -> None:
    assert found(benchmarks, planted) == ["Shelf/0"]


def test_an_item_with_comments_is_found_without_them() -> None:
    commented = SOLUTION.replace("\n", "  # why this line is here\n")
    assert Benchmarks.of([("b", "1", [commented])]).hits(SOLUTION)


def test_short_items_are_found_whole(benchmarks: Benchmarks) -> None:
    assert found(benchmarks, "which colour has a ripe kumquat?") == ["Shelf/2"]
    assert found(benchmarks, "Which colour has a ripe lemon?") == []
    assert found(benchmarks, "def fractional_hours(minutes:float)->float:  # so\n  return minutes/60%1.0") == [
        "Shelf/4"
    ]
    assert found(benchmarks, "return minutes / 60 % 1.0") == []


def test_nine_words_of_a_long_item_are_not_enough(benchmarks: Benchmarks) -> None:
    text = "Return the number of vowels that precede each consonant"
    assert found(benchmarks, text) == []
    assert found(benchmarks, text + " of") == ["Shelf/3"]


def test_a_hit_names_benchmark_item_and_words(benchmarks: Benchmarks) -> None:
    (hit,) = benchmarks.hits("x return the NUMBER of vowels, that precede each consonant of the word y")
    assert (hit.benchmark, hit.item, hit.count) == ("shelf", "Shelf/3", 3)
    assert hit.ngram == "return the number of vowels that precede each consonant of"


def test_clean_text_has_no_hits(benchmarks: Benchmarks) -> None:
    assert benchmarks.hits(CLEAN) == []
    assert benchmarks.hits("") == []
    rows = ["0 " * 40, "1 2 3 4 5 6 7 8 9 10"]
    assert Benchmarks.of([("b", str(i), [text]) for i, text in enumerate(rows)]).hits(CLEAN) == []


def test_the_template_of_a_benchmark_is_no_hit() -> None:
    template = "The first line of the input has one number, the count of test cases that follow it. "
    asked = ("sum", "mode", "mean", "rank", "range", "order", "span", "size", "width", "depth", "length", "median")
    items = [
        ("b", word, [f"{template}Compute the {word} of the sequence that lies on line two of it."]) for word in asked
    ]
    made = Benchmarks.of(items)
    assert made.hits(template) == []
    assert [hit.item for hit in made.hits(items[3][2][0])][:1] == ["rank"]


def test_comments_and_docstrings_are_taken_out() -> None:
    bare = list(views('x = 1  # one\nurl = "http://a/b"  // two\n/* three */ y = 2\n"""four"""'))[-1]
    assert split_words(bare) == ["x", "1", "url", "http", "a", "b", "y", "2"]


def test_files_that_are_no_items_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"prompt": "x"}\n[1]\n')
    with pytest.raises(BadInput, match=r"a\.jsonl:2: not a JSON object"):
        Benchmarks.load([str(tmp_path / "a.jsonl")], AccessSection())
    (tmp_path / "b.jsonl").write_text('{"prompt": "x"}\n')
    with pytest.raises(BadInput, match=r"b\.jsonl:1: has no field 'code'"):
        Benchmarks.load([str(tmp_path / "b.jsonl")], AccessSection(), fields=["code"])
