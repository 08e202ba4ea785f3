"""Texts that teach programming: articles, short tips, lecture notes, explanations without code, notebooks."""

from tests.sample_generator.pages.author import Author, Body


def article(author: Author) -> Body:
    """A tutorial or technical blog post of several sections with code."""
    title = author.writer.title()
    parts = [author.heading(1, title), author.paragraphs(1, 4)]
    for number in range(author.rng.randint(2, 4)):
        parts.append(author.heading(2, author.writer.title()))
        parts.append(author.paragraphs(author.rng.randint(1, 2), 5))
        if number == 0 or author.chance(0.7):
            parts.append(author.listing())
        if author.chance(0.2):
            parts.append(author.output())
    parts.append(author.paragraphs(1, 2, "passing"))
    return Body(title, "\n".join(parts))


def short(author: Author) -> Body:
    """A tip: two paragraphs and one piece of code, between private remarks."""
    title = author.writer.title()
    parts = [author.heading(1, title), author.paragraphs(1, 2, "chatting"), author.paragraphs(1, 3), author.listing()]
    parts += [author.paragraphs(1, 2), author.paragraphs(1, 2, "passing")]
    return Body(title, "\n".join(parts))


def lecture(author: Author) -> Body:
    """Lecture notes or an assignment: numbered sections, bullet points, some code."""
    title = author.writer.title()
    parts = [author.heading(1, title)]
    for number in range(1, author.rng.randint(3, 5)):
        parts.append(author.heading(3, f"{number}. {author.writer.title()}"))
        parts.append(author.bullets(author.writer.sentence() for _ in range(author.rng.randint(3, 5))))
        if author.chance(0.45):
            parts.append(author.listing())
    return Body(title, "\n".join(parts))


def explanation(author: Author) -> Body:
    """An idea in words only: no code, no markup that gives it away."""
    title = author.writer.title()
    html = author.heading(1, title) + author.paragraphs(author.rng.randint(2, 7), 5)
    return Body(title.replace("`", ""), html.replace("<code>", "<em>").replace("</code>", "</em>"))


def notebook(author: Author) -> Body:
    """Cells of prose and code with printed results."""
    title = author.writer.title()
    parts = [author.heading(1, title)]
    for _ in range(author.rng.randint(3, 5)):
        parts.append(author.paragraphs(1, 3) + author.listing())
        if author.chance(0.5):
            numbers = "\n".join(f"{row}  {author.rng.random():.4f}  {author.rng.random():.4f}" for row in range(4))
            parts.append(f'<div class="output_area"><pre>{numbers}</pre></div>')
    return Body(title, "\n".join(parts))
