"""What the elements of HTML mean for the scoring text, and which classes mark highlighted code.

Both readings of a page take their names from here: the plain one (`definition`) as they are, the compiled one
(`recall.kernels.html_text`) as the table that `names_table` lays out.
"""

from functools import cache

from recall.kernels import html_table as table


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


BLOCK = _words(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure"
    " footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li listing main menu nav ol optgroup"
    " option p plaintext pre search section summary table tbody tfoot thead title tr ul xmp"
)
"""Their tags begin a new line."""

SPACED = _words(
    "audio button canvas embed iframe img input label meter object progress select svg td textarea th video"
)
"""Their tags separate words: `<td>a</td><td>b</td>` is two words. All other tags do not: `<b>a</b>b` is one."""

PREFORMATTED = frozenset({"pre", "listing"})
"""Line ends inside are kept; together they are the mark `pre`."""

SCRIPT = "script"
RAW_HIDDEN = frozenset({"style", "iframe", "noembed", "noframes"})
"""Up to their end tag nothing is markup, and nothing is shown. Not `noscript`: nothing here runs scripts, and there are
forums whose whole pages are in it."""
RAW_SHOWN = frozenset({"xmp"})
"""Up to their end tag nothing is markup, not even a character reference."""
CHARACTERS_ONLY = frozenset({"title", "textarea"})
"""Up to their end tag nothing but character references is markup."""
PLAINTEXT = "plaintext"
"""After this tag nothing is markup any more."""
LINES_KEPT = frozenset({"textarea", "xmp", "plaintext"})
"""Of those with raw content, where line ends are kept."""
TEMPLATE = "template"
SVG = "svg"

SVG_ENDS_AT = _words(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta"
    " nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
)
"""Start tags that end an `<svg>` nobody closed (the HTML standard's rule for foreign content)."""

HIGHLIGHTER_CLASSES = _words(
    "astro-code chroma cm-editor cm-line code code-block code-example code-highlight code-snippet code-toolbar"
    " code-wrapper codeblock codebox codecolorer codehilite codemirror codesnippet dp-highlighter enlighter"
    " expressive-code gatsby-highlight geshi highlight highlighter highlighttable hljs lineno line-numbers linenos"
    " linenumbers listingblock lntable monaco-editor prettyprint prettyprinted prism-code programlisting pygments"
    " rouge rouge-table screen shiki sourcecode src syntax syntaxhighlighter token torchlight verbatim wp-block-code"
)
"""Lower-case classes of highlighters and of their containers, whole."""

HIGHLIGHTER_PREFIXES = (
    "blob-code",
    "brush:",
    "codehilite",
    "crayon-",
    "enlighter",
    "geshi",
    "highlight-",
    "hljs-",
    "lang-",
    "language-",
    "prettyprint",
    "prism-",
    "sourcecode",
    "syntaxhighlighter",
)
"""Beginnings of lower-case classes that highlighters make up: `language-python`, `lang-js`, `brush:`."""


@cache
def names_table() -> table.Table:
    """The names with their meanings, as compiled code walks them."""
    return table.build(_tag_meanings(), _class_meanings())


def _tag_meanings() -> dict[str, int]:
    meanings: dict[str, int] = {}
    for names, bits in (
        (BLOCK, table.BLOCK),
        (SPACED, table.SPACED),
        (PREFORMATTED, table.IS_PRE),
        ({"code"}, table.IS_CODE),
        (SVG_ENDS_AT, table.ENDS_SVG),
        (LINES_KEPT, table.LINES_KEPT),
        ({SCRIPT}, table.SCRIPT << table.CONTENT),
        (RAW_HIDDEN, table.RAW_HIDDEN << table.CONTENT),
        (RAW_SHOWN, table.RAW_SHOWN << table.CONTENT),
        (CHARACTERS_ONLY, table.CHARACTERS_ONLY << table.CONTENT),
        ({PLAINTEXT}, table.PLAINTEXT << table.CONTENT),
        ({TEMPLATE}, table.TEMPLATE << table.CONTENT),
        ({SVG}, table.SVG << table.CONTENT),
    ):
        for name in names:
            meanings[name] = meanings.get(name, 0) | bits
    return meanings


def _class_meanings() -> dict[str, int]:
    return dict.fromkeys(HIGHLIGHTER_CLASSES, table.WHOLE) | dict.fromkeys(HIGHLIGHTER_PREFIXES, table.PREFIX)
