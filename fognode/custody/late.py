"""Judging openings, and judging them again when readings of them came late.

A reading of another board whose line was cut, or of the same cabinet's second board, may come
after its opening was judged.  Then the packages are put back to what they were at the last
moment before it at which no cabinet was open, all that was heard since is taken in again in
order of time, and what comes of it is compared with what was said: custody/cases.py tells the
differences.  So the final picture does not hang on the order of arrival.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fognode.custody import closing, discrepancies, handling, journal, outings, sessions
from fognode.custody.cases import BOX_SLOT, Case, Wanted, say
from fognode.custody.draws import discrepancy
from fognode.custody.journal import Entry, Shelf, Snapshot
from fognode.custody.judged import Books, Judged
from fognode.custody.openings import BADGE_MS, Heard, Opening, opening_row
from fognode.events import Event, Json, Kind, Outcome, Row

Finish = Callable[[Judged], None]  # what other parts of custody make of an opening


@dataclass(slots=True, kw_only=True)
class Desk:
    """What judging works on."""

    books: Books
    journal: journal.State
    finish: Finish

    @property
    def shelf(self) -> Shelf:
        """The parts that an opening moves on."""
        books = self.books
        return Shelf(
            packages=books.packages,
            sessions=books.sessions,
            outings=books.outings,
            losses=books.losses,
        )


def is_out_of_turn(desk: Desk, place: str) -> bool:
    """Tell whether a later opening was judged, or began, and took this one for undone."""
    state, entries = desk.books.sessions, desk.journal.entries
    opening = state.cabinets[place].opening
    if opening is None:
        return False
    later = bool(entries) and entries[-1].at_ms > opening.ripe_at_ms
    return later or state.begun_at_ms >= opening.ripe_at_ms


def end_in_turn(desk: Desk, place: str, now_ms: int) -> Outcome:
    """End the opening of a cabinet, with those it should have come before."""
    opening = desk.books.sessions.cabinets[place].opening
    if opening is not None and is_out_of_turn(desk, place):
        desk.books.sessions.be_late(opening.begun_at_ms, opening.heard_at_ms)
        return settle(desk, now_ms)
    return end_opening(desk, place)


def end_opening(desk: Desk, place: str) -> Outcome:
    """End the opening of a cabinet and tell what it meant."""
    state = desk.books.sessions
    cabinet = state.cabinets[place]
    begun_at_ms = state.begun_at_ms
    opening, person, others = sessions.end(cabinet)
    known = desk.books.people
    authorising = [one for one in others if known.may_authorise(one)]
    judged = Judged(
        books=desk.books,
        opening=opening,
        case=desk.journal.case(opening),
        person=person,
        authorised_by=authorising[-1] if authorising else "",
        present=others[-1] if others and not authorising else "",
    )
    outcome, is_newest = _judge(desk, judged)
    # Another one was judged, or began, that is later than this: it took this for undone.
    if not is_newest or begun_at_ms >= opening.ripe_at_ms:
        state.be_late(opening.begun_at_ms, opening.heard_at_ms)
    return outcome


def _judge(desk: Desk, judged: Judged) -> tuple[Outcome, bool]:
    opening, case, shelf = judged.opening, judged.case, desk.shelf
    touched = dict.fromkeys(heard.package for heard in opening.moves if heard.package)
    for name in touched:
        journal.note(desk.journal, shelf, name, opening.begun_at_ms)
    entry = Entry(
        at_ms=opening.ripe_at_ms,
        cabinet=opening.cabinet,
        begun_at_ms=opening.begun_at_ms,
        closed_at_ms=opening.closed_at_ms,
        last_seq=opening.last_seq,
        case=case,
        tally=desk.books.losses.tallies.get(opening.cabinet, (0, 0)),
        before={name: journal.snapshot(shelf, name) for name in touched},
    )
    balance = handling.judge(judged)
    desk.finish(judged)
    closing.check(judged, balance)
    closing.close(judged, balance)
    case.last_seq = max(case.last_seq, opening.last_seq)
    events = say(case, judged.wanted)
    handled = [desk.books.packages.packages[name] for name in touched]
    rows = [package.row(opening.last_seq) for package in handled]
    rows += [*judged.rows, *_found(desk, case), *_withdrawn(case)]
    entry.after = {name: journal.snapshot(shelf, name) for name in touched}
    is_newest = journal.add(desk.journal, shelf, entry)
    return Outcome(events=events, rows=case.show(rows)), is_newest


def _found(desk: Desk, case: Case) -> list[Row]:
    rows = []
    for slot, said in case.said.items():
        if slot[0] != Kind.DISCREPANCY_FOUND or said.gone:
            continue
        event = Event(kind=slot[0], origin="", happened_at_ms=said.at_ms, facts=said.facts)
        row = discrepancy(event, case.last_seq)
        row = replace(row, values=row.values | {"discrepancy": said.name})
        rows.append(discrepancies.answered(desk.books.discrepancies, row))
    return rows


def _withdrawn(case: Case) -> list[Row]:
    """Return the rows of custody sessions that are none any more."""
    gone = {
        said.name
        for slot, said in case.said.items()
        if said.gone and slot[0] == Kind.HANDLE_PRODUCT
    }
    return [
        Row(table="custody", values=values | {"state": "withdrawn", "as_of_seq": case.last_seq})
        for (table, key), values in case.rows.items()
        if table == "custody" and key in gone and values["state"] != "withdrawn"
    ]


# --- again --------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Undone:
    """What was taken back to be done again."""

    since_ms: int
    entries: list[Entry]
    cases: dict[str, Case]  # opening -> case, not told of again so far
    later: dict[str, tuple[Snapshot, Snapshot]]  # package -> by the newest entry, and as it was
    opened: dict[str, Outcome] = field(default_factory=dict)  # cabinet -> an opening not told yet
    last_seq: int = 0


def settle(desk: Desk, now_ms: int) -> Outcome:
    """Judge again from the earliest reading that came late; return what is told differently."""
    state = desk.books.sessions
    undone = _undo(desk, _quiet_before(desk, state.late_from_ms))
    state.late_from_ms = state.late_since_ms = state.late_heard_ms = 0
    outcome = Outcome()
    for at_ms, _, _, what, place in _since(desk, undone):
        outcome.add(_end_ripe(desk, undone, at_ms))
        if isinstance(what, Entry):
            for name, after in what.after.items():
                journal.change(desk.shelf, name, what.before[name], after)
                journal.note(desk.journal, desk.shelf, name, what.at_ms)
            continue
        undone.last_seq = max(undone.last_seq, what.told.seq)
        opened = sessions.hear(state, place, what)
        if opened.events:
            undone.opened[place] = opened
    for place in sessions.ripe(state, now_ms, now_ms):
        outcome.add(_end_again(desk, undone, place))
    for cabinet in state.cabinets.values():
        if cabinet.opening is not None:
            outcome.add(_recognise(desk, undone, cabinet.opening))
    outcome.add(_let_go(desk, undone))
    state.late_from_ms = state.late_since_ms = state.late_heard_ms = 0
    return outcome


def _quiet_before(desk: Desk, at_ms: int) -> int:
    """Return the last moment up to ``at_ms`` at which no cabinet was open."""
    cabinets = desk.books.sessions.cabinets.values()
    since_ms = min([at_ms, *(c.opening.begun_at_ms for c in cabinets if c.opening)])
    for entry in reversed(desk.journal.entries):
        if entry.at_ms <= since_ms:
            break
        if entry.case is not None:
            since_ms = min(since_ms, entry.begun_at_ms)
    return since_ms


def _undo(desk: Desk, since_ms: int) -> Undone:
    entries, shelf = desk.journal.entries, desk.shelf
    kept = [e for e in entries if (e.at_ms <= since_ms if e.case else e.at_ms < since_ms)]
    undone = [e for e in entries if not (e.at_ms <= since_ms if e.case else e.at_ms < since_ms)]
    names = dict.fromkeys(name for entry in undone for name in entry.before)
    later = {name: (desk.journal.after[name], journal.snapshot(shelf, name)) for name in names}
    for entry in sorted(undone, key=lambda one: one.nth, reverse=True):
        for name, before in entry.before.items():
            journal.restore(shelf, name, before)
        if entry.case is not None:
            desk.books.losses.tallies[entry.cabinet] = entry.tally
    desk.journal.entries = kept
    desk.journal.after |= {name: journal.snapshot(shelf, name) for name in names}
    cases = {entry.case.opening: entry.case for entry in undone if entry.case}
    for place, cabinet in desk.books.sessions.cabinets.items():
        if cabinet.opening is not None:
            cases[cabinet.opening.opening] = desk.journal.case(cabinet.opening)
            cabinet.opening = None
        mine = [entry for entry in kept if entry.cabinet == place]
        cabinet.judged_until_ms = mine[-1].at_ms if mine else cabinet.forgotten_until_ms
        closed_ms = mine[-1].closed_at_ms if mine else desk.journal.closed_at_ms.get(place, 0)
        cabinet.badges = [
            (heard.at_ms, heard.person)
            for heard in cabinet.heard
            if heard.person
            and closed_ms < heard.at_ms < since_ms
            and heard.at_ms >= since_ms - BADGE_MS
        ]
    last_seq = max((entry.last_seq for entry in undone), default=0)
    return Undone(since_ms=since_ms, entries=undone, cases=cases, later=later, last_seq=last_seq)


def _since(desk: Desk, undone: Undone) -> list[tuple[int, int, Heard | Entry, Heard | Entry, str]]:
    """Return all that was heard and declared since, in order of time."""
    found: list[tuple[int, int, Heard | Entry, Heard | Entry, str]] = []
    for place, cabinet in desk.books.sessions.cabinets.items():
        since_ms = max(undone.since_ms, cabinet.forgotten_until_ms)
        found += [(h.at_ms, 1, h, h, place) for h in cabinet.heard if h.at_ms >= since_ms]
    found += [(e.at_ms, 0, e, e, "") for e in undone.entries if e.case is None]
    return sorted(found, key=lambda one: one[:3])


def _end_ripe(desk: Desk, undone: Undone, at_ms: int) -> Outcome:
    outcome = Outcome()
    for place in sessions.ripe(desk.books.sessions, at_ms, 2**53):
        outcome.add(_end_again(desk, undone, place))
    return outcome


def _end_again(desk: Desk, undone: Undone, place: str) -> Outcome:
    opening = desk.books.sessions.cabinets[place].opening
    outcome = _recognise(desk, undone, opening) if opening else Outcome()
    outcome.add(end_opening(desk, place))
    return outcome


def _recognise(desk: Desk, undone: Undone, opening: Opening) -> Outcome:
    """Take an opening for the one that was told of first by one of its readings, or tell it."""
    opened = undone.opened.pop(opening.cabinet, Outcome())
    told = [one for one in opening.causes if one.event_id in desk.journal.causes]
    mine = [one for one in told if _is_free(undone, desk.journal.causes[one.event_id])]
    if not mine:
        return opened
    opening.cause = min(mine, key=lambda one: one.seq)
    case = desk.journal.causes[opening.cause.event_id]
    opening.opening = case.opening
    undone.cases.pop(case.opening, None)
    case.void = False
    return Outcome()


def _is_free(undone: Undone, case: Case) -> bool:
    return case.void or case.opening in undone.cases


def _let_go(desk: Desk, undone: Undone) -> Outcome:
    """Tell of openings that are none any more, and show the packages as they are now."""
    outcome = Outcome()
    for case in undone.cases.values():
        outcome.add(_withdraw(case))
    books = desk.books
    for name, (entry_after, now) in undone.later.items():
        journal.change(desk.shelf, name, entry_after, now) if entry_after != now else None
        package = books.packages.packages[name]
        outcome.rows.append(package.row(undone.last_seq))
        if (outing := books.outings.out.get(name)) is not None:
            outcome.rows.append(outings.row(outing, books.zone, books.people, undone.last_seq))
    return outcome


def _withdraw(case: Case) -> Outcome:
    case.void = True
    place, at_ms = case.cause.text("place"), case.cause.happened_at_ms
    text = "its readings belong to another opening"
    facts: dict[str, Json] = {"opening": case.opening, "cabinet": place, "withdrawn": 1}
    facts["sentence"] = text
    events = say(case, [Wanted(slot=BOX_SLOT, facts=facts, at_ms=at_ms)])
    opened = opening_row(case.cause, case.opening, "")
    values = opened.values | {"closed_at_ms": at_ms, "verdict": "withdrawn", "sentence": text}
    return Outcome(
        events=events, rows=case.show([Row(table="opening", values=values), *_withdrawn(case)])
    )
