"""Signals of fenced blocks: what is comment, string, data, generated, output; bounded on hostile code."""

import time

import pytest

from recall.config.corpus_sections import CODE_SIGNALS
from recall.config.quality_rules import PRESETS, QualityRule
from recall.corpus.code_scanner import scanned
from recall.corpus.code_signals import broken_by_blocks, code_signals, facts_of, measured_blocks
from recall.corpus.signals import broken_rule
from recall.corpus.syntax import parsed

PARTS = {
    "python": ('x = "a#b"  # why\n', "# why", '"a#b"'),
    "javascript": ("let x = 'a//b'; // why\n/* and\nhow */", "// why\n/* and\nhow */", "'a//b'"),
    "c": ('char *s = "/*"; /* why */', "/* why */", '"/*"'),
    "bash": ("echo 'a # b' # why", "# why", "'a # b'"),
    "lua": ('x = "a--b" -- why', "-- why", '"a--b"'),
    "html": ("<p><!-- why --></p>", "<!-- why -->", ""),
}


@pytest.mark.parametrize("language", PARTS)
@pytest.mark.parametrize("by", ["tree", "signs"])
def test_comments_and_strings_are_told_apart(language: str, by: str) -> None:
    code, comments, strings = PARTS[language]
    if by == "tree":
        verdict = parsed(code, language)
        assert verdict is not None
        assert verdict.parts is not None
        parts = verdict.parts
    else:
        parts = scanned(code, language)
    assert (parts.comments, parts.strings) == (comments, strings)
    assert "why" not in parts.rest


@pytest.mark.parametrize(
    ("code", "word", "comments", "strings"),
    [
        ("SELECT 'a--b' -- why", "sql", "-- why", "'a--b'"),
        ("(f ; why\n)", "lisp", "; why", ""),
        ("\\emph{5\\%} % why", "tex", "% why", ""),
        ('"""a\n# b"""', "gdscript", "", '"""a\n# b"""'),
        ("don't # say", "", "", ""),
        ("see http://a.example/x", "", "", ""),
        ("# make clean", "console", "", ""),
        ('x = "open # y', "python", "", ""),
        ("/* open", "c", "/* open", ""),
    ],
)
def test_signs_alone_tell_them_too(code: str, word: str, comments: str, strings: str) -> None:
    parts = scanned(code, word)
    assert (parts.comments, parts.strings) == (comments, strings)


@pytest.mark.parametrize(
    ("code", "word", "count"),
    [
        ("def f():\n    pass\nclass A:\n    def g(self): pass\n", "python", 3),
        ("struct a { int x; };\nint f(struct a y) { return 0; }", "c", 2),
        ("module M\n  class A\n    def f; end\n  end\nend", "ruby", 3),
        ("pub fn f() {}\nstruct A;\n# ...", "swift", 2),
        ("x = 1", "python", 0),
    ],
)
def test_definitions_are_counted(code: str, word: str, count: int) -> None:
    assert facts_of(code, word).definitions == count


DATA = [
    "char s[] = {" + "0x1f, 0x2a, " * 12 + "};",
    's = "' + "\\x41\\x00" * 20 + '"',
    "00000000  7f 45 4c 46 02 01 01 00\n00000010  03 00 3e 00 01 00 00 00\n",
    "5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592",
    "aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBsb25nIHRleHQgMTIzNDU2Nzg5MA0KQW5kIG1vcmU5" * 2 + "==",
    "[" + "1, 22, 3.5, " * 10 + "]",
    "4d 5a 90 00 03 00 00 00 04 00 00 00 ff ff 00 00\nb8 00 00 00 00 00 00 00 40 00 00 00 00 00 00 00 ",
    "fingerprint " + ":".join(f"{7 * byte % 256:02X}" for byte in range(40)) + "\n",
]
NO_DATA = [
    "x = 0x1f + 0x2a",
    "from a.very.long.package.name.of.many.words import another_long_name_of_a_function",
    " makefile | 12 ++++++++++++++++++++++++++++++++++++++++++++++\n",
    "/usr/lib/python3/dist-packages/some/Deep1/folder2/of3/many4/Parts5/Module6/File7",
    "//////////////////////////////////////////////////////////////////////////////",
    "point = (1, 2, 3)",
    "ether 00:1a:2b:3c:4d:5e and ab cd ef 01 02 03 04 05 06 07 08 09",
]


@pytest.mark.parametrize("code", DATA, ids=range(len(DATA)))
def test_data_is_found(code: str) -> None:
    assert float(code_signals([facts_of(code, "c")])["code_hex_share"] or 0) > 0.5


@pytest.mark.parametrize("code", NO_DATA, ids=range(len(NO_DATA)))
def test_code_is_no_data(code: str) -> None:
    assert code_signals([facts_of(code, "c")])["code_hex_share"] == 0


OUTPUT = [
    "2024-01-02 10:00:00 INFO start\n2024-01-02 10:00:01 INFO run\n2024-01-02 10:00:02 ERROR end",
    'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: no',
    "Exception: no\n\tat a.b.C.f(C.java:1)\n\tat a.b.D.g(D.java:2)\n\t... 7 more",
    " id | name\n----+------\n  1 | a\n  2 | b",
    "NAME   COUNT\n-----  -----\n    1      2\n    3      4",
    "1 2 3\n4 5 6\n7 8 9",
]
NO_OUTPUT = [
    "SELECT id, name FROM a;\n\n id | name\n----+------\n  1 | a\n  2 | b",
    "(+ 1 2)\n3\n(- 4 1)\n3",
    "for x in y:\n    print(x)\n    z = 1",
    "---\ntitle: a\n---",
    "a | b\nc | d\ne | f",
    "1\n2",
]


@pytest.mark.parametrize("code", OUTPUT, ids=range(len(OUTPUT)))
def test_output_is_told(code: str) -> None:
    assert facts_of(code, "").output_only


@pytest.mark.parametrize("code", NO_OUTPUT, ids=range(len(NO_OUTPUT)))
def test_code_is_no_output(code: str) -> None:
    assert not facts_of(code, "").output_only


@pytest.mark.parametrize(
    ("code", "word", "generated", "only"),
    [
        ("# Automatically generated by a tool.\nx = 1", "python", True, False),
        ("// Code generated by protoc. DO NOT EDIT.", "go", True, True),
        ('"""Auto-generated file, do not edit by hand."""\nx = 1', "python", True, False),
        ('x = """Do not edit this."""', "python", False, False),
        ("x = 'do not edit'", "python", False, False),
        ("# one\n# two", "python", False, True),
        ("# make clean", "", False, False),
        ("# make clean", "console", False, False),
        ("/* a */ ;", "c", False, True),
    ],
)
def test_marks_of_programs_and_pure_comments(code: str, word: str, generated: bool, only: bool) -> None:
    facts = facts_of(code, word)
    assert (facts.generated, facts.comment_only) == (generated, only)


def test_a_page_weighs_its_blocks_by_their_characters() -> None:
    text = "words\n\n```python\nab = 1\n```\n\n```python\ndef (:\n```\n\n```\n# c\n```\n\n```\n\n```\n"
    found = code_signals(measured_blocks(text))
    assert set(found) == set(CODE_SIGNALS)
    assert found["code_parse_share"] == pytest.approx(4 / 9)
    assert found["code_comment_share"] == pytest.approx(2 / 11)
    assert (found["code_longest_line"], found["code_mean_line"], found["code_identifiers"]) == (6, 5, 2)


def test_a_page_without_code_says_nothing_and_breaks_no_rule() -> None:
    found = code_signals(measured_blocks("words `x = 1` words\n\n```\n\n```\n"))
    assert found == dict.fromkeys(CODE_SIGNALS)
    assert not any(broken_rule((f"{name} >= 1", f"{name} <= 0"), found) for name in CODE_SIGNALS)


def test_a_rule_over_blocks_looks_at_each_alone() -> None:
    rule = QualityRule("few", "block", "code_identifiers >= 2", "", "")
    page = QualityRule("page", "page", "code_identifiers >= 99", "", "")
    good, bad = facts_of("ab = cd", "python"), facts_of("1", "python")
    assert broken_by_blocks([rule, page], [good, good]) == []
    assert broken_by_blocks([rule, page], [good, bad]) == ["few"]


@pytest.mark.parametrize("preset", PRESETS)
def test_rules_of_a_preset_have_names_reasons_and_sources(preset: str) -> None:
    rules = PRESETS[preset]
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.why.endswith(".")
        assert rule.source
        signal = rule.rule.split()[0]
        broken_rule((rule.rule,), {signal: 0})
        assert rule.scope == "page" or signal in CODE_SIGNALS


REPEATED = ['"', '\\"', "'", '"""', "/*", "//", "<!--", "#", "0x1, ", "1 ", "1.", "\\x41", "a1" * 15 + " ", "|", "a|"]
REPEATED += [
    "ab ",
    "ab " * 15 + "x ",
    "- ",
    "a.",
    "    at x",
    "export ",
    "generated by ",
    "# \n",
    "1234 12 34 ",
    "\t \n",
    '  File "',
    "=",
]


@pytest.mark.parametrize("repeated", REPEATED)
@pytest.mark.parametrize("word", ["", "python"])
def test_time_grows_with_the_text(repeated: str, word: str) -> None:
    code = repeated * (30_000 // len(repeated))
    started = time.process_time()
    facts = facts_of(code, word)
    assert time.process_time() - started < 2
    assert facts == facts_of(code, word)
