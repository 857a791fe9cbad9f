"""How a process spares a system that refuses its calls, or does not answer them.

A refusal slows a system, it does not stop it. Each call goes through its system's `Cooldown.run`:

- A refused call is made again after a short pause of its own, as long as its caller is patient.
- Calls at once are bounded by what the system was seen to take: fewer after a refusal, one more as calls
  succeed. Where calls beside the refused one succeed, refusals are scattered, and cost only their own pause.
- Where nothing succeeds any more, the system is closed for all. A wait that the vendor named is honoured;
  without one the pause is short and grows, and one call probes after it.
- Then calls come few at once, at the rate of before, and faster while they succeed: never all at one instant.
- Only a quota that is used up, as the vendor calls it, and a person's `hold` close it for long.

State of one event loop: nothing here is called from threads. Times are the loop's, in seconds.
"""

import asyncio
import heapq
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TypeVar

from clients.kit.errors import IntegrationError, RateLimited, Retryable, title

MOST_AT_ONCE = 64
"""Calls at once where nothing else bounds them."""

FEW = 3
"""Calls in a row that fail before a system counts as closed; more, where more were under way."""

FIRST_PAUSE, LONGEST_PAUSE, LONGEST_QUOTA_PAUSE = 0.25, 300.0, 900.0
SHARE_OF_THE_OUTAGE = 12
"""A pause is at most this part of the time that the system has been away: what waits goes on soon after
it is back, and a day's outage costs some hundred probes."""

OWN_PAUSE = 0.05
"""Before a refused call is made again, doubled at each try."""

SHRUNK, FEWEST = 0.75, 2.0
"""Of the calls at once that were refused so many are tried next; two at least, lest a slow one stops all."""

OTHERS_SUCCEED, OTHERS_SEEN = 0.7, 6
"""From this share of successes on, among calls with as many at once or more, refusals are scattered."""

RAMP_AT_ONCE, RAMP_PER_SECOND, RAMP_GROWTH, RAMP_ENDS_AFTER = 2, 10.0, 0.15, 2.0
"""After a pause: calls at once, and a second where fewer came before; its growth in a second; and after how
many seconds without a call that had to wait it ends."""

NO_ANSWER = 2.5
"""A call that is given up after so many seconds counts as one without an answer."""

T = TypeVar("T")


@dataclass(frozen=True)
class Closed:
    """`why` is for people. `held`: until `resume()`. `left`: until it is probed, None where nobody knows."""

    why: str
    held: bool
    left: timedelta | None


@dataclass(frozen=True)
class _Patience:
    seconds: float = 0.0
    latest: float = math.inf


_NONE = _Patience()
_patience: ContextVar[_Patience] = ContextVar("patience", default=_NONE)


@contextmanager
def patient_for(seconds: float, *, latest_in: float = math.inf) -> Iterator[None]:
    """Calls within wait so long for a system that is closed or crowded; outside they do not wait. After
    `latest_in` seconds none begins at all."""
    latest = asyncio.get_running_loop().time() + latest_in
    token = _patience.set(_Patience(seconds, latest))
    try:
        yield
    finally:
        _patience.reset(token)


@dataclass(eq=False)
class _Call:
    """One under way: how many were, with it; when it began; after how many shrinkings; as a probe?"""

    at_once: int
    begun: float
    epoch: int
    probes: bool


@dataclass
class _Limit:
    """How many calls at once a system takes, found by trying."""

    most: int
    now: float = 0.0
    threshold: float = 0.0
    """Up to here it grows by one for each success; above, by one for as many as it is."""
    epoch: int = 0
    recent: deque[tuple[int, bool]] = field(default_factory=lambda: deque(maxlen=64))

    def __post_init__(self) -> None:
        self.now = self.threshold = self.most

    @property
    def untouched(self) -> bool:
        return self.now >= self.most

    def has_room(self, under_way: int) -> bool:
        return under_way < int(self.now)

    def grow(self, call: _Call) -> None:
        self.recent.append((call.at_once, True))
        step = 1.0 if self.now < self.threshold else max(1 / self.now, self.now / 50)
        self.now = min(self.most, self.now + step)

    def shrink(self, call: _Call, under_way: int) -> bool:
        """Once for calls that began together, and not where others succeed beside it. Says whether."""
        scattered = self._others_succeed(call.at_once)
        self.recent.append((call.at_once, False))
        if call.epoch != self.epoch or scattered:
            return False
        self.epoch += 1
        self.now = self.threshold = min(self.most, max(FEWEST, under_way * SHRUNK))
        return True

    def restart(self) -> None:
        self.epoch += 1
        self.threshold = max(self.now / 2, RAMP_AT_ONCE)
        self.now = min(self.most, RAMP_AT_ONCE)
        self.recent.clear()

    def _others_succeed(self, at_once: int) -> bool:
        beside = [well for others, well in self.recent if others >= at_once]
        return len(beside) >= OTHERS_SEEN and sum(beside) >= OTHERS_SUCCEED * len(beside)


@dataclass
class _Ramp:
    """Calls evenly spaced, faster and faster: after a pause, until none has to wait for it."""

    per_second: float | None = None
    next: float = 0.0
    delayed_at: float = 0.0
    begun: deque[float] = field(default_factory=lambda: deque(maxlen=256))
    """Calls while there was no ramp."""

    def wait(self, now: float) -> float:
        wait = 0.0 if self.per_second is None else max(0.0, self.next - now)
        if wait:
            self.delayed_at = now
        return wait

    def start(self, now: float) -> None:
        """Begin the ramp, at the rate of the last calls before."""
        if self.per_second is None:
            last = [begun for begun in self.begun if now - begun < 60 and begun > self.begun[-1] - 5]
            before = len(last) / max(1.0, last[-1] - last[0]) if last else 0.0
            self.per_second = max(RAMP_PER_SECOND, before)
        self.next = self.delayed_at = now

    def slow_down(self) -> None:
        if self.per_second is not None:
            self.per_second = max(1.0, self.per_second * SHRUNK)

    def call(self, now: float) -> None:
        if self.per_second is None:
            self.begun.append(now)
        elif now - self.delayed_at > RAMP_ENDS_AFTER:
            self.per_second = None
        else:
            self.next = max(self.next, now) + 1 / self.per_second
            self.per_second += RAMP_GROWTH


@dataclass
class _Shut:
    """Whether the system is closed, until when, and why."""

    chance: random.Random
    since: float | None = None
    until: float = 0.0
    named: bool = False
    why: str = ""
    pauses: int = 0

    def close(self, now: float, error: Retryable | None, system: str) -> None:
        self.since = now if self.since is None else self.since
        named = _seconds(error.retry_after if error else None)
        pause = named or self._pause(now, quota=isinstance(error, RateLimited) and error.quota)
        self.named = named > 0 or (self.named and self.until > now)
        self.until = max(self.until, now + pause)
        self.why = _words(title(system), error, named)

    def open(self) -> None:
        self.since, self.pauses, self.named = None, 0, False

    def asked_for(self, now: float) -> bool:
        """A wait that the vendor named is not over."""
        return self.named and now < self.until

    def _pause(self, now: float, *, quota: bool) -> float:
        """It grows with each probe that fails."""
        assert self.since is not None
        self.pauses += 1
        if quota:
            pause = min(4.0 ** (self.pauses - 1), LONGEST_QUOTA_PAUSE)
        else:
            longest = max(1.0, min((now - self.since) / SHARE_OF_THE_OUTAGE, LONGEST_PAUSE))
            pause = min(FIRST_PAUSE * 2.0 ** min(self.pauses - 1, 30), longest)
        return pause * self.chance.uniform(0.75, 1.25)


class Cooldown:
    """One per system and process; all its calls go through it."""

    def __init__(self, system: str, *, most: int = MOST_AT_ONCE, chance: random.Random | None = None) -> None:
        """`most` calls at once. `chance` spreads pauses."""
        self.system = system
        self._most, self._chance = most, chance or random.Random()
        self._waiting: list[tuple[float, int, asyncio.Future[_Call]]] = []
        self._numbers = count()
        self._under_way: set[_Call] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._listeners: list[Callable[[], None]] = []
        self._held: str | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._limit, self._ramp, self._shut = _Limit(self._most), _Ramp(), _Shut(self._chance)
        self._failed_in_a_row = self._under_way_then = 0

    # For people and other parts

    @property
    def closed(self) -> Closed | None:
        """Why no call may begin now, or soon after."""
        if self._held is not None:
            return Closed(f"{title(self.system)} is paused: {self._held}", held=True, left=None)
        if self._shut.since is None:
            return None
        left = timedelta(seconds=max(0.0, self._shut.until - _now()))
        return Closed(self._shut.why, held=False, left=left)

    def hold(self, why: str) -> None:
        """A person pauses the system, until `resume`. Calls under way end as they do."""
        self._held = why
        self._tell()

    def resume(self) -> None:
        """Undo `hold`. What has waited comes little by little."""
        if self._held is not None:
            self._held = None
            self._reopen(_now())
            self._pump()

    def forget(self) -> None:
        """Know nothing of the system but a person's hold."""
        self._begin_anew()
        self._tell()
        self._pump()

    def listen(self, listener: Callable[[], None]) -> None:
        """Have this called whenever the system was closed, for longer, or opened."""
        self._listeners.append(listener)

    def ignore(self, listener: Callable[[], None]) -> None:
        """Undo `listen`."""
        self._listeners.remove(listener)

    def refuse_while_closed(self) -> None:
        """Spare the system, and the caller's time. Raises RateLimited."""
        if self.closed and self._wait(_now()) > 0:
            raise self._refusal()

    # Calls

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work`, which is one call, when the system takes it, and again where it is refused. Raises
        what `work` raises, and RateLimited where the system stays closed for longer than the caller waits."""
        patience = _patience.get()
        until = min(patience.latest, _now() + patience.seconds)
        for tries in count():
            call = await self._begin(until, patience.latest)
            try:
                return await self._do(call, work)
            except RateLimited as error:
                pause = OWN_PAUSE * 2.0 ** min(tries, 4) * self._chance.uniform(0.5, 1.5)
                if _now() + max(pause, _seconds(error.retry_after)) >= until:
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("there is always another number")

    async def _do(self, call: _Call, work: Callable[[], Awaitable[T]]) -> T:
        try:
            result = await work()
        except Retryable as error:
            self._fail(call, error)
            raise
        except IntegrationError:
            self._succeed(call)  # it answers
            raise
        except asyncio.CancelledError:
            if _now() - call.begun >= NO_ANSWER:
                self._fail(call, None)
            raise
        else:
            self._succeed(call)
            return result
        finally:
            self._under_way.discard(call)
            self._pump()

    async def _begin(self, until: float, latest: float) -> _Call:
        """Where nothing was ever refused, nobody loses patience: the crowd is our own."""
        if not self._waiting and self._wait(_now()) <= 0:
            return self._start(_now())
        deadline = latest if self._limit.untouched and not self.closed else until
        turn: asyncio.Future[_Call] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (deadline, next(self._numbers), turn))
        self._pump()
        try:
            async with asyncio.timeout_at(deadline if math.isfinite(deadline) else None):
                return await turn
        except TimeoutError:
            self._give_back(turn)
            raise self._refusal() from None
        except asyncio.CancelledError:
            self._give_back(turn)
            raise

    def _give_back(self, turn: asyncio.Future[_Call]) -> None:
        """A turn may come just as its caller goes."""
        if turn.done() and not turn.cancelled():
            self._under_way.discard(turn.result())
        self._pump()

    def _start(self, now: float) -> _Call:
        probes = self._shut.since is not None
        call = _Call(len(self._under_way) + 1, now, self._limit.epoch, probes)
        self._under_way.add(call)
        self._ramp.call(now)
        return call

    def _wait(self, now: float) -> float:
        """Seconds until a call may begin; infinite where something must happen first."""
        if self._held is not None:
            return math.inf
        if self._shut.since is not None:
            probing = any(call.probes for call in self._under_way)
            return math.inf if probing else self._shut.until - now
        return self._ramp.wait(now) if self._limit.has_room(len(self._under_way)) else math.inf

    def _pump(self) -> None:
        """Give turns to those who wait, the least patient first."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            if self._waiting[0][2].done():  # gone
                heapq.heappop(self._waiting)
                continue
            now = _now()
            if (wait := self._wait(now)) > 0:
                if math.isfinite(wait):
                    self._timer = asyncio.get_running_loop().call_later(wait, self._pump)
                return
            heapq.heappop(self._waiting)[2].set_result(self._start(now))

    # What calls tell

    def _succeed(self, call: _Call) -> None:
        self._failed_in_a_row = 0
        self._limit.grow(call)
        if self._shut.since is not None and not self._shut.asked_for(_now()):
            self._reopen(_now())

    def _fail(self, call: _Call, error: Retryable | None) -> None:
        now = _now()
        if not self._failed_in_a_row:
            self._under_way_then = len(self._under_way)
        self._failed_in_a_row += 1
        if call.probes or _seconds(error.retry_after if error else None) or self._nothing_succeeds():
            self._shut.close(now, error, self.system)
            self._tell()
        elif self._shut.since is None and self._limit.shrink(call, len(self._under_way)):
            self._ramp.slow_down()

    def _nothing_succeeds(self) -> bool:
        """Not of those either that were under way when the first one failed."""
        return self._shut.since is None and self._failed_in_a_row >= max(FEW, self._under_way_then)

    def _reopen(self, now: float) -> None:
        self._shut.open()
        self._limit.restart()
        self._ramp.start(now)
        self._tell()

    def _refusal(self) -> RateLimited:
        closed = self.closed
        return RateLimited(self.system, closed.why if closed else f"{title(self.system)} is slow just now")

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


class Cooldowns:
    """Of all systems of a process."""

    def __init__(self, most: Mapping[str, int] | None = None) -> None:
        """`most` calls at once, by system."""
        self._most = dict(most or {})
        self._of: dict[str, Cooldown] = {}

    def of(self, system: str) -> Cooldown:
        if system not in self._of:
            self._of[system] = Cooldown(system, most=self._most.get(system, MOST_AT_ONCE))
        return self._of[system]

    def forget(self) -> None:
        for each in self._of.values():
            each.forget()


async def through(cooldown: Cooldown | None, work: Callable[[], Awaitable[T]]) -> T:
    """One call, through its system's cooldown where there is one."""
    return await (cooldown.run(work) if cooldown else work())


def _now() -> float:
    return asyncio.get_running_loop().time()


def _seconds(wait: timedelta | None) -> float:
    return wait.total_seconds() if wait else 0.0


def _words(name: str, error: Retryable | None, named: float) -> str:
    """For people who look at a run that waits for another one's trouble."""
    on = "this step goes on by itself"
    if isinstance(error, RateLimited) and error.quota:
        return f"{name} says that its quota of calls is used up; {on} when it takes calls again"
    if named:
        return f"{name} asked for a pause of {_span(named)}; {on} after it"
    if isinstance(error, RateLimited):
        return f"{name} refuses calls, too many for now; {on} when it takes them again"
    return f"{name} does not answer, or with errors only; {on} when it does again"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{math.ceil(seconds)} seconds"
    return f"{math.ceil(seconds / 60)} minutes"
