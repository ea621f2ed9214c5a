"""How much a run of the bench does."""

from dataclasses import dataclass

EVENTS, QUICK_EVENTS, FULL_EVENTS = 100_000, 40_000, 1_000_000
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Effort:
    """Fewer rounds than usual, or a record as large as the promises mean it."""

    quick: bool = False
    full: bool = False

    @property
    def events(self) -> int:
        """How many events the big record has."""
        if self.full:
            return FULL_EVENTS
        return QUICK_EVENTS if self.quick else EVENTS

    @property
    def size(self) -> str:
        """Say in the unit of a row how big that record was."""
        return "1M" if self.full else f"{self.events // 1000}k"
