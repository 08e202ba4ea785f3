"""The guide by which people and judges score the quality of a page, from 0 to 5."""

from functools import cache
from importlib.resources import files

GUIDE_VERSION = "1"
"""Changes whenever the guide asks for something else: labels by two guides are no one scale."""

SCORES = ("0", "1", "2", "3", "4", "5")


@cache
def quality_guide() -> str:
    """The guide as Markdown."""
    return files("recall").joinpath("data/quality_guide.md").read_text(encoding="utf-8").strip()
