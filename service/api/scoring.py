"""Items to scores, as jobs of the scheduler: JSON in, JSON out, errors in the place of their items.

`text` is scored as it is given, without MARK characters; `html` and `body` go through the scoring text of the crawl.
The score is the scorer's own float, written so that it reads back bit for bit.
"""

import base64
import binascii
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from recall.model.scorer import label_of, threshold_for
from recall.page.text import scoring_bytes
from recall.records import MARK, TOO_SHORT, Capture
from service.api.bodies import Line
from service.api.items import AnyItem, Outcome, PlainItem, Unfit, read_items, read_line
from service.api.models import Models, Version
from service.api.schemas import ExtractRequest, Item, Page
from service.limits import Limits
from service.server.metrics import count_failures, count_scores
from service.server.scheduler import SteppedJob

STEP_ITEMS = 64
STEP_CHARACTERS = 512 << 10
"""A step ends at the first that is reached: some 6 ms, as long as another request may have to wait for its turn."""

_MARK = MARK.encode()
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Scoring:
    """How items become outcomes: by which version, within which limits."""

    version: Version
    limits: Limits

    def outcomes(
        self, items: Sequence[Item | PlainItem | Unfit], echoes: Sequence[Outcome]
    ) -> SteppedJob[list[Outcome]]:
        """One outcome an item, in order; other jobs have their turn between the steps. echoes: id and url of each."""
        done: list[Outcome] = []
        start = 0
        while start < len(items):
            end, characters = start, 0
            while end < len(items) and end - start < STEP_ITEMS and characters < STEP_CHARACTERS:
                item = items[end]
                characters += 0 if isinstance(item, Unfit) else _weight(item)
                end += 1
            done += self._step(items[start:end], echoes[start:end])
            start = end
            if start < len(items):
                yield
        return done

    def _step(self, items: Sequence[AnyItem], echoes: Sequence[Outcome]) -> list[Outcome]:
        texts: list[bytes] = []
        read: list[Item | PlainItem] = []
        errors: dict[int, Unfit] = {}
        for place, item in enumerate(items):
            if isinstance(item, Unfit):
                errors[place] = item
                continue
            try:
                texts.append(octets_of(item, self.limits))
                read.append(item)
            except Unfit as unfit:
                errors[place] = unfit
        count_failures([unfit.reason for unfit in errors.values()])
        urls, bare = [item.url for item in read], [item.text is not None for item in read]
        verdicts = iter(self.verdicts(texts, urls, bare))
        return [
            {**echo, "error": errors[place].error} if place in errors else {**echo, **next(verdicts)}
            for place, echo in enumerate(echoes)
        ]

    def verdicts(self, texts: Sequence[bytes], urls: Sequence[str | None], bare: Sequence[bool]) -> list[Outcome]:
        """Score, probability, label, threshold and version of each text. bare: whether it was given as text."""
        if not texts:
            return []
        scores, topics = self.version.scorer.score_texts(texts)
        count_scores(self.version.version, scores)
        return verdicts(self.version, texts, scores, urls, bare, topics)

    def captures(self, pages: Sequence[Capture]) -> bytes:
        """Lines for pages of a WARC."""
        texts = [scoring_bytes(page.body, page.charset, page.url) for page in pages]
        said = self.verdicts(texts, [page.url for page in pages], [False] * len(pages))
        return _ENCODER.encode_lines(
            {"url": page.url, "offset": page.ref.offset, "length": page.ref.length, **verdict}
            for page, verdict in zip(pages, said, strict=True)
        )


def verdicts(
    version: Version,
    texts: Sequence[bytes | str],
    scores: NDArray[np.float64],
    urls: Sequence[str | None],
    bare: Sequence[bool],
    topics: Sequence[str],
) -> list[Outcome]:
    """What is said of texts by the version that scored them; of pages with a URL by the threshold of their kind.

    bare: whether each was given as text, which has a threshold of its own; topics: the label of each one's topic.
    """
    card, probabilities = version.scorer.card, version.scorer.calibrate(scores).tolist()
    outcomes: list[Outcome] = []
    scored = zip(scores.tolist(), probabilities, texts, urls, bare, topics, strict=True)
    for score, probability, text, url, plain, topic in scored:
        label = label_of(card, score, text, url, bare=plain, topic=topic)
        outcome: Outcome = {
            "score": score,
            "probability": probability,
            "label": label,
            "threshold": threshold_for(card, url, bare=plain, topic=topic),
            "model": version.version,
        }
        if label == TOO_SHORT:
            outcome["least_characters"] = card.least_characters
        outcomes.append(outcome)
    return outcomes


def _weight(page: Page | PlainItem) -> int:
    return len(page.text or page.html or page.body or "")


def text_of(page: Page, limits: Limits) -> str:
    """What the model reads of a page. Raises Unfit when the page is none, or too large."""
    return octets_of(page, limits).decode()


def octets_of(page: Page | PlainItem, limits: Limits) -> bytes:
    """The same in UTF-8."""
    if page.text is not None and page.html is None and page.body is None:
        if len(page.text) > limits.text_characters:
            raise Unfit("too-large", f"A text has at most {limits.text_characters} characters")
        octets = page.text.encode("utf-8", "replace")
        return octets.replace(_MARK, b"") if _MARK[:1] in octets else octets  # a byte is looked for much faster
    if page.text is not None or (page.html is None) == (page.body is None):
        raise Unfit("not-valid", "Give one of html, text and body")
    body, charset = source_of(page, limits)
    return scoring_bytes(body, charset, page.url)


def source_of(page: Page | PlainItem | ExtractRequest, limits: Limits) -> tuple[bytes, str | None]:
    """Bytes and charset of a page given as `html` or `body`. Raises Unfit when they are too many, or not base64."""
    if page.body is not None:
        try:
            body, charset = base64.b64decode(page.body, validate=True), page.charset
        except (binascii.Error, ValueError):
            raise Unfit("not-valid", "body is not base64") from None
    else:
        body, charset = (page.html or "").encode(), "utf-8"
    if len(body) > limits.html_bytes:
        raise Unfit("too-large", f"A page has at most {limits.html_bytes} bytes")
    return body, charset


def score_body(body: bytes, models: Models, pin: str | None, limits: Limits) -> SteppedJob[bytes]:
    """A job: the answer to /v1/score. pin: the version that a header asks for; the body's own goes first."""
    items, echoes, model = read_items(body, limits)
    scoring = Scoring(models.find(model if model is not None else pin), limits)
    if len(body) > STEP_CHARACTERS:
        yield
    outcomes = yield from scoring.outcomes(items, echoes)
    return _ENCODER.encode({"items": outcomes})


def score_lines(lines: Sequence[Line], scoring: Scoring) -> Generator[None, None, bytes]:
    """A job: a line of outcome for each line of NDJSON; None is a line that was too long."""
    done: list[Outcome] = []
    for start in range(0, len(lines), STEP_ITEMS):
        items, echoes = [], []
        for line in lines[start : start + STEP_ITEMS]:
            item, echo = read_line(line, scoring.limits)
            items.append(item)
            echoes.append(echo)
        done += yield from scoring.outcomes(items, echoes)
        if start + STEP_ITEMS < len(lines):
            yield
    return _ENCODER.encode_lines(done)
