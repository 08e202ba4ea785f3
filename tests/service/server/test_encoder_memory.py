import random
from pathlib import Path

import pytest

from recall.model.scorer import Scorer
from service.api.models import Version, load, resolve
from service.server import encoder_memory
from service.server.encoder_memory import EncoderMemory, anonymous


def loaded(folder: Path) -> Version:
    return load(resolve(str(folder)))


@pytest.mark.skipif(not encoder_memory._STATM.exists(), reason="this system does not tell its memory")
def test_words_at_random_do_not_make_a_worker_grow_without_bound(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = loaded(folders[0])
    watched = EncoderMemory(lambda: [version.scorer.tokenizer], lambda: 0)
    renew = version.scorer.tokenizer.renew
    renewed: list[int] = []

    def count() -> None:
        renewed.append(1)
        renew()

    monkeypatch.setattr(version.scorer.tokenizer, "renew", count)
    chance = random.Random(5)
    least, most = anonymous(), 0
    for _ in range(60):
        text = " ".join(f"{chance.getrandbits(48):x}" for _ in range(80_000))
        version.scorer.score([text])
        most = max(most, anonymous() - least)
        watched.add(len(text))
    assert renewed, "the encoder no longer grows: this is not needed"
    assert most < 160 << 20


def test_bodies_that_are_held_are_not_taken_for_growth(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    version = loaded(folders[0])
    renewed: list[int] = []
    monkeypatch.setattr(type(version.scorer.tokenizer), "renew", lambda _: renewed.append(1))
    sizes = iter([100 << 20, 100 << 20, 400 << 20, 400 << 20, 400 << 20])
    monkeypatch.setattr(encoder_memory, "anonymous", lambda: next(sizes))
    held = iter([0, 0, 100 << 20, 0])
    watched = EncoderMemory(lambda: [version.scorer.tokenizer], lambda: next(held))
    for _ in range(3):
        watched.add(encoder_memory._LOOK_BYTES)
    assert not renewed
    watched.add(encoder_memory._LOOK_BYTES)
    assert renewed == [1]


def test_an_encoder_made_anew_gives_the_same_scores(folders: list[Path]) -> None:
    scorer = Scorer.load(folders[0])
    texts = ["return the class", "größe 日本語", "\ue000pre2"]
    before = scorer.score(texts).tolist()
    scorer.tokenizer.renew()
    assert scorer.score(texts).tolist() == before
