"""The arithmetic of the rate limiter: a token bucket for requests and a bound on connections, for each endpoint.

In: who asks, when, and how requests ended. Out: a `Grant`: a token, or how long to wait. An answer that says slow down
(429, 503, SlowDown) cuts both limits by a third, other answers let them grow again: additive increase, multiplicative
decrease (Chiu and Jain, 1989). A refusal (403) opens the circuit breaker: nobody asks that endpoint for a minute.
`MemoryBackend` keeps the state of all endpoints in one process.
"""

import itertools
import random
import threading
import time
from dataclasses import dataclass, field

OPEN_SECONDS = 60.0
"""How long the circuit stays open after a refusal."""

FORGET_SECONDS = 180.0
"""A token that nobody renews is given up: its worker died."""
RENEW_SECONDS = 30.0

CUT = 0.7
CUT_SECONDS = 1.0
"""Answers that come this close together count once: a busy server says it to everyone at the same time."""

GROW_SECONDS = 60.0
"""From nothing back to the ceiling."""
GROW_UNBOUNDED = 5.0
"""Growth a second where there is no ceiling."""

BURST_SECONDS = 0.25
BOOKED_SECONDS = 1.0
"""Tokens are granted for requests that start at most so much later."""

FINE, SLOW, REFUSED = "fine", "slow", "refused"


@dataclass(frozen=True, slots=True)
class Grant:
    """A backend's answer. token: 0 means ask again after `wait` seconds; refused: seconds the circuit stays open."""

    token: int
    wait: float = 0.0
    refused: float = 0.0


@dataclass(slots=True)
class AdaptiveLimit:
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
class EndpointLimits:
    """The state of one endpoint; all times are `now` of one clock, in seconds.

    held: when each token is given up; next: when the next request may start; closed_until: when the circuit closes.
    """

    requests: AdaptiveLimit
    connections: AdaptiveLimit
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
    def of(cls, requests: float, connections: float) -> "EndpointLimits":
        """Limits with ceilings; 0 means none."""
        return cls(AdaptiveLimit(requests or float("inf")), AdaptiveLimit(connections or float("inf")))

    def bound(self, requests: float, connections: float) -> None:
        """Set the ceilings of the caller; 0 means none. Of callers that take turns the lowest ceilings hold."""
        self.requests.bound(requests or float("inf"))
        self.connections.bound(connections or float("inf"))

    def acquire(self, now: float, token: int) -> Grant:
        """A token for one more request, or how long to wait before asking again."""
        if now < self.closed_until:
            return Grant(0, refused=self.closed_until - now)
        self._settle(now)
        if len(self.held) >= self.connections.now:
            return Grant(0, wait=0.05 + 0.2 * random.random())  # noqa: S311 - spreads load
        start = max(now, self.next)
        if start - now > BOOKED_SECONDS:
            return Grant(0, wait=BOOKED_SECONDS * (0.5 + 0.5 * random.random()))  # noqa: S311 - spreads load
        self.next = max(self.next, now - BURST_SECONDS) + 1.0 / self.requests.now
        self.asked += 1
        self.recent += 1
        self.held[token] = now + FORGET_SECONDS
        return Grant(token, wait=start - now)

    def release(self, now: float, token: int, signal: str) -> None:
        """A request ended, or its body was read. signal: FINE, SLOW or REFUSED."""
        self._settle(now)
        seen = self.recent / max(now - self.recent_since, 1.0)
        if signal == SLOW:
            self.slowed += 1
            if now - self.cut >= CUT_SECONDS:
                self.requests.cut(seen)
                self.connections.cut(len(self.held))
                self.cut = now
        elif signal == REFUSED:
            self.closed_until = now + OPEN_SECONDS
        self.held.pop(token, None)

    def renew(self, now: float, token: int) -> None:
        """A body is still being read."""
        if token in self.held:
            self.held[token] = now + FORGET_SECONDS

    def _settle(self, now: float) -> None:
        """Grow by the time that passed; give up the tokens of dead workers."""
        if self.grown and now > self.grown and now - self.cut >= CUT_SECONDS:
            self.requests.grow(now - self.grown)
            self.connections.grow(now - self.grown)
        self.grown = now
        if now - self.recent_since > 4.0:
            self.recent, self.recent_since = self.recent / 2, max(self.recent_since, now - 2.0)
        if now - self.swept > RENEW_SECONDS:
            self.held = {token: until for token, until in self.held.items() if until > now}
            self.swept = now


class MemoryBackend:
    """The limits of all endpoints, for threads of this process or, as an actor, for a cluster."""

    def __init__(self) -> None:
        self._endpoints: dict[str, EndpointLimits] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def acquire(self, endpoint: str, requests: float, connections: float) -> Grant:
        """A token, or how long to wait. requests, connections: ceilings."""
        with self._lock:
            limits = self._endpoints.setdefault(endpoint, EndpointLimits.of(requests, connections))
            limits.bound(requests, connections)
            return limits.acquire(time.monotonic(), next(self._numbers))

    def release(self, endpoint: str, token: int, signal: str) -> None:
        """Give a token back. signal: FINE, SLOW or REFUSED."""
        with self._lock:
            if endpoint in self._endpoints:
                self._endpoints[endpoint].release(time.monotonic(), token, signal)

    def renew(self, endpoint: str, token: int) -> None:
        """Keep a token that is long in use."""
        with self._lock:
            if endpoint in self._endpoints:
                self._endpoints[endpoint].renew(time.monotonic(), token)

    def figures(self) -> dict[str, dict[str, float]]:
        """By endpoint: requests so far, answers that said slow down, connections open, both limits now."""
        with self._lock:
            return {
                name: {
                    "asked": limits.asked,
                    "slowed": limits.slowed,
                    "open": len(limits.held),
                    "requests_per_second": limits.requests.now,
                    "connections": limits.connections.now,
                }
                for name, limits in self._endpoints.items()
            }
