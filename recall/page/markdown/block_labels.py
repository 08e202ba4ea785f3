"""Labels, title bars and controls around a code block, and the language that they name.

In: a block's element. Out: the outermost element that shows nothing but the block and its controls, the words of those
controls, and the `<code>` of a `<pre>` whose other parts are a title bar. A text is a label only where all of its words
are words of labels, in one of the languages listed here, or names of programming languages.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import LANGUAGES, clean_language
from recall.page.markdown.line_numbers import are_line_numbers
from recall.page.markdown.tree import BLOCK, BLOCKS, HEADINGS, INLINE, holds_more, remove, squashed, words

MAX_CONTROLS: Final = 120
MAX_PARTS: Final = 24
MAX_BAR: Final = 6
MAX_TITLE: Final = 60
_COPY: Final = (
    r"copy(?: code| to clipboard| snippet)?|copied!?|code kopieren|kopieren|kopiert!?|copier(?: le code)?|copié !?"
    r"|copi(?:ar|ado)(?: (?:el )?c[oó]digo)?!?|copia(?:to)?(?: codice)?!?|kopiuj(?: kod)?|kodu kopyala|kopyala"
    r"|(?:с|за)?копировать(?: код)?|скопировано!?|копіювати(?: код)?|code kopiëren|kopiëren|kopiera(?: kod)?"
    r"|salin(?: kode)?|sao chép(?: mã)?|复制(?:代码|成功)?|複製(?:程式碼|代碼)?|拷贝(?:代码)?|已复制!?"
    r"|(?:コードを)?コピー(?:する)?|(?:코드 )?복사"
)
_SELECT: Final = (
    r"\[?select\]?(?: all)?|alles auswählen|tout sélectionner|selec(?:cionar|ionar) tod[oa]|seleziona tutto"
    r"|выделить вс[её]|виділити все|zaznacz (?:cały|wszystko)|selecteer alles|vybrat vše|označit vše|egész kijelölése"
    r"|tümünü seç|markera allt|vælg alt|merk alt|valitse kaikki|全选|選擇全部|全て選択|すべて選択|전체 선택"
)
_CODE: Final = (
    r"(?:php |html |sql |css |xml |java |source |quick )?code(?: block| example)?:?"
    r"|(?:c[oó]digo|codice|quell(?:code|text)|код|k[oó]d|kode|koodi|cod|代码|代碼|程式碼|コード|코드) ?[:：]?"
)
_COPYING: Final = re.compile(f"(?:{_COPY})", re.I)
_SURE: Final = re.compile(
    f"{_COPY}|{_SELECT}|{_CODE}|hosted with ❤ by github|plain text|toggle (?:line numbers|word wrap)|open in new window"
    r"|(?:in|out) ?\[[\d* ]*\]:?|view (?:raw|plain|code|source)|\?|:|\||-|•|»|text|plaintext|console"
    r"|terminal(?: window)?",
    re.I,
)
_RUNNING: Final = re.compile(
    r"(?=[A-Z])(?i:(?:run|try|edit|open|play)"
    r"(?: (?:it|this|code|example|yourself|online|live|now|out|in (?:the )?playground)){0,3} ?[»→▶↗!]?)"
)
"""What a link says behind which code can be run; in lower case it may be a command."""

_VERBS: Final = re.compile(
    r"expand|collapse|view|raw|print|run|edit|download|wrap(?: lines)?|toggle|show(?: more)?|hide|play|format|reset"
    r"|(?:live )?demo|try it(?: yourself| now| live| out| online)?(?: ?[»→])?|open in (?:the )?playground",
    re.I,
)
_HOLDERS: Final = words(
    "div figure section span p table tbody tr td th dl dd dt center code font a b samp kbd tt fieldset"
)
_LABELS: Final = frozenset({"div", "span", "p", "b", "strong", "dt", "figcaption", "small"})
_LABEL_CLASS: Final = re.compile(r"code|title|head|lang|label|file|tool", re.I)
_CLICKED_CLASS: Final = re.compile(r"btn|button|tool|copy|clip|code|control|action|menu|bar\b|head|lang", re.I)
_OTHERS: Final = ("pre", "textarea", "h1", "h2", "h3", "article", "main", BLOCK, INLINE)
"""What is no control of a block beside it."""

_TITLE_BARS: Final = words("div p header h4 h5 h6 dt figcaption legend")
_BUTTON_BOXES: Final = frozenset({"a", "button", "div", "span"})
_BARS: Final = frozenset({"button", "svg", "style", "script", "select"})


def outer_holder(first: HtmlElement, alone: bool) -> tuple[HtmlElement, list[str]]:
    """The outermost element that shows nothing but a block and its controls, and the controls' words.

    alone: whether the block is a single element; a run of siblings has no outer_holder.
    """
    outer = first
    texts: list[str] = []
    if not alone:
        return outer, texts
    for _ in range(8):
        parent = outer.getparent()
        if parent is None or parent.tag not in _HOLDERS:
            return outer, texts
        beside = _beside(parent, outer)
        if beside is None:
            return outer, texts
        texts = texts + beside
        outer = parent
    return outer, texts


def titled_code(pre: HtmlElement) -> tuple[HtmlElement, str] | None:
    """The `<code>` in a `<pre>` whose other parts are a title bar, and the language that the bar names; else None.

    The bar stands in blocks of its own beside the `<code>`, and all of its words are words of labels.
    """
    code = next(pre.iterdescendants("code"), None)
    texts: list[str] = []
    inner = code
    while inner is not None and inner is not pre:
        parent = inner.getparent()
        beside = _beside(parent, inner)
        if beside is None or (beside and not _stands_apart(parent, inner)):
            return None
        texts += beside
        inner = parent
    return (code, language_of(texts)) if code is not None and texts else None


def title_bar(root: HtmlElement) -> HtmlElement | None:
    """The first child of a block, where it is a block of its own whose words are a label's beside text that is in none.

    Among other blocks it would be a line like them.
    """
    first = root[0] if len(root) else None
    if first is None or first.tag not in _TITLE_BARS or (root.text or "").strip() or len(first) > MAX_BAR:
        return None
    if len(root) == 1 and not (first.tail or "").strip():
        return None
    text = squashed(" ".join(first.itertext()))
    if not 0 < len(text) <= MAX_TITLE or any(part.tag in BLOCKS for part in first.itersiblings()):
        return None
    return first if is_control(text, can_be_clicked(first)) else None


def _stands_apart(parent: HtmlElement, child: HtmlElement) -> bool:
    """Whether blocks and controls alone stand beside a child, which no word of its line can be."""
    if (parent.text or "").strip() or any((part.tail or "").strip() for part in parent):
        return False
    parts = [part for part in parent if part is not child and isinstance(part.tag, str)]
    return all(part.tag in BLOCKS or part.tag in _BARS or links_to_run(part) for part in parts)


def drop_label(outer: HtmlElement) -> list[str]:
    """Remove a heading such as `Code: [Select]` in front of a block and return its words."""
    label = outer.getprevious()
    if label is None or not (label.tag in _LABELS or label.tag in HEADINGS) or (label.tail or "").strip():
        return []
    if next(label.iter("pre", BLOCK, INLINE), None) is not None:
        return []
    text = squashed(" ".join(label.itertext()))
    if label.tag in HEADINGS and not is_copying(text):
        return []
    named = label.tag not in ("p", "b", "strong") or _LABEL_CLASS.search(label.get("class") or "")
    if not text or len(text) > 40 or not named or not is_control(text, can_be_clicked(label)):
        return []
    remove(label)
    return [text]


def drop_buttons(outer: HtmlElement) -> None:
    """Remove a box of buttons behind a block, such as one to copy or to run it."""
    box = outer.getnext()
    if box is None or box.tag not in _BUTTON_BOXES or holds_more(box, MAX_BAR):
        return
    if (outer.tail or "").strip() or (box.tail or "").strip():
        return
    if next(box.iter(*_OTHERS), None) is not None:
        return
    text = squashed(" ".join(box.itertext()))
    if 0 < len(text) <= MAX_TITLE and not text.isdecimal() and can_be_clicked(box) and is_control(text):
        remove(box)


def can_be_clicked(element: HtmlElement) -> bool:
    """Whether something in an element is there to be clicked, as its tag, an attribute or a class says."""
    for part in element.iter():
        if part.tag in ("a", "button", "input") or part.get("onclick") or part.get("role") == "button":
            return True
        if _CLICKED_CLASS.search(part.get("class") or ""):
            return True
    return False


def _beside(parent: HtmlElement, child: HtmlElement) -> list[str] | None:
    """Texts around a child where all of them are controls of a code block, else None."""
    if holds_more(parent, MAX_PARTS):
        return None
    texts = [(parent.text or "", False), (child.tail or "", False)]
    for sibling in parent:
        if sibling is child or not isinstance(sibling.tag, str):
            texts.append(("" if sibling is child else sibling.tail or "", False))
            continue
        if next(sibling.iter(*_OTHERS), None) is not None:
            return None
        if sibling.tag not in ("script", "style", "button", "svg"):
            texts.append((" ".join(sibling.itertext()), can_be_clicked(sibling)))
        texts.append((sibling.tail or "", False))
    shown = [(squashed(text), clicked) for text, clicked in texts if text.strip()]
    words = [text for text, _ in shown if not are_line_numbers(text)]
    if sum(map(len, words)) > MAX_CONTROLS or not all(is_control(*one) for one in shown):
        return None
    return [text for text, _ in shown]


def is_control(text: str, clicked: bool = True) -> bool:
    """Whether a text is made of the words that controls of code blocks carry.

    clicked: whether it may be clicked; only then verbs (run, edit, show) are such words.
    """
    if text.isdecimal() or are_line_numbers(text):
        return text == "1" or not text.isdecimal()
    rest = text
    while rest:
        match = _SURE.match(rest) or (_VERBS.match(rest) if clicked else None)
        word = rest.split(" ", 1)[0]
        end = match.end() if match else 0
        if not end or (end < len(rest) and rest[end].isalnum()):
            if not language_of([word]):
                return False
            end = len(word)
        rest = rest[end:].lstrip(" :[]()·,")
    return True


def links_to_run(element: HtmlElement) -> bool:
    """Whether an element is a link elsewhere whose words say that code is run there."""
    target = element.get("href") if element.tag == "a" else None
    if not target or target[:1] == "#" or holds_more(element, 2):
        return False
    return _RUNNING.fullmatch(squashed(" ".join(element.itertext()))) is not None


def is_copying(text: str) -> bool:
    """Whether a text is nothing but what a button for copying says, in any of the languages."""
    return _COPYING.fullmatch(text) is not None


def language_of(texts: list[str]) -> str:
    """The language that one of the controls' texts names, else nothing."""
    for text in texts:
        for word in text.split()[:3]:
            clean = clean_language(word.strip("[]():"))
            if word in ("C", "R", "C:") or (clean in LANGUAGES and clean not in ("make", "d", "r", "c")):
                return clean
    return ""
