"""The scan of a shard in a later round: the candidates that an earlier round kept of it are scored anew."""

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recall.archive.shards import is_text
from recall.model.scorer import Scorer
from recall.model.scorer.card import kept_by
from recall.records import Output, Skip
from recall.run.round_model import load_scorer
from recall.run.scanned import ScannedShard, read_rows, read_token_lines
from recall.steps.scan.shard_report import ScanContext, ShardResult, by_kind, publish_report
from recall.steps.scan.slim_rows import rows_schema


def rescore(context: ScanContext, earlier: ScannedShard) -> None:
    """Score the candidates of an earlier scan with this model; pages below the floor keep their old score."""
    scorer = load_scorer(context.store, context.model, context.digest)
    kept, output, _ = _scored_anew(context, scorer, earlier, others=False)
    skipped = Counter({Skip(name): count for name, count in earlier.skipped.items()})
    result = ShardResult(scorer.digest, earlier.read, kept, skipped, (output,))
    if earlier.others is not None:
        other_kept, other_output, kinds = _scored_anew(context, scorer, earlier.others, others=True)
        result = replace(result, files=(output, other_output), others=by_kind(kinds, other_kept))
    publish_report(context, earlier.shard, result)


def _scored_anew(
    context: ScanContext, scorer: Scorer, earlier: ScannedShard, *, others: bool
) -> tuple[NDArray[np.bool_], Output, list[str]]:
    """Publish an earlier scan's rows with new scores; returns which are kept, their file, and the kinds of others."""
    schema = rows_schema(scorer, others=others)
    table = read_rows(context.store, earlier, list(schema))
    scores, models = table.column("score").to_numpy().copy(), table.column("model").to_pylist()
    urls = table.column("url").to_pylist()
    topics = table.column("topic").to_pylist() if scorer.card.topics else [scorer.positive] * len(urls)
    kept = np.zeros(len(scores), dtype=bool)
    for rows, lines in read_token_lines(context.store, earlier):
        scores[rows], own_topics = scorer.score_topics(lines)
        own = [urls[row] for row in rows.tolist()]
        kept[rows] = kept_by(scorer.card, scores[rows], own, own_topics, text=others or is_text(earlier.shard.url))
        for row, topic in zip(rows.tolist(), own_topics, strict=True):
            models[row], topics[row] = scorer.digest, topic
    columns = {name: table.column(name) for name in table.column_names}
    columns |= {"score": scores, "model": models, "kept": kept, "topic": topics}
    output = context.store.publish_table_named(
        context.folder, "otherrows-" if others else "rows-", {name: columns[name] for name in schema}, schema
    )
    return kept, output, table.column("kind").to_pylist() if others else []
