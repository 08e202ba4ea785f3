"""The fenced blocks of a text, and whether their code parses."""

from typing import Any

import pytest

from recall.corpus import syntax
from recall.corpus.fences import fences_of
from recall.corpus.syntax import GRAMMARS, MAX_CODE, WORDS, parses

TEXT = (
    "# T\n\n```python\ndef f():\n    return 1\n```\n\nwords\n\n~~~\nplain\n~~~\n\n```js\nlet = = 3\n```\n\n```\n```\n"
)


def test_every_fence_has_a_row_with_its_place() -> None:
    rows = fences_of(TEXT, {2})
    assert [row["language"] for row in rows] == ["python", "", "js", ""]
    assert [row["named"] for row in rows] == [True, None, False, None]
    assert [row["parses"] for row in rows] == [True, None, False, None]
    assert [row["lines"] for row in rows] == [2, 1, 1, 0]
    places: list[Any] = [(row["offset"], row["chars"]) for row in rows]
    assert [TEXT[at : at + size] for at, size in places] == ["def f():\n    return 1", "plain", "let = = 3", ""]


def test_a_text_without_fences_has_no_row() -> None:
    assert fences_of("words `code` words") == []


CODE = {
    "bash": 'for f in *.txt; do echo "$f"; done',
    "c": "int main(void) { return 0; }",
    "cpp": "template <typename T> T id(T x) { return x; }",
    "csharp": "public class A { public int X { get; set; } }",
    "css": "a:hover { color: red }",
    "go": "func f(x int) (int, error) { return x, nil }",
    "html": "<p class=a>x</p>",
    "java": "class A { List<String> x = new ArrayList<>(); }",
    "javascript": "const f = async (x) => (await g(x))?.y ?? 0;",
    "json": '{"a": [1, 2.5, null]}',
    "kotlin": "fun f(x: Int): Int = x + 1",
    "lua": "local function f(x) return x end",
    "php": "<?php echo $x['a'] ?? 1; ?>",
    "php only": "echo $x['a'] ?? 1;",
    "python": "async def f(x: int) -> None:\n    await g(f'{x!r}')",
    "ruby": "def f(x) = x.map { |y| y + 1 }",
    "rust": "fn f<'a>(x: &'a str) -> Option<&'a str> { Some(x) }",
    "toml": "[a]\nb = 1",
    "tsx": "const A = (p: P) => <div>{p.x}</div>;",
    "typescript": "interface A<T> { x?: T; y(): void }",
    "yaml": "a:\n  - b: 1",
}


@pytest.mark.parametrize("language", GRAMMARS)
def test_each_grammar_takes_its_language(language: str) -> None:
    assert parses(CODE[language], "php" if language == "php only" else language) is True


@pytest.mark.parametrize("language", sorted(set(GRAMMARS) - {"html", "css", "yaml"}))
def test_each_grammar_refuses_what_is_none(language: str) -> None:
    code = ")) {{ ]] = = (("
    assert parses(f"<?php {code}" if language == "php" else code, language.removesuffix(" only")) is False


@pytest.mark.parametrize(("word", "language"), sorted(WORDS.items()))
def test_other_words_mean_the_same_language(word: str, language: str) -> None:
    assert parses(CODE[language], word.upper()) is True


@pytest.mark.parametrize(
    ("code", "word"),
    [("x = 1", "text"), ("x = 1", ""), ("", "python"), (" \n", "python"), ("x = 1\n" * MAX_CODE, "python")],
)
def test_nothing_is_said_where_nothing_can_be_said(code: str, word: str) -> None:
    assert parses(code, word) is None


HOSTILE = ["a<" * 20_000, "(" * 40_000, "if (x<y) {" * 4_000, "\x00\ud800" * 9_000, "'''a" * 9_001]


@pytest.mark.parametrize("code", HOSTILE, ids=[ascii(code[:8]) for code in HOSTILE])
@pytest.mark.parametrize("language", ["python", "cpp", "typescript", "ruby"])
def test_hostile_code_ends_and_says_the_same_twice(code: str, language: str) -> None:
    assert parses(code, language) is parses(code, language) is not True


def test_a_parse_that_costs_too_much_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "STEPS", 1)
    monkeypatch.setattr(syntax, "STEPS_PER_BYTE", 0)
    assert parses(CODE["python"] * 40, "python") is None
    monkeypatch.undo()
    assert parses(CODE["python"], "python") is True


def test_without_the_extra_nobody_says_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GRAMMARS, "lua", "tree_sitter_that_is_not_there:language")
    syntax._parser.cache_clear()
    try:
        assert parses(CODE["lua"], "lua") is None
    finally:
        syntax._parser.cache_clear()
