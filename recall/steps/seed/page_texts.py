"""Texts of seed pages on disk: the driver holds what it chooses by, and reads the texts again one by one.

In: pages as tasks return them. Out: the same pages without their text, and with it again. The file is temporary: a
killed process leaves none.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from os import SEEK_END
from tempfile import TemporaryFile

from recall.steps.seed.collect import SeedPage

CaptureKey = tuple[str, str, int, int]
"""URL, path, offset and length."""


def _capture(page: SeedPage) -> CaptureKey:
    return page.url, page.path, page.offset, page.length


class PageTexts:
    """The texts of the captures that were put here, each once."""

    def __init__(self) -> None:
        self._file = TemporaryFile(prefix="recall-seed-")  # noqa: SIM115 - `close` closes it
        self._spans: dict[CaptureKey, tuple[int, int]] = {}

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def put(self, page: SeedPage) -> SeedPage:
        """Keep a page's text; returns the page without it."""
        if (capture := _capture(page)) not in self._spans:
            at = self._file.seek(0, SEEK_END)
            self._spans[capture] = at, self._file.write(page.text.encode("utf-8", "surrogatepass"))
        return replace(page, text="")

    def whole(self, pages: Iterable[SeedPage]) -> Iterator[SeedPage]:
        """Pages that were put here, with their text, each read when it is asked for."""
        for page in pages:
            at, size = self._spans[_capture(page)]
            self._file.seek(at)
            yield replace(page, text=self._file.read(size).decode("utf-8", "surrogatepass"))
