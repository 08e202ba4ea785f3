"""What a report holds before it is drawn: figures as rows, grouped in sections.

A figure's rows are what its chart or table is drawn from, and are published beside it as Parquet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recall.run.store import Columns, Schema


@dataclass(frozen=True, slots=True)
class FigureData:
    """The rows of one figure, as its schema names them. name: of its files; caption: what is shown, with units.

    note: what a reader must know to interpret it, "" where the caption suffices; marks: values that lines are drawn at.
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
        return {name: [row[index] for row in self.rows] for index, name in enumerate(self.schema)}

    def column(self, name: str) -> list[Any]:
        """One column."""
        index = list(self.schema).index(name)
        return [row[index] for row in self.rows]


@dataclass(frozen=True, slots=True)
class ReportSection:
    """Figures and tables under one heading. id: of its place in the page."""

    id: str
    title: str
    figures: tuple[FigureData, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows. facts: name and value; tiles: name, value and what qualifies it."""

    title: str
    digest: str
    version: str
    facts: tuple[tuple[str, str], ...]
    tiles: tuple[tuple[str, str, str], ...]
    sections: tuple[ReportSection, ...] = field(repr=False)

    @property
    def figures(self) -> list[FigureData]:
        """All figures and tables in order."""
        return [data for section in self.sections for data in section.figures]
