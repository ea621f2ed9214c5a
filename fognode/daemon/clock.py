"""The node's clock: what is stamped into a body, and a jump of it as an event."""

import time

from fognode.events import Event, Kind
from fognode.hashing import Stamp

CLOCK_STEP_MS = 2000  # a jump of the wall clock against the monotonic one that is recorded
CLOCK_SET_MS = 1_767_225_600_000  # 2026-01-01: an earlier clock was never set


class Clock:
    """Wall clock, monotonic clock and boot id of this node, as one reading."""

    def __init__(self, farm: str, boot_id: str) -> None:
        self._farm, self._boot_id = farm, boot_id
        self._last_ms = 0
        self._offset_ms = self._now_offset_ms()

    def start_after(self, recorded_at_ms: int) -> None:
        """Never stamp earlier than what the record already holds."""
        self._last_ms = max(self._last_ms, recorded_at_ms)

    def stamp(self) -> Stamp:
        """Return the marks for a body that is frozen now; recorded_at_ms never falls."""
        now_ms = time.time_ns() // 1_000_000
        self._last_ms = max(self._last_ms, now_ms)
        return Stamp(
            farm=self._farm,
            boot_id=self._boot_id,
            mono_ms=time.monotonic_ns() // 1_000_000,
            recorded_at_ms=self._last_ms,
            clock_ok=now_ms >= CLOCK_SET_MS,
        )

    def step_event(self) -> Event | None:
        """Return an event when the wall clock jumped since the last call, else nothing."""
        offset_ms = self._now_offset_ms()
        moved_ms = offset_ms - self._offset_ms
        if abs(moved_ms) <= CLOCK_STEP_MS:
            return None
        self._offset_ms = offset_ms
        mono_ms = time.monotonic_ns() // 1_000_000
        return Event(
            kind=Kind.CLOCK_STEP,
            origin=f"n/clock_step/{self._boot_id}-{mono_ms}",
            happened_at_ms=time.time_ns() // 1_000_000,
            facts={"moved_ms": moved_ms},
        )

    @staticmethod
    def _now_offset_ms() -> int:
        return (time.time_ns() - time.monotonic_ns()) // 1_000_000
