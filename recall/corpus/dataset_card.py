"""The corpus card: a dataset card as dataset hubs read it, with this corpus' own figures.

In: statistics of the published parts, what each stage did, the audits of the rounds. Out: Markdown with front matter,
without any content of a page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import recall
from recall.config import Config, TrainSection
from recall.corpus.published import CorpusStatistics, ranked
from recall.corpus.ranking.ranker_card import corpus_quality
from recall.corpus.schema import MEANINGS, VERSION
from recall.labels.audit_estimates import Audited, audit
from recall.model.evaluate import Interval
from recall.run.own_threshold import OwnThreshold, own_thresholds
from recall.run.rounds import Run

AUDITED = 1_000
"""Shards up to which every round is estimated from its audit sample, which reads all rows again; above, the last."""

SHOWN = 20
"""Languages that are listed."""

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
LARGER = ((10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"))


@dataclass(frozen=True, slots=True)
class CardFigures:
    """What a card states. dropped: pages by reason; stages: as in stages.json; failed: shards that could not be read.

    audits: of each sealed round, None where nobody labelled its sample; tags: pages by tag.
    """

    statistics: CorpusStatistics
    dropped: Mapping[str, int] = field(repr=False)
    stages: Sequence[Mapping[str, Any]] = field(repr=False)
    failed: int
    audits: Sequence[tuple[int, Audited | None]] = ()
    tags: Mapping[str, int] = field(default_factory=dict)


def audited_rounds(run: Run) -> list[tuple[int, Audited | None]]:
    """Estimates of the rounds from their audit samples; none where no round is sealed."""
    sealed = [number for number in range(1, run.config.run.rounds + 1) if run.round(number).sealed]
    if not sealed:
        return []
    wanted = sealed if len(run.shards) <= AUDITED else sealed[-1:]
    return [(number, audit(run.round(number))) for number in wanted]


def card(run: Run, figures: CardFigures) -> str:
    """The card as Markdown."""
    statistics, config = figures.statistics, run.config
    crawls = sorted(name for name in statistics.crawls if name) or ["single WARC files"]
    read = len(run.shards) - figures.failed
    size = statistics.bytes / max(1, statistics.pages) / 1e3
    parts = [
        _front_matter(statistics),
        "# Code-related web pages",
        f"{statistics.pages:,} pages, {statistics.bytes / 1e6:,.1f} MB of text ({size:,.1f} kB a page), "
        f"{_tokens(statistics)}recalled from "
        f"{_shortened(crawls)} in {config.run.rounds} round(s) by recall {recall.__version__}. {read:,} of "
        f"{len(run.shards):,} WARC files could be read.",
        "## How it was made",
        _method(run),
        "## How good it is",
        _quality(figures.audits),
        _expected(run),
        _topics(run, figures.tags),
        "## What is in it",
        _table(("kept by", "pages"), ranked(statistics.reasons)),
        _table(("first kept in round", "pages"), sorted(statistics.rounds.items())),
        _table(("language", "pages", "MB"), _languages(statistics)),
        _table(("category", "pages"), [(name or "other", pages) for name, pages in ranked(statistics.categories)]),
        _table(("kind of response", "pages"), ranked(statistics.bodies) if config.scan.types else ()),
        _code(statistics),
        _licenses(statistics),
        corpus_quality(config, statistics.qualities, statistics.quality_tokens),
        "## What was taken out or changed",
        _table(("stage", "switched on", "pages in", "taken out", "pages out"), map(_stage, figures.stages)),
        _table(("dropped because", "pages"), ranked(figures.dropped)),
        _changes(figures.stages),
        "## Columns",
        f"Schema {VERSION}; the version also stands in each file's metadata.",
        _table(("column", "meaning"), [(f"`{name}`", meaning) for name, meaning in MEANINGS.items()]),
        "## Limits",
        _limits(config),
        "## Licence",
        "Page content belongs to its sites and is under their terms; who uses it answers for that. Common Crawl's "
        "terms of use hold for what comes from it. Each row leads back to its record: read `length` bytes from "
        "`offset` of `warc_path`, and the decoded body has the row's `digest`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(statistics: CorpusStatistics) -> str:
    codes = sorted(code for code, pages in statistics.languages.items() if code and pages)
    sizes = [name for limit, name in (*SIZES, *LARGER) if statistics.pages < limit]
    lines = ["---", "pretty_name: Code-related web pages", "license: other", "license_name: page-owners"]
    if codes:
        lines += ["language:", *(f'- "{code}"' for code in codes)]  # quoted: YAML reads a bare no as false
    lines += ["task_categories:", "- text-generation", "tags:", "- code", "- web", "- common-crawl"]
    lines += ["size_categories:", f"- {sizes[0] if sizes else 'n>1T'}", "configs:", "- config_name: default"]
    return "\n".join([*lines, "  data_files: part-*.parquet", "---"])


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more crawls" if len(names) > 5 else "")


def _method(run: Run) -> str:
    if run.parent is not None:
        start = f"The model and the accepted prefixes are those of round {run.parent.round} of another run."
    else:
        start = (
            "A fastText classifier on BPE tokens scanned the crawl; hosts of which it recalled more than "
            f"{run.config.domains.share:.0%} became code domains; annotators labelled pages and URL prefixes; what "
            "the model missed under accepted prefixes trained the next round."
        )
    return (
        f"{start} The corpus is what the last round's model keeps or an accepted prefix covers; labels "
        f"overrule both. Text is Markdown whose code is exact. Run digest `{run.digest()}`."
    )


def _quality(audits: Sequence[tuple[int, Audited | None]]) -> str:
    known = [(number, audited) for number, audited in audits if audited is not None]
    if not known:
        return "No audit sample of this run was labelled, so its precision and recall are not known."
    rows = [
        (
            number,
            f"{audited.labels:,}",
            *(_interval(share) for share in (audited.model.precision, audited.model.recall)),
            *(_interval(share) for share in (audited.with_prefixes.precision, audited.with_prefixes.recall)),
        )
        for number, audited in known
    ]
    names = ("round", "audit labels", "precision, model", "recall, model", "precision, with prefixes", "recall")
    return (
        f"{_table(names, rows)}\n\nEstimates for the crawl without held-out hosts, before the stages below, from blind "
        "random samples, with 95 % intervals; recall: the share of the crawl's code-related pages that is kept. A page "
        "that was captured several times counts once, by its newest capture."
    )


def _expected(run: Run) -> str:
    """How the last round's threshold was chosen where not by labels of this crawl alone, "" elsewhere."""
    chosen = own_thresholds(run)
    if not chosen:
        return ""
    own, target = chosen[-1][1], run.config.train
    told = {name: _known(name, own) for name in ("share", "precision", "recall")}
    lines = [f"The threshold, {own.value:.3f}, follows from the crawl's scores; the target was {_target(target)}."]
    if not own.identified:
        lines.append("The scores do not tell the crawl's share of code.")
    elif told["share"]:
        lines.append(f"The share of code in the crawl is {told['share']} by its scores.")
    if told["precision"]:
        lines.append(f"By them precision is {told['precision']} and recall {told['recall']} on captures.")
    if "audited" in own.figures:
        lines.append(f"{own.figures['audited']:.0f} audited pages corrected it.")
    if "tokens" in own.figures:
        lines.append(f"What it keeps holds about {own.figures['tokens']:,.0f} tokens, before the stages below.")
    return " ".join(lines)


def _known(name: str, own: OwnThreshold) -> str:
    figures = own.figures
    if name not in figures:
        return ""
    if f"{name}_low" not in figures:
        return f"{figures[name]:.3f}"
    return _interval(Interval(figures[name], figures[f"{name}_low"], figures[f"{name}_high"]))


def _target(train: TrainSection) -> str:
    if train.target == "tokens":
        return f"{train.target_value:,.0f} tokens"
    return (
        f"{train.target_value:.2%} of the pages" if train.target == "pages" else f"{train.target} {train.target_value}"
    )


def _interval(share: Interval) -> str:
    return f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f})"


def _languages(statistics: CorpusStatistics) -> list[tuple[Any, ...]]:
    languages = ranked(statistics.languages)
    rows: list[tuple[Any, ...]] = [
        (code or "too little prose", pages, f"{statistics.language_bytes[code] / 1e6:,.1f}")
        for code, pages in languages[:SHOWN]
    ]
    rest = languages[SHOWN:]
    if rest:
        size = sum(statistics.language_bytes[code] for code, _ in rest) / 1e6
        rows.append((f"{len(rest)} others", sum(pages for _, pages in rest), f"{size:,.1f}"))
    return rows


def _tokens(statistics: CorpusStatistics) -> str:
    """How many tokens the texts have, "" where the corpus does not say."""
    counts = [f"{statistics.named_tokens:,} tokens of the tokenizer that was named"] if statistics.named_tokens else []
    counts += [f"{statistics.tokens:,} of the model's own lower-cased vocabulary"] if statistics.tokens else []
    return "".join(f"{count}, " for count in counts)


def _code(statistics: CorpusStatistics) -> str:
    """Languages of the fenced blocks."""
    total = statistics.code.total()
    shown = ranked(statistics.code)[:SHOWN]
    rows = [(name or "not named", f"{size / 1e6:,.2f}", f"{size / total:.1%}") for name, size in shown if size]
    return _table(("language of code", "million characters", "share"), rows)


def _licenses(statistics: CorpusStatistics) -> str:
    """Licences that pages say they are under; "" where none does."""
    stated = {name: pages for name, pages in statistics.licenses.items() if name}
    if not stated:
        return ""
    rows = [*ranked(stated)[:SHOWN], ("no statement", statistics.licenses[""])]
    return (
        f"{_table(('licence by the page itself', 'pages'), rows)}\n\nAs pages state it in markup, by rules that can "
        "err: a statement may be of a picture or of the software that shows the page. The column `license_source` says "
        "how it was read."
    )


def _stage(stage: Mapping[str, Any]) -> tuple[Any, ...]:
    on = "yes" if stage["enabled"] else "no"
    return stage["stage"], on, stage["pages_in"], stage["dropped"], stage["pages_out"]


def _changes(stages: Sequence[Mapping[str, Any]]) -> str:
    rows = [(stage["stage"], what, count) for stage in stages for what, count in stage["changed"].items()]
    return _table(("stage", "changed in the texts", "count"), rows)


def _limits(config: Config) -> str:
    switched = {
        "near-duplicates are not removed": not config.duplicates.near,
        "personal data is not masked": not config.privacy.enabled,
        "no benchmark was given to decontaminate against": not config.contamination.benchmarks,
        "quality signals are columns, no page was filtered by them": not config.quality.keep
        and config.quality.preset == "none"
        and not (config.quality.ranked and config.quality.best_tokens),
        "what is no HTML was kept by the threshold for bare text, and nobody judged it": bool(config.scan.types),
    }
    lines = [
        "- The classifier errs most in languages other than English and on listing pages.",
        "- Language, category and masks follow rules, which miss some and err on some.",
        "- Opt-outs are those that the crawl's robots.txt, page markup and the lists given to the build could tell.",
        *(f"- In this corpus {what}." for what, holds in switched.items() if holds),
    ]
    return "\n".join(lines)


def _topics(run: Run, tags: Mapping[str, int]) -> str:
    """What is known of each topic of the last round's model, "" where it has one positive label."""
    folder = run.round(run.config.run.rounds).step("train").key("model.json")
    topics = run.store.read_json(folder).get("topics", {})
    if not topics:
        return ""
    names = ("tag", "label", "pages", "threshold", "precision", "tag right", "recall")
    rows = [
        (
            topic["tag"],
            label,
            tags.get(topic["tag"], 0),
            f"{topic['threshold']:.3f}",
            *(f"{topic['metrics'][name]:.2f}" for name in ("precision", "tag_precision", "recall")),
        )
        for label, topic in sorted(topics.items())
    ]
    return (
        f"{_table(names, rows)}\n\nBy topic, on labelled pages of registered domains that the model did not see: of "
        "the pages kept with the tag the share that has any positive label, and the share that has this one; of the "
        "label's pages the share that is kept with any tag. Score, floor, calibration, code domains, prefixes and "
        "the audit sample above are shared by all topics."
    )


def _table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table, numbers with separators; "" without rows."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        return ""
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}", *(f"| {' | '.join(row)} |" for row in cells)]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
