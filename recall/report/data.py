"""A figure's numbers: what a chart is drawn from, and what stands beside it as Parquet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recall.run.store import Columns, Schema


@dataclass(frozen=True, slots=True)
class Data:
    """The rows of one figure, as its schema names them. name: of its files; caption: what is shown, with units.

    note: what a reader must know to judge it, "" where the caption says it all; marks: values that lines are drawn at.
    """

    name: str
    title: str
    caption: str
    schema: Schema
    rows: Sequence[tuple[Any, ...]] = field(repr=False)
    note: str = ""
    marks: Mapping[str, float] = field(default_factory=dict)

    def columns(self) -> Columns:
        """The rows by column."""
        return {name: [row[place] for row in self.rows] for place, name in enumerate(self.schema)}

    def column(self, name: str) -> list[Any]:
        """One column."""
        place = list(self.schema).index(name)
        return [row[place] for row in self.rows]
