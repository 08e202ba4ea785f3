"""The model of a round: the folder that holds it, its threshold and floor, and the scorer, loaded once per process."""

from functools import lru_cache
from pathlib import Path

from recall.archive.shards import is_text
from recall.errors import Damaged
from recall.model.scorer import SCORER_FILES, ModelCard, Scorer
from recall.model.scorer.card import parse_card
from recall.run.own_threshold import own_threshold
from recall.run.rounds import Round
from recall.run.store import Store, forget_copies

MODEL_FILES = ("tokenizer.json", "model.bin", "scorer.npz", "model.json")


def model_folder(round_: Round) -> str:
    """Key of the folder that holds the round's model."""
    return round_.step("train").key("").rstrip("/")


def reads_text(round_: Round) -> bool:
    """True where the run reads bare text instead of pages."""
    return len(round_.run.shards) > 0 and is_text(round_.run.shards[0].url)


def card_of(round_: Round) -> ModelCard:
    """The card of the round's model. Raises BadInput for one of another version."""
    key = f"{model_folder(round_)}/model.json"
    return parse_card(round_.run.store.read(key).decode("utf-8", "replace"), Path(round_.run.store.url(key)))


def threshold_of(round_: Round) -> float:
    """The threshold that the round's scan or audit chose, else its model's for what the run reads; loads no model."""
    if (own := own_threshold(round_)) is not None:
        return own.value
    card = round_.run.store.read_json(f"{model_folder(round_)}/model.json")
    text_threshold = card.get("text_threshold") if reads_text(round_) else None
    return float(card["threshold"] if text_threshold is None else text_threshold)


def floor_of(round_: Round) -> float:
    """Score that made a page of this round a candidate: the floor of the model that decoded the shards."""
    decoded = round_ if round_.run.config.scan.rescan == "all" else round_.run.round(1)
    metrics = round_.run.store.read_json(f"{model_folder(decoded)}/model.json")["metrics"]
    return float(metrics.get("text_floor", metrics["floor"]) if reads_text(round_) else metrics["floor"])


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
