"""All of custody as one follower: packages, people, sessions, returns and points.

``step`` is told every stored event in the order of the record.  ``due`` ends openings when
time alone says they are over; the daemon calls it about every 0.5 s, when it has told all
there is, and commits its outcome like that of a step.  What is drawn hangs on the event that
opened the cabinet, so it does not matter which of the two drew it, or how often.
"""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from fognode.custody import handling, packages, people, points, returns, sessions
from fognode.custody.packages import State as Packages
from fognode.custody.people import State as People
from fognode.custody.points import State as Points
from fognode.custody.sessions import State as Sessions
from fognode.events import Kind, Outcome, Stored


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


def step(state: Custody, told: Stored) -> Outcome:
    """Take in one stored event and return what it leads to."""
    outcome = Outcome()
    place = told.text("place") if told.kind in sessions.READINGS else ""
    # First what was over before this happened: its tags and badges are those of its time.
    for cabinet in sessions.ripe(state.sessions, told.happened_at_ms, told.recorded_at_ms, place):
        outcome.add(_end(state, cabinet))
    if told.kind == Kind.BOX_CLOSED:
        _recall(state, told)
    outcome.add(packages.step(state.packages, told, state.people.badges))
    outcome.add(people.step(state.people, told, state.packages.tags))
    outcome.add(sessions.step(state.sessions, told, state.packages, state.people))
    outcome.add(returns.step(state.packages, told, state.people))
    outcome.add(points.step(state.points, told, state.packages))
    return outcome


def due(state: Custody, now_ms: int) -> Outcome:
    """Return what openings meant that are over by the clock; only whether depends on it.

    Call it only when every stored event was told.
    """
    outcome = Outcome()
    for cabinet in sessions.ripe(state.sessions, now_ms, now_ms):
        outcome.add(_end(state, cabinet))
    return outcome


def _recall(state: Custody, told: Stored) -> None:
    """End an opening that ``due`` ended in an earlier life; all it drew is stored already."""
    cabinet = state.sessions.cabinets.get(told.text("cabinet"))
    if cabinet and cabinet.opening and cabinet.opening.opening == told.text("opening"):
        _end(state, told.text("cabinet"))


def _end(state: Custody, cabinet: str) -> Outcome:
    books = handling.Books(
        packages=state.packages, people=state.people, sessions=state.sessions, zone=state.zone
    )
    outcome, judged = handling.judge(books, cabinet)
    opening = judged.opening
    for number, package in enumerate(judged.weighed, start=1):
        emptied = returns.empty(package, judged, number)
        if emptied is not None:
            outcome.add(Outcome(events=[emptied], rows=[package.row(opening.last_seq)]))
    return outcome
