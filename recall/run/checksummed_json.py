"""JSON that notices its own damage: the last field `check` is the digest of all others.

Used where nothing later in the chain could tell: run.json, step.json, round.json. It guards against flipped bytes
and edits by hand, not against someone who computes the check anew.
"""

import json
from collections.abc import Mapping
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
