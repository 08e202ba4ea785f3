from pathlib import Path

import pytest
from click.testing import CliRunner

from recall.cli import verbs
from recall.errors import BadInput
from recall.model.scorer import PLAIN_MODEL
from recall.release.plain_model import release_plain, release_shipped
from recall.run.rounds import Run


def says(path: Path, text: str) -> set[str]:
    import fasttext

    return set(fasttext.load_model(str(path)).predict(text, k=-1)[0])


def test_a_round_gives_one_file_that_any_fasttext_reads(played: Run, tmp_path: Path) -> None:
    first, again = tmp_path / "plain.bin", tmp_path / "again.bin"
    assert release_plain(played.round(1), first, "hq,cc") == ("hq", "cc")
    assert says(first, "def f(x): return x") == {"__label__hq", "__label__cc"}
    release_plain(played.round(1), again, "hq,cc")
    assert again.read_bytes() == first.read_bytes()


def test_the_shipped_model_is_copied_with_other_names(tmp_path: Path) -> None:
    release_shipped(tmp_path / "own.bin", "")
    assert (tmp_path / "own.bin").read_bytes() == PLAIN_MODEL.read_bytes()
    release_shipped(tmp_path / "named.bin", "hq,cc")
    assert says(tmp_path / "named.bin", "text") == {"__label__hq", "__label__cc"}


def test_a_name_that_is_taken_and_odd_labels_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken.bin").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"taken\.bin: exists already"):
        release_shipped(tmp_path / "taken.bin", "")
    with pytest.raises(BadInput, match="expected two names"):
        release_shipped(tmp_path / "new.bin", "hq")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken.bin"]


def called(*arguments: object) -> str:
    """What a verb prints."""
    result = CliRunner().invoke(verbs, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception
    return result.output


def test_the_verb_writes_the_file_and_says_its_labels(tmp_path: Path) -> None:
    told = called("release", "shipped", tmp_path / "code.bin", "--plain", "--labels", "hq,cc")
    assert told == f"{tmp_path / 'code.bin'}: labels hq, cc\n"
    assert says(tmp_path / "code.bin", "text") == {"__label__hq", "__label__cc"}


def test_labels_without_plain_and_a_shipped_release_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="give both"):
        called("release", "runs/mine", tmp_path / "release", "--labels", "hq,cc")
    with pytest.raises(BadInput, match="shipped"):
        called("release", "shipped", tmp_path / "release")
