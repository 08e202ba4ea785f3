"""Pages of a scan as a round's draw sees them: one, many as columns, and one that was drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.records import TaskUse

NO_CODE, SOME_CODE, MUCH_CODE, UNKNOWN = 0, 1, 2, -1
"""How much code a page has, by its structure marks."""


@dataclass(frozen=True, slots=True, order=True)
class ScannedPage:
    """A page of a scan. shard, row: its position there; offset, length: its bytes in the shard's WARC.

    sketch: of its text, 0 where it is not known.
    """

    shard: int
    row: int
    url: str
    offset: int
    length: int
    score: float
    sketch: int = 0

    @property
    def text(self) -> str:
        """A key that most pages of one text share, so that copies do not fill a sample; the URL without a sketch."""
        return f"{self.sketch >> 32:08x}" if self.sketch else self.url


@dataclass(frozen=True, slots=True)
class PageColumns:
    """Pages of one shard as columns. auditable: False for pages that a model may have learned from.

    code: how much code each page has (NO_CODE, SOME_CODE, MUCH_CODE, UNKNOWN); None where that is not known of any.
    languages: of each page, "" where it is not known; None likewise. sketches: of their texts; None likewise.
    """

    shard: int
    rows: Sequence[int]
    urls: Sequence[str]
    offsets: NDArray[Any]
    lengths: NDArray[Any]
    scores: NDArray[Any]
    auditable: Sequence[bool]
    code: NDArray[Any] | None = None
    languages: Sequence[str] | None = None
    sketches: NDArray[np.uint64] | None = None

    def page(self, index: int) -> ScannedPage:
        """The page at an index of the columns."""
        position = (self.shard, int(self.rows[index]), self.urls[index])
        place = int(self.offsets[index]), int(self.lengths[index])
        sketch = 0 if self.sketches is None else int(self.sketches[index])
        return ScannedPage(*position, *place, float(self.scores[index]), sketch)


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page to ask about. probability: of inclusion in the audit sample; 0 for pages chosen on purpose.

    answer: the known answer of a gold page; same_as: the URL of the audit page of the same text that is asked about
    instead.
    """

    page: ScannedPage
    stratum: str
    probability: float
    use: TaskUse
    answer: str = ""
    same_as: str = ""
