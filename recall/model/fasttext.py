"""Token lines to a fastText model, and a fastText model file to its numbers.

In: token lines, labels and a Recipe. Out: model.bin, the same bytes for the same input (one thread, fixed seed).
A token is written as its decimal id, so that no page can spell a label or an end of line. Shrinkage by length: each
line starts with `recipe.shrinkage` constant tokens (ids `size` and up), so that the mean over a short line is pulled
to the prior. `fit_plain` trains on text as it comes instead. `read_rows` reads the file without fastText and refuses
one that is damaged or of another kind.
"""

import io
import struct
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from recall.errors import BadInput, Transient

Line = NDArray[np.uint32]
Matrix = NDArray[np.float32]

END = "</s>"
LABEL = "__label__"

_MAGIC, _VERSION = 793712314, 12
_SOFTMAX, _SUPERVISED = 3, 3
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained. shrinkage: constant tokens on every line; ngrams above 1 need buckets."""

    dim: int = 8
    epochs: int = 12
    learning_rate: float = 2.0
    ngrams: int = 1
    buckets: int = 0
    min_count: int = 2
    shrinkage: int = 300
    seed: int = 0


@dataclass(frozen=True, slots=True)
class FastTextRows:
    """A model file's numbers.

    words: the dictionary in row order; input: (words + buckets, dim); output: (labels, dim), in the order of labels.
    """

    words: tuple[str, ...]
    labels: tuple[str, ...]
    input: Matrix
    output: Matrix
    ngrams: int
    buckets: int


def _text_of(line: Line) -> str:
    return " ".join(map(str, line.tolist()))


def constants_text(recipe: Recipe, size: int) -> str:
    """The shrinkage tokens as they stand at the start of each line, with a final space where there are any."""
    return "".join(f"{token} " for token in range(size, size + recipe.shrinkage))


def fit(
    lines: Sequence[Line],
    labels: Sequence[str],
    recipe: Recipe,
    size: int,
    path: Path,
    learned: NDArray[np.bool_] | None = None,
) -> None:
    """Train on token lines (ids below `size`) and write the model to `path`. Lines are read one by one.

    learned: which ids are, None for all; the others do not stand in the lines. Raises BadInput when lines and labels do
    not match, fewer than two labels occur or n-grams lack buckets.
    """
    if len(lines) != len(labels):
        raise BadInput(f"training: {len(lines)} token lines but {len(labels)} labels")
    if len(set(labels)) < 2:
        raise BadInput(f"training: needs examples of at least two labels, found only {sorted(set(labels))}")
    if recipe.ngrams > 1 and recipe.buckets < 1:
        raise BadInput("training: ngrams above 1 need buckets above 0")
    constants = constants_text(recipe, size)
    kept = lines if learned is None else (line[learned[line]] for line in lines)
    pairs = zip(labels, kept, strict=True)
    _train(((quote(label, safe=""), f"{constants}{_text_of(line)}") for label, line in pairs), recipe, len(lines), path)


def fit_plain(examples: Sequence[tuple[str, str]], recipe: Recipe, path: Path) -> None:
    """Train on lines of plain text, each behind its label, and write the model to `path`.

    Its words are what stands between spaces, so that `fasttext.load_model(path).predict(text)` understands text as it
    comes. A line must hold no line end and nothing that fastText takes for a label or an end (`plain_lines`).
    """
    _train(examples, recipe, len(examples), path)


def _train(examples: Iterable[tuple[str, str]], recipe: Recipe, count: int, path: Path) -> None:
    import fasttext  # noqa: PLC0415 - scoring imports this module for Recipe and must not load fastText

    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="recall-train-", suffix=".txt") as written:
        for label, line in examples:
            written.write(f"{LABEL}{label} {line}\n")
        written.flush()
        model = fasttext.train_supervised(
            input=written.name,
            dim=recipe.dim,
            epoch=recipe.epochs,
            lr=recipe.learning_rate,
            word_ngrams=recipe.ngrams,
            bucket=recipe.buckets,
            min_count=min(recipe.min_count, count),
            loss="softmax",
            thread=1,
            seed=recipe.seed,
            verbose=0,
        )
    model.save_model(str(path))
    try:
        read_rows(path)  # fastText does not notice a disk that is full
    except BadInput:
        raise Transient(f"{path}: the model could not be written whole; make room on the disk and run again") from None


def predict(path: Path, lines: Sequence[Line], recipe: Recipe, size: int) -> list[dict[str, float]]:
    """Probability of each label for each line by fastText itself: what the collapsed scorer is tested against."""
    import fasttext  # noqa: PLC0415 - as above

    model = fasttext.load_model(str(path))
    constants = constants_text(recipe, size)
    answers = []
    for line in lines:
        labels, shares = model.predict(constants + _text_of(line), k=-1)
        answers.append(
            {unquote(name.removeprefix(LABEL)): float(share) for name, share in zip(labels, shares, strict=True)}
        )
    return answers


def read_rows(path: Path) -> FastTextRows:
    """Read a supervised softmax model, the matrices mapped from the file and not copied.

    Format: fastText's `FastText::saveModel`, version 12. Raises BadInput where the file is missing, cut or of
    another kind (quantized, unsupervised, other loss).
    """
    try:
        with path.open("rb") as stream:
            return _read_model(path, stream)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from None
    except (struct.error, ValueError, EOFError):
        raise BadInput(f"{path}: not a whole supervised fastText model") from None


def _read_model(path: Path, stream: BinaryIO) -> FastTextRows:
    if _unpack(stream, "<ii") != (_MAGIC, _VERSION):
        raise ValueError
    dim, _, _, _, _, ngrams, loss, model, bucket, _, _, _ = _unpack(stream, "<12i")
    _unpack(stream, "<d")
    if (loss, model) != (_SOFTMAX, _SUPERVISED):
        raise ValueError
    size, word_count, label_count, _, pruned = _unpack(stream, "<iiiqq")
    if pruned >= 0 or size != word_count + label_count:
        raise ValueError
    names = _read_names(stream, size)
    input_matrix = _map_matrix(path, stream)
    output_matrix = _map_matrix(path, stream)
    if input_matrix.shape != (word_count + bucket, dim) or output_matrix.shape != (label_count, dim):
        raise ValueError
    labels = tuple(unquote(name.removeprefix(LABEL)) for name in names[word_count:])
    return FastTextRows(tuple(names[:word_count]), labels, input_matrix, output_matrix, ngrams, bucket)


def rename_labels(data: bytes, names: Mapping[str, str]) -> bytes:
    """The bytes of a model file with other labels, by name without LABEL; nothing else changes.

    Raises BadInput for what is no model file, or where a label has no new name.
    """
    stream = io.BytesIO(data)
    try:
        if _unpack(stream, "<ii") != (_MAGIC, _VERSION):
            raise ValueError
        _unpack(stream, "<12i")
        _unpack(stream, "<d")
        size, word_count, _, _, _ = _unpack(stream, "<iiiqq")
        _read_names(stream, word_count)
        pieces, end = [data[: stream.tell()]], stream.tell()
        for label in _read_names(stream, size - word_count):
            fixed = end + len(label.encode()) + 1  # the count and the kind stand behind the name and its NUL
            end = fixed + 9
            pieces += [f"{LABEL}{names[label.removeprefix(LABEL)]}\0".encode(), data[fixed:end]]
    except KeyError as error:
        raise BadInput(f"the model's label {error.args[0]!r} has no new name") from None
    except (struct.error, ValueError, EOFError):
        raise BadInput("not a whole supervised fastText model") from None
    return b"".join([*pieces, data[end:]])


def _unpack(stream: BinaryIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))


def _read_names(stream: BinaryIO, size: int) -> list[str]:
    """The dictionary's entries: a name that ends in NUL, its count (int64) and its kind (int8)."""
    start = stream.tell()
    names: list[str] = []
    held, offset = b"", 0
    while len(names) < size:
        end = held.find(b"\0", offset)
        if end < 0 or end + 10 > len(held):
            more = stream.read(_MEGABYTE)
            if not more:
                raise EOFError
            start += offset
            held, offset = held[offset:] + more, 0
            continue
        names.append(held[offset:end].decode("utf-8"))
        offset = end + 10
    stream.seek(start + offset)
    return names


def _map_matrix(path: Path, stream: BinaryIO) -> Matrix:
    quantized, rows, columns = _unpack(stream, "<?qq")
    if quantized or rows < 0 or columns < 1:
        raise ValueError
    start = stream.tell()
    stream.seek(rows * columns * 4, 1)
    if not rows:
        return np.empty((0, columns), dtype=np.float32)
    mapped: Matrix = np.memmap(path, dtype="<f4", mode="r", offset=start, shape=(rows, columns))
    return mapped
