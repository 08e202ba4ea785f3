"""Prose in a `<pre>` comes out as lines of text; what may be code, and code quoted in it, stays in a fence."""

import time

import pytest

from recall.page.markdown import markdown
from recall.page.markdown.prose_in_pre import reads_as_sentence

LETTER = (
    "Hello all,\n\nI have seen what you wrote about the new tool, and I think that it is too early for us\n"
    "to use it. It would be better to wait until the others have tried it, as they said they will.\n"
)
QUOTING = (
    LETTER
    + "\n> Could you say what it is that the first of them does,\n> and why it has to be done before the others?\n"
    + "\nIt reads the list that was left by the last one. This is all there is to it, and I do not see\n"
    "what else it could do at that point. See http://a.example/list?x=1 and the older mails of Ann\n"
    "<ann@a.example>, who has the same on her machine.\n\nBye,\nAnn\n"
)
PROSE = {
    "letter": (LETTER, "use it. It would be"),
    "letter-with-quotes-and-addresses": (QUOTING, "machine"),
    "indented-as-in-a-manual": (
        "       This program reads all of the files that it is given, one by one, and writes\n"
        "       what it has read to the end of the last one. If there is none, it says so\n"
        "       and returns 1, or 2 if the last one is not to be written to.\n",
        "and returns 1",
    ),
    "two-wrapped-lines": (
        "The page that you are reading now is kept by one of us only when\nthere is time for it, so it may be old.",
        "there is time",
    ),
    "numbers-and-names-with-strokes": (
        "For me, the first 2 of the 3 are too much. I like up/down/left more, as it says what it is, and\n"
        "I would not have to look it up in the list again each time that I want to use one of them.",
        "up/down/left",
    ),
    "first-line-indented": (
        "   If you do not know what the first of them is for, or where it\nkeeps its lists, then you should not use it "
        "at\nall; it is as easy as that.",
        "keeps its lists",
    ),
    "first-lines-indented-by-tabs": (
        "\tIf you do not know what the first of them is for, or where it\nkeeps its lists, then you should not use it"
        "\nat all.\n\n\tIt is as easy as that, and I do not see what else there is to say.\n",
        "keeps its lists",
    ),
    "letter-that-indents-what-it-quotes": (
        f"{LETTER}You said:\n    I do not know what it is that the first of them does, or why\n    it has to be done "
        f"before the others, so tell me.\nIt reads the list that was left by the last one, as I have\nsaid. {LETTER}",
        "it has to be done",
    ),
    "address": ("   ann@pear.example.org   \n", "ann@pear.example.org"),
    "german": (
        "Das ist der Brief, den ich an die anderen geschrieben habe, weil es nicht mit der neuen Fassung geht.\n"
        "Ich habe auch nach dem Grund gefragt, aber sie wollen es mir nicht sagen, und so ist es nun eben.",
        "Ich habe auch",
    ),
}
FENCED = {
    "address-of-a-machine": "ann@localhost",
    "version": "pear@1.2.3",
    "repository": "git@pear.example:ann/tool.git",
    "error": "error: could not begin the work\nerror: the file is in use by another\nnothing was written to the disk.",
    "output": "Do this first\nDo that, no matter what happened before",
    "one-line": 'Just say "yes" and the rest of the work is done for you by the tool.',
    "log": "INFO: this is what is shown\nINFO: and so is this one\nWARNING: but not this, as it is of no use\n",
    "query": "select a.name\nfrom box a\nwhere a.size is not null and a.name in the_list\nand not a.old or a.new\n"
    "order by a.name, a.size, a.age and so on\n",
    "feature": "Feature: the list\n\nScenario: the list is empty\n  Given the list is empty and the user is there\n"
    "  When the user asks for the first of them\n  Then the answer is that there is none of them\n",
    "script": 'tell application "Box"\n  set the name of the first one to the name of the last one\n  set it to be of\n'
    "end tell\ntell application\n  set the size of the one to that of the other\nend tell\n",
    "columns": "name    what it is for and who has it\nfirst   this is the one that we begin with as it is old\n"
    "second  this is what comes behind it if there is one at all\n",
    "options": "  --all      show all of them, and not only those that are new to us\n"
    "  --old      show what is older than the one that is given in the list\n"
    "  --none     do not show any of them, but say how many there are\n",
    "manual": "NAME\n       demo - show what it is that the list holds\n\nDESCRIPTION\n       It reads all of them,\n"
    "       and says what there is in each. If there is none, it\n       says so and ends.\n\nSEE ALSO\n       more\n",
    "values": "00 - The hero is there and looks at the one who plays the game\n01 - He has a cold, and so he is not to "
    "be seen\n0A - He is as he was\nFF - He is on the horse that was given to him by the girl\n",
    "values-without-strokes": "00 is used in a scene which has no use for any of them\n10 is used in the shops, and "
    "gives you\na view from above.\n20 is used in the rest of the scenes, as it is with them\n",
    "words": "add the first\nadd the last\nput it in the box\nwait for it\n" * 8,
    "copies": "The quick one.\n",
}


@pytest.mark.parametrize(("text", "held"), PROSE.values(), ids=PROSE)
def test_prose_is_not_fenced(text: str, held: str) -> None:
    out = markdown(f"<body><article><h1>Mail</h1><pre>{text}</pre></article></body>".encode())
    assert "```" not in out
    assert held in out


@pytest.mark.parametrize("text", FENCED.values(), ids=FENCED)
def test_what_may_be_code_or_output_is_fenced(text: str) -> None:
    out = markdown(f"<body><article><h1>Tool</h1><pre>{text}</pre></article></body>".encode())
    assert f"```\n{text.rstrip()}\n```" in out


def test_prose_whose_pre_has_a_class_needs_a_line_that_runs_on() -> None:
    named = f'<body><h1>Mail</h1><pre class="code">{LETTER}</pre></body>'
    assert "```" not in markdown(named.encode())
    assert "```" in markdown(named.replace("code", "prettyprint").encode())


def test_long_prose_with_a_sign_in_a_pre_with_a_weak_class_is_none() -> None:
    quoted = f"[Set 3] is my choice.\n{LETTER}{LETTER}"
    assert "```" not in markdown(f'<body><h1>Mail</h1><pre class="code">{quoted}</pre></body>'.encode())


def test_a_long_letter_in_a_box_of_lines_is_no_code() -> None:
    lines = f"{LETTER}{QUOTING}".replace("\n> ", "\n").replace("\n", "<br>\n").replace("<ann@", "(ann@")
    page = '<body><h1>Mail</h1><div class="literallayout"><p><br>\n{}</p></div></body>'
    assert "```" not in markdown(page.format(lines).encode())
    assert "```" in markdown(page.format("a = 1;<br>\nb(a);").encode())


def test_code_in_a_letter_is_a_fence_with_its_indentation() -> None:
    code = "    def go(x):\n        return x\n\n    go(1);\n    go(2);"
    page = f"<body><article><h1>Mail</h1><pre>{LETTER}\n{code}\n\n{QUOTING}</pre></article></body>"
    out = markdown(page.replace("<ann@", "&lt;ann@").replace(".example>", ".example&gt;").encode())
    assert out.count("```") == 2
    assert f"as they said they will.\n\n```\n{code}\n```\n\nHello all,\n\nI have seen" in out


def test_lines_of_a_letter_that_end_in_a_break_stay_lines_where_it_quotes_code() -> None:
    letter = LETTER.replace("\n", "<br>").replace("<ann@", "&lt;ann@").replace(".example>", ".example&gt;")
    out = markdown(f"<body><h1>Mail</h1><pre>{letter}\n\n    go(1);\n    go(2);\n\n{letter}</pre></body>".encode())
    assert out.count("```") == 2
    assert [line for line in LETTER.splitlines() if line and line.rstrip() not in out] == []
    words = LETTER.split()
    assert [word for word in words if f" {word} " not in f" {' '.join(out.split())} "] == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("This is what I use to read the list:", True),
        ("Please help me with this, it does not work.", True),
        ("这个程序在第二行就停住了，请大家帮忙。", True),
        ("Bu satırda hata veriyor, nedenini bulamadım.", True),
        ("int x = 5; // this is the number of all that are left", False),
        ("// this is the number of all that are left", False),
        ("return the_first_of_them(a, b)", False),
        ("Dim a As Integer", False),
        ('printf("请输入一个数字，然后按回车键继续");', False),
        ("end", False),
    ],
)
def test_a_sentence_is_told_from_a_line_of_code(line: str, says: bool) -> None:
    assert reads_as_sentence(line) is says


@pytest.mark.parametrize(
    "text",
    [
        "the a of in\n\n" * 40_000,
        "x. " * 130_000,
        "\n" * 390_000,
        "a" + "\n" * 390_000 + "b",
        "> " * 190_000,
        LETTER * 300 + "\n\n" + "a = 1;\n\n" * 15_000,
    ],
)
def test_long_texts_cost_time_in_proportion_to_their_length(text: str) -> None:
    started = time.process_time()
    markdown(f"<body><pre>{text}</pre></body>".encode())
    assert time.process_time() - started < 3
