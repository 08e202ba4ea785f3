"""The model of a round: the folder that holds it, its threshold and floor, and the scorer, loaded once per process."""

from functools import lru_cache

from recall.archive.shards import is_text
from recall.errors import Damaged
from recall.model.scorer import SCORER_FILES, Scorer
from recall.run.rounds import Round
from recall.run.store import Store, forget_copies

MODEL_FILES = ("tokenizer.json", "model.bin", "scorer.npz", "model.json")


def model_folder(round_: Round) -> str:
    """Key of the folder that holds the round's model."""
    return round_.step("train").key("").rstrip("/")


def _reads_text(round_: Round) -> bool:
    return len(round_.run.shards) > 0 and is_text(round_.run.shards[0].url)


def threshold_of(round_: Round) -> float:
    """Threshold of the round's model for what the run reads, without loading the model."""
    card = round_.run.store.read_json(f"{model_folder(round_)}/model.json")
    text_threshold = card.get("text_threshold") if _reads_text(round_) else None
    return float(card["threshold"] if text_threshold is None else text_threshold)


def floor_of(round_: Round) -> float:
    """Score that made a page of this round a candidate: the floor of the model that decoded the shards."""
    decoded = round_ if round_.run.config.scan.rescan == "all" else round_.run.round(1)
    metrics = round_.run.store.read_json(f"{model_folder(decoded)}/model.json")["metrics"]
    return float(metrics.get("text_floor", metrics["floor"]) if _reads_text(round_) else metrics["floor"])


@lru_cache(maxsize=2)
def _load(root: str, model: str, store: Store) -> Scorer:
    del root  # part of the cache's key: stores of one root are one store
    return Scorer.load(store.local_folder(model, SCORER_FILES))


def load_scorer(store: Store, model: str, digest: str = "") -> Scorer:
    """Return the model of a run folder, loaded once per process, and again after a retry replaced it.

    Raises Damaged when it is not the one with the digest.
    """
    scorer = _load(store.root, model, store)
    if digest and scorer.digest != digest:
        _load.cache_clear()
        forget_copies()
        scorer = _load(store.root, model, store)
        if scorer.digest != digest:
            raise Damaged(f"{store.url(model)}: is not the model that its round trained")
    return scorer
