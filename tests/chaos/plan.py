"""Plan of a run of the campaign: faults and disasters, drawn from the campaign's seed and the run's number."""

import random
from dataclasses import dataclass, replace

RAY_EVERY = 5
"""Every fifth run is on Ray nodes, the others in plain processes."""

ONCE = ("full disk", "full scratch", "clock", "refused")
"""Conditions that hold for the whole first start of a driver."""

PLAIN = ("kill driver", "kill driver", "pause", "rival")
RAY = ("kill driver", "kill worker", "kill worker", "kill node", "slow node", "kill head")

OVERTAKEN = "overtaken"
"""A driver stands still until another one takes its lease; then it goes on, and must notice."""

NO_WRITE, NO_BUCKET = "no write", "no bucket"
"""From a moment on the bucket of the run folder takes nothing, or is not there, until an operator mends it."""

OF_BUCKETS = (NO_WRITE, NO_BUCKET)
EVERY = 10
OVERTAKEN_AT, BUCKET_AT = 2, 7
"""Of ten runs, those in which these two happen."""

LEASE_SECONDS = 4.0
"""Of the drivers of a run in which one is overtaken."""

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
    plan, chance = _draw(number, seed), random.Random(f"later {seed} {number}")
    if number % EVERY == OVERTAKEN_AT:
        conditions = tuple(name for name in plan.conditions if name != "clock")  # another program is started for it
        return replace(plan, folder="disk", conditions=conditions, disasters=_first(OVERTAKEN, plan, chance, 6.0))
    if number % EVERY == BUCKET_AT:
        name = OF_BUCKETS[number // EVERY % 2]
        conditions = tuple(set(plan.conditions) & {"clock"})
        disasters = _first(name, plan, chance, 60.0)
        moved = replace(plan, folder="s3", source="https", conditions=conditions, damage=None, rounds=1)
        return replace(moved, rate=0.1, disasters=disasters)  # there every spoilt request is a second of waiting
    return plan


def _first(name: str, plan: Plan, chance: random.Random, lasts: float) -> tuple[Disaster, ...]:
    """A disaster of the first start; the plan's own come one start later."""
    others = (replace(disaster, start=disaster.start + 1) for disaster in plan.disasters)
    return (Disaster(name, 0, chance.uniform(0.5, lasts)), *others)


def _draw(number: int, seed: int) -> Plan:
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
