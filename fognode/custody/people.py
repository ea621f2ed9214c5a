"""Who is known, what each may do, and whose badge it is: a UID stands for a person.

A badge identifies, it does not prove: cards are copied.  A lost one is revoked by an event and
never given again; whoever shows it later is told of.
"""

from collections.abc import Container, Set
from dataclasses import dataclass, field, replace
from datetime import date

from fognode.custody.draws import refuse
from fognode.custody.packages import UID
from fognode.events import Kind, Outcome, Row, RowValues, Stored

NOBODY = "nobody named"  # stands where a person would, when no badge was shown
ERASED = "erased person"  # stands where a pseudonym did
ROLES = ("owner", "operator", "inspector")
ANY_CLASS = 1  # GHS acute toxicity 1 is the worst: who may handle it may handle all


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a person may do; who was declared without rights has all but to authorise."""

    alias: str
    role: str = "operator"
    licence_until: str = ""  # ISO day, the last it is valid on; "" = no end known
    least_class: int = ANY_CLASS  # may handle hazard classes from this one on
    cabinets: frozenset[str] | None = None  # None = all
    may_authorise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A badge in one person's hands; ``row`` is of table ``badge``."""

    badge: str
    person: str
    since: Stored
    until_ms: int = 0  # 0 = still
    reason: str = ""  # why it ended

    def row(self, as_of_seq: int) -> Row:
        """Return its row."""
        values: RowValues = {
            "held": self.since.event_id,
            "badge": self.badge,
            "person": self.person,
            "from_at_ms": self.since.happened_at_ms,
            "to_at_ms": self.until_ms,
            "reason": self.reason[:200],
            "as_of_seq": as_of_seq,
        }
        return Row(table="badge", values=values)


@dataclass(slots=True)
class State:
    """People by id, and the badges that count now."""

    aliases: dict[str, str] = field(default_factory=dict)  # person -> pseudonym
    people: dict[str, Person] = field(default_factory=dict)
    badges: dict[str, str] = field(default_factory=dict)  # UID -> person
    held: dict[str, Held] = field(default_factory=dict)  # UID -> who has it now
    revoked: dict[str, Held] = field(default_factory=dict)  # UID -> who had it
    erased: set[str] = field(default_factory=set)  # their ids are never given again

    @property
    def names(self) -> Set[str]:
        """Who may declare something or see to it: the known persons who were not erased."""
        return self.aliases.keys() - self.erased if self.erased else self.aliases.keys()

    def alias(self, person: str) -> str:
        """Return what a text may call a person."""
        return self.aliases.get(person, person or NOBODY)

    def may_authorise(self, person: str) -> bool:
        """Tell whether a person's badge or order allows another one something."""
        known = self.people.get(person)
        return known is not None and known.may_authorise

    def holder(self, badge: str, at_ms: int) -> str:
        """Return whose badge it was, also one that was revoked only later; "" = nobody's."""
        now = self.badges.get(badge, "")
        if now or badge not in self.revoked:
            return now
        was = self.revoked[badge]
        return was.person if was.since.happened_at_ms <= at_ms < was.until_ms else ""


KINDS = frozenset({Kind.PERSON_SET, Kind.PERSON_ERASED, Kind.BADGE_REVOKED})


def step(state: State, told: Stored, tags: Container[str]) -> Outcome:
    """Take in a person, their erasure, or the loss of a badge; ``tags`` are on packages."""
    if told.kind == Kind.PERSON_SET:
        return _name(state, told, tags)
    if told.kind == Kind.PERSON_ERASED:
        return _forget(state, told)
    return _revoke(state, told) if told.kind == Kind.BADGE_REVOKED else Outcome()


def _name(state: State, told: Stored, tags: Container[str]) -> Outcome:
    person, badge = told.text("person"), told.text("badge").upper()
    if wrong := _wrong(state, told) or _wrong_badge(state, badge, person, tags):
        return refuse(told, *wrong)
    if wrong := _wrong_right(told):
        return refuse(told, *wrong)
    state.aliases[person], state.people[person] = told.text("alias"), _person(told)
    return _know(state, told, badge if "badge" in told.facts else None)


Wrong = tuple[str, str] | None  # why something is refused, and the value it is refused for


def _wrong(state: State, told: Stored) -> Wrong:
    person, alias = told.text("person"), told.text("alias")
    if not (0 < len(person) <= 40 and person != NOBODY):
        return "person is not an id of 1 to 40 characters", person
    if person in state.erased:
        return "person was erased", person
    if not 0 < len(alias) <= 60:
        return "alias is not 1 to 60 characters", alias
    return None


def _wrong_badge(state: State, badge: str, person: str, tags: Container[str]) -> Wrong:
    if badge and not UID.fullmatch(badge):
        return "badge is not a UID of 4, 7 or 10 bytes in hex", badge
    if badge in tags or state.badges.get(badge, person) != person:
        return "badge is in use already", badge
    if badge in state.revoked:
        return "badge was revoked: give the person another one", badge
    return None


def _wrong_right(told: Stored) -> Wrong:
    role, until = told.text("role"), told.text("licence_until")
    if role and role not in ROLES:
        return f"role is none of {', '.join(ROLES)}", role
    if until and not _is_day(until):
        return "licence_until is no day like 2027-12-31", until
    if not ANY_CLASS <= told.number("least_class", ANY_CLASS) <= 5:
        return "least_class is 1 (all) to 5", told.text("least_class")
    if len(told.text("cabinets")) > 200:
        return "cabinets has more than 200 characters", told.text("cabinets")
    return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _person(told: Stored) -> Person:
    named = frozenset(name.strip() for name in told.text("cabinets").split(",") if name.strip())
    return Person(
        alias=told.text("alias"),
        role=told.text("role") or "operator",
        licence_until=told.text("licence_until"),
        least_class=told.number("least_class", ANY_CLASS),
        cabinets=named if "cabinets" in told.facts else None,
        may_authorise=told.number("may_authorise") == 1,
    )


def _forget(state: State, told: Stored) -> Outcome:
    """Revoke the badge and drop the pseudonym; the vault has forgotten the name before."""
    person = told.text("person")
    if person not in state.aliases:
        return refuse(told, "there is no such person", person)
    state.erased.add(person)
    state.aliases[person], state.people[person] = ERASED, Person(alias=ERASED)
    return _know(state, told, "")


def _know(state: State, told: Stored, badge: str | None) -> Outcome:
    """Show a person; ``badge`` is the one they have from now on, None = as before."""
    person, outcome = told.text("person"), Outcome()
    had = next((uid for uid, who in state.badges.items() if who == person), "")
    if badge is not None and badge != had:
        if had:
            reason = "replaced" if badge else "given back"
            outcome.rows.append(_take(state, had, told, reason).row(told.seq))
        if badge:
            state.badges[badge] = person
            state.held[badge] = Held(badge=badge, person=person, since=told)
            outcome.rows.append(state.held[badge].row(told.seq))
        had = badge
    outcome.rows.insert(0, _row(state, told, person, had))
    return outcome


def _take(state: State, badge: str, told: Stored, reason: str) -> Held:
    del state.badges[badge]
    return replace(state.held.pop(badge), until_ms=told.happened_at_ms, reason=reason)


def _revoke(state: State, told: Stored) -> Outcome:
    badge, by = told.text("badge").upper(), told.text("by")
    if badge not in state.badges:
        return refuse(told, "nobody has this badge now", badge)
    if by not in state.aliases:
        return refuse(told, "by names no known person", by)
    person = state.badges[badge]
    was = state.revoked[badge] = _take(state, badge, told, told.text("reason") or "revoked")
    return Outcome(rows=[_row(state, told, person, ""), was.row(told.seq)])


def _row(state: State, told: Stored, person: str, badge: str) -> Row:
    known = state.people[person]
    values: RowValues = {
        "person": person,
        "alias": known.alias,
        "badge": badge,
        "role": known.role,
        "licence_until": known.licence_until,
        "least_class": known.least_class,
        "cabinets": "*" if known.cabinets is None else ",".join(sorted(known.cabinets)),
        "may_authorise": int(known.may_authorise),
        "as_of_seq": told.seq,
    }
    return Row(table="person", values=values)
