"""Whether a block of code parses, and its comments and strings, by tree-sitter's grammars (the extra `code`).

In: code and the word of its fence. Out: a verdict, or None where nothing can be said: the language has no grammar
here, the extra is not installed, the block is longer than MAX_CODE bytes or costs more than its bound. A snippet of a
page is seldom a file: the grammars take statements and members at the top, and a block with `...` in it fails, as it
should. Bounds count bytes and steps, no time, so that every machine says the same.
"""

import importlib
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

MAX_CODE = 50_000
"""Bytes of a block that is parsed."""

STEPS, STEPS_PER_BYTE = 2_000, 0.25
"""Reports of progress after which the parser gives up; a usual file takes .015 a byte."""

GRAMMARS = {
    "bash": "tree_sitter_bash:language",
    "c": "tree_sitter_c:language",
    "cpp": "tree_sitter_cpp:language",
    "csharp": "tree_sitter_c_sharp:language",
    "css": "tree_sitter_css:language",
    "go": "tree_sitter_go:language",
    "html": "tree_sitter_html:language",
    "java": "tree_sitter_java:language",
    "javascript": "tree_sitter_javascript:language",
    "json": "tree_sitter_json:language",
    "kotlin": "tree_sitter_kotlin:language",
    "lua": "tree_sitter_lua:language",
    "php": "tree_sitter_php:language_php",
    "php only": "tree_sitter_php:language_php_only",
    "python": "tree_sitter_python:language",
    "ruby": "tree_sitter_ruby:language",
    "rust": "tree_sitter_rust:language",
    "toml": "tree_sitter_toml:language",
    "tsx": "tree_sitter_typescript:language_tsx",
    "typescript": "tree_sitter_typescript:language_typescript",
    "yaml": "tree_sitter_yaml:language",
}
"""Module and function of each language's grammar."""

WORDS = {
    **dict.fromkeys(("sh", "shell", "zsh", "ksh"), "bash"),
    **dict.fromkeys(("c++", "cc", "cxx", "hpp", "h++"), "cpp"),
    **dict.fromkeys(("cs", "c#"), "csharp"),
    **dict.fromkeys(("js", "jsx", "mjs", "cjs", "node"), "javascript"),
    **dict.fromkeys(("py", "python3", "python2", "py3"), "python"),
    "golang": "go",
    "h": "c",
    "kt": "kotlin",
    "rb": "ruby",
    "rs": "rust",
    "ts": "typescript",
    "yml": "yaml",
}
"""Other words for the same languages; compared in lower case."""


_COMMENT = re.compile("comment")
_STRING = re.compile("string(?!_scalar)|char_literal|character_literal|heredoc_body|rune_literal|quote_scalar")
_DEFINITION = re.compile(
    "(?:function|method|class|struct|interface|trait|enum|constructor|impl|record|object|local_function)"
    "_(?:definition|declaration|item|specifier|statement)|type_(?:definition|item|spec)|(?:singleton_)?method|class|module"
)
_NAMED_BY = {
    "class": "name",
    "module": "name",
    "class_specifier": "body",
    "struct_specifier": "body",
    "enum_specifier": "body",
}
"""The field without which a node of that type only refers to a definition, or is the whole file."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A block's text in three: comments, strings, and the rest; definitions: functions, types and their methods."""

    comments: str
    strings: str
    rest: str
    definitions: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """parses: whether the grammar takes the block without an error; parts: only where it does."""

    parses: bool
    parts: Parts | None = None


def parses(code: str, word: str) -> bool | None:
    """Whether a block parses without an error by the grammar of its fence's word."""
    tree = _tree(code.encode("utf-8", "replace"), word)
    return None if tree is None else not tree.root_node.has_error


def parsed(code: str, word: str) -> Parsed | None:
    """Whether a block parses, and its parts where it does."""
    data = code.encode("utf-8", "replace")
    tree = _tree(data, word)
    if tree is None or tree.root_node.has_error:
        return None if tree is None else Parsed(False)
    return Parsed(True, _parts(data, tree))


def _parts(data: bytes, tree: Any) -> Parts:
    """The parts of a tree, each node looked at once; what lies in a comment or string belongs to it."""
    pieces: tuple[list[bytes], list[bytes], list[bytes]] = ([], [], [])
    at = definitions = 0
    cursor, inside = tree.walk(), True
    kinds = _kinds(tree.language)
    while inside:
        node = cursor.node
        kind = kinds[node.kind_id]
        definitions += kind == _DEFINES and _defines(node)
        if kind < 2:
            pieces[2].append(data[at : node.start_byte])
            pieces[kind].append(data[node.start_byte : node.end_byte])
            at = node.end_byte
        if kind >= 2 and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                inside = False
                break
    pieces[2].append(data[at:])
    comments, strings, rest = (b"\n".join(each).decode("utf-8", "replace") for each in pieces)
    return Parts(comments, strings, rest, definitions)


_DEFINES = 3


@cache
def _kinds(grammar: Any) -> tuple[int, ...]:
    """What the nodes of each type are, by its number."""
    types = range(grammar.node_kind_count)
    return tuple(_kind(grammar.node_kind_for_id(number) or "", grammar.node_kind_is_named(number)) for number in types)


def _kind(word: str, named: bool) -> int:
    """What nodes of a type are: 0 comments, 1 strings, _DEFINES where they may define something, else 2."""
    if _COMMENT.search(word):
        return 0
    if named and _STRING.search(word):
        return 1
    return _DEFINES if named and _DEFINITION.fullmatch(word) else 2


def _defines(node: Any) -> bool:
    """Whether a node that may define something does."""
    field = _NAMED_BY.get(node.type)
    return field is None or node.child_by_field_name(field) is not None


def _tree(data: bytes, word: str) -> Any:
    """The tree of a block, None where nothing can be said."""
    language = WORDS.get(word.lower(), word.lower())
    if language == "php" and b"<?" not in data:
        language = "php only"
    if language not in GRAMMARS or not data.strip() or len(data) > MAX_CODE:
        return None
    parser = _parser(language)
    if parser is None:
        return None
    left = STEPS + int(STEPS_PER_BYTE * len(data))

    def gives_up(*_: Any) -> bool:
        nonlocal left
        left -= 1
        return left < 0

    try:
        return parser.parse(lambda offset, _: data[offset : offset + MAX_CODE], progress_callback=gives_up)
    except ValueError:
        parser.reset()
        return None


@cache
def _parser(language: str) -> Any:
    """The parser of a language, None where it is not installed."""
    module, _, function = GRAMMARS[language].partition(":")
    try:
        import tree_sitter  # noqa: PLC0415 - an extra

        grammar = importlib.import_module(module)
    except ImportError:
        return None
    return tree_sitter.Parser(tree_sitter.Language(getattr(grammar, function)()))
