"""What text and class names look like when they show code.

In: class names, or a text. Out: how sure one can be. Class names that only highlighters and forums use are strong;
words that prose uses too (`source`, `terminal`, `snippet`) are weak and need a text that looks like code.
"""

import re
from typing import Final

from recall.page.markdown.code_language import LANGUAGES

_STRONG: Final = re.compile(
    r"(?:^| )(?:code-?_?block\w*|codebox|code-?snippet|codecontent|code-content|sourcecode|source-code|source_code"
    r"|fragment|geshi\w*|coderay|program-?listing|prettyprint(?:ed)?|hljs|bbc?_?code|bbcode_code|bbcodecode|codebody"
    r"|phpcode|htmlcode|dp-\w+|syntaxhighlighter|crayon-(?:pre|code|plain|main)|w3-code|ltx_listing|lstlisting"
    r"|member-signature|type-signature|linenums|mw-code|mw-highlight|code-?line|code-?lines|code-wrapper|highlight-code"
    r"|codehilite|prism|shiki|astro-code|literallayout|language-[\w+#-]+|enlighter-(?:code|default)|blob-wrapper"
    r"|listingblock|sh_\w+|cm-s-\w+|codelisting|code-example|code-sample|codesample|code_sample)(?= |$)",
    re.I,
)
_WEAK: Final = re.compile(
    r"(?:^| )(?:code|source|src|terminal|console|shell|snippet|highlight|listing|syntax|verbatim|screen|command|cmd"
    r"|commandline|cli|cmdline|script|output|example|pre|monospace|mono|fixed|typewriter|tt|computer|program|quotecode"
    r"|codetext|alt2|term|prompt|stdout|text-monospace|font-mono)(?= |$)",
    re.I,
)
_CODE_LINE: Final = re.compile(
    r"""[;{}]\s*$ | ^\s*[}\])]+[;,)]*\s*$
    | ^\s*(?:\#\s*include|\#\s*define|import\s+[\w.{*"'(]|from\s+[\w.]+\s+import|def\s+\w+|class\s+\w+\s*[:({]
        |public\s|private\s|protected\s|static\s|if\s*\(|for\s*\(|while\s*\(|else\b\s*[:{]|elif\s|return\b
        |var\s+\w+|let\s+\w+
        |const\s|function\b|sub\s+\w+|end(?:\s+(?:if|sub|function))?\s*$|begin\s*$|package\s+\w|using\s+\w|namespace\s
        |\$\s+\S|>>>\s|\.\.\.\s|sudo\s|apt-get\s|pip\s+install|npm\s|git\s+\w|cd\s+\S|print\b|echo\s|select\s.+\sfrom\s
        |insert\s+into|create\s+(?:table|view|index)|update\s+\w+\s+set|//|/\*|\*/|--\s|\#!|<\?php|\?>|@\w+\s*$
        |</?[a-z][\w:-]*(?:\s[^<>]*)?/?>)
    | \w\([^()]*\)\s*[;{:]?\s*$ | [=!<>]=|->|=>|::|\+\+|&&|\|\|
    | ^\s*[\w.$\[\]"'@-]+\s*(?:\+|-|\*|:)?=\s*\S | ^\s*<[!/?]?\w[^<>]*>""",
    re.X | re.I,
)
_INDENTED: Final = re.compile(r"(?m)^(?: {2,}|\t)\S")


def strong_class(name: str) -> bool:
    """Whether a class attribute is one that only code blocks carry."""
    return bool(name) and _STRONG.search(name) is not None


def weak_class(name: str, languages: bool = True) -> bool:
    """Whether a class attribute holds a word that code blocks use among others.

    languages: whether the bare name of a language is such a word.
    """
    if not name:
        return False
    if _WEAK.search(name) is not None:
        return True
    return languages and any(word in LANGUAGES for word in name.lower().split()[:2])


def code_share(text: str) -> float:
    """Share of the non-empty lines that look like code."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return 0.0
    return sum(1 for line in lines if _CODE_LINE.search(line)) / len(lines)


def looks_like_code(text: str) -> bool:
    """At least half of the lines look like code, or a third where lines are indented."""
    share = code_share(text)
    return share >= 0.5 or (share >= 0.3 and _INDENTED.search(text) is not None)
