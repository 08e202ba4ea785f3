"""The presets of [quality]: lists of named rules, each with the reason for it and where it comes from.

In: nothing. Out: PRESETS, a table to be read. None of it applies until a preset is named.
"""

from typing import Literal, NamedTuple


class QualityRule(NamedTuple):
    """A rule with a name. scope: "page" drops a page that breaks it; "block" marks a page of which a block breaks it.

    rule: a signal, a relation, a bound; of a block the signals are those of a page that has no other.
    """

    name: str
    scope: Literal["page", "block"]
    rule: str
    why: str
    source: str


_REFINECODE = "RefineCode (OpenCoder, arXiv 2411.04905), general rules for code"
_STARCODER = "StarCoder (arXiv 2305.06161), filters of The Stack"
_GOPHER = "Gopher (arXiv 2112.11446), table of quality rules, which FineWeb (arXiv 2406.17557) applies"

PRESETS: dict[str, tuple[QualityRule, ...]] = {
    "none": (),
    "refinecode": (
        QualityRule("data", "page", "code_hex_share <= 0.4", "Dumps and encoded data hold no logic.", _REFINECODE),
        QualityRule("long-lines", "page", "code_mean_line <= 150", "Such code was minified or is data.", _STARCODER),
        QualityRule("mostly-comments", "page", "code_comment_share <= 0.8", "The code is commented out.", _STARCODER),
        QualityRule("mostly-strings", "page", "code_string_share <= 0.85", "Text and data, no logic.", _REFINECODE),
        QualityRule("few-identifiers", "page", "code_identifiers >= 2", "Too little to learn a name from.", "recall"),
        QualityRule("data-block", "block", "code_hex_share <= 0.4", "A dump among other code.", _REFINECODE),
        QualityRule("longest-line", "block", "code_longest_line <= 1000", "A line holds a whole file.", _STARCODER),
        QualityRule(
            "unparsed-block", "block", "code_parse_share >= 1", "No syntax tree: excerpts, output.", _REFINECODE
        ),
        QualityRule("generated-block", "block", "code_generated <= 0", "A program wrote it, in its way.", _STARCODER),
        QualityRule(
            "comment-block", "block", "code_comment_only <= 0", "Comments without what they explain.", "recall"
        ),
        QualityRule("output-block", "block", "code_output_only <= 0", "A log, trace or table is no code.", "recall"),
    ),
    "fineweb-code": (
        QualityRule("few-words", "page", "words >= 20", "Too little prose around the code.", _GOPHER),
        QualityRule("repeated-lines", "page", "duplicate_line_share <= 0.45", "Lines that lists repeat.", _GOPHER),
        QualityRule("few-letters", "page", "alphabetic_share >= 0.6", "Symbols and numbers, no prose.", _GOPHER),
        QualityRule("few-stop-words", "page", "stop_word_share >= 0.04", "Lists of words, no sentences.", _GOPHER),
        QualityRule("mostly-links", "page", "link_share <= 0.3", "A page that only leads elsewhere.", "recall"),
    ),
}
"""Rules by preset. Bounds stand at the far end of what pages of code have, so that they take outliers only; they are
wider than their sources', whose files of code and prose are no web pages with both (docs/corpus.md)."""
