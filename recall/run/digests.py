"""Digests along a run: run.json, then each step's and each sealed round's, every one holding that of its predecessor.

So the digest of the last step stands for everything before it. Digests leave out times and machines.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from recall.errors import Damaged
from recall.run.checksummed_json import digest_json, seal_json, unseal_json
from recall.run.inputs import RUN
from recall.run.order import SEAL, Place
from recall.run.step import read_manifest
from recall.run.store import Store


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """round.json, read. parent: digest of the round (or run.json) before it; steps: digest of each step."""

    round: int
    parent: str
    steps: Mapping[str, str]
    digest: str


def write_round(number: int, parent: str, steps: Mapping[str, str]) -> bytes:
    """round.json of a round that is being sealed."""
    record = {"round": number, "parent": parent, "steps": dict(steps)}
    return seal_json({**record, "digest": digest_json(record)})


def read_round(data: bytes, name: str) -> RoundRecord:
    """A round.json as it was published.

    Raises Damaged when it is not.
    """
    record = unseal_json(data, name)
    digest = record.pop("digest", None)
    if digest != digest_json(record):
        raise Damaged(f"{name}: its digest is not that of its content")
    try:
        return RoundRecord(**record, digest=digest)
    except TypeError:
        raise Damaged(f"{name}: is not a round.json that this version of recall can read") from None


def digest_at(store: Store, place: Place) -> str:
    """Digest of a published step or sealed round.

    Raises Damaged when its manifest is missing or not what was published.
    """
    data, name = store.read(place.manifest), store.url(place.manifest)
    if place.verb == SEAL:
        return read_round(data, name).digest
    return read_manifest(data, name).digest


def inputs_of(store: Store, order: tuple[Place, ...], place: Place, start: str) -> dict[str, str]:
    """What a place follows: the place before it, or run.json with the digest `start`."""
    index = order.index(place)
    if index == 0:
        return {RUN: start}
    before = order[index - 1]
    return {before.folder: digest_at(store, before)}
