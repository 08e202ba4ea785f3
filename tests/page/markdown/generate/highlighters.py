"""Pages whose code is marked up by highlighters: Pygments, Rouge, CodeRay, GeSHi, highlight, source-highlight.

Needs on the path: pygments (Python), ruby with rouge and coderay, php with php-geshi, highlight, source-highlight.
"""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors

import subprocess
from collections.abc import Iterator

import snippets as s
from case import Case
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

SAMPLES = {"python": s.PYTHON, "c": s.C, "java": s.JAVA, "rust": s.RUST, "sql": s.SQL, "diff": s.DIFF}


def run(*command: str, text: str = "") -> str:
    """Standard output of a command."""
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def pygments() -> Iterator[Case]:
    """One layout per option of the HTML formatter."""
    options = {
        "plain": {},
        "table": {"linenos": "table"},
        "inline": {"linenos": "inline"},
        "noclasses": {"noclasses": True},
        "noclasses-table": {"noclasses": True, "linenos": "table"},
        "anchors": {"linenos": "table", "anchorlinenos": True, "lineanchors": "l", "linespans": "s"},
        "inline-anchors": {"linenos": "inline", "anchorlinenos": True, "lineanchors": "l"},
        "wrapcode": {"wrapcode": True},
        "hl-lines": {"hl_lines": [2, 3], "linenos": "inline"},
        "linenostart": {"linenos": "table", "linenostart": 98},
        "linenostep": {"linenos": "inline", "linenostep": 5},
    }
    for (name, option), (language, code) in zip(options.items(), list(SAMPLES.items()) * 2, strict=False):
        body = highlight(code, get_lexer_by_name(language, stripall=False), HtmlFormatter(**option))
        yield Case("pygments", name, s.page(body), [("", code)], generator="Pygments")
        body = f'<div class="highlight-{language} notranslate">{body}</div>'
        yield Case("pygments", f"{name}-named", s.page(body), [(language, code)], generator="Pygments")


RUBY = """
require 'rouge'
code = STDIN.read
lexer = Rouge::Lexer.find(ARGV[0]).new
plain = Rouge::Formatters::HTML.new
formatter = case ARGV[1]
  when 'html' then Rouge::Formatters::HTML.new
  when 'pygments' then Rouge::Formatters::HTMLPygments.new(plain, 'highlight')
  when 'table' then Rouge::Formatters::HTMLTable.new(plain)
  when 'linewise' then Rouge::Formatters::HTMLLinewise.new(plain, class: 'line-%i')
  when 'linetable' then Rouge::Formatters::HTMLLineTable.new(plain)
  when 'inline' then Rouge::Formatters::HTMLInline.new('github')
end
print formatter.format(lexer.lex(code))
"""

CODERAY = """
require 'coderay'
numbers = ARGV[1] == 'none' ? nil : ARGV[1].to_sym
print CodeRay.scan(STDIN.read, ARGV[0].to_sym).div(line_numbers: numbers, css: :class)
"""

GESHI = r"""
require '/usr/share/php-geshi/geshi.php';
$g = new GeSHi(file_get_contents('php://stdin'), $argv[1]);
$g->set_header_type(constant($argv[2]));
if ($argv[3] !== 'none') { $g->enable_line_numbers(constant($argv[3]), 5); }
if ($argv[4] === 'classes') { $g->enable_classes(); }
echo $g->parse_code();
"""


def ruby() -> Iterator[Case]:
    """Rouge's formatters in Jekyll's wrapper, and CodeRay's line numbers."""
    for kind, (language, code) in zip(("html", "pygments", "table", "linetable"), SAMPLES.items(), strict=False):
        body = run("ruby", "-e", RUBY, language, kind, text=code)
        inner = body if kind == "pygments" else f'<pre class="highlight"><code>{body}</code></pre>'
        page = f'<div class="language-{language} highlighter-rouge"><div class="highlight">{inner}</div></div>'
        yield Case("rouge", kind, s.page(page), [(language, code)], generator="Rouge in Jekyll's wrapper")
    code = run("ruby", "-e", RUBY, "java", "linewise", text=s.JAVA)
    yield Case("rouge", "linewise", s.page(f"<pre class=highlight>{code}</pre>"), [("", s.JAVA)], generator="Rouge")
    code = run("ruby", "-e", RUBY, "sql", "inline", text=s.SQL)
    yield Case("rouge", "inline", s.page(f"<pre><code>{code}</code></pre>"), [("", s.SQL)], generator="Rouge")
    tabless = [(name, code) for name, code in SAMPLES.items() if "\t" not in code]
    for numbers, (language, code) in zip(("none", "table", "inline"), tabless, strict=False):
        body = run("ruby", "-e", CODERAY, language, numbers, text=code)
        yield Case("coderay", numbers, s.page(body), [("", code)], generator="CodeRay")


def geshi() -> Iterator[Case]:
    """GeSHi's headers and line numbers."""
    headers = ("GESHI_HEADER_PRE", "GESHI_HEADER_DIV", "GESHI_HEADER_PRE_VALID", "GESHI_HEADER_PRE_TABLE")
    for number, header in enumerate(headers):
        for lines in ("none", "GESHI_NORMAL_LINE_NUMBERS", "GESHI_FANCY_LINE_NUMBERS"):
            language, code = list(SAMPLES.items())[number]
            style = "classes" if lines != "GESHI_NORMAL_LINE_NUMBERS" else "inline"
            code = code.replace("\t", "        ")
            body = run("php", "-r", GESHI, "--", language, header, lines, style, text=code)
            name = f"{header[13:].lower()}-{lines.split('_')[1].lower() if '_' in lines else 'plain'}"
            yield Case("geshi", name, s.page(body), [(language, code)], generator="GeSHi")


def programs() -> Iterator[Case]:
    """Highlight and source-highlight as programs."""
    flags_of = {"plain": (), "numbered": ("-l",), "ordered": ("-l", "--ordered-list"), "anchors": ("-l", "-a")}
    for name, flags in flags_of.items():
        body = run("highlight", "-S", "java", "-O", "html", "-f", "--enclose-pre", *flags, text=s.JAVA)
        yield Case("highlight", name, s.page(body), [("", s.JAVA)], generator="highlight (Andre Simon)")
    for name, flags in {"plain": (), "numbered": ("-n",)}.items():
        body = run("source-highlight", "-s", "c", "-f", "html", "--tab=8", *flags, text=s.C)
        code = s.C.expandtabs(8)
        yield Case("source-highlight", name, s.page(body), [("", code)], generator="GNU source-highlight")


def cases() -> Iterator[Case]:
    """All pages of this module."""
    yield from pygments()
    yield from ruby()
    yield from geshi()
    yield from programs()
