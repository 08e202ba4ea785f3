"""Measures which share of the fenced code parses, beside the page's own text and trafilatura's fences.

    python tests/benchmarks/fences.py FOLDER... [--use seed,pool] [--pages N]

FOLDERs hold WARCs and labels.jsonl ({"url", "label", "use"}); the pages labelled C are read. Of each fence of recall
whose language is one of LANGUAGES, three texts are parsed by tree-sitter: the fence; the `textContent` of the page's
element with the same letters and digits; trafilatura's fence with the same letters and digits. A text that an extractor
does not have does not parse. Snippets are not whole files: what counts is the difference. Needs an environment with
tree-sitter and the grammar packages tree-sitter-python and so on. The last line printed is one JSON object.
"""

import argparse
import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import trafilatura

from recall.archive.warc import captures
from recall.page.markdown import convert
from recall.page.markdown.tree import parse
from recall.page.text import decode
from recall.records import Capture

LANGUAGES = {
    "python": "python", "py": "python", "python3": "python", "json": "json", "javascript": "javascript",
    "js": "javascript", "go": "go", "golang": "go", "java": "java", "c": "c", "rust": "rust", "rs": "rust",
}  # fmt: skip
"""A fence's word → the grammar, tree-sitter-<grammar>."""

FENCED = re.compile(r"(?ms)^(`{3,})([^\n`]*)\n(.*?)\n\1$")
HOLDERS = ("pre", "code", "textarea", "table", "div", "td")


def parsers() -> dict[str, Any]:
    """A parser for each grammar."""
    tree_sitter = import_module("tree_sitter")
    names = sorted(set(LANGUAGES.values()))
    return {
        name: tree_sitter.Parser(tree_sitter.Language(import_module(f"tree_sitter_{name}").language()))
        for name in names
    }


def letters(text: str) -> str:
    """The letters and digits of a text, by which one piece of code is found in several outputs."""
    return "".join(re.findall(r"[^\W_]+", text))


def own_texts(page: Capture) -> dict[str, str]:
    """The textContent of each element that may hold code, by its letters; the innermost one counts."""
    root = parse(decode(page.body, page.charset))
    elements = [] if root is None else list(root.iter(*HOLDERS))
    texts = [str(element.text_content()) for element in elements if len(element) < 2_000]
    return {letters(text): text for text in texts}


def pages(folders: list[Path], uses: set[str], limit: int, labels: str = "C") -> Iterator[Capture]:
    """Pages that have one of the labels (a letter each), in the order of the files."""
    count = 0
    for folder in folders:
        rows = map(json.loads, (folder / "labels.jsonl").open(encoding="utf-8"))
        wanted = {row["url"] for row in rows if row["label"] in labels and row["use"] in uses}
        for path in sorted(folder.glob("crawl-data/*/segments/*/warc/*.warc.gz")):
            for page in captures(str(path)):
                if page.url in wanted and count < limit:
                    count += 1
                    yield page


def main() -> None:
    """Print a row a language, then everything as JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folders", nargs="+", type=Path)
    arguments.add_argument("--use", default="seed,pool")
    arguments.add_argument("--pages", type=int, default=1_000_000)
    options = arguments.parse_args()
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    by_language, counts = parsers(), Counter[tuple[str, str]]()
    for page in pages(options.folders, set(options.use.split(",")), options.pages):
        fences = [
            (found[2].split(" ")[0].lower(), found[3])
            for found in FENCED.finditer(convert(page.body, page.url, page.charset).text)
        ]
        wanted = [(LANGUAGES[word], code) for word, code in fences if word in LANGUAGES and letters(code)]
        if not wanted:
            continue
        own = own_texts(page)
        html = decode(page.body, page.charset)
        theirs = trafilatura.extract(html, output_format="markdown", include_formatting=True, include_tables=True) or ""
        others = {letters(found[3]): found[3] for found in FENCED.finditer(theirs)}
        for grammar, code in wanted:
            counts[grammar, "fences"] += 1
            key = letters(code)
            for name, text in (("recall", code), ("page", own.get(key)), ("trafilatura", others.get(key))):
                if text is not None:
                    counts[grammar, f"{name} has"] += 1
                    counts[grammar, name] += not by_language[grammar].parse(text.encode()).root_node.has_error
    table = {
        grammar: {name: counts[grammar, name] for name in ("fences", "recall", "page", "page has", "trafilatura")}
        for grammar in sorted(by_language)
    }
    for grammar, row in table.items():
        sys.stdout.write(f"{grammar} {row}\n")
    sys.stdout.write(json.dumps({"parses": table}) + "\n")


if __name__ == "__main__":
    main()
