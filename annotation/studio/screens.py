"""The labelling screens, their guideline, and what their choices mean.

A screen is XML beside this module; style and guideline are put in here, so that a screen is one text whose equality
tells whether somebody changed it.
"""

from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Literal

from recall.config import Config
from recall.corpus import quality_guide

Kind = Literal["page", "prefix", "quality"]
VERDICT, CATEGORY, COMMENT = "verdict", "category", "comment"
PAGE = "page"
"""Name of the object tag that choices are about."""

KEYS = (
    "<kbd>1</kbd> to <kbd>4</kbd> choose, <kbd>Ctrl</kbd>+<kbd>Enter</kbd> submits and shows the next, "
    "<kbd>Ctrl</kbd>+<kbd>Space</kbd> skips"
)
"""The keys of the screens, as Label Studio has them where nobody set others: it has none that does two things."""

SCORE_KEYS = KEYS.replace("<kbd>1</kbd> to <kbd>4</kbd> choose", "<kbd>0</kbd> to <kbd>5</kbd> score")

PAGE_CHOICES = ("code", "adjacent", "not_code", "junk")
TOPIC = "topic-"
"""Start of the choice of a further topic; its label follows."""
PREFIX_CHOICES = ("accept", "reject", "split", "unsure")
QUALITY_CHOICES = ("0", "1", "2", "3", "4", "5")


def page_labels(config: Config) -> Mapping[str, str]:
    """Label of each choice on the page screen: [train] positive for code, [studio] other_labels for the others.

    A run with several topics has a choice for each further one.
    """
    labels = dict(zip(PAGE_CHOICES, (config.train.positive, *config.studio.other_labels), strict=True))
    return labels | {f"{TOPIC}{label}": label for label in _further_topics(config)}


def _further_topics(config: Config) -> dict[str, str]:
    """Tags of the topics beside [train] positive, by label."""
    return {label: tag for label, tag in sorted(config.train.topics.items()) if label != config.train.positive}


def labels_of(kind: Kind, config: Config) -> Mapping[str, str]:
    """Value of each choice on a screen."""
    if kind == "page":
        return page_labels(config)
    return {choice: choice for choice in (PREFIX_CHOICES if kind == "prefix" else QUALITY_CHOICES)}


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def guideline(kind: Kind) -> str:
    """The guideline as HTML."""
    if kind == "quality":
        from annotation.studio.safe_html import page_html  # noqa: PLC0415 - the judge reads guidelines without it

        return f"<details open><summary>Guideline</summary>{page_html(quality_guide())}</details>"
    return _text(f"{kind}-guide.html")


def screen(kind: Kind, config: Config) -> str:
    """The labelling configuration."""
    categories = (f'<Choice value="{escape(category)}"/>' for category in config.studio.categories)
    xml = _text(f"{kind}.xml").replace("<!--categories-->", "".join(categories))
    topics = (
        f'<Choice value="{escape(tag)}" alias="{TOPIC}{escape(label)}" hint="The main content is of this topic."/>'
        for label, tag in _further_topics(config).items()
    )
    xml = xml.replace("<!--topics-->", "".join(topics))
    if config.train.topics and kind == "page":
        tag = escape(config.train.topics[config.train.positive])
        xml = xml.replace("Is this page about code?", "What is this page about?").replace(
            '<Choice value="Code"', f'<Choice value="{tag}"'
        )
    one_line = " ".join(guideline(kind).split())
    keys = SCORE_KEYS if kind == "quality" else KEYS
    xml = xml.replace("/*guide*/", escape(one_line)).replace("/*keys*/", escape(keys))
    return xml.replace("/*style*/", escape(_text("style.css"), quote=False))
