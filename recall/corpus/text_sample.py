"""A uniform sample of the texts of any corpus: a run's, or Parquet, JSON lines and WET files that others made.

In: a folder or a file, its column of text, a seed. Out: how many texts there are and SAMPLE of them, the same ones in
whatever order the files are read; each file is a task, and memory does not grow with the corpus. A URL is taken where
there is one. Refuses, in one line, a folder without such a file and a file without the column.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from recall.archive.corpora import LINES, MADE_UP, WET, content_columns, texts
from recall.config import AccessSection, ClusterSection
from recall.corpus.published import PART, SAMPLE, TEXT
from recall.errors import BadInput
from recall.records import Capture, plain_text
from recall.run.jobs import complete
from recall.run.sampling import BottomK, priority
from recall.run.store import Store

KINDS = (".parquet", *LINES, *WET)


@dataclass(frozen=True, slots=True, order=True)
class SampledText:
    """A text of a sample. place: the file and the record's number; url: "" where the record has none.

    text: its first TEXT characters; bytes: of the whole text in UTF-8.
    """

    priority: int
    place: str
    url: str
    bytes: int
    text: str = field(repr=False)


@dataclass(slots=True)
class TextSample:
    """Texts of a corpus, counted, and a sample of them."""

    pages: int = 0
    bottom: BottomK[str, SampledText] = field(default_factory=lambda: BottomK(SAMPLE), repr=False)

    @property
    def texts(self) -> list[SampledText]:
        """A uniform sample of the texts, lowest priority first."""
        return self.bottom.values()


@dataclass(frozen=True, slots=True)
class SampleInputs:
    """What sampling a file needs. column: of the texts."""

    store: Store
    column: str
    seed: int
    size: int


def sample_corpus(
    corpus: str, column: str, seed: int, access: AccessSection, cluster: ClusterSection, size: int = SAMPLE
) -> TextSample:
    """Sample a corpus. Raises BadInput as the module says, Incomplete where a file cannot be read to its end."""
    store, keys = text_files(corpus, access)
    whole = TextSample(bottom=BottomK(size))
    for outcome in complete(sample_file, SampleInputs(store, column, seed, size), keys, cluster, "sample"):
        whole.pages += outcome.result.pages
        whole.bottom.merge(outcome.result.bottom)
    return whole


def text_files(corpus: str, access: AccessSection) -> tuple[Store, list[str]]:
    """The files of a corpus: itself, the parts of a run's, else all of KINDS below the folder."""
    if corpus.endswith(KINDS):
        folder, slash, name = corpus.rpartition("/")
        store = Store(folder or slash or ".", access)
        if "://" not in corpus and not store.exists(name):
            raise BadInput(f"{corpus}: no such file")
        return store, [name]
    store = Store(corpus, access)
    keys = store.keys()
    for folder in ("", "corpus/"):
        if parts := [key for key in keys if key.startswith(folder) and PART.fullmatch(key) and _depth(key, folder)]:
            return store, parts
    if "run.json" in keys:
        raise BadInput(f"{corpus}: this run has no corpus yet; see `recall status {corpus}`")
    if "release.json" in keys:
        raise BadInput(f"{corpus}: a release holds no texts; name the corpus of its run")
    found = [key for key in keys if key.endswith(KINDS)]
    if not found:
        raise BadInput(f"{corpus}: no such folder, or none with texts in it ({', '.join(KINDS)})")
    return store, found


def _depth(key: str, folder: str) -> bool:
    return "/" not in key.removeprefix(folder)


def sample_file(inputs: SampleInputs, key: str) -> TextSample:
    """Sample one file."""
    sample = TextSample(bottom=BottomK(inputs.size))
    for page in _captures(inputs, key):
        sample.pages += 1
        url = "" if page.url.startswith(MADE_UP) else page.url
        place = f"{key}, record {page.ref.offset}"
        rank = (priority(inputs.seed, f"beside {url or place}"),)  # no page is drawn because the run's sample has it
        if sample.bottom.wants(rank):
            text = plain_text(page.body) or ""
            sampled = SampledText(*rank, place, url, len(text.encode("utf-8", "replace")), text[:TEXT])
            sample.bottom.offer(place, rank, sampled)
    return sample


def _captures(inputs: SampleInputs, key: str) -> Iterator[Capture]:
    url, access = inputs.store.url(key), inputs.store.access
    columns = ("", inputs.column)
    if not url.endswith(WET):
        columns, _ = content_columns(url, access, (None, None, inputs.column))
    for capture in texts(url, access, key, columns, urls_needed=False):
        if isinstance(capture, Capture):
            yield capture
