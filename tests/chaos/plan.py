"""What befalls a run of the campaign, drawn from the campaign's seed and the run's number."""

import random
from dataclasses import dataclass

RAY_EVERY = 5
"""Every fifth run is on Ray nodes, the others in plain processes."""

ONCE = ("full disk", "full scratch", "clock", "refused", "broken shard", "tolerant")
"""What holds for the first start of a driver, not for a moment of it."""

PLAIN = ("kill driver", "kill driver", "pause", "rival")
RAY = ("kill driver", "kill worker", "kill worker", "kill node", "slow node", "kill head")


@dataclass(frozen=True, slots=True)
class Blow:
    """A disaster at a moment. start: of which start of the driver; after: seconds into it."""

    name: str
    start: int
    after: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A run. rate: share of requests that meet a fault; source, folder: where the crawl and the run lie."""

    number: int
    ray: bool
    rounds: int
    source: str
    folder: str
    rate: float
    standing: tuple[str, ...]
    blows: tuple[Blow, ...]


def draw(number: int, seed: int) -> Plan:
    """The plan of a run; the same for the same seed and number."""
    chance = random.Random(f"{seed} {number}")
    ray = number % RAY_EVERY == RAY_EVERY - 1
    lasts = 18.0 if ray else 7.0
    names = chance.choices(RAY if ray else PLAIN, k=chance.choice((1, 1, 2, 3) if ray else (0, 1, 1, 2, 3)))
    start, blows = 0, []
    for name in names:
        blows.append(Blow(name, start, chance.uniform(0.5, lasts)))
        start += name in ("kill driver", "kill head")
    folder = chance.choice(("disk", "disk", "disk", "disk", "disk", "s3"))
    standing = [chance.choice(ONCE)] if chance.random() < 0.4 else []
    if "full disk" in standing and folder == "s3":
        standing = ["full scratch"]
    return Plan(
        number,
        ray,
        2 if chance.random() < 0.25 else 1,
        chance.choice(("https", "https", "s3")),
        folder,
        chance.uniform(0.1, 0.3),
        tuple(standing),
        tuple(blows),
    )
