"""Plan of a run of the campaign: faults and disasters, drawn from the campaign's seed and the run's number."""

import random
from dataclasses import dataclass

RAY_EVERY = 5
"""Every fifth run is on Ray nodes, the others in plain processes."""

ONCE = ("full disk", "full scratch", "clock", "refused")
"""Conditions that hold for the whole first start of a driver."""

PLAIN = ("kill driver", "kill driver", "pause", "rival")
RAY = ("kill driver", "kill worker", "kill worker", "kill node", "slow node", "kill head")

HOW = ("cut", "gone", "rotten")
"""A file of the crawl lies cut in half, is not there, has other bytes in its middle."""

INDEX = "part-00000.gz.parquet"
SHARDS = 8
SCANNED = 5
"""Shards that a far run scans; its harvest reads the others by the index."""

EARLY = ("", "", "seed", "rounds/1/train")
LATE = ("rounds/1/scan", "rounds/1/scan", "rounds/1/label")


@dataclass(frozen=True, slots=True)
class Disaster:
    """A disaster at a moment. start: number of the driver's start; after: seconds into it."""

    name: str
    start: int
    after: float


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of the crawl that is bad from a moment on, until the run has said so and an operator mends it.

    file: end of its name; after: the step whose end is that moment, "" for the start; tolerated: the run may go on
    without it (--failed-share).
    """

    file: str
    how: str
    after: str
    tolerated: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A run. rate: share of requests that meet a fault; source, folder: where the crawl and the run lie.

    far: five of the shards are scanned, bodies are not kept, so that harvest and build read WARCs again; retry: starts
    after one that failed are `recall retry`, not `recall run`.
    """

    number: int
    ray: bool
    rounds: int
    far: bool
    source: str
    folder: str
    rate: float
    conditions: tuple[str, ...]
    damage: Damage | None
    retry: bool
    disasters: tuple[Disaster, ...]


def draw(number: int, seed: int) -> Plan:
    """The plan of a run; the same for the same seed and number."""
    chance = random.Random(f"{seed} {number}")
    ray = number % RAY_EVERY == RAY_EVERY - 1
    lasts = 18.0 if ray else 7.0
    names = chance.choices(RAY if ray else PLAIN, k=chance.choice((1, 1, 2, 3) if ray else (0, 1, 1, 2, 3)))
    start, disasters = 0, []
    for name in names:
        disasters.append(Disaster(name, start, chance.uniform(0.5, lasts)))
        start += name in ("kill driver", "kill head")
    folder = "s3" if chance.random() < 0.03 else "disk"
    conditions = [chance.choice(ONCE)] if chance.random() < 0.35 else []
    if "full disk" in conditions and folder == "s3":
        conditions = ["full scratch"]
    far = chance.random() < 0.5
    return Plan(
        number,
        ray,
        2 if chance.random() < 0.25 else 1,
        far,
        chance.choice(("https", "https", "s3")),
        folder,
        chance.uniform(0.1, 0.3),
        tuple(conditions),
        _damage(chance, far=far) if chance.random() < 0.5 else None,
        chance.random() < 0.5,
        tuple(disasters),
    )


def _damage(chance: random.Random, *, far: bool) -> Damage:
    """What is bad from when on; only a far run reads anything of the crawl after its first scan."""
    after = chance.choice(EARLY + LATE if far else EARLY)
    number = chance.randrange(SHARDS)
    if after in LATE and chance.random() < 0.5:
        number = chance.randrange(SCANNED, SHARDS)
    file = INDEX if chance.random() < 0.08 else f"{number:05}.warc.gz"
    return Damage(file, chance.choice(HOW), after, chance.random() < 0.7)
