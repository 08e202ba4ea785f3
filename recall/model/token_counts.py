"""How many tokens a text has: by recall's own vocabulary, or by a tokenizer.json that a user names.

In: a tokenizer.json as text. Out: counts of whole texts, repeats included, without special tokens. Refuses what the
library `tokenizers` cannot read.
"""

import os
from functools import lru_cache

import tokenizers

from recall.errors import BadInput, printable
from recall.model.tokens import Tokenizer

_SHOWN = 200


class TokenCounter:
    """Counts by a tokenizer. ours: one that recall trained, which reads lower-cased text. Raises BadInput."""

    def __init__(self, document: str, source: str, *, ours: bool = False) -> None:
        self._own = Tokenizer(document, source) if ours else None
        self._other: tokenizers.Tokenizer | None = None
        if ours:
            return
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # a worker has one core
        try:
            self._other = tokenizers.Tokenizer.from_str(document)
        except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
            raise BadInput(f"{source}: no tokenizer.json: {printable(str(error), _SHOWN)}") from None
        self._other.no_truncation()
        self._other.no_padding()

    def count(self, text: str) -> int:
        """Tokens of a text; lone surrogates count as question marks."""
        if self._own is not None:
            return len(self._own.encode([text])[0])
        assert self._other is not None  # noqa: S101 - one of the two is there
        whole = text.encode("utf-8", "replace").decode()
        return len(self._other.encode(whole, add_special_tokens=False).ids)


Vocabulary = tuple[str, str, bool]
"""A tokenizer.json as text, its name in errors, and whether recall trained it."""


@lru_cache(maxsize=4)
def token_counter(document: str, source: str, ours: bool) -> TokenCounter:
    """A counter, made once a process. Raises BadInput."""
    return TokenCounter(document, source, ours=ours)
