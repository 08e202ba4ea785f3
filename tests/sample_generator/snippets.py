"""Code of one page: templates of the bank with its own identifiers, in one or more programming languages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.sample_generator.bank import code_languages, identifiers

_SLOT = re.compile(r"@([A-Za-z]+)@")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of code as text. language: a key of `bank.code_languages`, or "text" for output and logs."""

    language: str
    text: str


class Coder:
    """Writes the code of one page. languages: what it is written in, in turn; comments: lines put above some pieces."""

    def __init__(self, languages: Sequence[str], rng: Random) -> None:
        self.languages = tuple(languages)
        self.rng = rng
        nouns, self._verbs = identifiers()
        self._nouns = rng.sample(nouns, 6)

    def snippet(self, comment: str | None = None) -> Snippet:
        """A function, a query, a session: 4 to 30 lines, perhaps under a comment."""
        language = code_languages()[self.rng.choice(self.languages)]
        count = 2 if len(language.templates) > 1 and self.rng.random() < 0.3 else 1
        text = "\n\n".join(self._bind(template) for template in self.rng.sample(language.templates, count))
        if comment:
            text = f"{language.comment} {comment.replace('`', '')}\n{text}"
        return Snippet(language.name, text)

    def output(self) -> Snippet | None:
        """A stack trace or log, where one of the languages has any."""
        outputs = [text for name in self.languages for text in code_languages()[name].outputs]
        return Snippet("text", self._bind(self.rng.choice(outputs))) if outputs else None

    def signature(self) -> Snippet:
        """The head of a function as a reference lists it; a call where no language of the page has signatures."""
        known = [name for name in self.languages if code_languages()[name].signature]
        if not known:
            return Snippet("text", self._bind("@verb@_@noun@(@other@, @int@)"))
        name = self.rng.choice(known)
        return Snippet(name, self._bind(code_languages()[name].signature))

    def name(self) -> str:
        """What the page is about: a library, program or module."""
        return f"{self._nouns[0]}{self.rng.choice(('kit', 'lib', 'd', 'ctl', '-tools', ''))}"

    def _bind(self, template: str) -> str:
        first, second, third = self.rng.sample(self._nouns, 3)
        verb = self.rng.choice(self._verbs)
        whole, other = self.rng.randint(10, 64), self.rng.randint(100, 999)
        bound = {"noun": first, "other": second, "text": third, "verb": verb, "int": str(whole), "num": str(other)}

        def value(match: re.Match[str]) -> str:
            slot = match[1]
            found = bound.get(slot.lower())
            if found is None:
                return match[0]
            if slot.isupper():
                return found.upper()
            return found.capitalize() if slot[0].isupper() else found

        return _SLOT.sub(value, template)
