"""Measures how exactly code comes out of pages, beside trafilatura, Resiliparse and Markdown converters.

    python tests/benchmarks/extraction.py [--crawl DIR] [--use seed,pool,measure] [--pages N]

Without --crawl only the collection under tests/page/markdown/pages is measured, layout by layout. DIR holds WARCs and
labels.jsonl ({"url", "label", "use"}); its pages labelled C are measured by an invariant that needs no labels: each
non-empty line of text inside <pre>, outside the page's frame, occurs in the output with its indentation. Lines that do
not are explained where the output proves why, and printed else. markdownify
and html2text are measured where they can be imported. The last line printed is one JSON object.
"""

import argparse
import json
import logging
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import trafilatura
from resiliparse.extract.html2text import extract_plain_text

from recall.archive.warc import captures
from recall.page.markdown import convert
from recall.page.markdown.by_trafilatura.full_page import in_frame
from recall.page.markdown.hidden_addresses import reveal_addresses
from recall.page.markdown.tree import parse
from recall.page.text import decode

PAGES = Path(__file__).parent.parent / "page" / "markdown" / "pages"
FENCED = re.compile(r"(?ms)^(`{3,})[^\n`]*\n(.*?)\n\1$")
LINE_TAGS = ("div", "li", "p", "tr")

Extractor = Callable[[str, str], str]


def by_trafilatura(text: str, url: str) -> str:
    """Its Markdown with the options that recall gives it."""
    found = trafilatura.extract(text, url=url, output_format="markdown", include_formatting=True, include_tables=True)
    return found or ""


def by_resiliparse(text: str, url: str) -> str:  # noqa: ARG001 - one signature for all
    """Its main content with formatting preserved."""
    return str(extract_plain_text(text, main_content=True, preserve_formatting=True, alt_texts=False, links=False))


def extractors() -> dict[str, Extractor]:
    """What is compared, recall first."""
    found: dict[str, Extractor] = {
        "recall": lambda text, url: convert(text.encode("utf-8", "replace"), url, "utf-8").text,
        "trafilatura": by_trafilatura,
        "resiliparse": by_resiliparse,
    }
    for name, function in (("markdownify", "markdownify"), ("html2text", "html2text")):
        try:
            call = getattr(import_module(name), function)
        except ModuleNotFoundError:
            continue
        found[name] = lambda text, url, call=call: call(text)  # type: ignore[misc]  # noqa: ARG005 - see above
    return found


def is_exact(code: str, output: str) -> bool:
    """Whether code stands in an output, line for line; converters that indent code get it undone first."""
    lines = output.replace("\u00a0", " ").split("\n")
    wanted = code.replace("\u00a0", " ").split("\n")
    starts = [at for at, line in enumerate(lines) if line.endswith(wanted[0])]
    for at in starts:
        margin = len(lines[at]) - len(wanted[0])
        if lines[at][:margin].strip():
            continue
        part = [line[margin:] if line.strip() else "" for line in lines[at : at + len(wanted)]]
        if part == [line if line.strip() else "" for line in wanted]:
            return True
    return False


def layouts() -> dict[str, dict[str, list[int]]]:
    """Blocks per layout, and how many of them each extractor returns exactly."""
    table: dict[str, dict[str, list[int]]] = {}
    for path in sorted(PAGES.glob("*/*.html")):
        expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        text = decode(path.read_bytes(), expected.get("charset", "utf-8"))
        row = table.setdefault(path.parent.name, {})
        for name, extract in extractors().items():
            output = extract(text, "https://example.org/")
            exact = sum(is_exact(block["code"], output) for block in expected["blocks"])
            counts = row.setdefault(name, [0, 0, 0])
            counts[0] += exact
            counts[1] += len(expected["blocks"])
            counts[2] += 1
    return table


def pre_lines(text: str) -> list[list[str]]:
    """The lines of each <pre> outside the frame, as a browser draws them; gutters beside the code left out."""
    root = parse(text)
    if root is None:
        return []
    reveal_addresses(root, text)  # as the page's own script does
    size = len(root.text_content())
    blocks: list[list[str]] = []
    for pre in root.iter("pre"):
        if pre.find(".//pre") is not None or in_frame(pre, size):
            continue
        for part in pre.iter("br", *LINE_TAGS):
            part.tail = "\n" + (part.tail or "")
        for part in list(pre.iter("style", "script", "math")):
            shown = "".join(" ".join(token.split()) for token in part.itertext()) if part.tag == "math" else ""
            tail = part.tail
            part.clear()
            part.text, part.tail = shown, tail
        shown = str(pre.text_content()).replace("\u00a0", " ")
        if not re.fullmatch(r"[\d\s.]*", shown):
            blocks.append([line for line in shown.split("\n") if line.strip()])
    return blocks


def squashed(text: str) -> str:
    """A text without Markdown's escapes and signs of emphasis, its white space as single spaces."""
    return " ".join(re.sub(r"\\(?=[^\w\s]|_)|[*_`]", "", text).split())


LABEL = re.compile(r"\s*(?:Run|Try|Copy)(?![a-z ])|\s*(?:Run|Copy)(?=fn |impl)")
"""Words of controls that pages glue to code."""


def explained(block: list[str], output: str) -> dict[str, str]:
    """Lines of a block that are not in the output as they are, each with the reason that the output itself proves.

    unfenced: the line stands in the output's text outside of fences, as prose does. numbered: the line begins with a
    number that counts the block's lines, and the rest of it is in the output. parted: but for white space it is in the
    output's fences, over several lines, as where each line is an element. label: it is a control's word, or begins with
    one and the rest is in the output. Any other line has no reason: "".
    """
    missing = [line for line in block if line not in output]
    if not missing:
        return {}
    prose = "\n".join(map(squashed, FENCED.sub("", output).split("\n")))
    numbers = [re.match(r" *(\d+)", line) for line in block]
    counts = [int(number[1]) for number in numbers if number]
    steps = [after - before for before, after in pairwise(counts)]
    count = len(counts) > 1 and min(steps) > 0 and sum(step == 1 for step in steps) * 2 > len(steps)
    fenced = "".join("".join(match[2].split()) for match in FENCED.finditer(output))
    reasons: dict[str, str] = {}
    for line in missing:
        behind = re.sub(r"^ *\d+", "", line)
        if f"\n{squashed(line)}\n" in f"\n{prose}\n":
            reasons[line] = "unfenced"
        elif count and behind != line and any(rest in output for rest in (behind, re.sub("^ {1,2}", "", behind))):
            reasons[line] = "numbered"
        elif "".join(line.split()) in fenced:
            reasons[line] = "parted"
        elif (label := LABEL.match(line)) and line[label.end() :] in output:
            reasons[line] = "label"
        else:
            reasons[line] = ""
    return reasons


def words(text: str) -> Counter[str]:
    """Word counts in lower case, Markdown's escapes undone; bare numbers, mostly of gutters, are left out."""
    plain = re.sub(r"\\(?=[^\w\s]|_)", "", text.lower())
    return Counter(word for word in re.findall(r"\w+", plain) if not word.isdecimal())


def prose_f1(ours: str, theirs: str) -> float:
    """Token F1 of our prose against an output; what our fenced blocks hold is no prose in the other output either."""
    mine, other = words(FENCED.sub("", ours)), words(theirs)
    code = words(" ".join(match[2] for match in FENCED.finditer(ours)))
    both = mine & other
    other = both + ((other - both) - code)
    total = sum(mine.values()) + sum(other.values())
    return 2 * sum(both.values()) / total if total else 1.0


@dataclass
class Totals:
    """What is added up over the pages of a crawl."""

    lines: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    f1: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    empty: int = 0
    lost: int = 0
    fallbacks: Counter[str] = field(default_factory=Counter)


def pages(crawl: Path, uses: set[str], limit: int) -> Iterator[tuple[str, bytes, str | None]]:
    """URL, body and charset of the code pages of a crawl, evenly spread where there is a limit."""
    labels = {
        row["url"]: row
        for row in map(json.loads, (crawl / "labels.jsonl").read_text(encoding="utf-8").split("\n")[:-1])
    }
    chosen = sorted(url for url, row in labels.items() if row["label"] == "C" and row["use"] in uses)
    if limit:
        chosen = chosen[:: max(1, len(chosen) // limit)][:limit]
    wanted = set(chosen)
    for warc in sorted(crawl.rglob("warc/*.warc.gz")):
        for capture in captures(str(warc)):
            if capture.url in wanted:
                yield capture.url, capture.body, capture.charset


def measure_page(totals: Totals, url: str, body: bytes, charset: str | None) -> None:
    """Add one page to the totals."""
    text = decode(body, charset)
    outputs: dict[str, str] = {}
    started = time.perf_counter()
    conversion = convert(body, url, charset)
    totals.seconds.setdefault("recall", []).append(time.perf_counter() - started)
    outputs["recall"] = conversion.text
    for name, extract in (("trafilatura", by_trafilatura), ("resiliparse", by_resiliparse)):
        started = time.perf_counter()
        outputs[name] = extract(text, url)
        totals.seconds.setdefault(name, []).append(time.perf_counter() - started)
    blocks = pre_lines(text)
    lines = [line for block in blocks for line in block]
    totals.lines += len(lines)
    shown = outputs["recall"].replace("\u00a0", " ")
    for block in blocks:
        reasons = explained(block, shown)
        totals.explained.update(reasons[line] for line in block if reasons.get(line))
        totals.unexplained += [f"{url} {line}" for line in block if reasons.get(line) == ""]
    for name, output in outputs.items():
        shown = output.replace("\u00a0", " ")
        totals.found[name] += sum(line in shown for line in lines)
    totals.f1.append(prose_f1(outputs["recall"], outputs["trafilatura"]))
    ours, theirs = words(outputs["recall"]), words(outputs["trafilatura"])
    both = sum((ours & theirs).values())
    totals.whole.append(2 * both / max(1, sum(ours.values()) + sum(theirs.values())))
    totals.empty += not outputs["recall"].strip()
    totals.lost += bool(outputs["trafilatura"].strip()) and not outputs["recall"].strip()
    if conversion.fallback is not None:
        totals.fallbacks[conversion.fallback.value] += 1


def summary(totals: Totals) -> dict[str, object]:
    """The figures of a crawl."""
    ratios = [a / b for a, b in zip(totals.seconds["recall"], totals.seconds["trafilatura"], strict=True)]
    return {
        "pages": len(totals.f1),
        "pre_lines": totals.lines,
        "pre_lines_found": {name: round(count / max(1, totals.lines), 4) for name, count in totals.found.items()},
        "pre_lines_explained": dict(totals.explained),
        "pre_lines_unexplained": len(totals.unexplained),
        "prose_f1_mean": round(statistics.fmean(totals.f1), 4),
        "prose_f1_median": round(statistics.median(totals.f1), 4),
        "whole_f1_mean": round(statistics.fmean(totals.whole), 4),
        "empty": totals.empty,
        "lost": totals.lost,
        "fallbacks": dict(totals.fallbacks),
        "median_ms": {name: round(1e3 * statistics.median(all_), 1) for name, all_ in totals.seconds.items()},
        "cost_ratio_median": round(statistics.median(ratios), 2),
        "slowest_ms": round(1e3 * max(totals.seconds["recall"]), 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path)
    parser.add_argument("--use", default="seed,pool,measure")
    parser.add_argument("--pages", type=int, default=0)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    table = layouts()
    names = list(next(iter(table.values())))
    print("| layout | pages | blocks | " + " | ".join(names) + " |")  # noqa: T201 - the benchmark's output
    print("|---|---|---|" + "---|" * len(names))  # noqa: T201
    for layout, row in table.items():
        counts = " | ".join(str(row[name][0]) for name in names)
        print(f"| {layout} | {row[names[0]][2]} | {row[names[0]][1]} | {counts} |")  # noqa: T201
    result: dict[str, object] = {
        "layouts": {
            "pages": sum(row["recall"][2] for row in table.values()),
            "blocks": sum(row["recall"][1] for row in table.values()),
            "exact": {name: sum(row[name][0] for row in table.values()) for name in names},
        }
    }
    if options.crawl:
        totals = Totals()
        for url, body, charset in pages(options.crawl, set(options.use.split(",")), options.pages):
            measure_page(totals, url, body, charset)
        for line in totals.unexplained:
            print(f"missing: {line}")  # noqa: T201
        result["crawl"] = summary(totals)
    print(json.dumps(result))  # noqa: T201


if __name__ == "__main__":
    main()
