"""What the elements of HTML mean for the scoring text, and which classes mark highlighted code. Data only.

Both readings of a page (`slow`, the reference, and `kernel`, compiled) take their names from here.
"""


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
"""Their tags set words apart: `<td>a</td><td>b</td>` is two words. All other tags do not: `<b>a</b>b` is one."""

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
