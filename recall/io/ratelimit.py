"""How much an endpoint is asked: requests a second and open connections, counted together for all workers.

In: an endpoint and the ceilings of [access]. Out: a Permit for each request or open body. An answer that says slow down
(429, 503, SlowDown) cuts both by a third, answers that do not let them grow again: additive increase, multiplicative
decrease (Chiu and Jain, 1989). A refusal (403) opens a circuit: for a minute nobody asks that endpoint. Who keeps the
books is said by `use_office`: this process's own `Office` until then.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from recall.config import AccessSection
from recall.errors import Refused
from recall.io.retry_policy import Again

T = TypeVar("T")

REST_SECONDS = 60.0
"""How long an endpoint that refused us is left in peace."""

FORGET_SECONDS = 180.0
"""A permit that nobody renews is given up: its worker died."""
RENEW_SECONDS = 30.0

CUT = 0.7
CUT_SECONDS = 1.0
"""Answers that come this close together are one sign: a busy server says it to everyone at once."""

GROW_SECONDS = 60.0
"""From nothing back to the ceiling."""
GROW_UNBOUNDED = 5.0
"""Growth a second where there is no ceiling."""

BURST_SECONDS = 0.25
AHEAD_SECONDS = 1.0
"""Requests are promised no further ahead than this."""

FINE, SLOW, REFUSED = "fine", "slow", "refused"


@dataclass(frozen=True, slots=True)
class Grant:
    """An office's answer. permit: 0 means ask again after `wait` seconds; refused: so long the circuit stays open."""

    permit: int
    wait: float = 0.0
    refused: float = 0.0


@dataclass(slots=True)
class Limit:
    """A number that is cut and grows again. ceiling: inf where there is none."""

    ceiling: float
    now: float = 0.0

    def __post_init__(self) -> None:
        self.now = self.ceiling

    def bound(self, ceiling: float) -> None:
        """Set another ceiling: a lower one holds at once, towards a higher one it grows."""
        self.ceiling = ceiling
        self.now = min(self.now, ceiling)

    def grow(self, seconds: float) -> None:
        """Add what so many seconds bring, up to the ceiling."""
        bounded = self.ceiling < float("inf")
        step = self.ceiling / GROW_SECONDS if bounded else GROW_UNBOUNDED
        self.now = min(self.ceiling, self.now + step * seconds)

    def cut(self, seen: float) -> None:
        """Cut to a share, but never to nothing. seen: what was in use, from where an unbounded limit is cut."""
        if self.ceiling < float("inf"):
            self.now = max(1.0, self.ceiling / 100, CUT * self.now)
        else:
            self.now = max(1.0, CUT * min(self.now, max(seen, 10.0)))


@dataclass(slots=True)
class Budget:
    """The books of one endpoint; all times are `now` of one clock, in seconds."""

    requests: Limit
    connections: Limit
    asked: int = 0
    slowed: int = 0
    held: dict[int, float] = field(default_factory=dict)
    next: float = 0.0
    closed_until: float = 0.0
    grown: float = 0.0
    cut: float = float("-inf")
    swept: float = 0.0
    recent: float = 0.0
    recent_since: float = 0.0

    @classmethod
    def of(cls, requests: float, connections: float) -> "Budget":
        """A budget with ceilings; 0 means none."""
        return cls(Limit(requests or float("inf")), Limit(connections or float("inf")))

    def bound(self, requests: float, connections: float) -> None:
        """Set the ceilings of who asks now; 0 means none. Of those who ask in turn the lowest hold."""
        self.requests.bound(requests or float("inf"))
        self.connections.bound(connections or float("inf"))

    def enter(self, now: float, permit: int) -> Grant:
        """Room for one more request, or how long to wait before asking again."""
        if now < self.closed_until:
            return Grant(0, refused=self.closed_until - now)
        self._settle(now)
        if len(self.held) >= self.connections.now:
            return Grant(0, wait=0.05 + 0.2 * random.random())  # noqa: S311 - spreads load
        start = max(now, self.next)
        if start - now > AHEAD_SECONDS:
            return Grant(0, wait=AHEAD_SECONDS * (0.5 + 0.5 * random.random()))  # noqa: S311 - spreads load
        self.next = max(self.next, now - BURST_SECONDS) + 1.0 / self.requests.now
        self.asked += 1
        self.recent += 1
        self.held[permit] = now + FORGET_SECONDS
        return Grant(permit, wait=start - now)

    def leave(self, now: float, permit: int, sign: str) -> None:
        """A request or body ended."""
        self._settle(now)
        seen = self.recent / max(now - self.recent_since, 1.0)
        if sign == SLOW:
            self.slowed += 1
            if now - self.cut >= CUT_SECONDS:
                self.requests.cut(seen)
                self.connections.cut(len(self.held))
                self.cut = now
        elif sign == REFUSED:
            self.closed_until = now + REST_SECONDS
        self.held.pop(permit, None)

    def renew(self, now: float, permit: int) -> None:
        """A body is still being read."""
        if permit in self.held:
            self.held[permit] = now + FORGET_SECONDS

    def _settle(self, now: float) -> None:
        """Grow by the time that passed; give up permits of the dead."""
        if self.grown and now > self.grown and now - self.cut >= CUT_SECONDS:
            self.requests.grow(now - self.grown)
            self.connections.grow(now - self.grown)
        self.grown = now
        if now - self.recent_since > 4.0:
            self.recent, self.recent_since = self.recent / 2, max(self.recent_since, now - 2.0)
        if now - self.swept > RENEW_SECONDS:
            self.held = {one: until for one, until in self.held.items() if until > now}
            self.swept = now


class Books(Protocol):
    """What a worker asks: an Office of its own process, or a way to one elsewhere."""

    def enter(self, endpoint: str, requests: float, connections: float) -> Grant:
        """As Budget.enter."""

    def leave(self, endpoint: str, permit: int, sign: str) -> None:
        """As Budget.leave."""

    def renew(self, endpoint: str, permit: int) -> None:
        """As Budget.renew."""


class Office:
    """The budgets of all endpoints, for threads of this process or, as an actor, for a cluster."""

    def __init__(self) -> None:
        self._budgets: dict[str, Budget] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def enter(self, endpoint: str, requests: float, connections: float) -> Grant:
        """A permit, or how long to wait. requests, connections: ceilings."""
        with self._lock:
            budget = self._budgets.get(endpoint) or Budget.of(requests, connections)
            self._budgets[endpoint] = budget
            budget.bound(requests, connections)
            return budget.enter(time.monotonic(), next(self._numbers))

    def leave(self, endpoint: str, permit: int, sign: str) -> None:
        """Give a permit back. sign: FINE, SLOW or REFUSED."""
        with self._lock:
            if endpoint in self._budgets:
                self._budgets[endpoint].leave(time.monotonic(), permit, sign)

    def renew(self, endpoint: str, permit: int) -> None:
        """Keep a permit that is long in use."""
        with self._lock:
            if endpoint in self._budgets:
                self._budgets[endpoint].renew(time.monotonic(), permit)

    def figures(self) -> dict[str, dict[str, float]]:
        """By endpoint: requests so far, answers that said slow down, connections open, both limits now."""
        with self._lock:
            return {
                name: {
                    "asked": budget.asked,
                    "slowed": budget.slowed,
                    "open": len(budget.held),
                    "requests_per_second": budget.requests.now,
                    "connections": budget.connections.now,
                }
                for name, budget in self._budgets.items()
            }


class _Desk:
    books: Books = Office()


def use_office(books: Books) -> None:
    """Let all further requests of this process be counted there."""
    _Desk.books = books


class Permit:
    """The right to ask an endpoint once and to read the answer; `leave` gives it back. endpoint "" needs none."""

    def __init__(self, endpoint: str, number: int = 0) -> None:
        self._endpoint, self._number = endpoint, number
        self._renewed = time.monotonic()

    def leave(self, sign: str = FINE) -> None:
        """Give it back; giving it back twice changes nothing."""
        if self._number:
            number, self._number = self._number, 0
            _Desk.books.leave(self._endpoint, number, sign)

    def renew(self, now: float) -> None:
        """Say now and then that the answer is still being read. now: monotonic seconds."""
        if self._number and now - self._renewed > RENEW_SECONDS:
            self._renewed = now
            _Desk.books.renew(self._endpoint, self._number)


def enter(endpoint: str, access: AccessSection) -> Permit:
    """Wait until the endpoint may be asked.

    Raises Refused while its circuit is open.
    """
    if not endpoint:
        return Permit("")
    while True:
        grant = _Desk.books.enter(endpoint, access.requests_per_second, access.connections)
        if grant.refused:
            raise Refused(
                f"{endpoint}: not asked: the server refused us (403) just now; it is left in peace for "
                f"{grant.refused:.0f} s"
            )
        if grant.wait:
            time.sleep(grant.wait)
        if grant.permit:
            return Permit(endpoint, grant.permit)


def within_budget(action: Callable[[], T], endpoint: str, access: AccessSection) -> T:
    """One request, counted in its endpoint's budget. Raises Refused, too, when that is not asked at the moment."""
    permit = enter(endpoint, access)
    try:
        return action()
    except (Again, Refused) as error:
        permit.leave(sign_of(error))
        raise
    finally:
        permit.leave()


def sign_of(error: Again | Refused) -> str:
    """What an error tells the budget."""
    if isinstance(error, Refused):
        return REFUSED
    return SLOW if error.slow_down else FINE
