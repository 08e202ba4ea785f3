"""Token lines of a training on disk: written once, read line by line, so that no process holds them all.

In: the texts of examples, as a stream. Out: StoredLines, a sequence of uint32 arrays that travels to workers as numbers
of bytes; each worker reads the lines it needs, from the run folder or, where that is a bucket, from its own copy of it.
The file is no output of the step: it goes when the step ends.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from recall.labels.examples import SEED_TEXT, Example, texts_of
from recall.model.features import Ids
from recall.model.tokens import Tokenizer, split_marks
from recall.run.sampling import batches
from recall.run.store import Store

_TEXTS = 256
"""Texts that are tokenized at a time."""
_WIDTH = np.dtype(np.uint32).itemsize


@lru_cache(maxsize=4)
def _opened(store: Store, folder: str, file: str) -> int:
    """A descriptor of the file, one a process; it stays open where the file is removed."""
    return os.open(store.local_folder(folder, [file]) / file, os.O_RDONLY)


@dataclass(frozen=True, slots=True, eq=False)
class StoredLines(Sequence[Ids]):
    """Lines of a published file. starts, lengths: of each line, in tokens."""

    store: Store
    folder: str
    file: str
    starts: NDArray[Any] = field(repr=False)
    lengths: NDArray[Any] = field(repr=False)

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> Ids: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Ids]: ...
    def __getitem__(self, index: int | slice) -> Ids | Sequence[Ids]:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        start, length = int(self.starts[index]) * _WIDTH, int(self.lengths[index]) * _WIDTH
        data = os.pread(_opened(self.store, self.folder, self.file), length, start)
        return np.frombuffer(data, dtype=np.uint32)

    def take(self, rows: NDArray[Any]) -> "StoredLines":
        """These lines alone; nothing is read."""
        return replace(self, starts=self.starts[rows], lengths=self.lengths[rows])


def take(lines: Sequence[Ids], rows: NDArray[Any]) -> Sequence[Ids]:
    """Some of the lines, which are not read where they are stored."""
    return lines.take(rows) if isinstance(lines, StoredLines) else [lines[int(row)] for row in rows]


def store_lines(
    store: Store, folder: str, examples: Sequence[Example], tokenizer: Tokenizer
) -> tuple[StoredLines, StoredLines]:
    """Token lines of the examples' texts, and of the same without structure marks, as a page of plain text has them.

    They differ only where there are marks. folder: of the step.
    """
    spans = np.zeros((4, len(examples)), dtype=np.int64)
    with TemporaryDirectory(prefix="recall-lines-") as temporary:
        path, at = Path(temporary) / "lines.bin", 0
        with path.open("wb") as written:
            for batch in batches(texts_of(store, examples), _TEXTS):
                texts = [text for _, text in batch]
                plain = [split_marks(text)[0] for text in texts]
                marked = [row for row, text in enumerate(texts) if text != plain[row]]
                own = iter(tokenizer.lines([texts[row] for row in marked]))
                for row, line in enumerate(tokenizer.lines(plain)):
                    number = batch[row][0]
                    spans[:, number] = at, len(line), at, len(line)
                    at += written.write(line.astype(np.uint32).tobytes()) // _WIDTH
                    if texts[row] != plain[row]:
                        line = next(own)  # noqa: PLW2901 - the line with its marks
                        spans[:2, number] = at, len(line)
                        at += written.write(line.astype(np.uint32).tobytes()) // _WIDTH
        file = store.publish_file_named(folder, "lines-", path).file
    starts, lengths, plain_starts, plain_lengths = spans
    return (
        StoredLines(store, folder, file, starts, lengths),
        StoredLines(store, folder, file, plain_starts, plain_lengths),
    )


def marks_tell(examples: Sequence[Example], positive: NDArray[Any]) -> bool:
    """False where all examples of a class are texts without HTML: then marks would tell texts from pages, not code."""
    pages = np.array([example.source != SEED_TEXT for example in examples], dtype=bool)
    return bool(pages.all() or ((pages & positive).any() and (pages & ~positive).any()))
