"""What the finders hand over."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """Characters [start, end) that are personal. kind: one of privacy's KINDS."""

    kind: str
    start: int
    end: int
