"""Would custody take these declarations?  Asked of a copy, before any of them is kept.

The copy knows what the derived tables show: products, people, badges, packages, tags, orders
and prescriptions.  What is declared in between by somebody else, it cannot know: that is
refused later, by an event ``rejected`` like any other declaration's.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import tzinfo
from typing import Any, TypeVar

from fognode import hashing
from fognode.custody import fold, people
from fognode.custody.packages import COLUMNS, Package, Stage
from fognode.custody.people import ERASED, Held, Person
from fognode.custody.prescribed import Prescription
from fognode.custody.products import Product
from fognode.events import Event, Kind, RowValues, Stored
from fognode.store.reader import Reader

T = TypeVar("T")
MOST = 20_000  # rows of a table
NEVER_GIVEN_AGAIN = ("", "replaced", "given back")  # why a badge ended without being revoked


def rehearse(reader: Reader, zone: tzinfo, events: Sequence[Event]) -> list[tuple[int, str]]:
    """Return the places in ``events`` of those that custody would refuse, each with the reason.

    Raises:
        StoreError: The database is away.
    """
    custody = _known(reader, zone)
    refused: list[tuple[int, str]] = []
    for place, event in enumerate(events):
        outcome = fold.step(custody, _stored(event, place + 1))
        said = [drawn.facts for drawn in outcome.events if drawn.kind == Kind.REJECTED]
        refused += [(place, f"{facts['reason']}: {facts['value']}") for facts in said]
    return refused


def _stored(event: Event, seq: int) -> Stored:
    return Stored(
        seq=seq,
        event_id=hashing.event_id(event.origin).hex(),
        kind=str(event.kind),
        origin=event.origin,
        happened_at_ms=event.happened_at_ms,
        recorded_at_ms=event.happened_at_ms,
        facts=event.facts,
        body=b"",
    )


def _known(reader: Reader, zone: tzinfo) -> fold.Custody:
    custody = fold.Custody(zone=zone)
    known = custody.packages
    for row in reader.rows("product", limit=MOST):
        known.products.products[str(row["gtin"])] = _made(Product, row)
    for row in reader.rows("package", limit=MOST):
        package = Package(**{name: row[name] for name in COLUMNS})  # type: ignore[arg-type]  # as stored
        known.packages[package.package] = package
        known.tokens[package.token_id] = package.package
        if package.tag and Stage.NONE < package.state < Stage.RECEIVED:
            known.tags[package.tag] = package.package
    known.orders.orders = {str(row["work_order"]) for row in reader.rows("work_order", limit=MOST)}
    for row in reader.rows("prescription", limit=MOST):
        made = _made(Prescription, row, limit=row["limit_amount"])
        custody.prescriptions.prescriptions[made.prescription] = made
    _know_people(custody.people, reader)
    return custody


def _know_people(known: people.State, reader: Reader) -> None:
    for row in reader.rows("person", limit=MOST):
        person, alias, badge = str(row["person"]), str(row["alias"]), str(row["badge"])
        known.aliases[person] = alias
        named = str(row["cabinets"])
        cabinets = None if named == "*" else frozenset(filter(None, named.split(",")))
        may_authorise = row["may_authorise"] == 1
        known.people[person] = _made(Person, row, cabinets=cabinets, may_authorise=may_authorise)
        if alias == ERASED:
            known.erased.add(person)
        if badge:
            known.badges[badge] = person
            known.held[badge] = _held(row)
    for row in reader.rows("badge", limit=MOST):
        if str(row["reason"]) not in NEVER_GIVEN_AGAIN:
            known.revoked[str(row["badge"])] = _held(row)


def _held(row: RowValues) -> Held:
    since = Event(kind=Kind.PERSON_SET, origin="q/before", happened_at_ms=0)
    return Held(badge=str(row["badge"]), person=str(row["person"]), since=_stored(since, 0))


def _made(cls: type[T], row: RowValues, **more: Any) -> T:
    """Return a dataclass of a row's columns; ``more`` are fields that are written otherwise."""
    known = {one.name for one in fields(cls)}  # type: ignore[arg-type]  # always a dataclass
    return cls(**({name: value for name, value in row.items() if name in known} | more))
