"""What the rules of a preset would do to a corpus: how many pages each drops or marks, with examples.

In: the part files of a run, each read in pieces by a task; every text is measured again, so a corpus that has no
columns of signals can be tried too. Out: RuleEffect, a row a rule. Nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from recall.config.quality_rules import PRESETS, QualityRule
from recall.corpus.code_signals import broken_by_blocks, code_signals, measured_blocks
from recall.corpus.published import ROWS, part_keys
from recall.corpus.signals import broken_rule, signals
from recall.errors import OutOfOrder
from recall.run.jobs import complete
from recall.run.rounds import Run
from recall.run.sampling import BottomK, priority
from recall.run.store import Store

EXAMPLES = 3
"""URLs that are named for each rule."""


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """A rule of a preset and the pages that break it. action: "drop" or "mark"; pages of `of`, the whole corpus."""

    preset: str
    name: str
    action: str
    rule: str
    why: str
    source: str
    pages: int
    of: int
    share: float
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialInputs:
    """What trying the rules on a part needs."""

    store: Store
    seed: int
    presets: tuple[str, ...]


@dataclass(slots=True)
class Broken:
    """The pages that break a rule, counted, and a uniform sample of their URLs."""

    pages: int = 0
    urls: BottomK[str, str] = field(default_factory=lambda: BottomK(EXAMPLES))

    def add(self, url: str, seed: int) -> None:
        """Count a page."""
        self.pages += 1
        self.urls.offer(url, (priority(seed, url),), url)

    def merge(self, other: "Broken") -> None:
        """Add the pages of another part."""
        self.pages += other.pages
        self.urls.merge(other.urls)


@dataclass(slots=True)
class Trial:
    """A part's pages, and those that break each rule, by preset and name."""

    pages: int = 0
    broken: dict[tuple[str, str], Broken] = field(default_factory=dict)


def rules_broken(text: str, rules: Sequence[QualityRule]) -> list[str]:
    """Names of all rules, over the page or over single blocks, that a text breaks."""
    code = measured_blocks(text)
    measured = {**signals(text), **code_signals(code)}
    whole = [rule.name for rule in rules if rule.scope == "page" and broken_rule((rule.rule,), measured)]
    return whole + broken_by_blocks(rules, code)


def try_part(inputs: TrialInputs, key: str) -> Trial:
    """Try the rules of some presets on the pages of a part."""
    trial = Trial()
    for table in inputs.store.read_batches(key, ["url", "text"], ROWS):
        for row in table.to_pylist():
            trial.pages += 1
            for preset in inputs.presets:
                for name in rules_broken(row["text"], PRESETS[preset]):
                    trial.broken.setdefault((preset, name), Broken()).add(row["url"], inputs.seed)
    return trial


def try_rules(run: Run, presets: Sequence[str]) -> list[RuleEffect]:
    """What each rule of some presets would do to the run's last corpus. Raises OutOfOrder where there is none."""
    keys = part_keys(run)
    if not keys:
        raise OutOfOrder(f"{run.store.root}: there is no corpus to try rules on: recall build first")
    whole = Trial()
    inputs = TrialInputs(run.store, run.config.run.seed, tuple(presets))
    for outcome in complete(try_part, inputs, keys, run.config.cluster, "rules"):
        whole.pages += outcome.result.pages
        for rule, broken in outcome.result.broken.items():
            whole.broken.setdefault(rule, Broken()).merge(broken)
    effects = []
    for preset in presets:
        for rule in PRESETS[preset]:
            broken = whole.broken.get((preset, rule.name), Broken())
            action, share = "drop" if rule.scope == "page" else "mark", broken.pages / max(1, whole.pages)
            said = (rule.rule, rule.why, rule.source, broken.pages, whole.pages, share, tuple(broken.urls.values()))
            effects.append(RuleEffect(preset, rule.name, action, *said))
    return effects
