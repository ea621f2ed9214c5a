"""Batches of empties that left for a collection centre, and its receipts for them.

The receipt is the paper's word: how many units came, washed and unwashed.  Whether a package
was accepted is the token's word (ledger kind 201).  A package that left alone is a batch of
its own, named like the package.

Source: inpEV, receipt of the receiving unit (units per kind, washed and unwashed).
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from fognode.custody.booking import Known
from fognode.custody.draws import RULE_V, discrepancy, draw, name_of, refuse
from fognode.custody.packages import Stage
from fognode.events import Event, Json, Kind, Outcome, Row, RowValues, Stored, derived

RECEIPT_DAYS = 14  # after that an exit without a receipt is a discrepancy


@dataclass(slots=True, kw_only=True)
class Batch:
    """Empties that left together."""

    batch: str
    destination: str
    carrier: str = ""
    root: str = ""  # event_id of its batch_declared; "" = a package that left alone
    packages: dict[str, str] = field(default_factory=dict)  # package -> route it was prepared by
    left_at_ms: int = 0
    receipt: str = ""
    receipt_root: str = ""  # event_id of the receipt_declared
    centre: str = ""
    received_on: str = ""
    washed: int = 0
    unwashed: int = 0
    found: dict[str, str] = field(default_factory=dict)  # what a receipt may end: id -> rule

    @property
    def received(self) -> int:
        """Units on the receipt."""
        return self.washed + self.unwashed

    def row(self, as_of_seq: int) -> Row:
        """Return its row of table ``batch``."""
        values: RowValues = {
            "batch": self.batch,
            "destination": self.destination,
            "carrier": self.carrier,
            "units": len(self.packages),
            "rinsed": Counter(self.packages.values())["rinsed"],
            "left_at_ms": self.left_at_ms,
            "receipt": self.receipt,
            "centre": self.centre,
            "received_on": self.received_on,
            "washed": self.washed,
            "unwashed": self.unwashed,
            "as_of_seq": as_of_seq,
        }
        return Row(table="batch", values=values)


@dataclass(slots=True)
class State:
    """All batches, the receipt numbers of each centre, and what waits for a receipt."""

    batches: dict[str, Batch] = field(default_factory=dict)
    receipts: dict[tuple[str, str], str] = field(default_factory=dict)  # ``_key`` -> batch
    waiting: dict[int, list[str]] = field(default_factory=dict)  # ordinal of the day -> batches
    day: int = 0  # ordinal of the last that was looked at


def join(state: State, known: Known, told: Stored, batch: Batch) -> None:
    """Let the clock of a batch begin when its first package has left."""
    state.batches[batch.batch] = batch
    if batch.left_at_ms:
        return
    batch.left_at_ms = told.happened_at_ms
    day = _day(told.happened_at_ms, known).toordinal() + RECEIPT_DAYS
    state.waiting.setdefault(max(day, state.day + 1), []).append(batch.batch)


# --- the receipt --------------------------------------------------------------------------


def receive(state: State, told: Stored, known: Known, root: str) -> Outcome:
    """Take in a centre's receipt for a batch.

    Args:
        state: The batches.
        told: The receipt_declared; or what a correction makes of it.
        known: The zone of the farm's days.
        root: The event_id of the declaration, before it was corrected.
    """
    batch = state.batches.get(told.text("batch"))
    if batch is None or not batch.packages:
        return refuse(told, "no such batch has left", told.text("batch"))
    number, centre = told.text("receipt"), told.text("centre")
    used = state.receipts.get(_key(centre, number))
    if used is not None:
        outcome = refuse(told, f"this receipt stands for batch {used} already", number)
        text = f"receipt {number} of {centre} was declared for {used} and for {batch.batch}"
        _find(outcome, told, "receipt_twice", text, {"receipt": number})
        return outcome
    if batch.receipt:
        return refuse(told, "the batch has its receipt; correct that one", batch.receipt)
    if told.number("washed") < 0 or told.number("unwashed") < 0:
        return refuse(told, "units are counted from 0", told.text("unwashed"))
    if wrong := _wrong_day(told, known, batch):
        return refuse(told, wrong, told.text("received_on"))
    state.receipts[_key(centre, number)] = batch.batch
    batch.receipt, batch.centre, batch.receipt_root = number, centre, root
    batch.received_on = told.text("received_on")
    batch.washed, batch.unwashed = told.number("washed"), told.number("unwashed")
    return _match(batch, told)


def _key(centre: str, number: str) -> tuple[str, str]:
    """Return what makes two receipts one, however a person spelt them."""
    return " ".join(centre.split()).casefold(), " ".join(number.split()).casefold()


def _wrong_day(told: Stored, known: Known, batch: Batch) -> str:
    """Return why the day of a receipt cannot be, "" when it can."""
    try:
        day = date.fromisoformat(told.text("received_on"))
    except ValueError:
        return "received_on is no day"
    left, today = (_day(at_ms, known) for at_ms in (batch.left_at_ms, told.happened_at_ms))
    if day < left:
        return f"the batch left on {left.isoformat()}: it was not received before"
    return "received_on is a day that has not come yet" if day > today else ""


def _day(at_ms: int, known: Known) -> date:
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(known.zone).date()


def _match(batch: Batch, told: Stored) -> Outcome:
    """Compare a receipt with what left."""
    outcome = withdraw_findings(batch, told)
    units, rinsed = len(batch.packages), Counter(batch.packages.values())["rinsed"]
    missing, over = max(0, units - batch.received), max(0, batch.received - units)
    # What cannot be rinsed counts as unwashed, at the centre too.
    unwashed_differs = max(0, batch.unwashed - (units - rinsed))
    facts: dict[str, Json] = {
        "receipt": batch.receipt,
        "centre": batch.centre,
        "batch": batch.batch,
        "missing": missing,
        "over": over,
        "unwashed_differs": unwashed_differs,
    }
    outcome.events.append(draw(Kind.RECEIPT_MATCHED, told, facts))
    counted = f"batch {batch.batch}: {units} left, receipt {batch.receipt} says {batch.received}"
    about: dict[str, Json] = {"receipt": batch.receipt, "batch": batch.batch}
    if missing:
        batch.found[_find(outcome, told, "receipt_short", counted, about)] = "receipt_short"
    if over:
        batch.found[_find(outcome, told, "receipt_over", counted, about)] = "receipt_over"
    if unwashed_differs:
        text = (
            f"batch {batch.batch}: {rinsed} left rinsed, receipt {batch.receipt} says"
            f" {batch.unwashed} of {batch.received} were unwashed"
        )
        batch.found[_find(outcome, told, "receipt_unwashed", text, about)] = "receipt_unwashed"
    outcome.rows.append(batch.row(told.seq))
    return outcome


def match_again(batch: Batch, told: Stored) -> Outcome:
    """Compare anew when a correction changed what left."""
    return _match(batch, told) if batch.receipt else Outcome(rows=[batch.row(told.seq)])


def withdraw_receipt(state: State, batch: Batch, told: Stored) -> Outcome:
    """Take a receipt back; the batch waits for one again from the next day on."""
    outcome = withdraw_findings(batch, told)
    state.receipts.pop(_key(batch.centre, batch.receipt), None)
    batch.receipt = batch.receipt_root = batch.centre = batch.received_on = ""
    batch.washed = batch.unwashed = 0
    state.waiting.setdefault(state.day + 1, []).append(batch.batch)
    outcome.rows.append(batch.row(told.seq))
    return outcome


# --- no receipt ---------------------------------------------------------------------------


def begin_hour(state: State, told: Stored, known: Known) -> Outcome:
    """Name the batches that left long ago and for which no receipt came."""
    outcome, today = Outcome(), date.fromisoformat(told.text("hour")[:10]).toordinal()
    if today <= state.day:
        return outcome
    state.day = today
    over = sorted(day for day in state.waiting if day <= today)
    for name in dict.fromkeys(name for day in over for name in state.waiting.pop(day)):
        batch = state.batches[name]
        stages = [known.packages.packages[package].state for package in batch.packages]
        # The centre's own records on the ledger are a receipt too.
        if batch.receipt or all(stage == Stage.RECEIVED for stage in stages):
            continue
        text = (
            f"batch {name}: {len(stages)} empties left for {batch.destination}"
            f" {RECEIPT_DAYS} days ago and no receipt came"
        )
        batch.found[_find(outcome, told, "no_receipt", text, {"batch": name})] = "no_receipt"
    return outcome


def withdraw_findings(batch: Batch, told: Stored) -> Outcome:
    """Take back what was found of a batch by what was known then."""
    outcome = Outcome()
    for number, (found, rule) in enumerate(batch.found.items(), start=1):
        facts: dict[str, Json] = {
            "discrepancy": found,
            "rule": rule,
            "opening": "",
            "batch": batch.batch,
            "reason": "withdrawn",
            "text": f"a receipt, or a correction, settled it for batch {batch.batch}"[:300],
        }
        # Numbers of their own: the stock takes back its findings by the same event.
        event = draw(Kind.DISCREPANCY_CLOSED, told, facts, number=200 + number)
        outcome.events.append(event)
    batch.found.clear()
    return outcome


def _find(outcome: Outcome, told: Stored, rule: str, text: str, about: dict[str, Json]) -> str:
    number = 1 + sum(event.facts.get("rule") == rule for event in outcome.events)
    facts: dict[str, Json] = {"opening": "", "rule": rule, "text": text[:300], **about}
    event = Event(
        kind=Kind.DISCREPANCY_FOUND,
        origin=derived(rule, told, number),
        happened_at_ms=told.happened_at_ms,
        facts=facts,
        rule_v=RULE_V,
    )
    outcome.events.append(event)
    outcome.rows.append(discrepancy(event, told.seq))
    return name_of(event)
