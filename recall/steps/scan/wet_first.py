"""The scan of a shard by Common Crawl's text of it: pages above the floor for text are read from the WARC.

In: a shard with a WET file and a URL index. Out: slim rows, of which only those read from the WARC can be kept.
"""

from bisect import bisect_left
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from recall.archive.dates import time_of
from recall.archive.ranges import read_outcomes
from recall.archive.shards import read_wet
from recall.records import Capture, Shard, Skip, WarcRef
from recall.run.sampling import batches
from recall.steps.scan.shard_report import ScanContext
from recall.steps.scan.slim_rows import SlimRows, page_batches, score_batch

RANGE_BATCH = 32
"""Pages that are scored together where they are read by byte range."""


def score_wet_first(context: ScanContext, shard: Shard, rows: SlimRows) -> None:
    """Score Common Crawl's text of the shard's pages; read those above the floor for text from the WARC.

    Only they get a score of their HTML and can be kept; the others keep the score of their text.
    """
    scorer = rows.scorer
    seen: list[tuple[WarcRef, str, int, str]] = []
    first: list[NDArray[np.float64]] = []
    texts: list[NDArray[np.uint64]] = []
    for batch in page_batches(read_wet(shard, context.index, context.access)):
        rows.read += len(batch)
        scored = score_batch(scorer, batch, rows.skipped)
        for page, topic in zip(scored.pages, scored.topics, strict=True):
            seen.append((page.ref, page.url, time_of(page.fetched, shard.crawl), topic))
        first.append(scored.scores)
        texts.append(scored.sketches)
    order = sorted(range(len(seen)), key=lambda row: seen[row])
    scores = np.concatenate(first)[order] if seen else np.zeros(0)
    topics = [seen[row][3] for row in order]
    wanted = {seen[order[row]][0]: row for row in np.flatnonzero(scores >= scorer.card.floor_for(text=True)).tolist()}
    gone: list[int] = []
    for group in batches(read_outcomes(wanted, lambda _path: shard.url, context.access), RANGE_BATCH):
        gone += [wanted[ref] for ref, outcome in group if isinstance(outcome, Skip)]
        rows.skipped.update(outcome for _, outcome in group if isinstance(outcome, Skip))
        scored = score_batch(scorer, [outcome for _, outcome in group if isinstance(outcome, Capture)], Counter())
        for index, (page, score) in enumerate(zip(scored.pages, scored.scores.tolist(), strict=True)):
            row = wanted[page.ref]
            scores[row], topics[row] = score, scored.topics[index]
            if score >= rows.floor:
                rows.candidates.add(row - bisect_left(gone, row), scored.lines[index], page)
    left = np.setdiff1d(np.arange(len(seen)), gone)
    rows.refs, rows.urls = [seen[order[row]][0] for row in left], [seen[order[row]][1] for row in left]
    rows.times = [seen[order[row]][2] for row in left]
    rows.scores, rows.topics = [scores[left]], [topics[row] for row in left]
    rows.sketches = [np.concatenate(texts)[order][left]] if seen else []
