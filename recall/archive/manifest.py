"""Which WARC files a run reads: crawl ids, paths files or single WARCs → numbered shards.

A crawl id is its `crawl-data/ID/warc.paths.gz` below the base; a paths file has one WARC a line, plain or gz, local or
remote. Entries that are no URL are joined to the base, which may be https, s3:// or a folder. Focus crawls
(CC-SUPPLEMENTAL-…) lie in `projects/NAME/ID/`, with `segments/*/warc/`, `segments/*/wet/` and their URL index in
`index/table/cc-supplemental/warc/`; where they have no paths files their folder is listed, no other bucket ever is.
Refuses, with file and line, entries that cannot be WARC paths, and a WARC that is named twice.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from recall.config import AccessSection, CrawlSection
from recall.errors import BadInput, printable
from recall.io import exists, list_keys, pinned, read_all, text_lines
from recall.records import Shard

COMMON_CRAWL = "https://data.commoncrawl.org/"
COMMON_CRAWL_COLLECTIONS = "https://index.commoncrawl.org/collinfo.json"

_PATHS_LIMIT = 256 << 20
_ANYONE = AccessSection()
_CRAWL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CRAWL_IN_PATH = re.compile(r"(?:^|/)(?:crawl-data|projects/[^/]+)/([A-Za-z0-9][A-Za-z0-9._-]{0,99})/")
_FOCUS = re.compile(r"(?:projects/([A-Za-z0-9][A-Za-z0-9._-]{0,99})/)?(CC-SUPPLEMENTAL-[A-Za-z0-9._-]{1,80})")
_PROJECTS = {"CC-SUPPLEMENTAL-2026-22": "cc-open-athena-test"}
"""The project of each focus crawl that is known to lie at Common Crawl; others are written projects/NAME/ID."""
_FILES = {
    "warc": re.compile(r"segments/[^/]+/warc/[^/]+\.warc\.gz"),
    "wet": re.compile(r"segments/[^/]+/wet/[^/]+\.warc\.wet\.gz"),
    "cc-index-table": re.compile(r"index/table/[^/]+/warc/crawl=[^/]+/subset=[^/]+/[^/]+\.parquet"),
}
"""Names of a focus crawl's files by kind, below its folder."""
_ENTRY = re.compile(r"[^\s<>\"|\x00-\x1f\x7f]+")


def resolve(
    crawl: CrawlSection, access: AccessSection = _ANYONE, seed: int = 0, kind: Literal["warc", "wet"] = "warc"
) -> list[Shard]:
    """The shards of a run, numbered in the order of ids, paths files and single WARCs.

    kind: which files of the crawl ids are meant. limit takes the first N, or with `sample` N chosen by a seeded hash of
    their paths, in their original order. Files of datasets on the Hub (hf://) are taken at the commit of their branch;
    a folder of one, which ends in a slash, stands for the Parquet files below it.
    Raises BadInput for entries that cannot be used and ShardUnreadable for a paths file that cannot be fetched.
    """
    entries: list[str] = []
    for crawl_id in crawl.ids:
        entries += crawl_files(crawl.base, crawl_id, kind, access)
    for url in crawl.paths:
        entries += read_paths(url, access)
    entries += crawl.warcs
    entries = [file for entry in entries for file in _on_hub(entry, access)]
    if not entries:
        raise BadInput("[crawl]: names no WARC; set ids, paths or warcs")
    _refuse_twice(entries)
    chosen = _choose(entries, crawl.limit, seed) if crawl.sample else entries[: crawl.limit or None]
    single = frozenset(crawl.warcs)
    return [
        Shard(number, crawl_of(path), path, join("" if path in single else crawl.base, path), crawl.columns)
        for number, path in enumerate(chosen)
    ]


def crawls(base: str = COMMON_CRAWL, access: AccessSection = _ANYONE) -> list[str]:
    """Ids of the crawls below a base, as its collinfo.json lists them (Common Crawl: the newest first)."""
    common = base.rstrip("/") == COMMON_CRAWL.rstrip("/")
    url = COMMON_CRAWL_COLLECTIONS if common else join(base, "collinfo.json")
    try:
        listed = json.loads("\n".join(text_lines(read_all(url, access, _PATHS_LIMIT), url)))
        return [str(entry["id"]) for entry in listed]
    except (ValueError, TypeError, KeyError):
        raise BadInput(f'{url}: expected a JSON list of objects with an "id"') from None


def crawl_files(base: str, crawl_id: str, kind: str, access: AccessSection = _ANYONE) -> list[str]:
    """Paths of a crawl's files below the base. kind: warc, wet or cc-index-table. Raises as `read_paths`."""
    focus = _FOCUS.fullmatch(crawl_id)
    if focus is None:
        return read_paths(paths_url(base, crawl_id, kind), access)
    folder = f"projects/{focus[1]}/{focus[2]}" if focus[1] else _focus_folder(base, focus[2])
    published = join(base, f"{folder}/{kind}.paths.gz")
    if exists(published, access):
        return read_paths(published, access)
    if base.startswith(("http://", "https://")):
        raise BadInput(
            f"[crawl] ids: {crawl_id}: there is no {published}, and over https nothing can be listed; set base to "
            's3://commoncrawl/ (with credentials) or a folder, or name a list of its files in "paths"'
        )
    names = (name for name in list_keys(join(base, folder), access) if _FILES[kind].fullmatch(name))
    found = sorted(f"{folder}/{name}" for name in names)
    if not found:
        raise BadInput(f"[crawl] ids: {crawl_id}: {join(base, folder)} holds no files of the kind {kind}")
    return found


def _focus_folder(base: str, crawl_id: str) -> str:
    """The folder of a focus crawl that is named without its project. Raises BadInput unless just one has it."""
    if "://" in base:
        found = [f"projects/{_PROJECTS[crawl_id]}/{crawl_id}"] if crawl_id in _PROJECTS else []
    else:
        found = sorted(f"projects/{path.parent.name}/{crawl_id}" for path in Path(base).glob(f"projects/*/{crawl_id}"))
    if len(found) == 1:
        return found[0]
    where = f"lies in {' and '.join(found)}" if found else "lies in no project that recall knows"
    raise BadInput(f"[crawl] ids: {crawl_id} {where}; write it projects/NAME/{crawl_id}")


def paths_url(base: str, crawl_id: str, kind: str = "warc") -> str:
    """The URL of a crawl's paths file. kind: warc, wet or cc-index-table."""
    if not _CRAWL_ID.fullmatch(crawl_id):
        raise BadInput(
            f"[crawl] ids: {crawl_id!r} is not a crawl id (CC-MAIN-2025-30, projects/NAME/CC-SUPPLEMENTAL-2026-22)"
        )
    return join(base, f"crawl-data/{crawl_id}/{kind}.paths.gz")


def read_paths(url: str, access: AccessSection = _ANYONE) -> list[str]:
    """The entries of a paths file; lines that start with # are comments. Raises BadInput with file and line number."""
    return list(_entries(text_lines(read_all(url, access, _PATHS_LIMIT), url), url))


def join(base: str, path: str) -> str:
    """A path below a base; URLs and absolute paths stay what they are, relative folders become absolute."""
    if "://" in path or path.startswith("/"):
        return path
    if "://" in base:
        return f"{base.rstrip('/')}/{path}"
    return str(Path(base).absolute() / path)


def crawl_of(path: str) -> str:
    """The crawl id in a WARC's path, "" where there is none."""
    match = _CRAWL_IN_PATH.search(path)
    return match[1] if match else ""


def _entries(lines: Iterable[str], url: str) -> Iterator[str]:
    for number, entry in enumerate(lines, 1):
        if not entry or entry.startswith("#"):
            continue
        if not _ENTRY.fullmatch(entry) or ".." in entry.split("/"):
            raise BadInput(f"{url}:{number}: expected the path or URL of a WARC file, found {entry[:80]!r}")
        yield entry


def _on_hub(entry: str, access: AccessSection) -> list[str]:
    """An entry; of a dataset on the Hub at its commit, and where it ends in a slash all Parquet files below it."""
    if not entry.startswith("hf://"):
        return [entry]
    at_commit = pinned(entry, access)
    if not at_commit.endswith("/"):
        return [at_commit]
    names = sorted(name for name in list_keys(at_commit, access) if name.endswith(".parquet"))
    if not names:
        raise BadInput(f"[crawl]: {entry}: holds no Parquet file")
    return [f"{at_commit}{name}" for name in names]


def _refuse_twice(entries: list[str]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry in seen:
            raise BadInput(f"[crawl]: {printable(entry, 300)} is named twice")
        seen.add(entry)


def _choose(entries: list[str], count: int, seed: int) -> list[str]:
    """The entries with the smallest seeded hashes: the same on every machine and Python version."""
    ranked = sorted(entries, key=lambda path: hashlib.sha256(f"{seed} {path}".encode()).digest())
    chosen = frozenset(ranked[: count or None])
    return [entry for entry in entries if entry in chosen]
