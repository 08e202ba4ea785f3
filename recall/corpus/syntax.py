"""Whether a block of code parses, by tree-sitter's grammars (the extra `code`).

In: code and the word of its fence. Out: True, False, or None where nothing can be said: the language has no grammar
here, the extra is not installed, the block is longer than MAX_CODE bytes or costs more than its bound. A snippet of a
page is seldom a file: the grammars take statements and members at the top, and a block with `...` in it fails, as it
should. Bounds count bytes and steps, no time, so that every machine says the same.
"""

import importlib
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


def parses(code: str, word: str) -> bool | None:
    """Whether a block parses without an error by the grammar of its fence's word."""
    language = WORDS.get(word.lower(), word.lower())
    if language == "php" and "<?" not in code:
        language = "php only"
    data = code.encode("utf-8", "replace")
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
        tree = parser.parse(lambda offset, _: data[offset : offset + MAX_CODE], progress_callback=gives_up)
    except ValueError:
        parser.reset()
        return None
    return not tree.root_node.has_error


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
