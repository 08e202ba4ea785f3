"""Labels that are probably wrong, whose pages are asked about once more.

In: what a round's model learned from, and what it made of those pages when it had not learned from them. Out: pages by
the chance that their label is wrong. One person's slip is seldom another's: where the second vote is for the same
value the label is believed, else somebody decides (`annotation.adjudication`).
"""

import numpy as np

from recall.labels import ASKED_AGAIN, error_posteriors, evaluation_mask, gather, shown_urls
from recall.run import Round

LEAST = 0.2
"""Chance from which on a label is asked about again: below it, four votes of five would tell nothing new."""


def doubted_pages(round_: Round) -> dict[str, float]:
    """URLs of pages whose label is wrong with a chance of LEAST or more, and that chance; each is asked again once.

    Only labels by vote are ever doubted, of pages that train. Empty without gold tasks in earlier rounds.
    """
    run = round_.run
    if round_.number == 1 or not run.config.label.doubted_share:
        return {}
    table = run.store.read_table(round_.step("train").key("out_of_fold.parquet"), ["url", "score"])
    unseen = {row["url"]: row["score"] for row in table.to_pylist() if row["score"] is not None}
    judged = [example for example in gather(round_) if example.url in unseen]
    truth = np.array([example.label == run.config.train.positive for example in judged], dtype=bool)
    counts = evaluation_mask([example.source for example in judged], truth)
    scores = np.array([unseen[example.url] for example in judged])
    chances = error_posteriors(scores, truth, counts, np.array([example.error_chance for example in judged]))
    again = shown_urls(run, range(1, round_.number), stratum=ASKED_AGAIN)
    known = zip(judged, chances.round(6).tolist(), strict=True)  # the last bit on another machine moves no page
    return {one.url: chance for one, chance in known if chance >= LEAST and one.url not in again}
