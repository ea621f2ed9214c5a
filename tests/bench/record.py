"""A record as a farm has it after a million events: bodies of many kinds, and rows beside them.

Every body has as many bytes as those of the other groups (houses.py).

Each opening of a cabinet leaves twenty events, as boards, custody and ledgers tell of it.  A
package has a part in 25 openings; one, the drum, is in use from the first event to the last.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from sqlalchemy import String

from fognode.events import Event, Json, Row, RowValues, Scalar
from fognode.hashing import Stamp, event_id, freeze
from fognode.store.tables import table_named
from tests.bench.houses import BODY_BYTES

FIRST_AT_MS, STEP_MS = 1_795_241_520_123, 8640  # 10,000 events a day: store facts, 15
VISIT, VISITS_EACH, DRUM_EVERY, RARE_EVERY = 20, 25, 50, 5000
DRUM = "PKG-0000000"
KINDS = (
    "light_open",
    "openBox",
    "tag_out",
    "weight_take",
    "handleProduct",
    "sendToBlockchain",
    "vibration_shake",
    "weight_put",
    "tag_in",
    "handleProduct",
    "sendToBlockchain",
    "light_close",
    "box_closed",
    "ledger_final",
    "ledger_final",
    "distance_move",
    "sensorAlert",
    "mail_sent",
    "weight_take",
    "weight_put",
)
RARE = (  # what happens once in a package's life, or once a day
    "newProductEntry",
    "package_emptied",
    "package_prepared",
    "emptyPackageExit",
    "points_earned",
    "ledger_seen",
    "verify_passed",
    "checkpoint_anchored",
    "correction_declared",
)
OF_PACKAGE = {"handleProduct", "sendToBlockchain", "ledger_final", *RARE[:6]}
# Rows beside so many events: the openings above, each owing two steps, and what goes with them.
PER_MILLION = {
    "package": 2000,
    "opening": 50_000,
    "points": 6000,
    "alert": 2500,
    "mail_outbox": 5000,
    "chain_outbox": 110_000,
    "partner_outbox": 10_000,
    "gov_outbox": 4000,
    "discrepancy": 2000,
    "finding": 1500,
}
FEW = {"product": 20, "person": 10, "chain_guard": 2}  # however long the record is
CABINETS = ("cab-1", "cab-2")
OWED_OF, OPEN_OF = 1000, 250  # one row in so many still waits, one is still open
HERE = 200  # packages that are still on the farm


def at_ms(number: int) -> int:
    """Return when the ``number``-th event happened."""
    return FIRST_AT_MS + number * STEP_MS


def told_body(number: int) -> bytes:
    """Return the frozen body of the ``number``-th event, from 0."""
    kind = kind_of(number)
    return freeze(_event(kind, number, "x" * _padding(kind)), _stamp(number))


def kind_of(number: int) -> str:
    """Return of what kind the ``number``-th event is."""
    if number % RARE_EVERY == RARE_EVERY - 1:
        return RARE[number // RARE_EVERY % len(RARE)]
    return KINDS[number % VISIT]


def package_of(number: int) -> str:
    """Return the package that the ``number``-th event would be about."""
    visit = number // VISIT
    return DRUM if visit % DRUM_EVERY == 0 else package_id(visit // VISITS_EACH + 1)


def package_id(number: int) -> str:
    """Return a package's own id; the drum's is number 0."""
    return f"PKG-{number:07d}"


@cache
def _padding(kind: str) -> int:
    return BODY_BYTES - len(freeze(_event(kind, 0, ""), _stamp(0)))


def _event(kind: str, number: int, note: str) -> Event:
    is_board = kind.startswith(("light_", "tag_", "weight_", "vibration_", "distance_"))
    facts: dict[str, Json] = {"note": note}
    if kind in OF_PACKAGE:
        facts |= {"package": package_of(number), "action": "out", "person": "person 00000001"}
        facts |= {"weight_g": 5840, "kind": 1001, "chain": "private"}
    elif kind == "correction_declared":
        facts |= {"corrects": event_id(f"x{number:07d}").hex(), "by": "person 00000001"}
    else:
        facts |= {"board": "cab01", "place": "cab-1", "sensor": "W1", "weight_g": -5840}
    word = f"b/cab01/17/{number:07d}" if is_board else f"r/open_box/{number:032x}/1"
    return Event(kind=kind, origin=word, happened_at_ms=at_ms(number), facts=facts)


def _stamp(number: int) -> Stamp:
    return Stamp(
        farm="farm-7",
        boot_id="5f3a9c0e",
        mono_ms=86_400_171,
        recorded_at_ms=at_ms(number) + 48,
        clock_ok=True,
    )


# --- rows --------------------------------------------------------------------------------


def rows_beside(events: int) -> Iterator[Row]:
    """Yield the rows that custody, alerts and ledgers hold after so many events."""
    counts = FEW | {name: max(n * events // 1_000_000, 20) for name, n in PER_MILLION.items()}
    for name, count in counts.items():
        for number in range(count):
            yield Row(table=name, values=_values(name, number, count, events))


def _values(name: str, number: int, count: int, events: int) -> RowValues:
    """Fill every column: texts as long as such are, times and seqs spread over the record."""
    seq = number * events // count + 1
    values: dict[str, Scalar] = {}
    for column in table_named(name).columns:
        key = str(column.name)  # row_hash takes plain text
        if key.endswith("_at_ms"):
            values[key] = at_ms(seq)
        elif isinstance(column.type, String):
            values[key] = f"{key} {number:08d}"[-(column.type.length or 80) :]
        elif key != "hash":
            values[key] = number % 3 + 1
    return {**values, "as_of_seq": seq, **_special(name, number, count)}


def _special(name: str, number: int, count: int) -> Mapping[str, Scalar]:
    """Return the columns in which rows of this table are not all alike."""
    is_open, is_owed = number % OPEN_OF == 0, number % OWED_OF == 0
    package = package_id(number * 2000 // count)
    known: dict[str, dict[str, Scalar]] = {
        "package": {
            "package": package_id(number),
            "gtin": f"gtin {number % 20:08d}",
            "state": number % 4 + 1 if number < HERE else 6,
            "out_since_at_ms": at_ms(number) if number % 10 == 1 else 0,
        },
        "opening": {
            "cabinet": CABINETS[number % 2],
            "person": f"person {number % 10:08d}",
            "closed_at_ms": at_ms(number + 1),
            "verdict": "normal",
        },
        "points": {"package": package, "step": ("received", "prepared", "returned")[number % 3]},
        "alert": {
            "state": "firing" if is_open else "resolved",
            "severity": "critical" if is_owed else "warning",
        },
        "mail_outbox": {"state": "owed" if is_owed else "sent"},
        "chain_outbox": {
            "event_id": event_id(str(number // 2)).hex(),
            "chain": ("private", "public")[number % 2],
            "package": DRUM if number // 2 % DRUM_EVERY == 0 else package,
            "state": "QUEUED" if is_owed else "FINAL",
            "kind": 1001,
            "tx_hash": "0x" + event_id(f"t{number}").hex() * 2,
        },
        "chain_guard": {"chain": ("private", "public")[number % 2], "state": "OK"},
        "partner_outbox": {"state": "owed" if is_owed else "accepted"},
        "gov_outbox": {"state": "owed" if is_owed else "ACCEPTED"},
        "discrepancy": {"state": "open" if is_open else "closed"},
        "finding": {"task": ("sessions", "clusters", "demand")[number % 3]},
    }
    return known.get(name, {})
