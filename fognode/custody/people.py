"""Whose badge it is: a UID stands for a person, a person for a pseudonym."""

from collections.abc import Container
from dataclasses import dataclass, field

from fognode.custody.draws import refuse
from fognode.custody.packages import UID
from fognode.events import Kind, Outcome, Row, RowValues, Stored

NOBODY = "nobody named"  # stands where a person would, when no badge was shown
ERASED = "erased person"  # stands where a pseudonym did


@dataclass(slots=True)
class State:
    """People by id, and the badges that count now."""

    aliases: dict[str, str] = field(default_factory=dict)  # person -> pseudonym
    badges: dict[str, str] = field(default_factory=dict)  # UID -> person
    erased: set[str] = field(default_factory=set)  # their ids are never given again

    def alias(self, person: str) -> str:
        """Return what a text may call a person."""
        return self.aliases.get(person, person or NOBODY)


def step(state: State, told: Stored, tags: Container[str]) -> Outcome:
    """Take in a person; an empty badge revokes the one they had.  ``tags`` are on packages."""
    if told.kind == Kind.PERSON_ERASED:
        return _forget(state, told)
    return _name(state, told, tags) if told.kind == Kind.PERSON_SET else Outcome()


def _name(state: State, told: Stored, tags: Container[str]) -> Outcome:
    person, alias, badge = told.text("person"), told.text("alias"), told.text("badge").upper()
    if not (0 < len(person) <= 40 and person != NOBODY):
        return refuse(told, "person is not an id of 1 to 40 characters", person)
    if person in state.erased:
        return refuse(told, "person was erased", person)
    if not 0 < len(alias) <= 60:
        return refuse(told, "alias is not 1 to 60 characters", alias)
    if badge and not UID.fullmatch(badge):
        return refuse(told, "badge is not a UID of 4, 7 or 10 bytes in hex", badge)
    if badge in tags or state.badges.get(badge, person) != person:
        return refuse(told, "badge is in use already", badge)
    return _know(state, told, alias, badge)


def _forget(state: State, told: Stored) -> Outcome:
    """Revoke the badge and drop the pseudonym; the vault has forgotten the name before."""
    person = told.text("person")
    if person not in state.aliases:
        return refuse(told, "there is no such person", person)
    state.erased.add(person)
    return _know(state, told, ERASED, "")


def _know(state: State, told: Stored, alias: str, badge: str) -> Outcome:
    person = told.text("person")
    state.aliases[person] = alias
    state.badges = {uid: who for uid, who in state.badges.items() if who != person}
    if badge:
        state.badges[badge] = person
    values: RowValues = {"person": person, "alias": alias, "badge": badge, "as_of_seq": told.seq}
    return Outcome(rows=[Row(table="person", values=values)])
