"""Model folders made to do harm, with cards that name the digests of their files: refused before they are used."""

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from recall.errors import BadInput
from recall.model.fasttext import read_rows
from recall.model.scorer import Scorer

Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def folder(trained: Any, tmp_path: Path) -> Path:
    return copytree(trained.folder, tmp_path / "model")


def put(folder: Path, name: str, data: bytes) -> None:
    """Replace a file and name its digest in the card, as who makes a model can."""
    (folder / name).write_bytes(data)
    card = json.loads((folder / "model.json").read_bytes())
    card["digests"][name] = hashlib.sha256(data).hexdigest()
    (folder / "model.json").write_text(json.dumps(card))


def arrays_of(folder: Path) -> dict[str, Any]:
    with np.load(folder / "scorer.npz") as stored:
        return dict(stored)


def npz(arrays: dict[str, Any], save: Callable[..., None] = np.savez) -> bytes:
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


CHANGES: dict[str, Change] = {
    "fewer rows than tokens": lambda arrays: {"tokens": arrays["tokens"][:5]},
    "no labels": lambda arrays: {"labels": arrays["labels"][:0]},
    "one label": lambda arrays: {"labels": arrays["labels"][:1]},
    "more labels than columns": lambda arrays: {"labels": np.array([*arrays["labels"], "Z"])},
    "tokens in one row": lambda arrays: {"tokens": arrays["tokens"].ravel()},
    "another type": lambda arrays: {"tokens": arrays["tokens"].astype(np.float64)},
    "n-grams without buckets": lambda _arrays: {"ngrams": np.array(5), "buckets": np.zeros((0, 1), np.float32)},
    "endless n-grams": lambda _arrays: {"ngrams": np.array(1 << 40), "buckets": np.zeros((9, 1), np.float32)},
    "more hashes than n-grams": lambda _arrays: {"rolling": np.zeros(70, np.uint64)},
    "negative rows": lambda _arrays: {"prefix_rows": np.array(-1)},
    "infinite weights": lambda arrays: {"prefix": arrays["prefix"] + np.inf},
    "prefix of other width": lambda _arrays: {"prefix": np.zeros(9)},
    "end of other width": lambda _arrays: {"end": np.zeros((1, 9), np.float32)},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_weights_that_do_not_fit_together_never_reach_compiled_code(folder: Path, change: Change) -> None:
    arrays = arrays_of(folder)
    put(folder, "scorer.npz", npz({**arrays, **change(arrays)}))
    with pytest.raises(BadInput, match=r"scorer\.npz|do not belong together"):
        Scorer.load(folder)


class Harm:
    """What a pickle can do: call anything."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (Path(str(HARMED)),)  # type: ignore[return-value]


HARMED = Path("/tmp/recall-harmed")


def test_nothing_is_unpickled(folder: Path) -> None:
    HARMED.unlink(missing_ok=True)
    objects = np.array([Harm()], dtype=object)
    arrays = arrays_of(folder)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=True, **{**arrays, "labels": objects})
    for data in (stream.getvalue(), pickle.dumps(Harm())):
        put(folder, "scorer.npz", data)
        with pytest.raises(BadInput, match="not the weights"):
            Scorer.load(folder)
    assert not HARMED.exists()


def test_a_bomb_is_refused_before_it_is_unpacked(folder: Path) -> None:
    put(
        folder,
        "scorer.npz",
        npz({**arrays_of(folder), "tokens": np.zeros((1 << 26, 1), np.float32)}, np.savez_compressed),
    )
    assert (folder / "scorer.npz").stat().st_size < 1 << 20
    with pytest.raises(BadInput, match="not the weights"):
        Scorer.load(folder)


def test_an_array_larger_than_its_file_is_refused(folder: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 1), }"
    head = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as stored:
        for name, array in arrays_of(folder).items():
            piece = io.BytesIO()
            np.save(piece, array)
            stored.writestr(f"{name}.npy", head if name == "tokens" else piece.getvalue())
    put(folder, "scorer.npz", stream.getvalue())
    with pytest.raises(BadInput, match="not the weights"):
        Scorer.load(folder)


def tampered(document: dict[str, Any], kind: str) -> str:
    model = document["model"]
    some = next(reversed(model["vocab"]))
    if kind == "an id beyond the vocabulary":
        model["vocab"][some] = 4_000_000_000
    elif kind == "an id twice":
        model["vocab"][some] = 0
    elif kind == "a negative id":
        model["vocab"][some] = -1
    elif kind == "an added token":
        document["added_tokens"] = [{"id": 9, "content": "x", "single_word": False, "special": True}]
    elif kind == "a pattern of its own":
        document["pre_tokenizer"] = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated"}
    elif kind == "a normalizer":
        document["normalizer"] = {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""}
    elif kind == "merges of others":
        model["merges"].append(["never", "seen"])
    elif kind == "three at once":
        model["merges"].append("a b c")
    elif kind == "nested":
        return "[" * 100_000
    return json.dumps(document)


KINDS = ["an id beyond the vocabulary", "an id twice", "a negative id", "an added token", "a pattern of its own"]
KINDS += ["a normalizer", "merges of others", "three at once", "nested"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_tokenizer_that_was_tampered_with_is_refused(folder: Path, kind: str) -> None:
    document = json.loads((folder / "tokenizer.json").read_bytes())
    put(folder, "tokenizer.json", tampered(document, kind).encode())
    with pytest.raises(BadInput, match="not a byte-level BPE"):
        Scorer.load(folder)


@pytest.mark.parametrize("place", [*range(0, 110, 3)])
def test_a_model_file_with_other_numbers_is_read_within_its_bounds_or_refused(folder: Path, place: int) -> None:
    path = folder / "model.bin"
    data = bytearray(path.read_bytes())
    for value in (b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\0\0\0\0"):
        changed = data[:place] + value + data[place + 4 :]
        path.write_bytes(changed)
        try:
            rows = read_rows(path)
        except BadInput:
            continue
        assert rows.input.nbytes + rows.output.nbytes <= len(changed)
