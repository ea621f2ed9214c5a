"""Stored events to numbers: one row for each opening, and grams used by product and month.

Pure: told the events and the farm's time zone, it touches nothing else.  Units stand in the
names; a logarithm is the natural one of 1 + x, with the sign of x.
"""

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from math import cos, log1p, pi, sin
from zoneinfo import ZoneInfo

from fognode.errors import CodeError
from fognode.events import Kind, Stored
from fognode.gs1.keys import normal_gtin

SENSED = (
    "hour_sin",
    "hour_cos",
    "weekend",
    "log_open_s",
    "log_gap_s",
    "log_delta_g",
    "log_vibration_edges",
    "log_vibration_before_edges",
    "light_max_counts",
    "distance_min_mm",
    "sensors",
)
PAPERS = ("has_badge", "packages_out", "packages_in")  # what the hard rules look at
NAMES = SENSED + PAPERS

READINGS = {  # kind -> the family of sensors it comes from
    "light_open": "light",
    "light_close": "light",
    "vibration_shake": "vibration",
    "distance_move": "distance",
    "weight_take": "weight",
    "weight_put": "weight",
    "tag_in": "tag",
    "tag_out": "tag",
}
VALUES = {  # family -> the fact that is learnt from
    "light": "light_counts",
    "vibration": "vibration_edges",
    "distance": "distance_mm",
}
KINDS = (
    *READINGS,
    Kind.OPEN_BOX,
    Kind.BOX_CLOSED,
    Kind.HANDLE_PRODUCT,
    Kind.NEW_PRODUCT_ENTRY,
    Kind.PRODUCT_SET,
)
OPENINGS_MOST = 20_000  # newest kept: a year of 50 a day, and the memory of the child
COUNTED_MOST = 4096  # newest uses kept: far more than in the openings custody may tell anew
READINGS_MOST = 400  # newest kept for each place
BEFORE_MS = 60_000  # shaking this long before an opening counts as before it
FAR_MM = 4_000  # HC-SR04 datasheet, "Electric Parameter": ranges up to 4 m
GAP_MOST_S = 7 * 86_400  # stands for "no opening before"
CLOCK_SET_MS = 1_577_836_800_000  # 2020-01-01: an earlier happening was stamped by an unset clock
NOBODY = ("", "nobody named")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One closed opening of a cabinet as numbers."""

    opening: str  # event_id of the openBox
    cabinet: str
    opened_at_ms: int
    day: str  # local date it opened on, YYYY-MM-DD
    hour: int  # local, 0 to 23
    open_s: int
    has_badge: bool
    families: frozenset[str]  # sensors that spoke: light, vibration, distance, weight, tag
    first_seq: int
    last_seq: int
    numbers: tuple[float, ...]  # in the order of NAMES


@dataclass(slots=True, kw_only=True)
class Use:
    """What was used of one product."""

    gtin: str
    name: str = ""
    grams: dict[int, int] = field(default_factory=dict)  # by month, see ``month_of``
    first_seq: int = 0
    last_seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that the models learn from."""

    openings: tuple[Opening, ...]  # in the order of the record
    uses: tuple[Use, ...]  # by GTIN, products used at least once


@dataclass(frozen=True, slots=True)
class _Reading:
    at_ms: int
    seq: int
    family: str
    value: int


def month_of(at_ms: int, zone: ZoneInfo) -> int:
    """Return the local month as months since the year 0, so that months can be counted."""
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    return local.year * 12 + local.month - 1


def month_text(month: int) -> str:
    """Return a month as YYYY-MM."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def read_record(events: Iterable[Stored], zone: ZoneInfo) -> Record:
    """Fold events, in the order of the record, into numbers."""
    openings, uses = _Openings(zone), _Uses(zone)
    for told in events:
        if told.kind in READINGS:
            openings.hear(told)
        elif told.kind == Kind.OPEN_BOX:
            openings.begin(told)
        elif told.kind == Kind.BOX_CLOSED:
            openings.end(told)
        else:
            uses.step(told)
    used = tuple(uses.by_gtin[gtin] for gtin in sorted(uses.by_gtin) if uses.by_gtin[gtin].grams)
    return Record(openings=tuple(openings.closed), uses=used)


class _Openings:
    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._open: dict[str, Stored] = {}  # event_id of openBox -> it
        self._last_ms: dict[str, int] = {}  # cabinet -> when it last closed
        self._heard: dict[str, deque[_Reading]] = {}  # place -> newest readings
        self.closed: deque[Opening] = deque(maxlen=OPENINGS_MOST)

    def hear(self, told: Stored) -> None:
        family = READINGS[told.kind]
        value = told.number(VALUES[family]) if family in VALUES else 0
        heard = self._heard.setdefault(told.text("place"), deque(maxlen=READINGS_MOST))
        heard.append(_Reading(told.happened_at_ms, told.seq, family, value))

    def begin(self, told: Stored) -> None:
        self._open[told.event_id] = told

    def end(self, told: Stored) -> None:
        begun = self._open.pop(told.text("opening"), None)
        if begun is None:
            return
        cabinet = begun.text("cabinet")
        gap_s = GAP_MOST_S
        if cabinet in self._last_ms:
            gap_s = (begun.happened_at_ms - self._last_ms[cabinet]) // 1000
        self._last_ms[cabinet] = told.happened_at_ms
        since_ms = begun.happened_at_ms - BEFORE_MS
        heard = [
            reading
            for reading in self._heard.get(cabinet, ())
            if since_ms <= reading.at_ms <= told.happened_at_ms
        ]
        self.closed.append(_opening(begun, told, heard, min(gap_s, GAP_MOST_S), self._zone))


def _opening(
    begun: Stored, ended: Stored, heard: list[_Reading], gap_s: int, zone: ZoneInfo
) -> Opening:
    local = datetime.fromtimestamp(begun.happened_at_ms / 1000, zone)
    during = [reading for reading in heard if reading.at_ms >= begun.happened_at_ms]
    families = _shared(frozenset(reading.family for reading in during))
    open_s = max(0, ended.happened_at_ms - begun.happened_at_ms) // 1000
    has_badge = ended.text("person") not in NOBODY
    shaken = sum(r.value for r in during if r.family == "vibration")
    shaken_before = sum(r.value for r in heard if r.family == "vibration") - shaken
    angle = 2 * pi * (local.hour + local.minute / 60) / 24
    numbers = (
        round(sin(angle), 6),
        round(cos(angle), 6),
        float(local.weekday() >= 5),
        signed_log(open_s),
        signed_log(gap_s),
        signed_log(ended.number("delta_g")),
        signed_log(shaken),
        signed_log(shaken_before),
        float(max((r.value for r in during if r.family == "light"), default=0)),
        float(min((r.value for r in during if r.family == "distance"), default=FAR_MM)),
        float(len(families)),
        float(has_badge),
        float(_count(ended, "out")),
        float(_count(ended, "in")),
    )
    return Opening(
        opening=begun.event_id,
        cabinet=begun.text("cabinet"),
        opened_at_ms=begun.happened_at_ms,
        day=local.date().isoformat(),
        hour=local.hour,
        open_s=open_s,
        has_badge=has_badge,
        families=families,
        first_seq=min((reading.seq for reading in heard), default=begun.seq),
        last_seq=ended.seq,
        numbers=numbers,
    )


@cache
def _shared(families: frozenset[str]) -> frozenset[str]:
    # At most 32 different ones, where 20,000 openings would hold as many copies.
    return families


def signed_log(value: int) -> float:
    """Return ln(1 + |value|) with the sign of ``value``, rounded to six places."""
    # Rounded, so that the hash of the training rows does not hang on a last bit of libm.
    return round(log1p(abs(value)), 6) * (-1 if value < 0 else 1)


def _count(told: Stored, fact: str) -> int:
    value = told.facts.get(fact)
    return len(value) if isinstance(value, list) else 0


class _Uses:
    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._gtin: dict[str, str] = {}  # package -> gtin
        self._counted: dict[str, tuple[Use, int, int]] = {}  # handleProduct -> its part
        self.by_gtin: dict[str, Use] = {}

    def step(self, told: Stored) -> None:
        if told.kind == Kind.PRODUCT_SET:
            with suppress(CodeError):  # custody has kept it as rejected
                self._use(normal_gtin(told.text("gtin"))).name = told.text("name")
        elif told.kind == Kind.NEW_PRODUCT_ENTRY:
            self._gtin[told.text("package")] = told.text("gtin")
        elif told.kind == Kind.HANDLE_PRODUCT:
            self._add(told)

    def _use(self, gtin: str) -> Use:
        return self.by_gtin.setdefault(gtin, Use(gtin=gtin))

    def _add(self, told: Stored) -> None:
        self._take_back(told.text("corrects"))
        used_g = told.number("used_g")
        gtin = self._gtin.get(told.text("package"))
        if gtin is None or used_g <= 0 or told.happened_at_ms < CLOCK_SET_MS:
            return
        use = self._use(gtin)
        month = month_of(told.happened_at_ms, self._zone)
        use.grams[month] = use.grams.get(month, 0) + used_g
        use.first_seq = use.first_seq or told.seq
        use.last_seq = told.seq
        self._counted[told.event_id] = (use, month, used_g)
        if len(self._counted) > COUNTED_MOST:
            del self._counted[next(iter(self._counted))]

    def _take_back(self, event_id: str) -> None:
        """Let a use count no more: readings that came late tell it anew, or not at all."""
        counted = self._counted.pop(event_id, None)
        if counted is None:
            return
        use, month, used_g = counted
        use.grams[month] -= used_g
        if not use.grams[month]:
            del use.grams[month]
