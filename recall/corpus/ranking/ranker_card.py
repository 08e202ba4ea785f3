"""What a ranker is and how good it is: lines for a terminal, the README.md of its folder, a part of a corpus' card."""

from collections.abc import Mapping

from recall.config import Config
from recall.corpus.ranking.ranker import Ranker, load_ranker
from recall.model.evaluate import Interval

PARTS = (
    ("by cross-validation, on sites the ranker did not see", (
        ("rank_correlation", "rank correlation with the labels (Spearman)"),
        ("rank_correlation_of_length", "that of the text's length alone"),
        ("error", "mean absolute error, in points"),
        ("best_fifth_right", "of its best fifth, in the best fifth by labels"),
        ("best_fifth_by_chance", "that of a random fifth"),
        ("worst_fifth_right", "of its worst fifth, in the worst fifth by labels"),
        ("worst_fifth_by_chance", "that of a random fifth"),
    )),
    ("by audit pages, of sites it did not see", (
        ("audit_rank_correlation", "rank correlation with the labels (Spearman)"),
        ("audit_error", "mean absolute error, in points"),
        ("audit_mean_difference", "mean of quality less label, in points"),
    )),
    ("two readers of the same page", (
        ("rank_correlation_of_readers", "rank correlation (Spearman)"),
        ("error_of_readers", "mean absolute difference, in points"),
    )),
)  # fmt: skip
"""Figures in the order in which they are shown."""


def interval_text(figure: Interval) -> str:
    """An estimate with its 95 % interval."""
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def figure_rows(ranker: Ranker) -> list[tuple[str, list[tuple[str, str]]]]:
    """Headings, each with what is shown under it; headings without figures are left out."""
    shown = [
        (heading, [(what, interval_text(ranker.figures[name])) for name, what in names if name in ranker.figures])
        for heading, names in PARTS
    ]
    return [(heading, rows) for heading, rows in shown if rows]


def threshold_line(ranker: Ranker) -> str:
    """What the threshold keeps, or that there is none."""
    share = ranker.figures["good"]
    if ranker.threshold is None:
        return (
            f"no threshold: from no quality on so large a share of the pages as was asked for has a label of "
            f"{ranker.good:g} or more; of all {share.value:.0%} do"
        )
    kept, good = (ranker.figures[name] for name in ("kept_at_threshold", "good_at_threshold"))
    return (
        f"quality >= {ranker.threshold:g} keeps {kept.value:.0%} of the pages, of which {good.value:.0%} "
        f"({good.low:.0%} to {good.high:.0%}) have a label of {ranker.good:g} or more; of all {share.value:.0%} do"
    )


def labels_line(ranker: Ranker) -> str:
    """What it learned from."""
    told = ranker.labels
    aside = f", {told['of_audited_sites']:,} left aside as their sites are audited" if told["of_audited_sites"] else ""
    judged = f"; {told['by_judge']:,} pages scored by the judge alone" if told["by_judge"] else ""
    return (
        f"learned from {told['learned_from']:,} pages of {told['sites']:,} registered domains, audited by "
        f"{told['audit']:,} pages{aside}; {told['annotators']:,} annotators, {told['read_twice']:,} pages with several "
        f"scores, of which the mean counts{judged}; guide {ranker.guide}"
    )


def readme(ranker: Ranker) -> str:
    """README.md of the folder."""
    tables = [
        f"## {heading[0].upper()}{heading[1:]}\n\n| figure | value, 95 % interval |\n|---|---|\n"
        + "\n".join(f"| {what} | {value} |" for what, value in rows)
        for heading, rows in figure_rows(ranker)
    ]
    rule, keeps, what = threshold_line(ranker).partition(" keeps")
    parts = [
        "# Ranker of kept pages",
        f"Gives the kept text of a page a quality from 0 to 5. Digest `{ranker.digest}`.",
        f"{labels_line(ranker)[0].upper()}{labels_line(ranker)[1:]}. Intervals: 95 %, registered domains drawn with "
        "replacement.",
        *tables,
        f"## Threshold\n\n{f'`{rule}`' if keeps else rule.capitalize()}{keeps}{what}, by cross-validation.",
        "`ranker.json` holds the weight of each signal, calibration, threshold and figures; `words.npy` the weights of "
        "words by hash.",
    ]
    return "\n\n".join(parts) + "\n"


CORRELATIONS = (
    ("by cross-validation", "rank_correlation"),
    ("by audit pages", "audit_rank_correlation"),
    ("of a second reader", "rank_correlation_of_readers"),
)


def corpus_quality(config: Config, pages: Mapping[int, int], tokens: Mapping[int, int]) -> str:
    """Pages and tokens of a corpus by quality, rounded down, and what ranker gave it; "" without one."""
    if not config.quality.ranked:
        return ""
    ranker = load_ranker(config.quality.ranker, config.access)
    rows = [
        f"| {value} to {value + 1} | {pages[value]:,} | {tokens[value]:,} |" for value in sorted(pages, reverse=True)
    ]
    told = [
        "Quality is what a text is worth to who learns programming from it, as a labeller would score it. It comes "
        f"from a ranker (`{ranker.digest[:16]}`) that {labels_line(ranker)}."
    ]
    told += [
        f"Rank correlation with the labels {how}: {interval_text(ranker.figures[name])}."
        for how, name in CORRELATIONS
        if name in ranker.figures
    ]
    if config.quality.best_tokens:
        told.append(f"Kept are the pages of highest quality that hold {config.quality.best_tokens:,} tokens, or all.")
    table = "\n".join(["| quality | pages | tokens |", "|---|---|---|", *rows])
    return f"{table}\n\n{' '.join(told)}"
