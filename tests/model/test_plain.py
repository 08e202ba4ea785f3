"""The plain model, read by fastText itself as others do."""

import random
from pathlib import Path

import pytest

from recall.errors import BadInput
from recall.model.fasttext import rename_labels
from recall.model.plain import distil, label_names, plain_text, stretches
from recall.model.scorer import PLAIN_MODEL, SHIPPED_MODEL, Scorer
from recall.records import MARK

CODE = "def return import class static void print function compile pointer".split()
LIFE = "hotel beach sun museum ticket garden butter recipe village music".split()


class Trained:
    """What conftest's fixture `trained` gives."""

    folder: Path
    scorer: Scorer


def page(chance: random.Random, words: list[str], count: int = 80) -> str:
    return " ".join(chance.choice([*words, "the", "of"]) for _ in range(count))


@pytest.fixture(scope="module")
def plain(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    chance, path = random.Random(1), tmp_path_factory.mktemp("plain") / "plain.bin"
    texts = [page(chance, CODE if number % 2 else LIFE) for number in range(60)]
    labels = [None if number > 40 else "C" if number % 2 else "other" for number in range(60)]
    distil(trained.scorer, texts, labels, path)
    return path


def says(path: Path, text: str) -> dict[str, float]:
    import fasttext

    labels, shares = fasttext.load_model(str(path)).predict(text, k=-1)
    return dict(zip(labels, map(float, shares), strict=True))


def test_fasttext_itself_tells_code_from_life_in_plain_text(plain: Path) -> None:
    chance = random.Random(2)
    code, life = (says(plain, page(chance, words))["__label__C"] for words in (CODE, LIFE))
    assert code > 0.5 > life


def test_the_same_pages_give_the_same_bytes(trained: Trained, plain: Path, tmp_path: Path) -> None:
    chance = random.Random(1)
    texts = [page(chance, CODE if number % 2 else LIFE) for number in range(60)]
    labels = [None if number > 40 else "C" if number % 2 else "other" for number in range(60)]
    distil(trained.scorer, texts, labels, tmp_path / "again.bin")
    assert (tmp_path / "again.bin").read_bytes() == plain.read_bytes()


@pytest.mark.parametrize("names", [("hq", "cc"), ("x" * 100, "ß"), ("other", "C")])
def test_labels_are_renamed_and_nothing_else_changes(plain: Path, tmp_path: Path, names: tuple[str, str]) -> None:
    renamed = tmp_path / "renamed.bin"
    renamed.write_bytes(rename_labels(plain.read_bytes(), {"C": names[0], "other": names[1]}))
    before, after = (says(path, "def hotel return") for path in (plain, renamed))
    assert after == {
        f"__label__{names[0]}": before["__label__C"],
        f"__label__{names[1]}": before["__label__other"],
    }


def test_what_is_no_model_is_refused_for_renaming(plain: Path) -> None:
    whole = plain.read_bytes()
    for data in (b"", b"PK\x03\x04", whole[:40], whole[:200]):
        with pytest.raises(BadInput, match="not a whole supervised fastText model"):
            rename_labels(data, {"C": "hq", "other": "cc"})
    with pytest.raises(BadInput, match="'C' has no new name"):
        rename_labels(whole, {"other": "cc"})


@pytest.mark.parametrize(
    ("text", "names"),
    [("", ("C", "other")), ("hq,cc", ("hq", "cc")), (" __label__code , rest ", ("code", "rest"))],
)
def test_names_of_labels(text: str, names: tuple[str, str]) -> None:
    assert label_names(text, "C") == names


@pytest.mark.parametrize("text", ["hq", "hq,cc,x", "hq,hq", "hq,", "a b,cc", "__label__,cc"])
def test_names_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="expected two names, POSITIVE,OTHER"):
        label_names(text, "C")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n b\tc", "a b c"),
        (f"a{MARK}in code: b{MARK}pre1", "a"),
        ("x __label__C </s> y", "x C y"),
        ("__lab__label__el__C", "__lab el__C"),
        ("\u2028a\x0bb\x1c", "a b"),
        ("", ""),
    ],
)
def test_a_page_is_one_line_that_fasttext_reads_as_words(text: str, line: str) -> None:
    assert plain_text(text) == line


@pytest.mark.parametrize(("length", "count"), [(0, 1), (100, 1), (2_700, 1), (2_800, 2), (4_800, 3), (10**6, 10)])
def test_a_page_has_a_bounded_number_of_stretches(length: int, count: int) -> None:
    assert len(list(stretches("x" * length))) == count


def test_pages_of_one_label_are_refused(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="only pages of one"):
        distil(trained.scorer, [], [], tmp_path / "none.bin")


CODE_TEXT = """How to read a file line by line in Python. Open the file in a context, so that it is closed when an
exception is raised, and iterate over it: the interpreter reads it in blocks. import sys def count(path): total = 0
with open(path, encoding="utf-8") as stream: for line in stream: total += 1 return total if __name__ == "__main__":
print(count(sys.argv[1])) The function returns an integer; a test compares it with what the shell command wc -l says."""
LIFE_TEXT = """Plum cake for a Sunday in September. Halve the plums, take out the stones and lay them on the
dough. My grandmother used to sprinkle them with cinnamon and coarse sugar; half an hour later the whole house smelled
of it. Let the cake rest until it is lukewarm, cut it into squares and serve it with cream and strong coffee."""


def test_the_shipped_plain_model_is_small_and_ranks_code_before_life() -> None:
    assert sum(path.stat().st_size for path in SHIPPED_MODEL.iterdir()) < 2_000_000
    code, life = (says(PLAIN_MODEL, plain_text(text * 5))["__label__C"] for text in (CODE_TEXT, LIFE_TEXT))
    assert code > 100 * life
