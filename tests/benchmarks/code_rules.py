"""How signals of code are distributed by language, and what each rule of the presets takes of real code pages.

    python -m tests.benchmarks.code_rules FOLDER... [--use seed,pool] [--labels C] [--pages N] [--examples N]
        [--seed N]

FOLDERs hold WARCs and labels.jsonl ({"url", "label", "use"}); pages with one of the labels (CANJ: all) are read.
Quantiles are of single blocks, by the word of their fence, for languages of at least BLOCKS blocks. With --examples the
beginning of texts that break each rule is printed, to be read by eye. The last line printed is one JSON object.
"""

import argparse
import json
import random
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from recall.config.corpus_sections import CODE_SIGNALS
from recall.config.quality_rules import PRESETS
from recall.corpus.code_signals import code_signals, facts_of
from recall.corpus.rule_trial import rules_broken
from recall.corpus.signals import blocks, broken_rule
from recall.page.markdown import convert
from tests.benchmarks.fences import pages

BLOCKS = 50
QUANTILES = (0.01, 0.05, 0.5, 0.95, 0.99)
SHOWN = 240
RULES = [(preset, rule) for preset, rules in PRESETS.items() for rule in rules]


def quantiles_by_language(texts: dict[str, str]) -> dict[str, dict[str, list[float]]]:
    """Quantiles of each signal of single blocks, by the fence's word and over all ("*")."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for text in texts.values():
        for block in blocks(text):
            measured = code_signals([facts_of(text[block.start : block.end], block.language)])
            for name, value in measured.items():
                if value is not None:
                    values["*"][name].append(value)
                    values[block.language or "(none)"][name].append(value)
    return {
        word: {name: [round(float(q), 3) for q in np.quantile(found, QUANTILES)] for name, found in signals.items()}
        for word, signals in sorted(values.items())
        if len(signals["code_mean_line"]) >= BLOCKS
    }


def example(text: str, rule: str, scope: str) -> str:
    """What to read: the first block that breaks a rule over blocks, else the page's beginning or its code."""
    codes = [(text[block.start : block.end], block.language) for block in blocks(text)]
    if scope == "block":
        codes = [each for each in codes if broken_rule((rule,), code_signals([facts_of(*each)]))]
    return "\n".join(code for code, _ in codes) if rule.split(maxsplit=1)[0] in CODE_SIGNALS else text


def say(*words: str) -> None:
    """Print a line."""
    sys.stdout.write(" ".join(words) + "\n")


def main() -> None:
    """Print quantiles, what each rule takes, examples, then everything as JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folders", nargs="+", type=Path)
    arguments.add_argument("--use", default="seed,pool")
    arguments.add_argument("--labels", default="C")
    arguments.add_argument("--pages", type=int, default=1_000_000)
    arguments.add_argument("--examples", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=0)
    asked = arguments.parse_args()
    found = pages(asked.folders, set(asked.use.split(",")), asked.pages, asked.labels)
    texts = {page.url: convert(page.body, page.url, page.charset).text for page in found}
    quantiles = quantiles_by_language(texts)
    for word, signals in quantiles.items():
        for name, values in signals.items():
            say(f"{word:14} {name:20}", *(f"{value:10.3g}" for value in values))
    broken: dict[tuple[str, str], list[str]] = defaultdict(list)
    dropped: dict[str, set[str]] = defaultdict(set)
    for url, text in texts.items():
        for preset, rules in PRESETS.items():
            for name in rules_broken(text, rules):
                broken[preset, name].append(url)
    takes = []
    for preset, rule in RULES:
        urls = broken[preset, rule.name]
        dropped[preset].update(urls if rule.scope == "page" else ())
        takes.append({"preset": preset, "rule": rule.name, "scope": rule.scope, "pages": len(urls)})
        say(f"{preset:14} {rule.name:18} {rule.rule:32} {rule.scope:6} {len(urls):6} {len(urls) / len(texts):.3f}")
        for url in random.Random(asked.seed).sample(urls, min(asked.examples, len(urls))):
            say("   ", url, repr(example(texts[url], rule.rule, rule.scope)[:SHOWN]))
    totals = {preset: len(urls) for preset, urls in dropped.items()}
    say(json.dumps({"pages": len(texts), "quantiles": quantiles, "rules": takes, "dropped": totals}))


if __name__ == "__main__":
    main()
