"""Converts the bytes of a kept page to Markdown whose fenced code is exact to the character."""

from recall.page.markdown.conversion import Conversion, convert, markdown
from recall.page.markdown.tree import Fallback

__all__ = ["Conversion", "Fallback", "convert", "markdown"]
