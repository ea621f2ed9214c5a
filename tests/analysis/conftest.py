"""A made-up farm: seeded openings and uses, as events of the record."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from fognode.analysis.features import KINDS, read_record
from fognode.analysis.study import Study
from fognode.events import Event, Kind, Stored
from fognode.hashing import event_id

# As in the child: with two OpenMP threads on a busy machine these tests take ten times as long.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

UTC = ZoneInfo("UTC")
DAY_MS = 86_400_000
JANUARY_MS = 1_767_225_600_000  # 2026-01-01T00:00Z, a Thursday


@dataclass(frozen=True)
class Habit:
    """What an opening of one kind looks like; each opening varies around it."""

    hour: float
    minutes: float
    delta_g: int
    edges: int
    light: int
    badge: bool
    sensors: tuple[str, ...] = ("weight_take",)
    verdict: str = "normal"


TAKE = Habit(6.5, 3, -1800, 2, 700, True, ("weight_take", "tag_out"))
RESTOCK = Habit(14, 20, 9000, 6, 900, True, ("weight_put", "tag_in"), "restock")
FORCED = Habit(2, 1, -5000, 30, 200, False, ("weight_take", "distance_move"), "no_badge")


@dataclass
class MadeFarm:
    """Events in the order of the record, and the verdicts custody would give."""

    seed: int = 1
    events: list[Event] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.draw = Random(self.seed)
        self.tell("node_started", JANUARY_MS - 10 * DAY_MS)

    def tell(self, kind: str, at_ms: int, **facts: object) -> str:
        origin = f"n/made/{len(self.events) + 1}"
        self.events.append(
            Event(kind=kind, origin=origin, happened_at_ms=at_ms, facts=facts)  # type: ignore[arg-type]  # tests tell only text, numbers and lists
        )
        return event_id(origin).hex()

    def visit(self, day: int, habit: Habit) -> str:
        draw = self.draw
        at_ms = JANUARY_MS + day * DAY_MS + int((habit.hour + draw.gauss(0, 0.5)) * 3_600_000)
        stay_ms = int(habit.minutes * 60_000 * draw.uniform(0.6, 1.6))
        place = {"place": "cab-1", "board": "cab01"}
        self.tell("vibration_shake", at_ms - 5_000, vibration_edges=habit.edges // 2, **place)
        opening = self.tell(Kind.OPEN_BOX, at_ms, cabinet="cab-1", board="cab01", person="")
        light = int(habit.light * draw.uniform(0.8, 1.2))
        self.tell("light_open", at_ms, light_counts=light, **place)
        edges = int(habit.edges * draw.uniform(0.5, 1.5))
        self.tell("vibration_shake", at_ms + 2_000, vibration_edges=edges, **place)
        for kind in habit.sensors:
            self.tell(kind, at_ms + 3_000, weight_g=habit.delta_g, distance_mm=300, **place)
        packages = ["P1"]
        self.tell(
            Kind.BOX_CLOSED,
            at_ms + stay_ms,
            opening=opening,
            cabinet="cab-1",
            person="ana" if habit.badge else "nobody named",
            delta_g=int(habit.delta_g * draw.uniform(0.7, 1.3)),
            out=packages if habit.delta_g < 0 else [],
            **{"in": packages if habit.delta_g > 0 else []},
        )
        self.verdicts[opening] = habit.verdict
        return opening

    def days(self, count: int) -> None:
        """Two takes a day, a delivery every third, somebody forcing the door every fourth."""
        for day in range(count):
            if day % 4 == 3:
                self.visit(day, FORCED)
            self.visit(day, TAKE)
            self.visit(day, TAKE)
            if day % 3 == 2:
                self.visit(day, RESTOCK)

    def product(self, gtin: str, name: str) -> None:
        self.tell(Kind.PRODUCT_SET, self.events[0].happened_at_ms, gtin=gtin, name=name)
        self.tell(
            Kind.NEW_PRODUCT_ENTRY, self.events[0].happened_at_ms, package=f"P-{gtin}", gtin=gtin
        )

    def use(self, gtin: str, at_ms: int, used_g: int) -> None:
        self.tell(Kind.HANDLE_PRODUCT, at_ms, package=f"P-{gtin}", action="used", used_g=used_g)

    def stored(self) -> list[Stored]:
        return [
            Stored(
                seq=seq,
                event_id=event_id(event.origin).hex(),
                kind=str(event.kind),
                origin=event.origin,
                happened_at_ms=event.happened_at_ms,
                recorded_at_ms=event.happened_at_ms,
                facts=event.facts,
                body=b"",
            )
            for seq, event in enumerate(self.events, start=1)
        ]

    def study(self, folder: Path, **known: object) -> Study:
        told = self.stored()
        values: dict[str, object] = {
            "record": read_record((e for e in told if e.kind in KINDS), UTC),
            "verdicts": self.verdicts,
            "versions": {},
            "said": {},
            "head_seq": len(told),
            "first_at_ms": told[0].happened_at_ms,
            "zone": UTC,
            "run": "1790000000000",
            "models": folder / "models",
        }
        return Study(**(values | known))  # type: ignore[arg-type]  # named as in Study


@pytest.fixture
def make_farm() -> Callable[..., MadeFarm]:
    return MadeFarm
