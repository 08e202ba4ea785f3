"""Scoring texts to token lines: byte-level BPE over lower-cased text, each token once, then what tells of code.

In: scoring texts (a page's text, some of its code once more, and marks, as `records.MARKS` says). Out: token ids as
uint32 arrays. Ids below the vocabulary's size are BPE tokens, the next `len(MARKS)` ids are the marks, the next
`len(FEATURES)` the features of the text as it was written (`recall.model.features`), and from `coded` on they are BPE
tokens once more, inside code: `return` in a `<pre>` says what it does not in prose. gigatoken encodes where its ids
equal those of `tokenizers` on golden strings, `tokenizers` elsewhere. Refuses a tokenizer.json that is not a byte-level
BPE. Everything runs on the calling thread, so that a scan can use one process per core.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import gigatoken
import numpy as np
import tokenizers

from recall import kernels
from recall.errors import BadInput
from recall.model.features import FEATURES, Ids, features_of
from recall.records import CODED, MARK, MARKS

FILE = "tokenizer.json"

FAST_BYTES = 256 << 20
"""Text after which gigatoken's encoder is made anew (60 ms): it remembers every distinct word it has met."""

LARGEST = 1 << 22
"""Tokens that a vocabulary may have."""

_MARK_INDEX = {name: index for index, name in enumerate(MARKS)}

GOLDEN = (
    "",
    " ",
    "def f(x):\n\treturn x[1:] ** 2  # don't we'll they've\r\n\n\n",
    "<pre><code>#include <stdio.h>\nint main(void) { return 0; }</code></pre>",
    "naïve café — “quotes” … ½ ² № ™ \u00a0 \u200b\u2028x",
    "i̇stanbul ß ſ ʼn ǆ ﬁ",
    "中文分词 日本語のテキスト 한국어 ไทย العربية עברית हिन्दी",
    "привет, мир! γειά σου κόσμε ς",
    "👩‍👩‍👧‍👦 🇩🇪 😀😀😀 \U0010ffff \ufffd \ufeff",
    "\x00\x01\x1b\x7f\x80\x9f",
    "1234567890 3.14 1e-10 0xff v1.2.3-rc1 ١٢٣ ²³",
    "</s> <s> <unk> <|endoftext|> __label__c [mask]",
    "a" * 300 + "=" * 80 + " " * 40 + "\n" * 9,
    "x\u0301y\u0308 'S 'LL n't''s",
)
"""Strings on which two encoders that differ anywhere are likely to differ; lower case is not required."""


class Span(NamedTuple):
    """A token id and the characters [start, end) of the original text that it stands for."""

    id: int
    start: int
    end: int


_MARK_BYTES, _CODED_BYTES = MARK.encode(), CODED.encode()
_MARK_INDEX_BYTES = {name.encode(): index for name, index in _MARK_INDEX.items()}


def split_marks(text: str) -> tuple[str, str, list[int]]:
    """The page's text, the code behind it, and the indices in MARKS of the marks behind that, each once, in order.

    Only known marks at the very end count, and code right before them; MARK characters elsewhere are dropped, as in
    page text.
    """
    if MARK not in text:
        return text, "", []
    pieces = text.split(MARK)
    last = len(pieces)
    while last > 1 and pieces[last - 1] in _MARK_INDEX:
        last -= 1
    marks = list(dict.fromkeys(_MARK_INDEX[name] for name in pieces[last:]))
    coded = last > 1 and pieces[last - 1].startswith(CODED)
    return "".join(pieces[: last - coded]), pieces[last - 1].removeprefix(CODED) if coded else "", marks


def _split_bytes(text: bytes) -> tuple[bytes, bytes, list[int]]:
    """`split_marks` of UTF-8."""
    first = text.find(_MARK_BYTES[:1])  # one byte is searched much faster, and is rare before the marks
    if first < 0:
        return text, b"", []
    start, *pieces = text[first:].split(_MARK_BYTES)
    pieces = [text[:first] + start, *pieces]
    last = len(pieces)
    while last > 1 and pieces[last - 1] in _MARK_INDEX_BYTES:
        last -= 1
    marks = list(dict.fromkeys(_MARK_INDEX_BYTES[name] for name in pieces[last:]))
    coded = last > 1 and pieces[last - 1].startswith(_CODED_BYTES)
    return b"".join(pieces[: last - coded]), pieces[last - 1].removeprefix(_CODED_BYTES) if coded else b"", marks


def _lowered(page_text: str) -> bytes:
    """Lower-cased text in UTF-8; a lone surrogate becomes a question mark."""
    return page_text.lower().encode("utf-8", "replace")


@lru_cache(maxsize=1)
def _plain() -> dict[str, Any]:
    """The settings of a tokenizer.json that `train` writes; its vocabulary and merges are empty."""
    bare = tokenizers.Tokenizer(tokenizers.models.BPE())
    bare.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = tokenizers.decoders.ByteLevel()
    settings: dict[str, Any] = json.loads(bare.to_str())
    return settings


def _sound(document: str) -> bool:
    """Whether a tokenizer.json is such as `train` writes: ids from 0 on, merges of its own tokens, nothing added."""
    plain = _plain()
    try:
        whole = json.loads(document)
        model = whole.pop("model")
        vocabulary, merges = model.pop("vocab"), model.pop("merges")
        ids = sorted(vocabulary.values())
        pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]
        return (
            all(plain.get(name) == value for name, value in whole.items())
            and all(plain["model"].get(name) == value for name, value in model.items())
            and 256 <= len(ids) <= LARGEST
            and ids == list(range(len(ids)))
            and all(first in vocabulary and last in vocabulary and first + last in vocabulary for first, last in pairs)
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


class Tokenizer:
    """A trained vocabulary; make one with `train` or `load`. Pickles as its tokenizer.json."""

    def __init__(self, document: str, source: str = "tokenizer") -> None:
        if not _sound(document):
            raise BadInput(f"{source}: not a byte-level BPE tokenizer.json; train again or copy the model folder anew")
        self.document = document
        self.vocabulary: int = self._exact.get_vocab_size()
        self.coded: int = self.vocabulary + len(MARKS) + len(FEATURES)
        self.size: int = self.coded + self.vocabulary
        self._fast = self._load_fast()
        self._fast_bytes = 0
        self.most_bytes = FAST_BYTES
        if self._fast is not None:
            del self._exact  # 25 MB that a scan does not need any more

    @cached_property
    def _exact(self) -> tokenizers.Tokenizer:
        return tokenizers.Tokenizer.from_str(self.document)

    def __reduce__(self) -> tuple[type["Tokenizer"], tuple[str]]:
        return Tokenizer, (self.document,)

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> "Tokenizer":
        """Learn at most `size` BPE tokens (256 of them the bytes) from scoring texts.

        The same texts in the same order give the same bytes.
        """
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")  # set, so that a later fork prints no warning
        bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
        bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        bpe.decoder = tokenizers.decoders.ByteLevel()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            show_progress=False,
            initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        )
        bpe.train_from_iterator((_lowered(split_marks(text)[0]).decode() for text in texts), trainer)
        return cls(bpe.to_str())

    @classmethod
    def load(cls, folder: Path) -> "Tokenizer":
        """Read `tokenizer.json` of a model folder. Raises BadInput where it is missing or no byte-level BPE."""
        path = folder / FILE
        try:
            return cls(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{path}: cannot be read: {error}") from None

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json` into the folder."""
        (folder / FILE).write_text(self.document, encoding="utf-8")

    @property
    def fast(self) -> bool:
        """True when gigatoken encodes; the ids are the same either way."""
        return self._fast is not None

    def _load_fast(self) -> gigatoken.Tokenizer | None:
        """Gigatoken's encoder of the same vocabulary, or None where it refuses it or gives other ids."""
        try:
            fast = gigatoken.Tokenizer.from_json(self.document)
        except (RuntimeError, ValueError):
            return None
        golden = [text.encode() for text in GOLDEN]
        return fast if all(self._encode_exact(text) == fast.encode(text).tolist() for text in golden) else None

    def _encode_exact(self, lowered: bytes) -> list[int]:
        ids: list[int] = self._exact.encode(lowered.decode(), add_special_tokens=False).ids
        return ids

    def _encode_one(self, lowered: bytes) -> Ids:
        if self._fast is None:
            return np.asarray(self._encode_exact(lowered), dtype=np.uint32)
        self._fast_bytes += len(lowered)
        if self._fast_bytes > self.most_bytes:
            self.renew()
        ids: Ids = self._fast.encode(lowered)
        return ids

    def renew(self) -> None:
        """Have the encoder forget the words it has met; done after every `most_bytes` of text anyway."""
        if self._fast is not None:
            self._fast = None  # the old one goes first, so that the new one takes its memory
            self._fast = gigatoken.Tokenizer.from_json(self.document)
            self._fast_bytes = 0

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """BPE ids of each lower-cased text in order, repeats included; without its code and marks."""
        return [self._encode_one(_lowered(split_marks(text)[0])) for text in texts]

    def lines(self, texts: Sequence[str] | Sequence[bytes]) -> list[Ids]:
        """The token line of each text: every id once, in order of first occurrence, marks, features, ids inside code.

        A text may be given as UTF-8, which saves a scan the way over str.
        """
        return list(self._lines(texts))

    def _lines(self, texts: Sequence[str] | Sequence[bytes]) -> Iterator[Ids]:
        unique, unique_in_code = kernels.UniqueIds(self.vocabulary), kernels.UniqueIds(self.vocabulary)
        for text in texts:
            data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
            page_text, code, marks = _split_bytes(data)
            mark_ids = np.array([self.vocabulary + mark for mark in marks], np.uint32)
            features = features_of(page_text) + np.uint32(self.vocabulary + len(MARKS))
            line = self._encode_one(kernels.lower(page_text))
            if code:
                inside = unique_in_code(self._encode_one(kernels.lower(code))) + np.uint32(self.coded)
                yield unique(line, mark_ids, features, inside)
            else:
                yield unique(line, mark_ids, features)

    def name(self, token: int) -> str:
        """The name of an id: the token's text (U+FFFD for parts of characters), the mark's or the feature's name.

        Of a token inside code CODED and its text.
        """
        if token >= self.coded:
            return CODED + self.name(token - self.coded)
        if token >= self.vocabulary:
            return (*MARKS, *FEATURES)[token - self.vocabulary]
        text: str = self._exact.decode([token], skip_special_tokens=False)
        return text

    def words(self, line: Ids) -> str:
        """The BPE tokens of a line as text, in its order: enough to tell the page's language by."""
        text: str = self._exact.decode(line[line < self.vocabulary].tolist(), skip_special_tokens=False)
        return text

    def spans(self, text: str) -> list[Span]:
        """Every BPE token of a text in order, with the characters it covers in the original, not lower-cased, text.

        A character that is cut into several tokens is covered by each of them; so is one whose lower case is longer
        than itself.
        """
        page_text, _, _ = split_marks(text)
        lowered = _lowered(page_text).decode()
        kept = (index for index, char in enumerate(text) if char != MARK)  # page_text may lack some of text
        origin = [index for index, char in zip(kept, page_text, strict=False) for _ in char.lower()]
        encoding = self._exact.encode(lowered, add_special_tokens=False)
        return [
            Span(token, origin[start], origin[end - 1] + 1)
            for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True)
        ]
