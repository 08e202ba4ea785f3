"""Questions to a language model and what comes back: the body of a request, a completion, the share of each option.

In: a prompt that ends in a choice; the JSON of a chat completion as OpenAI's API gives it: `message.content` and
`logprobs.content[].top_logprobs` of `choices[0]`, and `usage`. Out: a Completion, bounded whatever was sent, and for
each option its share of the probability: by log-probabilities where there are such, else 1 for what the answer names.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

TOP = 20
"""Log-probabilities asked for: the most that servers give."""

MOST_TOKENS = 4
"""Tokens of an answer: a word, with what some models put before it."""

MAX_CONTENT = 200
"""Characters of an answer that are kept."""

MAX_COUNT = 10**9
"""Tokens that a request may claim to have cost."""

LEAST = -100.0
"""Log-probability of what is impossible; servers write it as -9999 or -inf."""

_AROUND = " \t\r\n.,:;!*_`\"'()[]\u2581\u0120\u010a"
"""What stands around the word of a token: white space as tokenizers write it, and marks."""

_WORD = re.compile(r"[\W_]*(?:(?:the )?answer(?: is)?\b[\W_]*)?(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt for a model. subject: what it is about, for whoever asks; it decides nothing."""

    model: str
    prompt: str = field(repr=False)
    subject: str = ""

    @property
    def id(self) -> str:
        """The same for the same model and prompt: what is asked twice is paid for once."""
        text = f"{self.model}\0{self.prompt}".encode("utf-8", "backslashreplace")
        return sha256(text).hexdigest()[:32]

    def body(self, *, logprobs: bool = True) -> dict[str, object]:
        """The body of a chat completions request. logprobs: ask for log-probabilities."""
        prompt = self.prompt.encode("utf-8", "replace").decode()
        messages = [{"role": "user", "content": prompt}]
        body = {"model": self.model, "messages": messages, "max_tokens": MOST_TOKENS, "temperature": 0}
        return body | ({"logprobs": True, "top_logprobs": TOP} if logprobs else {})


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer. content: its first MAX_CONTENT characters; logprobs: of the tokens that its first word could be.

    problem: why it is none, "" for an answer; the tokens are those that the server counted.
    """

    content: str = ""
    logprobs: Mapping[str, float] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    problem: str = ""


def completion_of(data: bytes) -> Completion:
    """The completion in an answer's JSON; one with a `problem` for anything else."""
    try:
        return completion_in(json.loads(data))
    except (ValueError, RecursionError):
        return Completion(problem="no JSON" if data.strip() else "an empty answer")


def completion_in(body: Any) -> Completion:
    """The completion in a parsed answer; one with a `problem` where it has no text."""
    if not isinstance(body, Mapping):
        return Completion(problem="not an object")
    usage = body.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}
    tokens = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    try:
        choice = body["choices"][0]
        content = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        return Completion("", {}, *tokens, problem="no choices[0].message.content")
    if not isinstance(content, str):
        return Completion("", {}, *tokens, problem="no text in choices[0].message.content")
    kept = content[:MAX_CONTENT].encode("utf-8", "backslashreplace").decode()
    return Completion(kept, _first_word(choice.get("logprobs")), *tokens)


def _count(value: object) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return min(max(int(value), 0), MAX_COUNT) if whole else 0  # type: ignore[call-overload]


def _first_word(logprobs: Any) -> dict[str, float]:
    """Log-probabilities of the tokens that the first word could be; empty where none are given as they should be."""
    try:
        for position in logprobs["content"][:MOST_TOKENS]:
            if str(position["token"]).strip(_AROUND):
                top = {str(one["token"])[:MAX_CONTENT]: float(one["logprob"]) for one in position["top_logprobs"][:TOP]}
                return {
                    token.encode("utf-8", "backslashreplace").decode(): round(min(max(value, LEAST), 0.0), 6)
                    for token, value in top.items()
                    if not math.isnan(value)
                }
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return {}
    return {}


def shares_of(completion: Completion, options: Sequence[str]) -> list[float] | None:
    """The share of each option; None where the answer is for none of them.

    By log-probabilities: those of all spellings of an option are added, and one that is not listed is as likely as the
    least likely that is (AutoDS, Zhang et al. 2024, section 3, for YES and NO). They are of the answer's first token:
    where one option starts another (1 and 12), which that may cut, the text alone counts.
    """
    if completion.problem:
        return None
    names = [option.lower() for option in options]
    sums = dict.fromkeys(names, 0.0)
    told_apart = not any(one != other and other.startswith(one) for one in names for other in names)
    for token, logprob in completion.logprobs.items() if told_apart else ():
        word = token.strip(_AROUND).lower()
        if word in sums:
            sums[word] += math.exp(logprob)
    if any(sums.values()):
        least = math.exp(min(completion.logprobs.values()))
        likely = [sums[name] or least for name in names]
        return [value / sum(likely) for value in likely]
    said = _WORD.match(completion.content)
    if said is None or said[1].lower() not in names:
        return None
    return [float(name == said[1].lower()) for name in names]
