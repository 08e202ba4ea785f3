"""The corpus as tables: every column with its type and meaning, the version of the schema, the view of OpenCoder.

A column never changes its meaning within a version; new columns come last. The version stands in each file's metadata.
"""

from recall.config.corpus_sections import CODE_SIGNALS, QUALITY, SIGNALS
from recall.corpus.fences import FENCES
from recall.corpus.filters.privacy import KINDS
from recall.corpus.signals import TAGS
from recall.run.store import Columns, Schema

VERSION = 2
"""Of the schema: 2 since rows carry an id, tags, signals, what was merged and masked, and a weight."""

METADATA = {"recall.schema": "corpus", "recall.schema_version": str(VERSION)}

ID_BITS = 24
"""A page's id is its shard's number times 2^ID_BITS plus its row in the shard's scan."""

FIRST_OTHER = 1 << ID_BITS - 1
"""What is added to the row of a page that is no HTML: these have rows of their own."""

LINEAGE: Schema = {
    "url": "string",
    "text": "string",
    "tag": "string",
    "score": "float64",
    "reason": "string",
    "round": "int32",
    "domain": "string",
    "crawl": "string",
    "warc_path": "string",
    "offset": "int64",
    "length": "int64",
    "digest": "string",
    "model": "string",
    "id": "int64",
    "fetched": "string",
}
"""What is known of a page once it is extracted."""

Row = dict[str, object]

CAPPED: Schema = {"id": "int64"}
"""Pages that a cap took out."""

MASKED: Schema = {f"masked_{kind}": "int32" for kind in KINDS}

MIX: Schema = {
    "contamination": "int32",
    "duplicates": "int32",
    "boilerplate_lines": "int32",
    "file_size_in_byte": "int64",
    "line_count": "int32",
    "weight": "float64",
}
"""What the stages after extraction add."""

FALLBACK: Schema = {"fallback": "string"}
"""What extraction says of its own work."""

ORIGIN: Schema = {
    "title": "string",
    "license": "string",
    "license_source": "string",
    "truncated": "string",
    "record_id": "string",
    "dump": "string",
    "file_path": "string",
}
"""What the page and its record say of themselves."""

COUNTED: Schema = {"tokens": "int32", "named_tokens": "int32", "fences": FENCES}
"""What is counted in the final text."""

HELD_EARLIER: Schema = {"earlier": "string"}
"""What earlier corpora hold."""

BODY: Schema = {"body": "string", "left_out": "int32"}
"""What kind of response the page was."""

CODE: Schema = {**CODE_SIGNALS, "broken_rules": "list<string>"}
"""What is measured of the fenced blocks."""

RANKED: Schema = {QUALITY: "float64"}
"""What a ranker says."""

CORPUS: Schema = {
    **LINEAGE,
    **TAGS,
    **SIGNALS,
    **MASKED,
    **MIX,
    **FALLBACK,
    **ORIGIN,
    **COUNTED,
    **HELD_EARLIER,
    **CODE,
    **RANKED,
    **BODY,
}
ORDER = ("domain", "url", "id")
"""What the rows of the corpus are sorted by, over all its parts."""

MEANINGS = {
    "url": "address the crawler asked for",
    "text": "the page's main content as Markdown, code in fenced blocks; a body that is no HTML as `body` says",
    "tag": "what the page was recalled as",
    "score": "the last model's score, 0 to 1",
    "reason": "classifier, prefix, both, or label (only a person called it code)",
    "round": "first round that kept it",
    "domain": "host of the URL",
    "crawl": "crawl it came from",
    "warc_path": "the WARC file its record lies in",
    "offset": "first byte of its record there",
    "length": "bytes of its record; -n: it shares a gzip member and is the n-th record from offset on",
    "digest": "SHA-256 of the response body as the server sent it, transfer and content encodings undone",
    "model": "digest of the model that gave the score",
    "id": "the page's number in this run; `duplicate_of` in dropped.parquet refers to it",
    "fetched": "when the crawler fetched it (WARC-Date), empty where the scan did not keep it",
    "language": "ISO 639-1 code of the prose, empty where there is too little of it",
    "category": "kind of page: docs, reference, qa, forum, mail, tracker, repository, blog or other",
    "code_languages": "languages that its code blocks are marked with, the largest first",
    **dict.fromkeys(SIGNALS, "signal of the text; docs/corpus.md defines it"),
    **{f"masked_{kind}": f"places masked in the text: {kind}" for kind in KINDS},
    "contamination": "benchmark items that the text shares words with, where such pages are kept",
    "duplicates": "pages that were merged into this one: same URL, same text, or near-duplicates",
    "boilerplate_lines": "lines taken out because they repeat on the host's pages",
    "file_size_in_byte": "bytes of the text in UTF-8",
    "line_count": "lines of the text",
    "weight": "how often to draw the row in a mix: the product of its weights by host, language, category and quality",
    "fallback": "why the text is the page's whole or plain text instead of its main content, empty where it is not: "
    "no_tree, too_many_nodes, too_deep, extractor_failed, block_lost, or `error: ` and the exception",
    "title": "the page's title, as the heading that the text begins with; of Markdown and cells of notebooks that of "
    "the front matter, else the first heading; else that of the notebook's metadata; empty where it has none",
    "license": "the licence that the page says it is under: an SPDX expression or an address, or empty",
    "license_source": "the kind of that statement: rel, schema, meta, rdf, link or spdx (recall/corpus/licenses.py)",
    "truncated": "why the crawler cut the page (WARC-Truncated), empty where it is whole",
    "record_id": "WARC-Record-ID, or the column `id` of the table that the text came from",
    "dump": "crawl it was captured in: the column `dump` of the table that the text came from, else `crawl`",
    "file_path": "WARC file it was captured in: the column `file_path` of that table, else `warc_path`",
    "tokens": "tokens of the text by the vocabulary of the last round's model, which reads lower-cased text",
    "named_tokens": "tokens of the text by the tokenizer of [tags] tokenizer, null without one",
    "fences": "the text's fenced blocks: language, named (by the page, or false: by its code), offset and chars in "
    "characters, lines, parses (by tree-sitter; null where that is not known)",
    "earlier": "what an earlier corpus holds of the page where such pages are kept: its url, its text, or a "
    "near-duplicate (near); empty for nothing",
    **dict.fromkeys(CODE_SIGNALS, "signal of the fenced blocks, null without one; docs/corpus.md defines it"),
    "broken_rules": "rules of [quality] preset that a fenced block of the text breaks",
    QUALITY: "what the text is worth to who learns programming from it, 0 to 5, by [quality] ranker; null without one",
    "body": "kind of the response: html, or with [scan] types text, markdown, source, notebook; html also for texts "
    "that others extracted",
    "left_out": "images, other media and ends of long outputs that the text of a notebook leaves out, null for others",
}

DROPPED: Schema = {
    "url": "string",
    "warc_path": "string",
    "offset": "int64",
    "length": "int64",
    "score": "float64",
    "round": "int32",
    "reason": "string",
    "id": "int64",
    "stage": "string",
    "detail": "string",
    "duplicate_of": "int64",
    "similarity": "float64",
}
"""reason, stage: why the page is not in the corpus, and the stage that took it out; detail: the rule, pattern or
benchmark item that decided, "" where the reason says all; duplicate_of: id of the page it was merged into, which may
have been merged in turn, null for other reasons; similarity: estimated Jaccard similarity of both pages' 5-grams."""

LEDGER: Schema = {
    "shard": "int32",
    "path": "string",
    "failed": "bool",
    "pages": "int64",
    "kept": "int64",
    "dropped": "int64",
}

OPENCODER = {
    "url": "url",
    "tag": "tag",
    "text": "text",
    "file_path": "file_path",
    "dump": "dump",
    "file_size_in_byte": "file_size_in_byte",
    "line_count": "line_count",
}
"""The columns of opc-fineweb-code-corpus and the columns of the corpus that hold them."""


def view_sql(files: str = "part-*.parquet") -> str:
    """SQL that shows the corpus with OpenCoder's columns, for DuckDB started in the corpus' folder."""
    columns = ", ".join(name if name == ours else f"{ours} AS {name}" for name, ours in OPENCODER.items())
    return f"CREATE OR REPLACE VIEW opencoder AS SELECT {columns} FROM read_parquet('{files}');\n"  # noqa: S608


def columns_of(rows: list[Row], schema: Schema) -> Columns:
    """Rows as columns; what a row does not say is null."""
    return {name: [row.get(name) for row in rows] for name in schema}
