"""A plain fastText model as one file: that which recall ships, or one distilled from a round of a run.

In: a round, or nothing. Out: a new file that any fastText loads, with labels named as whoever uses it expects. Learned
from the round's examples (a seeded sample of many) and the seed's sample; audit pages and the holdout never get there.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from recall.errors import BadInput
from recall.labels.examples import class_of, gather, texts_of
from recall.model.fasttext import rename_labels
from recall.model.plain import distil, label_names
from recall.model.scorer import PLAIN_MODEL
from recall.records import OTHER_LABEL
from recall.release.export_files import new_file
from recall.run.round_model import load_scorer, model_folder
from recall.run.rounds import Round
from recall.run.sampling import priority

MOST_TEXTS = 20_000
"""Examples that it learns from, as all of their texts are in memory."""


def release_shipped(target: Path, labels: str) -> tuple[str, str]:
    """Write the plain model that recall ships; returns its labels' names. Raises BadInput where it cannot be."""
    return _write(PLAIN_MODEL, target, "C", labels)


def release_plain(round_: Round, target: Path, labels: str) -> tuple[str, str]:
    """Write the plain model of a sealed round; returns its labels' names. Raises BadInput where it cannot be."""
    run = round_.run
    if not round_.sealed or run.parent is not None:
        raise BadInput(f"{run.store.root}: round {round_.number} is not sealed, or was not trained in this run")
    settings = run.config.train
    label_names(labels, settings.positive)
    scorer = load_scorer(run.store, model_folder(round_))
    examples = sorted(gather(round_), key=lambda one: priority(run.config.run.seed, one.url))[:MOST_TEXTS]
    examples.sort(key=lambda one: one.url)
    texts = dict(texts_of(run.store, examples))
    sample = run.store.read_table(run.step("seed").key("sample.parquet"), ["text"]).column("text").to_pylist()
    known: list[str | None] = [class_of(example, settings) for example in examples]
    with TemporaryDirectory(prefix="recall-plain-") as folder:
        path = Path(folder) / "plain.bin"
        learned = [*(texts[number] for number in range(len(examples))), *sample]
        distil(scorer, learned, [*known, *(None for _ in sample)], path)
        return _write(path, target, settings.positive, labels)


def _write(model: Path, target: Path, positive: str, labels: str) -> tuple[str, str]:
    names = label_names(labels, positive)
    data = rename_labels(model.read_bytes(), {positive: names[0], OTHER_LABEL: names[1]})
    with new_file(target) as stream:
        stream.write(data)
    return names
