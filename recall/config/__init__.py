"""config.toml as frozen, validated sections: the border between a user's file and the code.

Unknown keys, wrong types and impossible values are refused with one line that names the file and the key.
Every default of recall is visible in `recall.config.sections` and explained in config.example.toml.
"""

import tomllib
from pathlib import Path

import tomli_w
from pydantic import ValidationError, model_validator

from recall.config.corpus_sections import (
    QUALITY,
    SIGNALS,
    BoilerplateSection,
    ContaminationSection,
    DuplicatesSection,
    MixSection,
    OptoutSection,
    PrivacySection,
    QualitySection,
    TagsSection,
    parse_entry,
)
from recall.config.retired import without_retired
from recall.config.sections import (
    AccessSection,
    BuildSection,
    ClusterSection,
    CrawlSection,
    DomainsSection,
    HarvestSection,
    JudgeSection,
    LabelSection,
    RunSection,
    ScanSection,
    Section,
    SeedSection,
    StudioSection,
    TrainSection,
)
from recall.errors import BadInput

__all__ = [
    "SIGNALS",
    "AccessSection",
    "BoilerplateSection",
    "BuildSection",
    "ClusterSection",
    "Config",
    "ContaminationSection",
    "CrawlSection",
    "DomainsSection",
    "DuplicatesSection",
    "HarvestSection",
    "JudgeSection",
    "LabelSection",
    "MixSection",
    "OptoutSection",
    "PrivacySection",
    "QualitySection",
    "RunSection",
    "ScanSection",
    "SeedSection",
    "StudioSection",
    "TagsSection",
    "TrainSection",
    "dump_config",
    "load_config",
    "parse_config",
    "resolve_paths",
]


class Config(Section):
    """A whole config.toml."""

    run: RunSection = RunSection()
    crawl: CrawlSection = CrawlSection()
    access: AccessSection = AccessSection()
    seed: SeedSection = SeedSection()
    judge: JudgeSection = JudgeSection()
    train: TrainSection = TrainSection()
    scan: ScanSection = ScanSection()
    domains: DomainsSection = DomainsSection()
    label: LabelSection = LabelSection()
    studio: StudioSection = StudioSection()
    harvest: HarvestSection = HarvestSection()
    build: BuildSection = BuildSection()
    optout: OptoutSection = OptoutSection()
    tags: TagsSection = TagsSection()
    quality: QualitySection = QualitySection()
    privacy: PrivacySection = PrivacySection()
    contamination: ContaminationSection = ContaminationSection()
    duplicates: DuplicatesSection = DuplicatesSection()
    boilerplate: BoilerplateSection = BoilerplateSection()
    mix: MixSection = MixSection()
    cluster: ClusterSection = ClusterSection()

    @model_validator(mode="after")
    def _candidates_hold_the_target(self) -> "Config":
        wanted, share = self.train.target_value, self.scan.candidates_share
        if self.train.target == "pages" and wanted > share:
            raise ValueError(f"[train] target_value = {wanted} of all pages needs [scan] candidates_share, now {share}")
        return self

    @model_validator(mode="after")
    def _weights_have_their_quality(self) -> "Config":
        for entry in self.mix.weights:
            if parse_entry(entry)[0] == QUALITY and not self.quality.ranked:
                raise ValueError(f"[mix] weights: {entry!r} needs [quality] ranker")
        return self


LOCATIONS = (
    ("run", "holdout"),
    ("crawl", "base"),
    ("crawl", "index"),
    ("crawl", "paths"),
    ("crawl", "warcs"),
    ("seed", "labels"),
    ("seed", "texts"),
    ("label", "answers"),
    ("label", "gold"),
    ("optout", "hosts"),
    ("optout", "patterns"),
    ("contamination", "benchmarks"),
    ("duplicates", "against"),
    ("quality", "ranker"),
    ("tags", "tokenizer"),
)
"""Keys whose values are paths or URLs."""


def _absolute(value: str, folder: Path) -> str:
    return value if not value or "://" in value else str((folder / value).absolute())


def resolve_paths(config: Config, folder: Path) -> Config:
    """Make relative paths absolute, as seen from the config file's folder. What was not set stays so."""
    sections = config.model_dump(exclude_unset=True)
    for section, key in LOCATIONS:
        value = sections.get(section, {}).get(key, "")
        if not value:
            continue
        if isinstance(value, str):
            sections[section][key] = _absolute(value, folder)
        else:
            sections[section][key] = tuple(_absolute(entry, folder) for entry in value)
    return Config.model_validate(sections)


def dump_config(config: Config) -> str:
    """Write a config as TOML, every setting of it."""
    return tomli_w.dumps(config.model_dump(mode="json"))


def parse_config(text: str, source: str) -> Config:
    """Parse TOML text; `source` names it in errors.

    Retired settings at their old default are ignored. Raises BadInput with one line that names the source and the line
    or key.
    """
    try:
        return Config.model_validate(without_retired(tomllib.loads(text), source))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{source}: not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(file)"
        raise BadInput(f"{source}: {key}: {first['msg']}") from None


def load_config(path: Path) -> Config:
    """Read and validate a config file.

    Raises BadInput when it is missing, not UTF-8, not TOML or holds a key or value that cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput(f"{path}: no such config file; start from config.example.toml") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error}") from None
    return parse_config(text, str(path))
