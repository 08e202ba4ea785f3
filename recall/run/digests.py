"""JSON that carries its own digest (run.json, step.json, round.json), and the record of a sealed round.

In: values, or the bytes of such a file. Out: canonical JSON whose field `check` is the digest of all others. A step
holds the digest of the step before it, a round those of its steps and of the round before it, so that the last digest
covers everything; digests leave out times and machines. Guards against flipped bytes and edits by hand, not against
someone who computes the check anew. Refuses bytes that differ from what was written, with Damaged.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recall.errors import Damaged
from recall.run.store import canonical_json, digest_of

CHECK = "check"


def digest_json(value: object) -> str:
    """Digest of a value's canonical JSON."""
    return digest_of(canonical_json(value))


def seal_json(value: Mapping[str, Any]) -> bytes:
    """A value as canonical JSON with its own digest under `check`."""
    return canonical_json({**value, CHECK: digest_json(value)})


def unseal_json(data: bytes, name: str) -> dict[str, Any]:
    """The value that was sealed; `name` is named in errors.

    Raises Damaged when a single byte differs from what `seal_json` wrote.
    """
    try:
        value = json.loads(data)
    except ValueError:
        raise Damaged(f"{name}: is no longer JSON") from None
    if not isinstance(value, dict):
        raise Damaged(f"{name}: is not a sealed JSON object")
    check = value.pop(CHECK, None)
    if check != digest_json(value) or seal_json(value) != data:
        raise Damaged(f"{name}: differs from the digest it carries")
    return value


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
    """A round.json as it was published. Raises Damaged when it is not."""
    record = unseal_json(data, name)
    digest = record.pop("digest", None)
    if digest != digest_json(record):
        raise Damaged(f"{name}: its digest is not that of its content")
    try:
        return RoundRecord(**record, digest=digest)
    except TypeError:
        raise Damaged(f"{name}: is not a round.json that this version of recall can read") from None
