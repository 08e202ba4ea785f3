"""Pages about life, and about computing as a product: stories, recipes, shops, results, poems, brochures."""

from html import escape

from tests.sample_generator.pages.author import Author, Body


def story(author: Author) -> Body:
    """News, travel, diary, advice: a title and paragraphs."""
    title = author.writer.title()
    parts = [
        author.heading(1, title),
        f'<p class="byline">{author.interface("posted")} {escape(author.writer.word("person"))}</p>',
    ]
    parts.append(author.paragraphs(author.rng.randint(3, 5), 5))
    if author.chance(0.3):
        parts.append(author.heading(2, author.writer.title()) + author.paragraphs(1, 4))
    parts.append(author.paragraphs(1, 2, "passing"))
    return Body(title, "\n".join(parts))


def _shopping(author: Author) -> list[str]:
    return [
        f"{author.rng.randint(1, 9) * 50} g {author.writer.word('ingredient')}" for _ in range(author.rng.randint(4, 8))
    ]


def recipe(author: Author) -> Body:
    """Ingredients and numbered steps."""
    title = author.writer.title()
    steps = "".join(f"<li>{author.text(author.writer.sentence())}</li>" for _ in range(author.rng.randint(5, 9)))
    html = author.heading(1, title) + author.paragraphs(1, 3) + f"<h3>{author.interface('ingredients')}</h3>"
    html += author.bullets(_shopping(author)) + f"<h3>{author.interface('method')}</h3><ol>{steps}</ol>"
    return Body(title, html)


def recipe_card(author: Author) -> Body:
    """A recipe typed into <pre>, as old collections are."""
    title = author.writer.title()
    lines = [f"   {title.upper()}", "", *(f"  {entry}" for entry in _shopping(author)), ""]
    lines += [f"  {number}. {author.writer.sentence()}" for number in range(1, author.rng.randint(5, 8))]
    return Body(title, f"<pre>{escape(chr(10).join(lines))}</pre>" + author.paragraphs(1, 3))


def item(author: Author) -> Body:
    """A product of a shop: price, table of properties, reviews; now and then a voucher code."""
    title = author.writer.title()
    rows = "".join(
        f"<tr><td>{author.rng.choice('ABC')}-{author.rng.randint(100, 999)}</td>"
        f"<td>{author.rng.randint(1, 90)} %</td></tr>"
        for _ in range(author.rng.randint(2, 5))
    )
    parts = [author.heading(1, title), f'<span class="price">{author.rng.randint(5, 300)}.90</span>']
    parts.append(f'<button type="submit" name="add">{author.interface("buy")}</button>')
    parts.append(author.paragraphs(2, 4) + f'<table class="specs">{rows}</table>')
    if author.chance(0.35):
        parts.append(f"<p><code>SAVE{author.rng.randint(5, 50)}</code></p>")
    parts.append(f"<h3>{author.interface('comments')}</h3>" + author.paragraphs(2, 3))
    return Body(title, "\n".join(parts))


def _standing(author: Author, place: int) -> str:
    won, lost = author.rng.randint(1, 30), author.rng.randint(0, 20)
    scored, conceded = author.rng.randint(9, 80), author.rng.randint(9, 80)
    return f"{place:>3}  {author.writer.word('team')[:14]:<15}{won:>4}{lost:>4}{scored:>5}:{conceded:<4}"


def results(author: Author) -> Body:
    """Tables of numbers in <pre>, with a report."""
    title = author.writer.title()
    rows = [_standing(author, place) for place in range(1, author.rng.randint(9, 15))]
    table = escape("\n".join(rows))
    return Body(
        title, author.heading(1, title) + author.paragraphs(1, 4) + f"<pre>{table}</pre>" + author.paragraphs(1, 3)
    )


def _verses(author: Author) -> list[str]:
    lines: list[str] = []
    for _ in range(author.rng.randint(3, 5)):
        lines += [author.writer.sentence() for _ in range(4)] + [""]
    return lines


def poem(author: Author) -> Body:
    """Verses in paragraphs."""
    title = author.writer.title()
    verses = "<br>\n".join(escape(line) for line in _verses(author))
    return Body(title, author.heading(1, title) + f"<p>{verses}</p><p>{escape(author.writer.word('person'))}</p>")


def poem_in_type(author: Author) -> Body:
    """Verses in <pre>, indented as poets like it."""
    title = author.writer.title()
    verses = "\n".join(" " * author.rng.choice((0, 4, 8)) + line for line in _verses(author))
    return Body(
        title, author.heading(1, title) + f"<pre>{escape(verses)}</pre><p>{escape(author.writer.word('person'))}</p>"
    )


def brochure(author: Author) -> Body:
    """A product or company page: claims, bullet points, a testimonial, sometimes one line to install."""
    title = author.writer.title()
    parts = [author.heading(1, title), author.paragraphs(2, 4)]
    parts.append(author.bullets(author.writer.sentence() for _ in range(author.rng.randint(3, 6))))
    if author.chance(0.35):
        name = author.coder.name()
        parts.append(f"<pre><code>$ curl -fsSL https://get.{name}.example | sh</code></pre>")
    parts.append(f"<blockquote>{author.text(author.writer.paragraph(2))}</blockquote>" + author.paragraphs(1, 3))
    return Body(title, "\n".join(parts))
