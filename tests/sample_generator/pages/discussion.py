"""Where people talk: questions with answers, forum threads, mailing lists, issue trackers; with and without code."""

import textwrap
from html import escape

from tests.sample_generator.pages.author import Author, Body


def _signature(author: Author) -> str:
    person, day = escape(author.writer.word("person")), escape(author.writer.word("day"))
    link = f'<a href="/users/{author.rng.randint(1, 999)}">{person}</a>'
    return f'<div class="meta">{author.interface("posted")} {link}, {day}</div>'


def question(author: Author) -> Body:
    """A question with code or an error, and one to three answers with votes."""
    writer = author.writer
    title = writer.title()
    asked = author.paragraphs(1, 3, "asking") + author.paragraphs(1, 3)
    asked += author.listing() if author.chance(0.8) else ""
    asked += author.output() if author.chance(0.5) else ""
    parts = [author.heading(1, title), f'<div class="question">{asked}{_signature(author)}</div>']
    for _ in range(author.rng.randint(1, 3)):
        votes = author.rng.randint(-1, 90)
        answer = author.paragraphs(1, 2, "answering") + author.paragraphs(1, 4)
        answer += author.listing() if author.chance(0.7) else ""
        parts.append(f"<h2>{author.interface('answer')}</h2>")
        parts.append(f'<div class="answer"><span class="vote">{votes}</span>{answer}{_signature(author)}</div>')
    return Body(title, "\n".join(parts))


def thread(author: Author) -> Body:
    """Three to six posts of a forum about the page's subject, some with code boxes."""
    title = author.writer.title()
    posts = []
    for number in range(author.rng.randint(3, 6)):
        said = author.paragraphs(1, 2, "asking" if number == 0 else "answering")
        said += author.paragraphs(1, 3) if number < 2 or author.chance(0.7) else author.paragraphs(1, 2, "chatting")
        if number < 2 or author.chance(0.3):
            said += author.listing() if author.chance(0.8) else author.output()
        posts.append(_post(author, said, number))
    return Body(title, author.heading(2, title) + "\n".join(posts))


def chat(author: Author) -> Body:
    """A forum thread where nobody talks about the forum's subject."""
    title = author.writer.title()
    posts = [
        _post(author, author.paragraphs(1, 3, "chatting") + author.paragraphs(1, 2), number)
        for number in range(author.rng.randint(3, 6))
    ]
    return Body(title, author.heading(2, title) + "\n".join(posts))


def helpdesk(author: Author) -> Body:
    """Consumers who help each other: the manners of a programmers' forum, without programming."""
    title = author.writer.title()
    posts = [
        _post(author, author.paragraphs(1, 3, "answering" if number else "asking") + author.paragraphs(1, 3), number)
        for number in range(author.rng.randint(3, 6))
    ]
    return Body(title, author.heading(2, title) + "\n".join(posts))


def _post(author: Author, said: str, number: int) -> str:
    return (
        f'<div id="p{author.rng.randint(1000, 9999)}" class="post bg{number % 2 + 1}"><div class="inner">'
        f'<p class="author">{_signature(author)}</p><div class="content">{said}</div>'
        f'<a class="button" href="./posting.php?mode=quote">{author.interface("reply")}</a></div></div>'
    )


def _mail_text(author: Author, paragraphs: list[str], quoted: str) -> str:
    wrapped = ["\n".join(textwrap.wrap(text.replace("`", ""), 72)) for text in paragraphs]
    quote = "\n".join(f"> {line}" for line in textwrap.wrap(quoted.replace("`", ""), 68))
    person = author.writer.word("person")
    return f"{author.writer.word('person')} wrote:\n{quote}\n\n" + "\n\n".join(wrapped) + f"\n\n-- \n{person}\n"


def _mail_page(author: Author, title: str, text: str) -> Body:
    subject = title.replace("`", "")
    head = (
        f"<h1>[{author.coder.name()}] {escape(subject)}</h1>\n<b>{escape(author.writer.word('person'))}</b> "
        f"<i>{author.rng.randint(1, 28)} {escape(author.writer.word('month'))} {author.writer.word('year')}</i><hr>"
        "<ul><li>Previous message</li><li>Next message</li>"
        '<li>Messages sorted by: <a href="thread.html">thread</a></li></ul>'
    )
    return Body(subject, f"{head}\n<pre>{escape(text)}</pre>\n<hr>")


def mail(author: Author) -> Body:
    """A message of a developers' list, in one <pre>: prose, quotes and a patch, a snippet or a log."""
    writer = author.writer
    title = writer.title()
    pieces = [*writer.paragraphs(1, 2, "answering"), *writer.paragraphs(author.rng.randint(2, 4), 4)]
    text = _mail_text(author, pieces, writer.paragraph(2))
    if author.chance(0.6):
        text += "\n" + author.coder.snippet().text + "\n"
    return _mail_page(author, title, text)


def letter(author: Author) -> Body:
    """A message of a list about everything else, in the same <pre>."""
    writer = author.writer
    pieces = [*writer.paragraphs(1, 3, "chatting"), *writer.paragraphs(author.rng.randint(2, 4), 4)]
    return _mail_page(author, writer.title(), _mail_text(author, pieces, writer.paragraph(2, "chatting")))


def issue(author: Author) -> Body:
    """A bug report: fields, steps, a log, comments."""
    writer = author.writer
    title = writer.title()
    number = author.rng.randint(100, 9000)
    fields = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in (
            ("Status", author.writer.voice.interface("status")),
            ("Version", writer.word("version")),
            ("Component", author.coder.name()),
            ("Reporter", writer.word("person")),
        )
    )
    parts = [f"<h1>#{number}: {author.text(title)}</h1><table class='fields'>{fields}</table>", author.paragraphs(2, 3)]
    parts.append(author.output() or author.listing())
    for _ in range(author.rng.randint(1, 3)):
        comment = author.paragraphs(1, 1, "answering") + author.paragraphs(1, 3)
        comment += author.listing() if author.chance(0.35) else ""
        parts.append(f'<div class="comment">{_signature(author)}{comment}</div>')
    return Body(f"#{number} {title}", "\n".join(parts))
