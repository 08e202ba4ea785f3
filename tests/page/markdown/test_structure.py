"""A reader of CommonMark finds in the Markdown the structure that the page has."""

import time
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from recall.page.markdown import convert
from recall.page.markdown.markdown_writer import MAX_NESTING, write
from recall.page.markdown.marks import mark
from recall.page.markdown.segments import segments_of
from recall.page.markdown.table_writer import data_tables
from recall.page.markdown.tree import parse
from tests.page.markdown.prose_pieces import PROSE
from tests.page.markdown.test_prose_kept import page

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
Block = tuple[Any, ...]


def written(body: str) -> str:
    """The Markdown of all of a body."""
    root = parse(f"<html><body>{body}</body></html>")
    assert root is not None
    marked = mark(root)
    segments = segments_of(root.find("body"), marked)
    every = len(segments.texts)
    return write(segments, marked, [True] * every, data_tables(segments), "", [-1] * every).text


def text_in(token: Token) -> str:
    """What a reader sees of a run of inline text, a space for a line break."""
    parts = []
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type in ("text", "code_inline", "html_inline"):
            parts.append(child.content)
    return "".join(parts)


def structure(markdown: str) -> list[Block]:
    """The blocks that a reader finds, nested."""
    stack: list[list[Block]] = [[]]
    for token in READER.parse(markdown):
        kind = token.type
        if kind == "inline":
            stack[-1].append((text_in(token),))
        elif kind in ("fence", "code_block", "html_block", "hr"):
            stack[-1].append((kind, token.content))
        elif token.nesting == 1:
            stack.append([])
        elif token.nesting == -1:
            inside = stack.pop()
            name = kind.removesuffix("_close")
            stack[-1].append((name, *inside))
    return stack[0]


WORDS = st.lists(
    st.sampled_from("make lexer tree walks over each of them quickly 7 x".split()), min_size=1, max_size=4
).map(" ".join)
PARAGRAPH = WORDS.map(lambda words: ("paragraph", (words,)))


def _nested(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    blocks = st.lists(inner, min_size=1, max_size=3).map(tuple)
    items = st.lists(blocks.map(lambda inside: ("list_item", *inside)), min_size=1, max_size=3).map(tuple)
    return st.one_of(
        blocks.map(lambda inside: ("blockquote", *inside)),
        items.map(lambda inside: ("bullet_list", *inside)),
        items.map(lambda inside: ("ordered_list", *inside)),
    )


BLOCKS = st.recursive(PARAGRAPH, lambda inner: _nested(st.one_of(PARAGRAPH, inner)), max_leaves=12)
TAGS = {"paragraph": "p", "blockquote": "blockquote", "bullet_list": "ul", "ordered_list": "ol", "list_item": "li"}


def html_of(block: Block) -> str:
    if len(block) == 1:
        return str(block[0])
    tag = TAGS[block[0]]
    return f"<{tag}>{''.join(map(html_of, block[1:]))}</{tag}>"


def depth_of(block: Block) -> int:
    own = block[0] in ("blockquote", "list_item")
    return own + max((depth_of(inner) for inner in block[1:] if isinstance(inner, tuple)), default=0)


@given(st.lists(BLOCKS, min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_lists_and_quotes_nest_as_on_the_page(blocks: list[Block]) -> None:
    if max(map(depth_of, blocks)) <= MAX_NESTING:
        assert structure(written("".join(map(html_of, blocks)))) == blocks


PIECES = st.recursive(
    st.sampled_from(
        [
            "<p>some words</p>",
            "<pre>x = 1\n    y\n</pre>",
            "<h3>Part</h3>",
            "words<br>more words",
            "<code>f(x)</code> words",
        ]
    ),
    lambda inner: st.tuples(
        st.sampled_from(
            [
                "<ul><li>{}</li></ul>",
                "<ol><li>{}</li></ol>",
                "<blockquote>{}</blockquote>",
                "<dl><dd>{}</dd></dl>",
                "<dl><dt>term</dt><dd>{}</dd></dl>",
                "<dl><dt>{}</dt></dl>",
                "<div>{}</div>",
                "<ul><li><p>{}</p></li></ul>",
                "<table><td>{}</td></table>",
            ]
        ),
        st.lists(inner, min_size=1, max_size=3).map("".join),
    ).map(lambda pair: pair[0].replace("{}", pair[1])),
    max_leaves=12,
)


def _flat(blocks: list[Block]) -> list[Block]:
    flat: list[Block] = []
    for block in blocks:
        flat.append(block)
        flat.extend(_flat([inner for inner in block[1:] if isinstance(inner, tuple)]))
    return flat


@given(st.lists(PIECES, min_size=1, max_size=4).map("".join))
@settings(max_examples=80, deadline=None)
def test_prose_never_reads_as_code_and_code_never_as_prose(body: str) -> None:
    text = written(body)
    blocks = _flat(structure(text))
    assert not [block for block in blocks if block[0] in ("code_block", "html_block")]
    fences = [block[1] for block in blocks if block[0] == "fence"]
    assert fences == ["x = 1\n    y\n"] * body.count("<pre>")
    assert sum(block[0] == "heading" for block in blocks) == body.count("<h3>")


CELLS = st.lists(
    st.sampled_from(["word", "two words", "a|b", "<code>x|y</code>", "<b>bold</b>", "a<br>b", "<p>a</p><p>b</p>", "5"]),
    min_size=2,
    max_size=2,
)


@given(st.lists(CELLS, min_size=2, max_size=4), st.sampled_from(["td", "th"]))
@settings(max_examples=60, deadline=None)
def test_the_cells_of_a_table_stay_cells(rows: list[list[str]], head: str) -> None:
    tags = [head] + ["td"] * (len(rows) - 1)
    body = "".join(
        "<tr>{}</tr>".format("".join(f"<{tag}>{cell}</{tag}>" for cell in row))
        for tag, row in zip(tags, rows, strict=True)
    )
    ((kind, *parts),) = structure(written(f"<table>{body}</table>"))
    shown = {"<code>x|y</code>": "x|y", "<b>bold</b>": "bold", "<p>a</p><p>b</p>": "a<br>b"}
    assert kind == "table"
    found = [[cell[1][0] for cell in row[1:]] for part in parts for row in part[1:]]
    assert found == [[shown.get(cell, cell) for cell in row] for row in rows]


MARKED = st.recursive(
    st.sampled_from(["word", " ", "a", ".", "(x)", ", ", "“q”", "字", "<br>", "<code>c*d</code>", "7"]),
    lambda inner: st.tuples(
        st.sampled_from(["b", "i", "strong", "em", "s", "span", "a"]), st.lists(inner, max_size=3).map("".join)
    ).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"),
    max_leaves=8,
)


@given(st.lists(MARKED, min_size=1, max_size=5).map("".join))
@settings(max_examples=200, deadline=None)
def test_every_sign_of_emphasis_is_read_as_such(body: str) -> None:
    assume("<code>" not in body or "<br>" not in body)  # lines of code are a block
    found = structure(written(f"<p>begin {body} end</p>"))
    text = "".join(block[1][0] + " " for block in found)
    plain = parse(f"<p>begin {body.replace('<br>', ' ')} end</p>")
    assert plain is not None
    assert text.split() == str(plain.text_content()).split()


@pytest.mark.parametrize(
    ("piece", "markdown"),
    [pytest.param(*piece, id=f"{kind}-{name}") for kind in PROSE for name, piece in PROSE[kind].items()],
)
def test_no_piece_reads_as_code_or_html_by_accident(piece: str, markdown: str) -> None:
    blocks = structure(convert(page(piece, 2)).text)
    assert blocks[0] == ("heading", ("How to",))
    assert not [block for block in _flat(blocks) if block[0] in ("code_block", "html_block")]
    assert sum(block[0] == "fence" for block in _flat(blocks)) == markdown.count("```") // 2
    rules = sum(line.startswith("| ---") for line in markdown.split("\n"))
    assert sum(block[0] == "table" for block in _flat(blocks)) == rules


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("a|b", r"a\|b"),
        (r"a\|b", r"a\|b"),
        (r"a\\|b", r"a\\\|b"),
        ("one<br>two", "one<br>two"),
        ("write &lt;br&gt; or &lt;BR/> there", r"write \<br> or \<BR/> there"),
        ("write <code>&lt;br&gt;</code> there", "write `<br>` there"),
        ("a ` &lt;br&gt;", r"a ` \<br>"),
        (
            "<ol><li>one<li>two:<ul><li>three<li>four</ul><li>five</ol>",
            "1. one<br>2. two:<br>  - three<br>  - four<br>3. five",
        ),
    ],
)
def test_pipes_and_breaks_that_are_typed_in_a_cell_stay_what_they_are(cell: str, written: str) -> None:
    text = convert(page(f"<table><tr><th>first<th>second<tr><td>{cell}<td>other</table>", 2)).text
    assert f"| {written} | other |" in text


@pytest.mark.parametrize(
    "hostile",
    [
        "<blockquote>" * 200 + "words" + "</blockquote>" * 200,
        "<blockquote>" * 5_000 + "words",
        "<ul><li>" * 100 + "words",
        pytest.param("<ul>" + "<li>item" * 100_000, marks=pytest.mark.slow),
        pytest.param("<p>" + "<a href=/x>link</a> " * 200_000, marks=pytest.mark.slow),
        "<p>" + "<b>x</b><i>y</i>" * 20_000,
        "<p>" + " ".join("`" * n + "&lt;a $" for n in range(1, 900)),
        "<p>" + "<b>x<br><br>" * 100 + "y" * 10_000,
        "<p>" + "<b><br><br></b>" * 20_000,
        "<p>" + "<sup>2</sup>" * 50_000,
        "<p>" + "<button>x</button>" * 50_000,
        "<p>words " + "<img alt=picture> " * 20_000,
        "<ul><li>" + "<input type=checkbox disabled> words " * 20_000,
        "<ul><li>" + " <img alt=picture>" * 20_000,
        "<table>" + "<tr><td>a<td>b" * 3_000,
        "<table><tr>" + "<td rowspan=999 colspan=999>a" * 2_000 + "<tr><td>b" * 2_000,
        "<table><tr><td>" * 60 + "words",
        "".join(f"<table><tr><td>a{n}<td>b<tr><td>c<td>d</table>" for n in range(1_000)),
        "<dl>" + "<dt>a<dd>b" * 5_000,
        "<h2>Part</h2><p>words" * 4_000,
        "<ul><li><h2>Part</h2>" * 60 + "<li>word" * 4_000,
    ],
    ids=[
        "quotes",
        "deep-quotes",
        "lists",
        "items",
        "links",
        "emphasis",
        "open-code",
        "nested-emphasis",
        "empty-emphasis",
        "raised",
        "buttons",
        "pictures",
        "boxes",
        "pictures-alone",
        "rows",
        "spans",
        "nested-tables",
        "tables",
        "definitions",
        "headings",
        "layout",
    ],
)
@pytest.mark.timeout(60)
def test_hostile_structure_costs_time_in_proportion_to_the_page(hostile: str) -> None:
    started = time.process_time()
    text = convert(f"<html><body><h1>Many</h1>{hostile}".encode()).text
    assert time.process_time() - started < 25
    assert max(map(len, text.split("\n"))) < 40 + len(hostile)
    assert not [line for line in text.split("\n") if line.startswith("> " * (MAX_NESTING + 1))]
