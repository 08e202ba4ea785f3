"""What judgements of URL prefixes brought: pages and labels won per judgement, with 95 % intervals.

In: the prefixes that people were asked about in a round, their labels, and what the round's harvest took under each.
Out: PrefixYield. Pages won are those under the prefixes accepted in the round that the model does not keep, labels won
those of them that the harvest made examples of the next round. A judgement is one prefix task with a label, whatever it
says; a page task wins one label and no page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recall.labels.decisions import excluded_annotators, label_rows
from recall.model.evaluate import Interval
from recall.run.rounds import Round
from recall.sites.prefixes import parse_prefix

WON = {"prefix": "string", "missed": "int64", "harvested": "int64"}
"""harvest/prefixes.parquet: of every prefix accepted so far the pages that the model does not keep, and those taken."""

DRAWS = 2000


@dataclass(frozen=True, slots=True)
class PrefixYield:
    """What the judgements of a round brought. judged: prefixes with a label, whatever it says.

    pages_each, labels_each: per judgement, with 95 % intervals by bootstrap over judgements.
    """

    judged: int
    accepted: int
    pages: int
    labels: int
    pages_each: Interval
    labels_each: Interval


def mean_interval(values: Sequence[int], seed: int = 0) -> Interval:
    """A mean with its 95 % percentile interval when values are drawn with replacement; 0 to 0 of none."""
    if not values:
        return Interval(0.0, 0.0, 0.0)
    distinct, counts = np.unique(np.asarray(values, dtype=np.int64), return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(values), counts / len(values), DRAWS)
    low, high = np.percentile(drawn @ distinct / len(values), [2.5, 97.5])
    return Interval(sum(values) / len(values), float(low), float(high))


def prefix_yield(round_: Round) -> PrefixYield | None:
    """What a harvested round's prefix judgements brought; None where an earlier version harvested."""
    run, step = round_.run, round_.step("harvest")
    key = step.key("prefixes.parquet")
    if not run.store.exists(key):
        return None
    won = {row["prefix"]: (row["missed"], row["harvested"]) for row in run.store.read_table(key).to_pylist()}
    ignored = excluded_annotators(run, range(1, round_.number + 1))
    rows = [row for row in label_rows(run, round_.number, ignored) if row["kind"] == "prefix"]
    accepted = [parse_prefix(row["target"]) if row["value"] == "accept" else "" for row in rows]
    pages, labels = ([won.get(prefix, (0, 0))[kind] for prefix in accepted] for kind in (0, 1))
    sums = len(rows), sum(map(bool, accepted)), sum(pages), sum(labels)
    return PrefixYield(*sums, mean_interval(pages), mean_interval(labels))
