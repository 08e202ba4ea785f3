"""The scoring text in plain Python: the definition that can be read, and what the compiled reading is tested against.

In: decoded HTML. Out: the visible text, what of it is code, and how often code is marked up. It follows the HTML
standard's tokenizer (https://html.spec.whatwg.org/multipage/parsing.html#tokenization), builds no tree, and refuses
nothing: what is not closed ends with the page. Every rule reads each character a bounded number of times.
"""

import html as html_library
import re
from html.entities import html5
from typing import Final, NamedTuple

import recall.kernels.html_names as names

_WS = r" \t\n\f\r"
_ATTRIBUTE: Final = re.compile(
    rf"""(?P<skipped>[{_WS}/]*+)
    (?: (?P<end>>)
      | (?P<name>=?[^{_WS}/>=]*+)
        (?: [{_WS}]*+ = [{_WS}]*+
            (?: "(?P<double>[^"]*+)(?:"|\Z) | '(?P<single>[^']*+)(?:'|\Z) | (?P<bare>[^{_WS}>]*+) )
        )?+
    )""",
    re.VERBOSE,
)
_ANY_ATTRIBUTE = (
    rf"[{_WS}/]*+(?:=[^{_WS}/>=]*+|[^{_WS}/>=]++)"
    rf"""(?:[{_WS}]*+=[{_WS}]*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^{_WS}>]*+))?+"""
)
TAG: Final = re.compile(rf"</?([A-Za-z][^{_WS}/>]*+)(?:{_ANY_ATTRIBUTE})*+([{_WS}/]*+)>")
"""A whole tag, which ends where `tag_of` says: its name; what is between its last attribute and the `>`."""
TAG_NAME: Final = re.compile(rf"</?([A-Za-z][^{_WS}/>]*+)")
_COMMENT: Final = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))", re.DOTALL)
_BOGUS_COMMENT: Final = re.compile(r"<(?:[!?]|/(?=.))[^>]*+(?:>|\Z)", re.DOTALL)
_CDATA: Final = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL | re.IGNORECASE | re.ASCII)
_SCRIPT_STEP: Final = re.compile(rf"<!--(?:-?>)?|-->|<(/?)script(?=[{_WS}/>])", re.IGNORECASE | re.ASCII)
_REFERENCE: Final = re.compile(r"&(?:#([0-9]++);?|#[xX]([0-9A-Fa-f]++);?|([A-Za-z][A-Za-z0-9]{0,31}+);?)")
_DROPPED: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\xad\u200b\ufeff\ue000]")
_SPACES: Final = re.compile(rf"([{_WS}\xa0]+)")
_ENDLESS: Final = re.compile("&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")
_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(65, 91)}


class Tag(NamedTuple):
    """A tag. attributes: lower-case name -> value, not resolved; the first of a name counts. end: the offset behind."""

    name: str
    closing: bool
    self_closing: bool
    attributes: dict[str, str]
    end: int


MOST_PARTS = 64
MOST_TEMPLATES = 64


def read(html: str) -> tuple[str, list[str], tuple[int, int, int, int], list[tuple[int, int]]]:
    """The visible text; the first MOST_PARTS stretches of it that are in `<pre>` or `<code>`; numbers; templates.

    The numbers are those of `<pre>`, `<code>`, elements with a highlighter's class, bytes inside `<pre>`. Of the first
    MOST_TEMPLATES templates that lie in no other: the offset of the tag before, 0 where there is none, and their own.
    """
    page = _VisibleText(html)
    at = 0
    while at < len(html):
        cut = html.find("<", at)
        if cut < 0:
            cut = len(html)
        before = len(page.pieces)
        page.show(html[at:cut], lines_kept=page.preformatted > 0)
        if page.preformatted > 0:
            page.inside += sum(len(piece.encode()) for piece in page.pieces[before:])
        if page.preformatted > 0 or page.codes > 0:
            page.note_code(before)
        at = page.markup(cut) if cut < len(html) else cut
    parts = ["".join(page.pieces[start:end]) for start, end in page.parts]
    return "".join(page.pieces), parts, (page.pre, page.code, page.highlight, page.inside), page.outermost


class _VisibleText:
    """The text so far and what the next character depends on."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.pieces: list[str] = []
        self.gap = ""
        self.preformatted = self.templates = self.svgs = 0
        self.pre = self.code = self.highlight = self.inside = 0
        self.last_tag, self.outermost = 0, list[tuple[int, int]]()
        self.codes = 0
        self.parts: list[tuple[int, int]] = []

    def show(self, text: str, *, lines_kept: bool, references: bool = True) -> None:
        """Add text between two tags, unless it is inside something hidden."""
        if self.templates or self.svgs:
            return
        if references:
            text = _REFERENCE.sub(_resolve, text)
        for part in _SPACES.split(_DROPPED.sub("", text)):
            if part and part[0] in " \t\n\f\r\xa0":
                self.separate("\n" if lines_kept and ("\n" in part or "\r" in part) else " ")
            elif part:
                if self.gap and self.pieces:
                    self.pieces.append(self.gap)
                self.gap = ""
                self.pieces.append(part)

    def separate(self, gap: str) -> None:
        """Begin another word (" ") or another line before what comes next; a line end outdoes a space."""
        if self.gap != "\n":
            self.gap = gap

    def note_code(self, start: int) -> None:
        """Note that the pieces from `start` on are code: a part of its own, or more of the last, right behind it."""
        end = len(self.pieces)
        if self.parts and self.parts[-1][1] == start:
            self.parts[-1] = (self.parts[-1][0], end)
        elif end > start and len(self.parts) < MOST_PARTS:
            self.parts.append((start, end))

    def markup(self, at: int) -> int:
        """Read what begins with the `<` at `at`; the offset behind it."""
        html = self.html
        if match := TAG_NAME.match(html, at):
            tag = tag_of(html, match)
            if tag is None:
                return len(html)
            is_outermost = tag.name == names.TEMPLATE_TAG and not (tag.closing or self.templates or self.svgs)
            if is_outermost and len(self.outermost) < MOST_TEMPLATES:
                self.outermost.append((self.last_tag, at))
            self.last_tag = at
            return self.element(tag)
        if end := comment_end(html, at, foreign=self.svgs > 0 and not self.templates):
            return end
        self.show("<", lines_kept=False)
        return at + 1

    def element(self, tag: Tag) -> int:
        """Apply a tag; the offset behind it, or behind its content where that is raw."""
        name = tag.name
        if self.templates:
            if name == names.TEMPLATE_TAG:
                self.templates += -1 if tag.closing else 1
        elif self.svgs and not (name in names.SVG_ENDS_AT and not tag.closing):
            if name == names.SVG_TAG and (tag.closing or not tag.self_closing):
                self.svgs += -1 if tag.closing else 1
            return tag.end
        else:
            self.svgs = 0
            self.visible(tag)
        return tag.end if tag.closing else self.content(tag)

    def visible(self, tag: Tag) -> None:
        """Count and separate words at a tag that is not inside something hidden."""
        name, step = tag.name, -1 if tag.closing else 1
        if name in names.BLOCK_TAGS:
            self.separate("\n")
        elif name in names.SPACED_TAGS:
            self.separate(" ")
        if name in names.PREFORMATTED_TAGS:
            self.preformatted = max(0, self.preformatted + step)
            self.pre += not tag.closing
        elif name == names.TEMPLATE_TAG:
            self.templates += not tag.closing
        elif name == names.SVG_TAG and not tag.self_closing:
            self.svgs += not tag.closing
        self.codes = max(0, self.codes + step * (name == "code"))
        self.code += name == "code" and not tag.closing
        self.highlight += not tag.closing and _highlights(tag.attributes.get("class", ""))

    def content(self, tag: Tag) -> int:
        """Read the raw content of a start tag's element; the offset of its end tag, or of the page's end."""
        name, end = tag.name, content_end(self.html, tag)
        if name in names.RAW_SHOWN_TAGS | names.CHARACTERS_ONLY_TAGS or name == names.PLAINTEXT_TAG:
            kept = name in names.LINES_KEPT_TAGS
            self.show(self.html[tag.end : end], lines_kept=kept, references=name in names.CHARACTERS_ONLY_TAGS)
        return end


def tag_of(html: str, match: re.Match[str]) -> Tag | None:
    """The tag whose name TAG_NAME or TAG matched; None where the page ends inside it, which makes it no tag."""
    name, closing = lower(match[1]), html[match.start() + 1] == "/"
    at, attributes = match.end(1), dict[str, str]()
    while at < len(html):
        attribute = _ATTRIBUTE.match(html, at)
        assert attribute is not None, "the pattern matches anything"  # noqa: S101 - for the type checker
        at = attribute.end()
        if attribute["end"]:
            return Tag(name, closing, attribute["skipped"].endswith("/"), attributes, at)
        value = attribute["double"] or attribute["single"] or attribute["bare"] or ""
        attributes.setdefault(lower(attribute["name"]), value)
    return None


def comment_end(html: str, at: int, *, foreign: bool) -> int:
    """The offset behind the comment or declaration that the `<` at `at` begins, 0 where it begins none."""
    patterns = (_COMMENT, _CDATA, _BOGUS_COMMENT) if foreign else (_COMMENT, _BOGUS_COMMENT)
    return next((match.end() for pattern in patterns if (match := pattern.match(html, at))), 0)


def content_end(html: str, tag: Tag) -> int:
    """The offset of the end tag behind raw content, or of the page's end; behind the start tag where none is raw."""
    name = tag.name
    if name == names.SCRIPT_TAG:
        return _script_end(html, tag.end)
    if name == names.PLAINTEXT_TAG:
        return len(html)
    if name in names.RAW_HIDDEN_TAGS | names.RAW_SHOWN_TAGS | names.CHARACTERS_ONLY_TAGS:
        match = re.compile(rf"</{name}(?=[{_WS}/>])", re.IGNORECASE | re.ASCII).search(html, tag.end)
        return match.start() if match else len(html)
    return tag.end


def _script_end(html: str, at: int) -> int:
    """The offset of the end tag of a script's content; a script within `<!--` within it has an end tag of its own."""
    escaped = 0
    for match in _SCRIPT_STEP.finditer(html, at):
        step = match[0]
        if step.endswith(">"):
            escaped = 0
        elif step == "<!--":
            escaped = escaped or 1
        elif match[1]:
            if escaped < 2:
                return match.start()
            escaped = 1
        elif escaped:
            escaped = 2
    return len(html)


def _resolve(match: re.Match[str]) -> str:
    """The characters of a character reference, or itself where it names nothing."""
    decimal, hexadecimal, name = match.groups()
    if name is None:
        digits = (decimal or hexadecimal).lstrip("0")
        return _numbered(int(digits or "0", 10 if decimal else 16) if len(digits) < 8 else 0x110000)
    if match[0].endswith(";") and name + ";" in html5:
        return html5[name + ";"]
    for length in range(len(name), 1, -1):
        if name[:length] in html5:
            return html5[name[:length]] + match[0][1 + length :]
    return match[0]


def _numbered(number: int) -> str:
    if number == 0 or number > 0x10FFFF or 0xD800 <= number < 0xE000:
        return "\ufffd"
    if 0x80 <= number < 0xA0:
        return bytes([number]).decode("cp1252", "ignore")
    return chr(number)


def _highlights(classes: str) -> bool:
    return any(
        name in names.HIGHLIGHTER_CLASSES or name.startswith(names.HIGHLIGHTER_PREFIXES)
        for name in re.split(rf"[{_WS}]+", lower(classes))
    )


def lower(name: str) -> str:
    """A name with the letters of ASCII in lower case, as HTML compares names."""
    return name.translate(_ASCII_LOWER)


def unescape(text: str) -> str:
    """Resolve the character references of text that is not read as HTML: `html.unescape` for hostile text.

    A reference beyond Unicode, of any length, is U+FFFD and raises nothing.
    """
    return html_library.unescape(_ENDLESS.sub("\ufffd", text))
