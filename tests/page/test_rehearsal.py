"""Declarations told to a copy of what the derived tables show."""

from zoneinfo import ZoneInfo

from fognode.custody import people
from fognode.events import Event, Json
from fognode.page.rehearsal import rehearse
from tests.page.conftest import HERON, NOW_MS, Farm, known_people, package_row, row

ZONE = ZoneInfo("UTC")
GTIN = "7891234567895"


def told(*declared: tuple[str, dict[str, Json]]) -> list[Event]:
    return [
        Event(kind=kind, origin=f"i/{'00' * 32}/{n}", happened_at_ms=NOW_MS, facts=facts)
        for n, (kind, facts) in enumerate(declared)
    ]


def delivery(**changed: Json) -> dict[str, Json]:
    return {
        "package": "GLY-1", "gtin": GTIN, "serial": "S9", "lot": "L7", "expires_on": "2028-06-30",
        "invoice": "NF-1", "tag": "04A1B2D9", "gross_g": 5840, "tare_g": 310, "source": "AgroSul",
        "site": "cab1", "by": HERON, **changed,
    }  # fmt: skip


def product(**changed: Json) -> dict[str, Json]:
    return {"gtin": GTIN, "name": "Gly", "packaging": "rigid", **changed}


def test_what_the_file_itself_makes_known_counts(farm: Farm) -> None:
    known_people(farm)
    events = told(("product_set", product()), ("delivery_declared", delivery()))
    assert rehearse(farm.reader, ZONE, events) == []
    assert rehearse(farm.reader, ZONE, events[1:]) == [
        (0, f"no product with this GTIN; declare it first: {GTIN}")
    ]


def test_who_hands_a_file_in_is_known_before_or_is_its_first_person(farm: Farm) -> None:
    heron: dict[str, Json] = {"person": HERON, "alias": "Heron", "by": HERON}
    egret: dict[str, Json] = {"person": "p2", "alias": "Egret", "by": HERON}
    first, other = told(("person_set", heron), ("person_set", egret))
    assert rehearse(farm.reader, ZONE, [first, other]) == []
    assert rehearse(farm.reader, ZONE, [other, first]) == [
        (1, f"by names no known person: {HERON}")
    ]


def test_what_the_tables_show_counts(farm: Farm) -> None:
    known_people(farm)
    farm.tell("hour_began", 1, {"hour": "2026-09-21T14"}, package_row("GLY-1", tag="04A1B2C9"))
    again = told(("product_set", product()), ("delivery_declared", delivery(serial="S7")))
    assert rehearse(farm.reader, ZONE, again) == [(1, "package is in use already: GLY-1")]
    other = told(
        ("product_set", product()), ("delivery_declared", delivery(package="G2", tag="04A1B2C9"))
    )
    assert rehearse(farm.reader, ZONE, other) == [(1, "tag is in use already: 04A1B2C9")]


def test_a_wrong_check_digit_is_custodys_refusal(farm: Farm) -> None:
    ((place, reason),) = rehearse(
        farm.reader, ZONE, told(("product_set", product(gtin="07891234567890")))
    )
    assert place == 0
    assert "7891234567890" in reason


def test_badges_that_were_revoked_and_people_who_were_erased_are_known(farm: Farm) -> None:
    gone = row("person", person="p1", alias=people.ERASED, cabinets="*", least_class=1)
    lost = row("badge", held="1" * 32, badge="B0A1C2D3", person="p2", to_at_ms=5, reason="lost")
    old = row("badge", held="2" * 32, badge="B0A1C2D4", person="p2", to_at_ms=5, reason="replaced")
    farm.tell("hour_began", 1, {"hour": "2026-09-21T14"}, gone, lost, old)
    events = told(
        ("person_set", {"person": "p1", "alias": "x"}),
        ("person_set", {"person": "p3", "alias": "y", "badge": "B0A1C2D3"}),
        ("person_set", {"person": "p4", "alias": "z", "badge": "B0A1C2D4"}),
    )
    assert rehearse(farm.reader, ZONE, events) == [
        (0, "person was erased: p1"),
        (1, "badge was revoked: give the person another one: B0A1C2D3"),
    ]
