"""Pages that only point elsewhere, and junk: tag pages, profiles, course schedules, log-ins, errors, parked domains."""

from html import escape

from tests.sample_generator.pages.author import Author, Body


def _links(author: Author, count: int) -> list[tuple[str, str]]:
    return [(f"/{author.rng.randint(100, 99999)}", author.writer.title()) for _ in range(count)]


def teasers(author: Author) -> Body:
    """Titles with the first words of each text, as tag and archive pages show them."""
    slot = author.rng.choice(("tags", "archive"))
    parts = [f"<h1>{author.interface(slot)}</h1>"]
    for link, title in _links(author, author.rng.randint(6, 12)):
        teaser = author.writer.sentence("passing")
        parts.append(
            f'<article><h2><a href="{link}">{author.text(title)}</a></h2><p>{author.text(teaser)} … '
            f'<a href="{link}">{author.interface("more")}</a></p></article>'
        )
    return Body(f"{author.writer.voice.interface(slot)} {author.rng.randint(2, 40)}", "\n".join(parts))


def titles(author: Author) -> Body:
    """Titles and counters only, as an index of questions or a forum's front page."""
    rows = "".join(
        f"<tr><td>{author.rng.randint(0, 60)}</td><td>{author.rng.randint(0, 9000)} {author.interface('views')}</td>"
        f'<td><a href="{link}">{author.text(title)}</a></td><td>{escape(author.writer.word("person"))}</td></tr>'
        for link, title in _links(author, author.rng.randint(12, 25))
    )
    name = author.writer.voice.interface("archive")
    return Body(
        f"{name} {author.rng.randint(2, 400)}",
        f'<h1>{author.interface("archive")}</h1><table class="topics">{rows}</table>',
    )


def profile(author: Author) -> Body:
    """A user of a programming site: numbers and titles."""
    person = author.writer.word("person")
    activity = author.bullets(title for _, title in _links(author, author.rng.randint(3, 8)))
    html = f"<h1>{escape(person)}</h1><p>{author.rng.randint(1, 90000)} {author.interface('views')}</p>{activity}"
    return Body(f"{person} {author.rng.randint(10, 9999)}", html + author.paragraphs(1, 2, "passing"))


def course(author: Author) -> Body:
    """A department's page: facts about people, rooms and dates."""
    title = author.writer.title()
    rows = "".join(
        f"<tr><td>{escape(author.writer.word('day'))}</td><td>{author.rng.randint(8, 18)}:15</td>"
        f"<td>{author.text(author.writer.title())}</td></tr>"
        for _ in range(author.rng.randint(3, 6))
    )
    facts = author.bullets(author.writer.sentence() for _ in range(author.rng.randint(4, 8)))
    return Body(title, author.heading(1, title) + author.paragraphs(1, 3) + facts + f"<table>{rows}</table>")


def login(author: Author) -> Body:
    """A form that wants a password."""
    title = author.writer.voice.interface("login")
    form = (
        '<form method="post" action="/login"><input type="text" name="user"><input type="password" name="password">'
        f'<input type="hidden" name="next" value="/{author.rng.randint(1, 9999)}">'
        f"<button>{escape(title)}</button></form>"
    )
    return Body(title, f"<h1>{author.interface('denied')}</h1>{form}" + author.paragraphs(1, 1, "passing"))


def missing(author: Author) -> Body:
    """An error that was served with status 200."""
    title = author.writer.voice.interface("missing")
    return Body(title, f"<h1>404 – {escape(title)}</h1><p><a href='/'>{author.interface('home')}</a></p>")


def parked(author: Author) -> Body:
    """A domain for sale: keywords and advertisements."""
    words = ", ".join(author.writer.title() for _ in range(author.rng.randint(4, 8)))
    return Body("This domain may be for sale", f"<h1>This domain may be for sale</h1><p>Sponsored: {escape(words)}</p>")


def garbled(author: Author) -> Body:
    """Text in the wrong encoding, or words at random."""
    noise = " ".join(
        "".join(author.rng.choice("ÃÂ¤¶¼ßâ€™œ¢xqzjkv") for _ in range(author.rng.randint(3, 9))) for _ in range(120)
    )
    return Body("Untitled", f"<p>{escape(noise)}</p>")
