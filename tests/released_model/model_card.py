"""The shipped model's card as Markdown, from its figures (`measured_figures`)."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

NAMES = {"both": "both crawls, each page once", "crawl": "crawl", "web": "web"}
TEMPLATE = Path(__file__).with_name("model_card_template.md")
SCORED = ("tokenizer.json", "scorer.npz", "model.json")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)]) + "\n"


def interval(figure: Mapping[str, float]) -> str:
    """A figure with its interval."""
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"


def _trained(counts: Mapping[str, Any]) -> str:
    parts = []
    for name in ("label", "crawl", "language", "kind"):
        listed = [f"{part} {pages:,} ({code:,} C)" for part, (pages, code) in counts[name].items()]
        parts.append(f"- by {name}: {', '.join(listed)}")
    return "\n".join(parts) + "\n"


def _set(name: str, some: Mapping[str, Any]) -> str:
    pages, families, positive = (f"{some[count]:,}" for count in ("pages", "families", "positive"))
    title = f"### {NAMES[name]}: {pages} pages of {families} domains, {positive} of them code\n"
    rows = [
        [
            way,
            interval(own["own_mix"]),
            interval(own["0.03"]["average_precision"]),
            interval(own["0.03"]["found_at_4.9"]),
            *(f"{own['0.03']['found'][kept]:.3f}" for kept in ("0.02", "0.03", "0.1")),
            f"{own['0.05']['average_precision']['value']:.3f}",
            f"{own['0.05']['found']['0.049']:.3f}",
        ]
        for way, own in some["ways"].items()
    ]
    head = ["", "AP, own mix", "AP, 3 %", "found where 4.9 % kept, 3 %", "2 % kept", "3 % kept", "10 % kept"]
    return title + "\n" + table([*head, "AP, 5 %", "found where 4.9 % kept, 5 %"], rows)


def _parts(title: str, parts: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [
            name,
            own["pages"],
            own["positive"],
            own["positive_right"],
            f"{own['others_right']} of {own['pages'] - own['positive']}",
            "–" if own["average_precision"] is None else f"{own['average_precision']:.3f}",
        ]
        for name, own in sorted(parts.items(), key=lambda item: -int(item[1]["pages"]))
    ]
    return table([title, "pages", "code", "code told right", "others told right", "AP"], rows)


def _thresholds(every: Mapping[str, Any]) -> str:
    precisions = list(next(iter(every.values())))
    rows = [
        [f"{float(aim):.1f}", f"{every['both'][aim][0]:.3f}"]
        + [f"{every[name][aim][1]:.2f}, {every[name][aim][2]:.2f}" for name in NAMES]
        for aim in precisions
    ]
    return table(["precision aimed at", "threshold", *(f"{NAMES[name]}: precision, recall" for name in NAMES)], rows)


def card_text(figures: Mapping[str, Any]) -> str:
    """The card."""
    sizes, counts = figures["sizes"], figures["trained_on"]
    return TEMPLATE.read_text(encoding="utf-8").format(
        model_bytes=f"{sum(sizes[name] for name in SCORED):,}",
        plain_bytes=f"{sizes['plain.bin']:,}",
        digest=figures["digest"],
        pages=f"{counts['pages']:,}",
        families=f"{counts['families']:,}",
        trained=_trained(counts),
        sets="\n".join(_set(name, some) for name, some in figures["sets"].items()),
        threshold=f"{figures['threshold']:.4f}",
        text_threshold=f"{figures['text_threshold']:.4f}",
        thresholds=_thresholds(figures["thresholds"]),
        by_label=_parts("label", figures["by_label"]),
        by_language=_parts("language", figures["by_language"]),
        by_kind=_parts("kind", figures["by_kind"]),
        least=figures["least_characters"],
    )
