"""Pages that earlier corpora hold: by URL, by text, and near-duplicates, found by the stages that merge duplicates.

In: chunks of this run and `[duplicates] against`: folders of corpora (part-*.parquet with url and text) or of
signatures (signatures-*.parquet, which hold no text). Out: what the stages merged. An earlier corpus takes part as
chunks of its own, whose pages represent others: so memory stays that of a chunk and a partition, however many earlier
pages there are. Each file is one task and one shard, numbered from behind the run's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from recall.config import AccessSection, DuplicatesSection
from recall.corpus.chunks import EARLIER, MERGED, Chunk, ChunkedPages, ExtractedShard, Merged, chunks_of
from recall.corpus.dedup.exact import KEYS, duplicate_keys, merge_exact
from recall.corpus.dedup.near import merge_near
from recall.corpus.dedup.signatures import packed_signature
from recall.corpus.schema import ID_BITS
from recall.errors import BadInput
from recall.run.shuffle import Stage, StageFile, map_ordered, read_partition, write_partitions
from recall.run.store import Columns, Schema, Store, Table, by_number

SIGNATURES: Schema = {
    "url_key": "uint64",
    "url_check": "uint64",
    "text_key": "uint64",
    "text_check": "uint64",
    "ngram": "int32",
    "signature": "binary",
}
"""A page without its text. The first four are as in KEYS; signature: as `packed_signature` gives it, for n-grams of
`ngram` words."""

HELD: Schema = {"id": "int64", **KEYS, "signature": "binary"}
"""A page of an earlier corpus in the run's stages."""

PARTS, SIGNED = "part-", "signatures-"
ROWS = 1_024
"""Pages of a file that are held at a time."""


@dataclass(frozen=True, slots=True)
class EarlierFile:
    """A file of an earlier corpus. number: of the shard that stands for it."""

    number: int
    root: str
    key: str

    @property
    def source(self) -> str:
        """The file's path or URL."""
        return f"{self.root}/{self.key}"


@dataclass(frozen=True, slots=True)
class EarlierInputs:
    """What reading a file needs. first: number of the first file's shard."""

    settings: DuplicatesSection
    access: AccessSection
    first: int
    files: tuple[EarlierFile, ...] = field(repr=False)


def earlier_files(folders: Sequence[str], access: AccessSection, first: int) -> tuple[EarlierFile, ...]:
    """The files of earlier corpora, in the order of their folders. Raises BadInput for a folder that holds none."""
    found: list[tuple[str, str]] = []
    for folder in folders:
        store = Store(folder, access)
        names = [key for key in store.keys("") if key.endswith(".parquet") and "/" not in key]
        keys = [key for key in names if key.startswith(SIGNED)] or [key for key in names if key.startswith(PARTS)]
        if not keys:
            raise BadInput(
                f"[duplicates] against: {folder} holds neither {PARTS}*.parquet nor {SIGNED}*.parquet; name the folder "
                "of a corpus or of its signatures"
            )
        found += [(store.root, key) for key in sorted(keys, key=by_number)]
    return tuple(EarlierFile(first + index, *place) for index, place in enumerate(found))


@dataclass(frozen=True, slots=True)
class EarlierMatches:
    """What earlier corpora hold. merged: by each stage, in order; digests: of the rows that were read of each file."""

    merged: tuple[Merged, ...] = field(default=(), repr=False)
    digests: Mapping[str, str] = field(default_factory=dict, repr=False)


def merge_earlier(
    pages: ChunkedPages, settings: DuplicatesSection, files: tuple[EarlierFile, ...], merged: tuple[Merged, ...]
) -> EarlierMatches:
    """What the pages that are left share with earlier corpora.

    Raises BadInput for a file that is no corpus, or whose signatures were made with other settings.
    """
    if not files or not pages.chunks:
        return EarlierMatches()
    inputs = EarlierInputs(settings, pages.store.access, files[0].number, files)
    numbers = range(len(files))
    shards = map_ordered(_sign_file, Stage(pages.store, f"{EARLIER}signed", inputs), numbers, pages.cluster)
    count = len(pages.chunks)
    chunks = (Chunk(count + chunk.number, chunk.shards, earlier=True) for chunk in chunks_of(shards))
    both = replace(pages, chunks=(*pages.chunks, *chunks))
    found: tuple[Merged, ...] = ()
    if settings.urls:
        found += (merge_exact(both, "url", settings.keep, merged, EARLIER),)
    if settings.texts:
        found += (merge_exact(both, "text", settings.keep, (*merged, *found), EARLIER),)
    if settings.near:
        found += (merge_near(both, settings, (*merged, *found), EARLIER),)
    keys = {file.source: shard.kept.key for file, shard in zip(files, shards, strict=True)}  # named by their content
    return EarlierMatches(found, {source: key.rpartition("-")[2].partition(".")[0] for source, key in keys.items()})


def held_by(store: Store, chunk: Chunk, found: Sequence[Merged]) -> dict[int, str]:
    """What earlier corpora hold of a chunk's pages, by id: "url", "text" or "near", the first that was found."""
    held: dict[int, str] = {}
    last = chunk.shards[-1].number
    for stage in found:
        table = read_partition(store, stage.files, chunk.number, MERGED)
        for page, of in zip(table.column("id").to_pylist(), table.column("of").to_pylist(), strict=True):
            if page != of and of >> ID_BITS > last and page not in held:
                held[page] = stage.stage.removeprefix(EARLIER)
    return held


def _sign_file(stage: Stage[EarlierInputs], number: int) -> ExtractedShard:
    """The pages of a file as rows of HELD."""
    inputs = stage.inputs
    file = inputs.files[number]
    store = Store(file.root, inputs.access)
    size = 0

    def pieces() -> Iterator[Columns]:
        nonlocal size
        row = file.number << ID_BITS
        for table in _tables(store, file):
            piece = _held(table, file, inputs.settings) if SIGNED in file.key else _signed(table, inputs.settings)
            if row + table.num_rows > (file.number + 1) << ID_BITS:
                raise BadInput(f"{file.source}: more than {1 << ID_BITS:,} rows; split it into several files")
            yield {"id": np.arange(row, row + table.num_rows), **piece}
            row += table.num_rows
            size += 2 * inputs.settings.bands * inputs.settings.rows * table.num_rows
        if row == file.number << ID_BITS:
            yield {name: [] for name in HELD}

    kept = write_partitions(stage, pieces(), HELD)
    return ExtractedShard(file.number, kept, StageFile("", 0), 0, size)


def _tables(store: Store, file: EarlierFile) -> Iterator[Table]:
    wanted = list(SIGNATURES) if file.key.startswith(SIGNED) else ["url", "text"]
    lacking = [name for name in wanted if name not in store.columns_of(file.key)]
    if lacking:
        raise BadInput(f"[duplicates] against: {file.source} has no column {lacking[0]!r}")
    yield from store.read_batches(file.key, wanted, ROWS)


def _signed(table: Table, settings: DuplicatesSection) -> Columns:
    """Columns of HELD, but the id, of pages whose texts are there."""
    texts = [text or "" for text in table.column("text").to_pylist()]
    urls = [url or "" for url in table.column("url").to_pylist()]
    keys = [duplicate_keys(url, text, "", "") for url, text in zip(urls, texts, strict=True)]
    columns = {name: [key[index] for key in keys] for index, name in enumerate(KEYS)}
    width = settings.bands * settings.rows
    return {**columns, "signature": [packed_signature(text, settings.ngram, width) for text in texts]}


def _held(table: Table, file: EarlierFile, settings: DuplicatesSection) -> Columns:
    """The same from a file of signatures."""
    width = settings.bands * settings.rows
    signatures = [signature or b"" for signature in table.column("signature").to_pylist()]
    wrong = {len(signature) for signature in signatures} - {0, 2 * width}
    ngrams = set(table.column("ngram").to_pylist()) - {settings.ngram}
    if settings.near and (wrong or ngrams):
        made = f"{max(wrong) // 2} hash functions" if wrong else f"n-grams of {max(ngrams)} words"
        raise BadInput(f"{file.source}: signatures of {made}; set ngram, bands and rows of [duplicates] as there")
    keys = {name: table.column(name) for name in KEYS if name in SIGNATURES}
    times: Columns = {"time": np.zeros(table.num_rows, np.int64), "size": np.zeros(table.num_rows, np.int64)}
    return {**keys, **times, "signature": signatures}


def signature_rows(table: Table, settings: DuplicatesSection) -> Columns:
    """Rows of SIGNATURES for pages of a corpus (columns url and text)."""
    signed = _signed(table, settings)
    ngram = np.full(table.num_rows, settings.ngram, np.int32)
    return {name: ngram if name == "ngram" else signed[name] for name in SIGNATURES}
