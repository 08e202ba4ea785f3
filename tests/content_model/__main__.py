"""Trains the model of main content that recall ships.

    python -m tests.content_model SHARED [--check]

SHARED holds the crawls `web`, with the main content of its pages, and `crawl`. Only pages whose use is `pool` are read.
--check: compare with the shipped file instead of writing it. Needs LightGBM and RapidFuzz (make content-model).
"""

import argparse
import sys
from pathlib import Path

import recall
from recall.page.markdown.content_model import FILE
from tests.content_model.code_pages import code_examples
from tests.content_model.examples import Example, examples
from tests.content_model.fitting import as_bytes, fit, prepare


def training_pages(shared: Path, uses: frozenset[str] = frozenset({"pool"})) -> list[Example]:
    """All pages that a model learns from; where readers labelled a page by segment, their labels hold."""
    code = code_examples(shared)
    labelled = {page.url for page in code}
    return [page for page in examples(shared / "web", uses) if page.url not in labelled] + code


def main() -> None:
    """Train and write, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    pages = training_pages(options.shared)
    data = as_bytes(fit([prepare(page) for page in pages]))
    target = Path(recall.__file__).parent / FILE
    if not options.check:
        target.write_bytes(data)
        print(f"{target.name}: {len(data)} bytes from {len(pages)} pages")  # noqa: T201 - the script's output
    elif target.read_bytes() != data:
        sys.exit(f"{target.name} is not what the pages of {options.shared} give now; train without --check")


if __name__ == "__main__":
    main()
