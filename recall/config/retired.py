"""Settings that are constants now: their old default is read and ignored, so that older run folders still open.

A frozen config.toml names every setting of the version that wrote it. Another value than the default cannot be kept, as
no code reads it any more: such a file is refused.
"""

from collections.abc import Mapping
from typing import Any

from recall.errors import BadInput

RETIRED: Mapping[tuple[str, str], object] = {
    ("judge", "key_variable"): "RECALL_JUDGE_KEY",
    ("judge", "characters"): 4096,
    ("domains", "prefix_min_kept"): 1,
    ("label", "gold_certainty"): 0.9,
    ("studio", "token_variable"): "RECALL_STUDIO_TOKEN",
    ("studio", "batch"): 50,
    ("studio", "page"): 200,
    ("studio", "attempts"): 9,
    ("studio", "settle_seconds"): 3.0,
    ("studio", "poll_seconds"): 30.0,
    ("contamination", "shortest"): 3,
}
"""Section and key -> the value that the code has as a constant now."""


def without_retired(sections: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the tables of a config without retired keys.

    Raises BadInput, which names `source` and the key, for a retired key with another value than its default.
    """
    kept = {name: dict(table) if isinstance(table, Mapping) else table for name, table in sections.items()}
    for (section, key), default in RETIRED.items():
        table = kept.get(section)
        if not isinstance(table, dict) or key not in table:
            continue
        value = table.pop(key)
        if value != default:
            raise BadInput(
                f"{source}: {section}.{key}: is always {default!r} in this version, not {value!r}: take the line out; "
                "a run that has it frozen is gone on with in the version that made it"
            )
    return kept
