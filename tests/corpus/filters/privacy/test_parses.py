"""Masking never changes how a code block parses: real parsers read the blocks before and after."""

import ast
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tree_sitter
import tree_sitter_bash
import tree_sitter_c
import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_ruby
import tree_sitter_rust
import yaml
from lxml import etree

from recall.corpus.filters import privacy
from recall.corpus.signals import blocks

PAGES = Path(__file__).parents[4] / "tests" / "page" / "markdown" / "pages"
GRAMMARS = {
    "bash": tree_sitter_bash,
    "c": tree_sitter_c,
    "go": tree_sitter_go,
    "java": tree_sitter_java,
    "javascript": tree_sitter_javascript,
    "ruby": tree_sitter_ruby,
    "rust": tree_sitter_rust,
}
NAMES = {"sh": "bash", "shell": "bash", "js": "javascript", "py": "python", "yml": "yaml", "cpp": "c", "env": "bash"}


def grown(code: str, language: str) -> list[str]:
    """Kinds of the nodes of a tree-sitter tree, in order; how a string is cut into pieces is left out."""
    parser = tree_sitter.Parser(tree_sitter.Language(GRAMMARS[language].language()))
    kinds: list[str] = []
    waiting = [parser.parse(code.encode()).root_node]
    while waiting:
        node = waiting.pop()
        if node.type not in {"string_content", "string_fragment", "escape_sequence"}:
            kinds.append(node.type)
        waiting += reversed(node.children)
    return kinds


def shaped(value: Any) -> Any:
    """A value of JSON, TOML or YAML without its strings and numbers."""
    if isinstance(value, dict):
        return [shaped(inner) for inner in value.values()]
    return [shaped(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def marked_up(code: str) -> list[tuple[object, list[Any]]]:
    return [(element.tag, sorted(element.attrib)) for element in etree.fromstring(f"<root>{code}</root>").iter()]


PARSERS: dict[str, Callable[[str], Any]] = {
    "python": lambda code: [type(node).__name__ for node in ast.walk(ast.parse(code))],
    "json": lambda code: shaped(json.loads(code)),
    "toml": lambda code: shaped(tomllib.loads(code)),
    "yaml": lambda code: shaped(list(yaml.safe_load_all(code))),
    "xml": marked_up,
    "html": marked_up,
    **{name: lambda code, name=name: grown(code, name) for name in GRAMMARS},  # type: ignore[misc]
}


def parse(code: str, language: str) -> Any:
    """What a block parses to, "" where it does not."""
    try:
        return PARSERS[NAMES.get(language, language)](code)
    except (SyntaxError, ValueError, yaml.YAMLError, etree.LxmlError):
        return ""


def fenced(code: str, language: str) -> str:
    return f"````{language}\n{code}\n````\n"


def masked_blocks(text: str) -> list[str]:
    masked = privacy.mask(text).text
    return [masked[block.start : block.end] for block in blocks(masked)]


def known_blocks() -> list[tuple[str, str]]:
    found = []
    for path in sorted(PAGES.glob("*/*.json")):
        for block in json.loads(path.read_text(encoding="utf-8")).get("blocks", []):
            language = NAMES.get(block["language"], block["language"])
            if (
                language not in PARSERS
            ):  # not told, or no parser at hand: one that reads on behind what it does not know
                language = "python" if parse(block["code"], "python") else "c"
            found.append((language, block["code"]))
    return found


PLANTED = (
    "nora.lind@kth-verkstad.se",
    "+46 8 790 60 00",
    "185.220.101.47",
    "2a00:1450:4001:82a::200e",
    "ghp" + "_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "postgres://shop:kR7vQ2xz@db.host/shop",
    "password=kR7vQ2xz;",
)


def test_no_block_of_the_extraction_tests_parses_differently() -> None:
    examined = 0
    for language, code in known_blocks():
        (after,) = masked_blocks(fenced(code, language))
        assert parse(after, language) == parse(code, language), after
        examined += bool(parse(code, language))
    assert examined >= 250


@pytest.mark.parametrize("datum", PLANTED)
def test_personal_data_in_strings_and_comments_of_blocks_goes_without_a_trace(datum: str) -> None:
    masked = 0
    for language, code in known_blocks():
        for quote in "\"'":
            planted = re.sub(rf"{quote}[A-Za-z][\w ,.!-]*{quote}", f"{quote}{datum}{quote}", code, count=2)
            if planted == code or not parse(planted, language):
                continue
            (after,) = masked_blocks(fenced(planted, language))
            assert parse(after, language) == parse(planted, language), after
            assert datum not in after
            masked += 1
    assert masked >= 40


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("bash", "mail -s hi nora.lind@kth-verkstad.se < report.txt"),
        ("bash", "ping -c 1 185.220.101.47 && ssh root@185.220.101.47 'ls'"),
        ("bash", "export DB_PASSWORD=kR7vQ2xz\nmysql -u root -pkR7vQ2xz shop"),
        ("bash", "curl -u admin:kR7vQ2xz http://185.220.101.47:9200 | jq ."),
        ("yaml", "admin: nora.lind@kth-verkstad.se\nhost: 185.220.101.47\npassword: kR7vQ2xz\nphone: +46 8 790 60 00"),
        ("yaml", "hosts:\n  - 185.220.101.47\n  - {mail: nora.lind@kth-verkstad.se, password: kR7vQ2xz}"),
        ("xml", '<user mail="nora.lind@kth-verkstad.se" ip="185.220.101.47"><password>kR7vQ2xz</password></user>'),
        ("xml", "<a>nora.lind@kth-verkstad.se</a><b>+46 8 790 60 00</b>"),
        ("html", '<a href="mailto:nora.lind@kth-verkstad.se">nora.lind@kth-verkstad.se</a>'),
        ("json", '{"phone": 4158675309, "ip": "185.220.101.47", "password": "12345678"}'),
        ("toml", 'authors = ["Nora <nora.lind@kth-verkstad.se>"]\npassword = "kR7vQ2xz"'),
        ("python", "phone = 4158675309\npassword = 'kR7vQ2xz'  # nora.lind@kth-verkstad.se"),
        ("python", 'url = f"postgres://{user}:kR7vQ2xz@185.220.101.47/{name}"\nx = 1'),
        ("python", '"""By Nora <nora.lind@kth-verkstad.se>, tel. +46 8 790 60 00."""\n\n\ndef f(): pass'),
        ("python", "KEY = ('-----BEGIN PRIVATE KEY-----\\n'\n '" + "Ab1" * 20 + "\\n'\n '-----END PRIVATE KEY-----')"),
        ("yaml", "key: |\n  -----BEGIN PRIVATE KEY-----\n  " + "Ab1" * 20 + "\n  -----END PRIVATE KEY-----\nnext: 1"),
        ("json", '{"key": "-----BEGIN PRIVATE KEY-----\\n' + "Ab1" * 20 + '\\n-----END PRIVATE KEY-----\\n"}'),
        ("c", '/* Nora <nora.lind@kth-verkstad.se> */\nconst char *password = "kR7vQ2xz"; // 185.220.101.47'),
        ("java", 'class A { String password = "kR7vQ2xz"; /* @author nora.lind@kth-verkstad.se */ }'),
        ("javascript", "const c = { mail: `nora.lind@kth-verkstad.se`, password: 'kR7vQ2xz', phone: 4158675309 };"),
        ("ruby", "config.password = 'kR7vQ2xz' # nora.lind@kth-verkstad.se"),
        ("go", 'package main\n\nvar password = "kR7vQ2xz" // nora.lind@kth-verkstad.se'),
        ("rust", 'let password = "kR7vQ2xz"; // nora.lind@kth-verkstad.se'),
    ],
)  # fmt: skip
def test_masked_code_parses_as_before(language: str, code: str) -> None:
    (after,) = masked_blocks(fenced(code, language))
    assert after != code
    assert "kR7vQ2xz" not in after
    assert "nora.lind" not in after
    before = parse(code, language)
    assert before
    assert parse(after, language) == before, after
