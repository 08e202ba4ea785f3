"""Sentences, paragraphs and titles: templates of a bank filled with words, in the voice of one host.

A voice is a part of every word list and sentence list, chosen by the host's name, so that hosts differ in vocabulary
as real sites do. A writer adds the choices of one page: what it named once it is likely to name again.
"""

import re
from collections.abc import Sequence
from random import Random

from tests.sample_generator.bank import Topic, identifiers, language
from tests.sample_generator.chance import chance

_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa])(?= (?:[aei]|o(?!ne)|u(?!n[ai]|s|ti)))")
_KEPT = 0.6
_REPEATED = 0.45
_UNSPACED = ("chinese", "japanese")


class Voice:
    """The words and sentences that one host uses. The same name, language and seed give the same voice."""

    def __init__(self, name: str, language_name: str, seed: int) -> None:
        self.name = name
        self.language = language_name
        self._seed = seed
        self._bank = language(language_name)
        self._chosen: dict[tuple[str, str], tuple[str, ...]] = {}

    def topic(self, name: str) -> Topic:
        """The bank's topic, all of it."""
        return self._bank.topics[name]

    def part(self, topic: str, kind: str, values: Sequence[str]) -> tuple[str, ...]:
        """The part of a list that this host uses, at least three entries of it."""
        key = (topic, kind)
        if key not in self._chosen:
            rng = chance(self._seed, self.name, topic, kind)
            self._chosen[key] = tuple(rng.sample(values, min(len(values), max(3, round(_KEPT * len(values))))))
        return self._chosen[key]

    def words(self, topic: str, slot: str) -> tuple[str, ...]:
        """Fillers of a slot: the topic's own, else those that the language shares."""
        own = self._bank.topics[topic].words.get(slot)
        return self.part(topic, slot, own) if own else self.part("", slot, self._bank.words[slot])

    def interface(self, slot: str) -> str:
        """A word of the site's own menus and headings, always the same."""
        return self.part("interface", slot, self._bank.topics["interface"].words[slot])[0]


class Writer:
    """Writes the prose of one page. topics: what the page is about, in turn."""

    def __init__(self, voice: Voice, topics: Sequence[str], rng: Random) -> None:
        self.voice = voice
        self.topics = tuple(topics)
        self.rng = rng
        self._named: dict[tuple[str, str], str] = {}

    def title(self, topic: str | None = None) -> str:
        """A title about the page's subject, or about another topic."""
        name = topic or self.rng.choice(self.topics)
        return self._fill(name, self.rng.choice(self.voice.part(name, "titles", self.voice.topic(name).titles)))

    def sentence(self, topic: str | None = None) -> str:
        """One sentence; inline code stands in backticks."""
        name = topic or self.rng.choice(self.topics)
        return self._fill(name, self.rng.choice(self.voice.part(name, "sentences", self.voice.topic(name).sentences)))

    def paragraph(self, count: int, topic: str | None = None) -> str:
        """About `count` different sentences in a row."""
        said = list(dict.fromkeys(self.sentence(topic) for _ in range(count)))
        return ("" if self.voice.language in _UNSPACED else " ").join(said)

    def paragraphs(self, count: int, length: int, topic: str | None = None) -> list[str]:
        """`count` paragraphs of 2 to `length` sentences."""
        return [self.paragraph(self.rng.randint(2, max(2, length)), topic) for _ in range(count)]

    def word(self, slot: str, topic: str | None = None) -> str:
        """A filler of a slot."""
        return self._word(topic or self.topics[0], slot)

    def identifier(self) -> str:
        """A name as code has it."""
        nouns, verbs = identifiers()
        verb, noun = self.rng.choice(verbs), self.rng.choice(nouns)
        return f"{verb}_{noun}()" if self.rng.random() < 0.5 else f"{verb}{noun.capitalize()}"

    def _fill(self, topic: str, template: str) -> str:
        filled = _SLOT.sub(lambda match: self._word(topic, match[1]), template)
        return _ARTICLE.sub(r"\1n", filled) if self.voice.language == "english" else filled

    def _word(self, topic: str, slot: str) -> str:
        if slot == "n":
            return str(self.rng.randint(2, 60))
        if slot == "ident":
            return self.identifier().removesuffix("()")
        key = slot.lower()
        found = self._named.get((topic, key))
        if found is None or self.rng.random() >= _REPEATED:
            # a filler may hold slots itself
            found = self._fill(topic, self.rng.choice(self.voice.words(topic, key)))
            self._named[topic, key] = found
        return found[0].upper() + found[1:] if slot != key else found
