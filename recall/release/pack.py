"""A release: all that others need to start from a trained round, and nothing of the pages' content.

In: a sealed round. Out: a folder (model/, seed.parquet, labels.parquet, hosts.parquet, prefixes.parquet, config.toml,
manifests/, README.md, release.json, where asked for signatures-*.parquet) and SHA256SUMS over all of it, written last.
The same round gives the same bytes. Names of people, local paths, access settings and tokens are left out.
"""

import atexit
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

import recall
from recall.config import AccessSection, Config, dump_config, parse_config
from recall.errors import BadInput, Damaged
from recall.io import list_keys, open_stream
from recall.io.parquet import ParquetWriter
from recall.labels.decisions import prefix_labels, prefixes_labelled
from recall.release.export_files import export_rows, new_folder
from recall.release.lists import HOSTS, PREFIXES, host_rows, prefix_rows
from recall.release.scrub import scrubbed, scrubbed_config
from recall.release.signed_corpus import write_signatures
from recall.run.round_model import MODEL_FILES
from recall.run.rounds import Round
from recall.run.store import Schema, canonical_json

RELEASE, SUMS, MODEL = "release.json", "SHA256SUMS", "model"
FORMAT = 1
SEED: Schema = {"url": "string", "family": "string", "source": "string", "label": "string"}
LABELS: Schema = {
    "round": "int32",
    "target": "string",
    "kind": "string",
    "value": "string",
    "annotators": "int32",
    "agreement": "float64",
    "use": "string",
}
"""annotators: how many people; their names stay private."""

LISTED = ("url", "family", "source", "label")


@dataclass(frozen=True, slots=True)
class Release:
    """A release that was checked. digest: of the round that it holds; model: digest of its model."""

    folder: Path
    round: int
    digest: str
    model: str
    prefixes: tuple[str, ...]
    config: Config
    rejected: tuple[str, ...] = ()


def pack(round_: Round, target: Path, *, signatures: bool = False) -> dict[str, int]:
    """Write the release of a sealed round into a new folder; returns counts. Raises BadInput where it cannot be.

    signatures: with those of the corpus, by which later corpora leave out its pages.
    """
    if not round_.sealed or round_.run.parent is not None:
        raise BadInput(f"{round_.run.store.root}: round {round_.number} is not sealed, or was not trained in this run")
    with new_folder(target) as building:
        counts = _fill(round_, building, {"signatures": write_signatures(round_.run, building)} if signatures else {})
        (building / SUMS).write_bytes(_sums(building))
    return counts


def _fill(round_: Round, folder: Path, signed: Mapping[str, int]) -> dict[str, int]:
    run, train = round_.run, round_.step("train")
    (folder / MODEL).mkdir()
    source = run.store.local_folder(train.folder, MODEL_FILES)
    for name in MODEL_FILES:
        shutil.copyfile(source / name, folder / MODEL / name)
    counts = {
        "seed": _table(folder / "seed.parquet", SEED, _seed_rows(round_)),
        "labels": _table(folder / "labels.parquet", LABELS, _label_rows(round_)),
        "hosts": export_rows(host_rows(round_), HOSTS, folder / "hosts.parquet"),
        "prefixes": export_rows(prefix_rows(round_), PREFIXES, folder / "prefixes.parquet"),
        **signed,
    }
    (folder / "config.toml").write_text(dump_config(scrubbed_config(run.config)), encoding="utf-8")
    for position in run.order:
        if position.number <= round_.number and run.done(position) and position.verb != "build":
            manifest = scrubbed(json.loads(run.store.read(position.manifest)))
            path = folder / "manifests" / position.manifest
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(canonical_json(manifest))
    values = prefix_labels(run, range(1, round_.number + 1))
    record = {
        "format": FORMAT,
        "recall": recall.__version__,
        "run": run.inputs.digest,
        "round": round_.number,
        "digest": round_.record.digest,
        "model": train.manifest.settings["model"],
        "crawls": sorted({shard.crawl for shard in run.shards if shard.crawl}),
        "accepted": list(prefixes_labelled("accept", values)),
        "rejected": list(prefixes_labelled("reject", values)),
        "counts": counts,
    }
    (folder / RELEASE).write_bytes(canonical_json(record))
    card = json.loads((folder / MODEL / "model.json").read_text(encoding="utf-8"))
    (folder / "README.md").write_text(readme(record, card), encoding="utf-8")
    return counts


def _table(path: Path, schema: Schema, rows: Iterator[Mapping[str, Any]]) -> int:
    """Rows of a run's own steps, which fit into memory there too, as Parquet."""
    listed = list(rows)
    writer = ParquetWriter(path, schema)
    writer.add({name: [row[name] for row in listed] for name in schema})
    writer.close()
    return len(listed)


def _seed_rows(round_: Round) -> Iterator[Mapping[str, Any]]:
    key = round_.run.step("seed").key("examples.parquet")
    rows = round_.run.store.read_table(key, list(LISTED)).to_pylist()
    yield from sorted(rows, key=lambda row: str(row["url"]))


def _label_rows(round_: Round) -> Iterator[Mapping[str, Any]]:
    for number in range(1, round_.number + 1):
        key = round_.run.round(number).step("label").key("labels.parquet")
        columns = ["target", "kind", "value", "annotators", "agreement", "use"]
        for row in round_.run.store.read_table(key, columns).to_pylist():
            yield {**row, "round": number, "annotators": len(row["annotators"])}


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != SUMS)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _sums(folder: Path) -> bytes:
    """As `sha256sum --check` reads it."""
    return "".join(f"{_digest(folder / name)}  {name}\n" for name in _files(folder)).encode()


def readme(record: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    """Markdown from release.json and the model's card: contents, measured quality, how to start from the release."""
    metrics, counts = card["metrics"], record["counts"]
    crawls = ", ".join(record["crawls"]) or "single WARC files"
    figures = [
        ("threshold", card["threshold"]),
        ("precision on held-out registered domains", metrics.get("precision")),
        ("recall on held-out registered domains", metrics.get("recall")),
        ("average precision on held-out registered domains", metrics.get("average_precision")),
        ("calibration error", metrics.get("calibration_error")),
    ]
    lines = [
        "# A classifier of code-related web pages, with what it was made from",
        "",
        f"Round {record['round']} of a recall run on {crawls}. Start from it with",
        "",
        "```sh",
        "recall init runs/new --from THIS_FOLDER --crawl CC-MAIN-2025-30",
        "recall run runs/new",
        "```",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value:.4f} |" for name, value in figures if value is not None),
        f"| labelled pages behind them | {metrics.get('pages', 0):,.0f}, {metrics.get('positives', 0):,.0f} positive |",
        "",
        "| file | holds |",
        "|---|---|",
        "| model/ | tokenizer.json, model.bin (fastText), scorer.npz (one weight a row), model.json (the card) |",
        f"| seed.parquet | {counts['seed']:,} first examples: URL, registered domain, source, label; no text |",
        f"| labels.parquet | {counts['labels']:,} labels by round, with agreement; no names, no texts |",
        f"| hosts.parquet | {counts['hosts']:,} hosts: pages seen and kept, code domain or not, label |",
        f"| prefixes.parquet | {counts['prefixes']:,} labelled URL prefixes, in columns of Common Crawl's index |",
        "| config.toml, manifests/ | settings and what each step did, without machines, paths and access |",
        "| SHA256SUMS | digests of all files: `sha256sum --check SHA256SUMS` |",
        "",
        "hosts.parquet and prefixes.parquet join with the columnar index on `url_host_name`; for prefixes keep",
        "what `regexp_matches(url_path, url_path_regex)` as well; a host that starts with `*.` stands for all hosts",
        "that end with what follows the star, `*` alone for every host. Pages belong to their sites and are no part",
        "of this.",
        "",
    ]
    return "\n".join(lines)


def is_release(path: str) -> bool:
    """True for a local folder that holds a release."""
    return "://" not in path and (Path(path) / RELEASE).is_file()


def fetched_release(url: str, access: AccessSection) -> Path:
    """A local copy of a release that lies elsewhere, for as long as this process lives; it is not checked here."""
    folder = Path(tempfile.mkdtemp(prefix="recall-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    root = url.rstrip("/")
    for name in list_keys(root, access):
        if name.startswith("/") or ".." in name.split("/"):
            raise BadInput(f"{root}/{name}: no file of a release")
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        with open_stream(f"{root}/{name}", access) as source, copy.open("wb") as stream:
            shutil.copyfileobj(source, stream, 1 << 20)
    return folder


def read_release(path: str) -> Release:
    """Check every file of a release against its digest and read it.

    Raises Damaged with one line that names the first file that is missing, was added or differs.
    """
    folder = Path(path)
    try:
        lines = (line.partition("  ") for line in (folder / SUMS).read_text(encoding="utf-8").splitlines())
        listed = {name: digest for digest, _, name in lines}
        present = _files(folder)
        if odd := sorted(set(present) ^ set(listed)):
            what = "is not part of the release" if odd[0] in present else "is missing"
            raise Damaged(f"{folder / odd[0]}: {what}; fetch the release anew")
        for name, digest in sorted(listed.items()):
            if _digest(folder / name) != digest:
                raise Damaged(f"{folder / name}: differs from its digest in {SUMS}; fetch the release anew")
        record = json.loads((folder / RELEASE).read_bytes())
        if record["format"] != FORMAT:
            raise BadInput(f"{folder}: is of format {record['format']}; this version of recall reads {FORMAT}")
        config = parse_config((folder / "config.toml").read_text(encoding="utf-8"), str(folder / "config.toml"))
        config = scrubbed_config(config)  # others made it: it names no server that our keys are sent to
        accepted, rejected = tuple(map(str, record["accepted"])), tuple(map(str, record.get("rejected", ())))
        head = folder, int(record["round"]), str(record["digest"]), str(record["model"])
        return Release(*head, accepted, config, rejected)
    except (OSError, ValueError, KeyError, TypeError):
        raise Damaged(f"{folder}: is not a whole release; fetch it anew") from None
