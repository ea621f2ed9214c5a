"""All of custody as one follower: packages, people, sessions, returns and points.

``step`` is told every stored event in the order of the record.  ``due`` ends openings when
time alone says they are over; the daemon calls it about every 0.5 s, when it has told all
there is, and commits its outcome like that of a step.  What is drawn hangs on the event that
opened the cabinet, so it does not matter which of the two drew it, or how often.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import partial

from fognode.custody import (
    authors,
    claims,
    corrections,
    counters,
    deadlines,
    discrepancies,
    found,
    journal,
    late,
    losses,
    outings,
    packages,
    paper_exits,
    people,
    points,
    prescriptions,
    products,
    receiving,
    returns,
    rights,
    scales,
    sessions,
    stock,
    tags,
    traces,
)
from fognode.custody.booking import Known
from fognode.custody.cases import BOX_SLOT
from fognode.custody.corrections import State as Corrections
from fognode.custody.counters import State as Counters
from fognode.custody.deadlines import State as Deadlines
from fognode.custody.discrepancies import State as Discrepancies
from fognode.custody.found import State as Found
from fognode.custody.journal import State as Journal
from fognode.custody.judged import Books, Judged
from fognode.custody.losses import State as Losses
from fognode.custody.openings import READINGS, TELLING_MS
from fognode.custody.outings import State as Outings
from fognode.custody.packages import State as Packages
from fognode.custody.paper_exits import State as PaperExits
from fognode.custody.people import State as People
from fognode.custody.points import State as Points
from fognode.custody.prescribed import State as Prescriptions
from fognode.custody.receiving import State as Receiving
from fognode.custody.rights import State as Rights
from fognode.custody.sessions import State as Sessions
from fognode.custody.stock import State as Stock
from fognode.custody.tags import State as Tags
from fognode.custody.traces import State as Traces
from fognode.custody.ways import State as Ways
from fognode.events import REQUESTS, Kind, Outcome, Stored


@dataclass(slots=True)
class Custody:
    """Everything custody knows, made again from event 1 at every start; one thread's.

    Places where no package may be: ``Custody(packages=Packages(barred=...))``.
    """

    zone: tzinfo = UTC  # of the times of day in sentences
    packages: Packages = field(default_factory=Packages)
    people: People = field(default_factory=People)
    sessions: Sessions = field(default_factory=Sessions)
    points: Points = field(default_factory=Points)
    outings: Outings = field(default_factory=Outings)
    found: Found = field(default_factory=Found)
    paper_exits: PaperExits = field(default_factory=PaperExits)
    losses: Losses = field(default_factory=Losses)
    discrepancies: Discrepancies = field(default_factory=Discrepancies)
    journal: Journal = field(default_factory=Journal)
    stock: Stock = field(default_factory=Stock)
    receiving: Receiving = field(default_factory=Receiving)
    deadlines: Deadlines = field(default_factory=Deadlines)
    ways: Ways = field(default_factory=Ways)
    corrections: Corrections = field(default_factory=Corrections)
    counters: Counters = field(default_factory=Counters)
    rights: Rights = field(default_factory=Rights)
    tags: Tags = field(default_factory=Tags)
    traces: Traces = field(default_factory=Traces)
    prescriptions: Prescriptions = field(default_factory=Prescriptions)
    known: Known = field(init=False)  # the parts that others look into

    def __post_init__(self) -> None:
        """Let days be the farm's days."""
        self.known = Known(packages=self.packages, people=self.people, zone=self.zone)
        self.receiving.zone = self.deadlines.zone = self.zone


Part = Callable[[Custody, Stored], Outcome]


def _by_kind(parts: Sequence[tuple[frozenset[str], Part]]) -> dict[str, tuple[Part, ...]]:
    """Return the parts that take in each kind, in their order; most kinds matter to few."""
    kinds = frozenset[str]().union(*(taken for taken, _ in parts))
    return {kind: tuple(part for taken, part in parts if kind in taken) for kind in kinds}


def step(state: Custody, told: Stored) -> Outcome:
    """Take in one stored event and return what it leads to."""
    # First what was over before this happened: its tags and badges are those of its time.
    outcome = _elapse(state, told)
    refused = authors.step(state.people, told)
    for part in PARTS.get(told.kind, ()) if refused is None else ():
        outcome.add(part(state, told))
    outcome.add(refused or Outcome())
    if state.traces.waiting and told.kind not in traces.KINDS:
        outcome.add(traces.step(state.traces, told, state.known))
    return outcome


def _note_request(state: Custody, told: Stored) -> Outcome:
    """Let what a person declares hold from then on, also when openings are judged again."""
    if told.facts.get("package"):
        about = told.text("package")
        journal.note(state.journal, _desk(state).shelf, about, told.happened_at_ms)
    return Outcome()


def _go_back(state: Custody, told: Stored) -> Outcome:
    outcome = Outcome()
    for part in WAY_BACK[told.kind]:
        outcome.add(part(state, told))
    # Openings judged again must not undo this; a request about one package is noted by step.
    for row in outcome.rows if told.kind in NOTED else ():
        if row.table == "package":
            about = str(row.values["package"])
            journal.note(state.journal, _desk(state).shelf, about, told.happened_at_ms)
    return outcome


NOTED = frozenset({Kind.BATCH_DECLARED, Kind.CORRECTION_DECLARED, Kind.LEDGER_SEEN})


def due(state: Custody, now_ms: int) -> Outcome:
    """Return what openings and tags meant that are over by the clock; only whether depends on it.

    Call it only when every stored event was told.
    """
    outcome = Outcome()
    if sessions.is_settled(state.sessions, now_ms):
        outcome.add(late.settle(_desk(state), now_ms))
    if not state.sessions.late_from_ms:
        for cabinet in sessions.ripe(state.sessions, now_ms, now_ms):
            if state.sessions.cabinets[cabinet].opening is not None:
                outcome.add(late.end_in_turn(_desk(state), cabinet, now_ms))
    outcome.add(traces.due(state.traces, now_ms, state.known))
    return outcome


def _elapse(state: Custody, told: Stored) -> Outcome:
    """Judge what was over before ``told`` happened, from the earliest that came late on."""
    known, place = state.sessions, told.text("place") if told.kind in READINGS else ""
    ripe = sessions.ripe(known, told.happened_at_ms, told.recorded_at_ms, place)
    outcome = Outcome()
    if known.late_from_ms:
        if place not in ripe and not sessions.is_settled(known, told.recorded_at_ms):
            return outcome
        outcome.add(late.settle(_desk(state), told.recorded_at_ms))
        # What is told now proves more than the clock does of what was formed again.
        ripe = sessions.ripe(known, told.happened_at_ms, told.recorded_at_ms, place)
    for cabinet in ripe:
        if known.cabinets[cabinet].opening is not None:
            outcome.add(late.end_in_turn(_desk(state), cabinet, told.recorded_at_ms))
    return outcome


def _recall(state: Custody, told: Stored) -> Outcome:
    """Judge what ``due`` judged in an earlier life; all it drew is stored already."""
    opening, cabinet = told.text("opening"), state.sessions.cabinets.get(told.text("cabinet"))
    case = state.journal.cases.get(opening)
    said = case.said.get(BOX_SLOT) if case else None
    facts = {fact: value for fact, value in told.facts.items() if fact != "corrects"}
    if said is not None and said.facts == facts:
        return Outcome()
    if state.sessions.late_from_ms:
        # It was judged once nothing late had come for a while, whatever its own time says.
        quiet_ms = state.sessions.late_heard_ms + TELLING_MS
        return late.settle(_desk(state), max(told.recorded_at_ms, quiet_ms))
    if cabinet and cabinet.opening and cabinet.opening.opening == opening:
        return late.end_in_turn(_desk(state), told.text("cabinet"), told.recorded_at_ms)
    return Outcome()


def _desk(state: Custody) -> late.Desk:
    books = Books(
        packages=state.packages,
        people=state.people,
        sessions=state.sessions,
        outings=state.outings,
        losses=state.losses,
        discrepancies=state.discrepancies,
        zone=state.zone,
        ordered=partial(rights.authoriser, state.packages),
    )
    return late.Desk(books=books, journal=state.journal, finish=_finish)


def _finish(judged: Judged) -> None:
    """Let the other parts add what an opening means to them; called again when it is rejudged.

    They change nothing but the fields of its packages, and say what they draw by ``judged``.
    """
    for number, package in enumerate(judged.weighed, start=1):
        emptied = returns.empty(package, judged, number)
        if emptied is not None:
            judged.say(Kind.PACKAGE_EMPTIED, package.package, dict(emptied.facts))


# Who takes in which kinds.  The order counts: each sees what those before it have made of an event.
WAY_BACK = _by_kind(
    [
        (receiving.KINDS, lambda s, told: receiving.step(s.receiving, told, s.people.aliases)),
        (
            deadlines.KINDS,
            lambda s, told: deadlines.step(s.deadlines, told, s.packages, s.receiving),
        ),
        (returns.KINDS, lambda s, told: returns.step(s.ways, told, s.known)),
        (
            corrections.KINDS,
            lambda s, told: corrections.step(s.corrections, told, s.known, s.ways),
        ),
        (points.KINDS, lambda s, told: points.step(s.points, told, s.packages, s.ways)),
        (counters.KINDS, lambda s, told: counters.step(s.counters, told, s.people.aliases)),
    ]
)
PARTS = _by_kind(
    [
        (frozenset({Kind.BOX_CLOSED}), _recall),
        (products.KINDS, lambda s, told: products.step(s.packages.products, told)),
        (packages.KINDS, lambda s, told: packages.step(s.packages, told, s.people.badges)),
        (people.KINDS, lambda s, told: people.step(s.people, told, s.packages.tags)),
        (
            sessions.KINDS,
            lambda s, told: sessions.step(s.sessions, told, s.packages, s.people),
        ),
        (
            outings.KINDS,
            lambda s, told: outings.step(s.outings, told, s.packages, s.people, s.zone),
        ),
        (found.KINDS, lambda s, told: found.step(s.found, told, _desk(s).books)),
        (losses.KINDS, lambda s, told: losses.step(s.losses, told, s.packages, s.sessions)),
        (discrepancies.KINDS, lambda s, told: discrepancies.step(s.discrepancies, told, s.people)),
        (frozenset(WAY_BACK), _go_back),
        (
            paper_exits.KINDS,
            lambda s, told: paper_exits.step(s.paper_exits, told, s.packages, s.sessions),
        ),
        (scales.KINDS, lambda s, told: scales.step(told, s.people.aliases)),
        (stock.KINDS, lambda s, told: stock.step(s.stock, told, s.known)),
        (rights.KINDS, lambda s, told: rights.step(s.rights, told, s.known)),
        (tags.KINDS, lambda s, told: tags.step(s.tags, told, s.known)),
        (traces.KINDS, lambda s, told: traces.step(s.traces, told, s.known)),
        (
            prescriptions.KINDS,
            lambda s, told: prescriptions.step(s.prescriptions, told, s.known),
        ),
        (
            claims.KINDS,
            lambda s, told: claims.step(s.sessions, told, s.packages, s.discrepancies.known),
        ),
        (REQUESTS, _note_request),
    ]
)
