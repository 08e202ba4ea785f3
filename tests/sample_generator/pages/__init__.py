"""The content of pages by kind: `KINDS` maps a kind, as the list of hosts names it, to the function that writes it."""

from collections.abc import Callable, Mapping

from tests.sample_generator.pages import discussion, everyday, listing, reference, teaching
from tests.sample_generator.pages.author import Author, Body

KINDS: Mapping[str, Callable[[Author], Body]] = {
    "question": discussion.question,
    "thread": discussion.thread,
    "mail": discussion.mail,
    "issue": discussion.issue,
    "chat": discussion.chat,
    "helpdesk": discussion.helpdesk,
    "letter": discussion.letter,
    "reference": reference.reference,
    "manual": reference.manual,
    "format": reference.file_format,
    "release": reference.release,
    "article": teaching.article,
    "short": teaching.short,
    "lecture": teaching.lecture,
    "explanation": teaching.explanation,
    "notebook": teaching.notebook,
    "story": everyday.story,
    "recipe": everyday.recipe,
    "recipe_pre": everyday.recipe_card,
    "item": everyday.item,
    "results": everyday.results,
    "poem": everyday.poem,
    "poem_pre": everyday.poem_in_type,
    "brochure": everyday.brochure,
    "teasers": listing.teasers,
    "titles": listing.titles,
    "profile": listing.profile,
    "course": listing.course,
    "login": listing.login,
    "missing": listing.missing,
    "parked": listing.parked,
    "garbled": listing.garbled,
}

__all__ = ["KINDS", "Author", "Body"]
