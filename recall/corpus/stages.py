"""stages.json: what each stage did, with its counts, reasons and examples, in the order of the stages."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from recall.config import Config
from recall.corpus.drops import EXAMPLES, Drops

ORDER = (
    "choice",
    "optout",
    "extract",
    "quality",
    "url",
    "text",
    "near",
    "boilerplate",
    "contamination",
    "privacy",
    "mix",
)
"""Every stage that takes pages out or changes them; tags only adds columns."""


def enabled(config: Config) -> dict[str, bool]:
    """Which stages the settings switch on."""
    settings = config.duplicates
    return {
        "choice": True,
        "optout": config.optout.enabled,
        "extract": True,
        "quality": config.quality.enabled,
        "url": settings.urls,
        "text": settings.texts,
        "near": settings.near,
        "boilerplate": config.boilerplate.enabled,
        "contamination": config.contamination.enabled and bool(config.contamination.benchmarks),
        "privacy": config.privacy.enabled,
        "mix": config.mix.enabled,
    }


def tell_stages(config: Config, pages: int, drops: Drops, changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry a stage. pages: of the corpus; changes: what the chunks report of their texts.

    Each has stage, enabled, pages_in, pages_out, dropped, reasons (pages by reason), examples (of dropped pages: url,
    reason, detail), changed (counts) and changed_examples (url, what).
    """
    left = pages + drops.pages
    counts: Counter[str] = Counter()
    for change in changes:
        counts.update(change["counts"])
    entries = []
    for stage, switched in ((name, enabled(config)[name]) for name in ORDER):
        reasons = drops.reasons.get(stage, Counter())
        changed = [tuple(one) for change in changes for one in change["examples"].get(stage, ())]
        found = {name.removeprefix(f"{stage} "): n for name, n in counts.items() if name.startswith(f"{stage} ")}
        entries.append(
            {
                "stage": stage,
                "enabled": switched,
                "pages_in": left,
                "pages_out": left - reasons.total(),
                "dropped": reasons.total(),
                "reasons": dict(sorted(reasons.items())),
                "examples": drops.shown(stage),
                "changed": dict(sorted(found.items())),
                "changed_examples": [{"url": url, "what": what} for _, url, what in sorted(changed)[:EXAMPLES]],
            }
        )
        left -= reasons.total()
    return entries
