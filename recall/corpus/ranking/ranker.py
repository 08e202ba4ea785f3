"""The ranker: a page's quality, 0 to 5, from its kept text.

In: a text and its signals, or a folder that `write_ranker` wrote. Out: the score that a labeller is expected to give,
rounded to DECIMALS. The folder holds ranker.json, words.npy (weights of words by hash) and README.md for people. It
needs no tokenizer, no run and no model, so the same text has the same quality in every corpus. Refuses files that are
damaged, of another version or of other signals. Time grows with the text.
"""

import io
import json
import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from recall.config import AccessSection
from recall.config.corpus_sections import CODE_SIGNALS, SIGNALS
from recall.corpus.ranking.ridge import BUCKETS, Floats, LinearModel, PageFeatures, Words
from recall.corpus.signals import Measured, blocks, inline
from recall.errors import BadInput, ShardFailed
from recall.io import read_all
from recall.model.evaluate import Interval
from recall.run.store import canonical_json, digest_of

FILE, WORDS, PAGE = "ranker.json", "words.npy", "README.md"
FORMAT = 1
BEST = 5.0
"""The highest score; 0 is the lowest."""

DECIMALS = 4
FEATURE_DECIMALS, WEIGHT_DECIMALS, FIGURE_DECIMALS = 9, 12, 6
"""Of a quality, and of what a ranker is made of: the last bits of a logarithm or a sum differ between processors."""

LEFT_OUT = ("code_parse_share",)
"""Signals that depend on what is installed."""

OWN = ("code_spans", "has_code")
"""What is measured beside the signals: code spans in the prose; whether there is a fenced block."""

NAMES = (*(name for name in (*SIGNALS, *CODE_SIGNALS) if name not in LEFT_OUT), *OWN)
"""What a ranker reads, in the order of its weights."""

_COUNTS = frozenset(name for name, kind in (*SIGNALS.items(), *CODE_SIGNALS.items()) if kind == "int32")
_LOGARITHMIC = _COUNTS | {"mean_line_length", "code_mean_line", "code_spans"}


def spans_of_code(text: str) -> int:
    """Code spans in a page's prose."""
    count = at = 0
    for start, end in [*((block.start, block.end) for block in blocks(text)), (len(text), len(text))]:
        count += sum(1 for _ in inline(text, at, start))
        at = end
    return count


_WORD = re.compile(r"\w+")


def words_of(text: str) -> Words:
    """The different hashes (CRC-32 modulo BUCKETS) of a text's lower-cased words, sorted."""
    words = set(_WORD.findall(text.lower()))
    return np.array(sorted({zlib.crc32(word.encode("utf-8", "replace")) % BUCKETS for word in words}), np.int64)


def row_of(text: str, measured: Measured) -> Floats:
    """A text's row of numbers, shape (len(NAMES),): counts and lengths by their logarithm, nan for what is null.

    measured: all of SIGNALS and CODE_SIGNALS.
    """
    own = {"code_spans": spans_of_code(text), "has_code": measured["code_mean_line"] is not None}
    values = {**measured, **own}
    return np.array([_feature(name, values[name]) for name in NAMES])


def _feature(name: str, value: float | None) -> float:
    if value is None:
        return math.nan
    return round(math.log1p(value) if name in _LOGARITHMIC else float(value), FEATURE_DECIMALS)


def bounded(values: Floats) -> Floats:
    """Expected scores as qualities: cut at 0 and BEST, rounded to DECIMALS."""
    return np.asarray(np.round(np.clip(values, 0.0, BEST), DECIMALS), np.float64)


@dataclass(frozen=True, slots=True)
class Ranker:
    """A fitted ranker. offset, slope: from its sum to the expected score, a strictly rising line, cut at 0 and BEST.

    guide: version of the labelling guide; threshold: the quality from which on a page counts as good (`good`, a label),
    None where no quality does; labels: pages that it learned from and was audited on; figures: with 95 % intervals,
    by name.
    """

    model: LinearModel
    offset: float
    slope: float
    guide: str
    good: float
    threshold: float | None
    labels: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, Interval] = field(default_factory=dict, repr=False)

    def quality(self, text: str, measured: Measured) -> float:
        """A text's quality. measured: its signals and those of its code."""
        return float(self.qualities(PageFeatures(row_of(text, measured)[None, :], (words_of(text),)))[0])

    def qualities(self, pages: PageFeatures) -> Floats:
        """The quality of each page."""
        return bounded(self.offset + self.slope * self.model.predict(pages))

    def dump_words(self) -> bytes:
        """words.npy: the weights of words as float32."""
        stream = io.BytesIO()
        np.save(stream, self.model.words.astype("<f4"), allow_pickle=False)
        return stream.getvalue()

    def dump(self) -> bytes:
        """ranker.json: canonical JSON, with the digest of everything else in it."""
        weights = {
            name: {"mean": float(mean), "scale": float(scale), "weight": float(weight)}
            for name, mean, scale, weight in zip(
                NAMES, self.model.means, self.model.scales, self.model.weights, strict=True
            )
        }
        calibration = {"intercept": self.model.intercept, "offset": self.offset, "slope": self.slope}
        told = {"guide": self.guide, "good": self.good, "threshold": self.threshold, "labels": dict(self.labels)}
        figures = {name: asdict(figure) for name, figure in self.figures.items()}
        words = digest_of(self.dump_words())
        body = {"format": FORMAT, "signals": weights, "words": words, **calibration, **told, "figures": figures}
        return canonical_json({**body, "digest": digest_of(canonical_json(body))})

    @property
    def digest(self) -> str:
        """Names the ranker."""
        return str(json.loads(self.dump())["digest"])


def load_ranker(folder: str, access: AccessSection | None = None) -> Ranker:
    """The ranker in a folder (a path or URL). Raises BadInput where there is none that this version can use."""
    source = f"{folder.rstrip('/')}/{FILE}"
    try:
        data, words = (read_all(f"{folder.rstrip('/')}/{name}", access or AccessSection()) for name in (FILE, WORDS))
    except ShardFailed as error:
        raise BadInput(f"{source}: no ranker: {error}; `recall quality train` writes one") from None
    return parse_ranker(data, words, source)


def parse_ranker(data: bytes, words: bytes, source: str) -> Ranker:
    """A ranker from its JSON and its words.npy; `source` names it in errors. Raises BadInput."""
    try:
        body: dict[str, Any] = json.loads(data)
        digest, kind = body.pop("digest"), body["format"]
        if kind != FORMAT or sorted(body["signals"]) != sorted(NAMES):
            raise BadInput(f"{source}: is of another version of recall: train the ranker again")
        if digest != digest_of(canonical_json(body)) or body["words"] != digest_of(words):
            raise BadInput(f"{source}: was changed after it was written: take the original, or train it again")
        means, scales, weights = (
            np.array([body["signals"][name][part] for name in NAMES], np.float64)
            for part in ("mean", "scale", "weight")
        )
        return Ranker(
            LinearModel(means, scales, weights, _weights_in(words), float(body["intercept"])),
            **{name: body[name] for name in ("offset", "slope", "guide", "good", "threshold", "labels")},
            figures={name: Interval(**figure) for name, figure in body["figures"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BadInput(f"{source}: not a ranker of this version of recall") from None


def _weights_in(data: bytes) -> Floats:
    weights = np.load(io.BytesIO(data), allow_pickle=False)
    if weights.shape != (BUCKETS,) or not np.isfinite(weights).all():
        raise ValueError("other words")
    return np.asarray(weights, np.float64)
