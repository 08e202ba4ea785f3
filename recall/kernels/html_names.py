"""HTML's names: which elements and classes mean something for the scoring text, and the table that compiled code walks.

Both readings of a page take the names from here: the plain one (`recall.page.text.definition`) as they are, the
compiled one (`html_text`) as one array of numbers, which begins with the offsets of its parts. The tags' names are a
hash table. Another set of names is two parts: a column for each of 256 bytes (0: no name has it), and rows, one for
each beginning of a name, that hold for each column the offset of the row it leads to, then the name's value. Nothing
here imports numba; the constants are frozen into compiled code.
"""

from collections.abc import Mapping
from functools import cache
from html.entities import html5
from string import ascii_letters, ascii_lowercase, digits

import numpy as np
import numpy.typing as npt

from recall.kernels.hashing import GOLDEN_RATIO


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


BLOCK_TAGS = _words(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure"
    " footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li listing main menu nav ol optgroup"
    " option p plaintext pre search section summary table tbody tfoot thead title tr ul xmp"
)
"""Their tags begin a new line."""

SPACED_TAGS = _words(
    "audio button canvas embed iframe img input label meter object progress select svg td textarea th video"
)
"""Their tags separate words: `<td>a</td><td>b</td>` is two words. All other tags do not: `<b>a</b>b` is one."""

PREFORMATTED_TAGS = frozenset({"pre", "listing"})
"""Line ends inside are kept; together they are the mark `pre`."""

SCRIPT_TAG = "script"
RAW_HIDDEN_TAGS = frozenset({"style", "iframe", "noembed", "noframes"})
"""Up to their end tag nothing is markup, and nothing is shown. Not `noscript`: nothing here runs scripts, and there are
forums whose whole pages are in it."""
RAW_SHOWN_TAGS = frozenset({"xmp"})
"""Up to their end tag nothing is markup, not even a character reference."""
CHARACTERS_ONLY_TAGS = frozenset({"title", "textarea"})
"""Up to their end tag nothing but character references is markup."""
PLAINTEXT_TAG = "plaintext"
"""After this tag nothing is markup any more."""
LINES_KEPT_TAGS = frozenset({"textarea", "xmp", "plaintext"})
"""Of those with raw content, where line ends are kept."""
TEMPLATE_TAG = "template"
SVG_TAG = "svg"

SVG_ENDS_AT = _words(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta"
    " nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
)
"""Start tags that end an `<svg>` nobody closed (the HTML standard's rule for foreign content)."""

SHADOW_HOSTS = _words("article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span")
"""Elements that may have a shadow root, beside those with a custom element's name (a "-" in it) ..."""
NO_CUSTOM_TAGS = _words(
    "annotation-xml color-profile font-face font-face-format font-face-name font-face-src font-face-uri missing-glyph"
)
"""... which these are not."""
VOID_TAGS = _words("area base br col embed hr img input link meta param source track wbr")
"""They have no content and no end tag."""
HEAD_TAGS = _words("html head base basefont bgsound link meta noframes noscript script style template title")
"""Start tags that do not begin the body."""
PARAGRAPH_ENDS_AT = _words(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3"
    " h4 h5 h6 header hgroup hr main menu nav ol p pre search section summary table ul"
)
"""Start tags that end a `<p>` ..."""
PARAGRAPH_KEEPERS = _words("button caption table td template th")
"""... unless it lies outside one of these."""

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

State = npt.NDArray[np.int64]
Table = npt.NDArray[np.int32]

# state: what is known at this offset of the page
STATE = 12
SIZE, TAIL, WRITTEN, GAP, MODE, TEMPLATES, SVGS, PREFORMATTED, PRE, CODE, HIGHLIGHT, INSIDE = range(STATE)
CODES, PARTS = STATE, STATE + 1  # how deep in `<code>`; stretches of the text that are in `<pre>` or `<code>` ...
FIRST_PART, MOST_PARTS = STATE + 2, 64  # ... where each begins and ends in the text, in the numbers from here on
OUTERMOST, MOST_TEMPLATES = FIRST_PART + 2 * MOST_PARTS, 64  # templates that lie in no other ...
FIRST_TEMPLATE = OUTERMOST + 1  # ... where the tag before each lies in the page, and where itself
NUMBERS = FIRST_TEMPLATE + 2 * MOST_TEMPLATES
NONE, WORD, LINE = range(3)  # GAP: what parts the last character from the next one
LINES, REFERENCES, TO_MARKUP = 1, 2, 4  # MODE: line ends are kept, references resolved; a "<" ends the stretch

# table: the offsets of its parts
TEXT, TAG, WINDOWS, POINTS, TAGS, CLASSES, CLASSES_ROOT, NAMES, NAMES_ROOT = range(9)
ROW = 65  # of a name's state: where each column leads to, then the value
VALUE = 64
SLOTS, SLOT, LONGEST = 512, 5, 16  # of a tag's name: its letters as 16 bytes, then what it means
SCATTER, SCATTERED = GOLDEN_RATIO, np.uint64(64 - 9)  # from its first 8 bytes to one of the slots
# what a byte means in text, and as bits inside a tag
PLAIN, SPACE, DROPPED, MARKUP, REFERENCE, LEAD = range(6)
IS_SPACE, ENDS_TAG_NAME, ENDS_ATTRIBUTE, ENDS_UNQUOTED = 1, 2, 4, 8
# what a tag's name means: bits, and from CONTENT on what follows a start tag
BLOCK, SPACED, IS_PRE, IS_CODE, ENDS_SVG, LINES_KEPT, CONTENT = 1, 2, 4, 8, 16, 32, 6
SCRIPT, RAW_HIDDEN, RAW_SHOWN, CHARACTERS_ONLY, PLAINTEXT, TEMPLATE, SVG = range(1, 8)
# what a class means
WHOLE, PREFIX = 1, 2

LESS, GREATER, SLASH, BANG, QUESTION, EQUALS, HASH, DASH, AMPERSAND = b"<>/!?=#-&"
DOUBLE, SINGLE, SEMICOLON = b"\"';"


@cache
def names_table() -> Table:
    """The table of names and their meanings, with HTML's character references; laid out in some tens of ms."""
    names = sorted(html5)
    table = [0] * (NAMES_ROOT + 1)

    def add(part: int, numbers: list[int]) -> None:
        table[part] = len(table)
        table.extend(numbers)

    add(TEXT, _text_bytes())
    add(TAG, _tag_bytes())
    add(WINDOWS, [ord(bytes([byte]).decode("cp1252", "ignore") or "\x80") for byte in range(0x80, 0xA0)])
    add(POINTS, [ord(character) for name in names for character in html5[name].ljust(2, "\0")])
    add(TAGS, _slots(_tag_meanings()))
    for part, words, alphabet in (
        (CLASSES, _class_meanings(), ascii_lowercase + digits + "-_:"),
        (NAMES, {name: index for index, name in enumerate(names, start=1)}, ascii_letters + digits + ";"),
    ):
        columns = _columns(alphabet)
        add(part, columns)
        add(part + 1, _rows(words, columns, len(table)))
    return np.array(table, np.int32)


def _columns(alphabet: str) -> list[int]:
    """Columns from 1 on; upper case shares that of lower case unless it has its own."""
    columns = [0] * 256
    for column, letter in enumerate(alphabet, start=1):
        columns[ord(letter)] = column
        if letter.upper() not in alphabet:
            columns[ord(letter.upper())] = column
    return columns


def _rows(words: Mapping[str, int], columns: list[int], offset: int) -> list[int]:
    """The rows, the beginning of all names first, for a table that has them at `offset`."""
    rows = [0] * ROW
    for word, value in words.items():
        row = 0
        for octet in word.encode("ascii"):
            cell = row + columns[octet]
            if not rows[cell]:
                rows[cell] = offset + len(rows)
                rows.extend([0] * ROW)
            row = rows[cell] - offset
        rows[row + VALUE] = value
    return rows


def _slots(meanings: Mapping[str, int]) -> list[int]:
    """The slots of a hash table of names, each in the first one that is free from its own on."""
    slots = [0] * (SLOTS * SLOT)
    for name, meaning in meanings.items():
        letters = name.encode("ascii").ljust(LONGEST, b"\0")
        slot = (int.from_bytes(letters[:8], "little") * int(SCATTER) % (1 << 64)) >> int(SCATTERED)
        while slots[slot * SLOT]:
            slot = (slot + 1) % SLOTS
        parts = [int.from_bytes(letters[at : at + 4], "little") for at in range(0, LONGEST, 4)]
        slots[slot * SLOT : (slot + 1) * SLOT] = [*parts, meaning]
    return slots


def _text_bytes() -> list[int]:
    kinds = [DROPPED] * 32 + [PLAIN] * 224
    kinds[127] = DROPPED
    for octet in b" \t\n\f\r":
        kinds[octet] = SPACE
    kinds[ord("<")] = MARKUP
    kinds[ord("&")] = REFERENCE
    for octet in (0xC2, 0xE2, 0xEE, 0xEF):  # they begin characters that part words or are dropped, and others
        kinds[octet] = LEAD
    return kinds


def _tag_bytes() -> list[int]:
    kinds = [0] * 256
    for octet in b" \t\n\f\r":
        kinds[octet] = IS_SPACE | ENDS_TAG_NAME | ENDS_ATTRIBUTE | ENDS_UNQUOTED
    kinds[ord("/")] = ENDS_TAG_NAME | ENDS_ATTRIBUTE
    kinds[ord("=")] = ENDS_ATTRIBUTE
    kinds[ord(">")] = ENDS_TAG_NAME | ENDS_ATTRIBUTE | ENDS_UNQUOTED
    return kinds


def _tag_meanings() -> dict[str, int]:
    meanings: dict[str, int] = {}
    for names, bits in (
        (BLOCK_TAGS, BLOCK),
        (SPACED_TAGS, SPACED),
        (PREFORMATTED_TAGS, IS_PRE),
        ({"code"}, IS_CODE),
        (SVG_ENDS_AT, ENDS_SVG),
        (LINES_KEPT_TAGS, LINES_KEPT),
        ({SCRIPT_TAG}, SCRIPT << CONTENT),
        (RAW_HIDDEN_TAGS, RAW_HIDDEN << CONTENT),
        (RAW_SHOWN_TAGS, RAW_SHOWN << CONTENT),
        (CHARACTERS_ONLY_TAGS, CHARACTERS_ONLY << CONTENT),
        ({PLAINTEXT_TAG}, PLAINTEXT << CONTENT),
        ({TEMPLATE_TAG}, TEMPLATE << CONTENT),
        ({SVG_TAG}, SVG << CONTENT),
    ):
        for name in names:
            meanings[name] = meanings.get(name, 0) | bits
    return meanings


def _class_meanings() -> dict[str, int]:
    return dict.fromkeys(HIGHLIGHTER_CLASSES, WHOLE) | dict.fromkeys(HIGHLIGHTER_PREFIXES, PREFIX)
