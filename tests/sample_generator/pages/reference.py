"""What programmers look up: API references, man pages, file formats, release notes."""

import textwrap
from html import escape

from tests.sample_generator.pages.author import Author, Body


def reference(author: Author) -> Body:
    """Functions of an invented library: signature, description, parameters, an example."""
    name = author.coder.name()
    parts = [f"<h1>{name}</h1>", author.paragraphs(1, 3)]
    for _ in range(author.rng.randint(3, 6)):
        parts.append(
            f'<h3 id="f{author.rng.randint(10, 99)}">{author.text("`" + author.writer.identifier() + "`")}</h3>'
        )
        parts.append(author.show(author.coder.signature()))
        parts.append(author.paragraphs(1, 2))
        rows = "".join(
            f"<tr><td>{author.text(f'`{author.writer.identifier()}`')}</td>"
            f"<td>{author.text(author.writer.sentence())}</td></tr>"
            for _ in range(author.rng.randint(1, 3))
        )
        parts.append(f"<h4>{author.interface('parameters')}</h4><table>{rows}</table>")
        parts.append(f"<h4>{author.interface('returns')}</h4>" + author.paragraphs(1, 1))
    if author.chance(0.6):
        parts.append(f"<h2>{author.interface('examples')}</h2>{author.listing()}")
    return Body(f"{name} {author.writer.word('version')}", "\n".join(parts))


def manual(author: Author) -> Body:
    """A man page in one <pre>."""
    name = author.coder.name()
    head = author.writer.voice.interface
    indent = " " * 7
    lines = [f"{name.upper()}(1)".ljust(40) + f"{name.upper()}(1)", "", head("name")]
    lines += [f"{indent}{name} - {author.writer.title().replace('`', '')}", "", head("synopsis")]
    short, long = author.rng.choice("abcdfghkl"), author.rng.choice(("force", "quiet", "all"))
    lines += [f"{indent}{name} [-{short}] [--{long}] file ...", ""]
    lines.append(head("description"))
    for text in author.writer.paragraphs(2, 4):
        lines += [*textwrap.wrap(text.replace("`", ""), 64, initial_indent=indent, subsequent_indent=indent), ""]
    lines.append(head("options"))
    for _ in range(author.rng.randint(4, 8)):
        option = author.writer.identifier().removesuffix("()").replace("_", "-").lower()
        lines.append(f"{indent}-{option[0]}, --{option}")
        text = author.writer.sentence().replace("`", "")
        lines += [*textwrap.wrap(text, 60, initial_indent=indent * 2, subsequent_indent=indent * 2), ""]
    lines += [head("examples")] + [f"{indent}{line}" for line in author.coder.snippet().text.split("\n")[:8]]
    return Body(f"{name}(1)", "<pre>" + escape("\n".join(lines)) + "</pre>")


def file_format(author: Author) -> Body:
    """A description of a file or protocol: prose and a table of fields, mostly without a line of code."""
    title = author.writer.title()
    rows, offset = [], 0
    for _ in range(author.rng.randint(5, 9)):
        size = author.rng.choice((1, 2, 4, 8))
        name = author.writer.identifier().removesuffix("()").lower()
        rows.append(
            f"<tr><td>{offset}</td><td>{size}</td><td>{name}</td><td>{author.text(author.writer.sentence())}</td></tr>"
        )
        offset += size
    table = f"<table border=1><tr><th>offset</th><th>bytes</th><th>field</th><th></th></tr>{''.join(rows)}</table>"
    dump = author.listing() if author.chance(0.4) else ""
    return Body(title, author.heading(1, title) + author.paragraphs(2, 4) + table + dump + author.paragraphs(1, 3))


def release(author: Author) -> Body:
    """Technical release notes: a list of changes with identifiers."""
    version = author.writer.word("version")
    title = f"{author.coder.name()} {version}"
    changes = [f"`{author.writer.identifier()}`: {author.writer.sentence()}" for _ in range(author.rng.randint(5, 10))]
    upgrade = author.listing() if author.chance(0.4) else ""
    html = author.heading(1, title) + author.paragraphs(1, 3) + author.bullets(changes) + upgrade
    return Body(title, html)
