"""Bytes of a kept page → Markdown whose fenced code is exact to the character."""

from recall.page.markdown.convert import markdown

__all__ = ["markdown"]
