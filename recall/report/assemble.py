"""Assembles the report of a run: every figure and table that the run has data for, by section.

In: a run folder, at any stage from the first trained round on, and labels that measure it where they are given. Out:
Report. What a run has no data for (no audit, no corpus yet) is left out. Work over shards and part files is spread as
the run's steps are; nothing that grows with the crawl is gathered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import recall
from recall.corpus import CorpusStatistics, corpus_statistics
from recall.errors import OutOfOrder
from recall.labels.audit_estimates import Audited
from recall.report.comparison import OtherCorpus, compare
from recall.report.contents import FigureData, Report, ReportSection
from recall.report.corpus_figures import (
    bodies_of,
    categories_of,
    dropped_figure,
    duplicates_of,
    languages_of,
    lengths_of,
    qualities_of,
    random_rows,
)
from recall.report.domain_figures import domains_of, saturation_figure
from recall.report.floor_loss import floor_figure
from recall.report.funnel import funnel_of
from recall.report.judge_figures import judge_facts, judge_figure
from recall.report.mistakes import WorstErrors
from recall.report.model_figures import (
    LabelledScores,
    audits_of,
    calibration_of,
    curves_of,
    held_out_scores,
    out_of_fold_scores,
    rounds_of,
    scores_of,
)
from recall.report.prefix_figures import yield_figure
from recall.report.projection import map_of
from recall.report.round_figures import counts_of
from recall.report.share_figures import AtShare, at_share, code_share, share_figure, threshold_text
from recall.run.label_files import LabelledUrl
from recall.run.own_threshold import own_thresholds
from recall.run.rounds import Round, Run

COUNTS = {
    "round": "int32",
    "examples": "int64",
    "read": "int64",
    "kept": "int64",
    "code_domains": "int64",
    "prefixes": "int64",
    "harvested": "int64",
    "saturation": "float64",
}
MISTAKES = {
    "kind": "string",
    "url": "string",
    "label": "string",
    "suspect": "bool",
    "language": "string",
    "place": "string",
    "score": "float64",
    "probability": "float64",
    "towards": "list<string>",
    "against": "list<string>",
}


def assemble(
    run: Run,
    labels: Sequence[LabelledUrl],
    errors: WorstErrors | None,
    share: float | None = None,
    other: OtherCorpus | None = None,
) -> Report:
    """Work out a run's report. errors: of a round of it, as worked out already; None where it has none.

    share: of code pages, at which held-out labels are measured too; by default the crawl's own, as estimated. other:
    a corpus that is compared with the run's, where that is built.

    Raises OutOfOrder before the first round was scanned, BadInput for corpora with too few pages to compare.
    """
    rounds = [run.round(number) for number in range(1, run.config.run.rounds + 1)]
    scanned = [round_ for round_ in rounds if round_.step("scan").done]
    if not scanned:
        raise OutOfOrder(f"{run.store.root}: no round was scanned yet; a report needs one (see `recall status`)")
    judged = [round_ for round_ in scanned if round_.sealed]
    sealed = judged if run.parent is None else []
    survey = corpus_statistics(run) if run.step("corpus").done else None
    audits = audits_of(judged)
    sections = [
        ReportSection("pages", "What became of the pages", _overview(scanned[-1], sealed, survey)),
        ReportSection("model", "How good the model is", _model(scanned, audits, labels, share)),
        ReportSection("domains", "Where code lies", _domains(scanned)),
        ReportSection("corpus", "The corpus", _corpus(scanned[-1], survey)),
        ReportSection(
            "beside", "Beside another corpus", compare(scanned[-1], survey, other) if survey and other else ()
        ),
        ReportSection("errors", "Worst errors", _errors(errors)),
        ReportSection("rows", "Random rows", (random_rows(survey),) if survey else ()),
    ]
    filled = [
        ReportSection(section.id, section.title, tuple(data for data in section.figures if data.rows))
        for section in sections
        if any(data.rows for data in section.figures)
    ]
    return Report(
        title=run.store.root.rstrip("/").rpartition("/")[2],
        digest=run.digest(),
        version=recall.__version__,
        facts=_facts(run, scanned),
        tiles=_tiles(filled[0].figures, survey, audits),
        sections=tuple(filled),
    )


def _overview(last: Round, sealed: Sequence[Round], survey: CorpusStatistics | None) -> tuple[FigureData, ...]:
    saturation = saturation_figure(sealed)
    exact = dict(zip(saturation.column("round"), saturation.column("saturation"), strict=True))
    counts = [replace(count, saturation=exact[count.round]) for count in map(counts_of, sealed)]
    rows = [tuple(getattr(count, name) for name in COUNTS) for count in counts]
    table = FigureData(
        "round_counts",
        "Rounds",
        "Examples that each round learned from, captures that it read and kept, and pages that it harvested.",
        COUNTS,
        rows,
    )
    dropped = (dropped_figure(last),) if survey else ()
    won = yield_figure([(count.round, count.won) for count in counts])
    return funnel_of(last, survey.reasons if survey else None), table, saturation, won, *dropped


def _model(
    scanned: Sequence[Round],
    audits: Sequence[tuple[int, Audited | None]],
    labels: Sequence[LabelledUrl],
    share: float | None,
) -> tuple[FigureData, ...]:
    trained = [round_ for round_ in scanned if round_.run.parent is None]
    if not trained:
        return rounds_of(audits, []), judge_figure(scanned)
    labelled = [out_of_fold_scores(round_) for round_ in trained]
    held = [scores for round_ in trained if (scores := held_out_scores(round_, labels)).urls] if labels else []
    return (
        rounds_of(audits, held),
        share_figure(_at_share(trained, held, dict(audits), share)),
        floor_figure(trained, labels),
        curves_of(labelled, held),
        calibration_of(trained[-1], labelled[-1], held[-1:]),
        scores_of(trained[-1], labelled[-1]),
        judge_figure(trained),
    )


def _at_share(
    trained: Sequence[Round],
    held: Sequence[LabelledScores],
    audits: Mapping[int, Audited | None],
    given: float | None,
) -> list[tuple[int, AtShare | None]]:
    """Held-out pages of each round at the crawl's share of code."""
    measured = []
    for scores in held:
        round_ = next(each for each in trained if each.number == scores.round)
        code = code_share(round_, given, audits.get(scores.round))
        measured.append((scores.round, at_share(code, scores.score, scores.kept, scores.truth, scores.urls)))
    return measured


def _domains(scanned: Sequence[Round]) -> tuple[FigureData, ...]:
    tallied = [round_ for round_ in scanned if round_.step("domains").done]
    return domains_of(tallied[-1]) if tallied else ()


def _corpus(last: Round, survey: CorpusStatistics | None) -> tuple[FigureData, ...]:
    if survey is None:
        return ()
    counted = (languages_of(survey), categories_of(survey), lengths_of(survey), qualities_of(survey))
    bodies = bodies_of(survey)
    counted = (*counted, *(() if bodies is None else (bodies,)))
    return (*counted, duplicates_of(survey), map_of(last, survey.sample))


def _errors(errors: WorstErrors | None) -> tuple[FigureData, ...]:
    if errors is None:
        return ()
    rows: list[tuple[Any, ...]] = [
        (
            *(page.kind, page.url, page.label, page.suspect, page.language, page.place, page.score, page.probability),
            [push.name for push in page.towards],
            [push.name for push in page.against],
        )
        for page in errors.mistakes
    ]
    caption = (
        f"Of {errors.pages:,} labelled pages in round {errors.round}, those on the wrong side of the threshold "
        f"{errors.threshold:.3f} by most, scored by models that did not train on their "
        "registered domain, and the tokens that contributed most."
    )
    return (FigureData("errors", "Worst errors", caption, MISTAKES, rows),)


def _facts(run: Run, scanned: Sequence[Round]) -> tuple[tuple[str, str], ...]:
    failed = int(scanned[-1].step("scan").result.counts.get("failed_shards", 0))
    crawls = sorted({shard.crawl for shard in run.shards if shard.crawl})
    named = ", ".join(crawls[:3]) + (f" and {len(crawls) - 3} more" if len(crawls) > 3 else "")
    files = f"{len(run.shards):,}" + (f", {failed:,} of them unreadable" if failed else "")
    return (
        ("Crawl", named or "single WARC files"),
        ("WARC files", files),
        ("Rounds", f"{len(scanned)} of {run.config.run.rounds}"),
        ("Seed", str(run.config.run.seed)),
        *(("Threshold", threshold_text(own)) for _, own in own_thresholds(run)[-1:]),
        *judge_facts(run),
        ("Digest", run.digest()[:16]),
        ("recall", recall.__version__),
    )


def _tiles(
    overview: Sequence[FigureData], survey: CorpusStatistics | None, audits: Sequence[tuple[int, Audited | None]]
) -> tuple[tuple[str, str, str], ...]:
    funnel = overview[0]
    stages = {row[0]: row[3] for row in funnel.rows if row[1] == "in"}
    tiles = [(name, f"{pages:,}", "") for name, pages in stages.items() if name != "responses read"]
    if survey is not None:
        tiles[-1] = (tiles[-1][0], f"{survey.pages:,}", f"{survey.bytes / 1e6:,.1f} MB of text")
        if len(tiles) > 1 and stages.get("pages scored"):
            share = stages["pages recalled"] / stages["pages scored"]
            tiles[1] = (tiles[1][0], tiles[1][1], f"{share:.1%} of those scored")
    known = [(number, audited) for number, audited in audits if audited is not None]
    if known:
        number, audited = known[-1]
        for name, interval in (("precision", audited.model.precision), ("recall", audited.model.recall)):
            qualified = f"{interval.low:.0%} to {interval.high:.0%}, audit of round {number}"
            tiles.append((name, f"{interval.value:.1%}", qualified))
    return tuple(tiles)
