"""A scan is offered for 15 minutes, until a delivery has used it (A72: nobody types a label)."""

import pytest

from fognode.events import Event, Json, Stored
from fognode.page.scans import known_packages, recent, scan_of, unused
from tests.page.conftest import NOW_MS, Farm, package_row
from tests.page.scanned import EAN, GTIN, LABEL, deliver, label, ready, scan, sense


@pytest.fixture
def ready_farm(farm: Farm) -> Farm:
    ready(farm)
    return farm


def offered(farm: Farm) -> list[str]:
    return [one.event for one in unused(farm.reader, recent(farm.reader, NOW_MS))]


def test_scan_tells_what_its_label_tells(ready_farm: Farm) -> None:
    event = scan(ready_farm, LABEL)
    (one,) = recent(ready_farm.reader, NOW_MS)
    assert (one.event, one.place, one.at_ms) == (event, "cab1", NOW_MS - 20_000)
    assert (one.gtin, one.serial, one.lot) == (GTIN, "SN0042", "L2406B")
    assert (one.expires_on, one.own) == ("2028-06-30", "")


def test_scan_of_more_than_15_minutes_ago_is_not_offered(ready_farm: Farm) -> None:
    scan(ready_farm, LABEL, ago_s=901)
    newer = scan(ready_farm, label("SN0043"), ago_s=900)
    assert offered(ready_farm) == [newer]


def test_newest_comes_first_and_a_serial_once(ready_farm: Farm) -> None:
    scan(ready_farm, LABEL, ago_s=90)
    other = scan(ready_farm, label("SN0043"), ago_s=60)
    again = scan(ready_farm, LABEL, ago_s=30)
    assert offered(ready_farm) == [again, other]


def test_scan_that_was_told_late_stands_where_it_happened(ready_farm: Farm) -> None:
    newest = scan(ready_farm, label("SN0043"), ago_s=30)
    late = scan(ready_farm, LABEL, ago_s=90)
    assert offered(ready_farm) == [newest, late]
    assert recent(ready_farm.reader, NOW_MS)[1].until_ms == NOW_MS - 30_000


def test_code_without_a_serial_may_be_of_two_packages(ready_farm: Farm) -> None:
    events = [scan(ready_farm, EAN, ago_s=ago_s) for ago_s in (90, 30)]
    assert offered(ready_farm) == events[::-1]
    deliver(ready_farm, serial="typed", scan=events[1])
    assert offered(ready_farm) == events[:1]


def test_scan_is_used_by_the_delivery_that_names_it_or_its_serial(ready_farm: Farm) -> None:
    event = scan(ready_farm, LABEL)
    deliver(ready_farm, serial="SN-TYPED", scan=event)
    assert offered(ready_farm) == []
    other = scan(ready_farm, label("SN0043"))
    assert offered(ready_farm) == [other]
    deliver(ready_farm, serial="SN0043", gtin="0" + GTIN)  # another spelling of the same GTIN
    assert offered(ready_farm) == []


def test_delivery_that_was_refused_has_used_nothing(ready_farm: Farm) -> None:
    event = scan(ready_farm, LABEL)
    cause = deliver(ready_farm, scan=event)
    assert offered(ready_farm) == []
    refusal: dict[str, Json] = {"what": "delivery_declared", "reason": "tag is in use already"}
    origin = f"r/rejected/{cause}/1"
    ready_farm.keep(
        Event(kind="rejected", origin=origin, happened_at_ms=NOW_MS, facts=refusal, rule_v=2)
    )
    assert offered(ready_farm) == [event]


def test_scan_of_a_package_that_is_here_is_known_and_not_offered(ready_farm: Farm) -> None:
    known = package_row("GLY-0042", gtin=GTIN, serial="SN0042")
    gone = package_row("GLY-0043", state=0, gtin=GTIN, serial="SN0043")
    ready_farm.tell("newProductEntry", 70, {}, known, gone)
    scan(ready_farm, LABEL, ago_s=30)
    withdrawn = scan(ready_farm, label("SN0043"), ago_s=20)
    newest, older = recent(ready_farm.reader, NOW_MS)
    found = known_packages(ready_farm.reader, [newest, older])
    assert {event: row["package"] for event, row in found.items()} == {older.event: "GLY-0042"}
    assert offered(ready_farm) == [withdrawn]


def test_own_label_names_its_package(ready_farm: Farm) -> None:
    ready_farm.tell("newProductEntry", 70, {}, package_row("GLY-0042"))
    scan(ready_farm, b"]C191GLY-0042", ago_s=30)
    scan(ready_farm, b"]C191NOBODY", ago_s=20)
    unknown, own = recent(ready_farm.reader, NOW_MS)
    known = known_packages(ready_farm.reader, [unknown, own])
    assert {event: row["package"] for event, row in known.items()} == {own.event: "GLY-0042"}
    assert own.own == "GLY-0042"
    assert offered(ready_farm) == []


def test_time_of_a_scan_ends_with_the_next_one_at_its_place(ready_farm: Farm) -> None:
    scan(ready_farm, LABEL, ago_s=90, place="cab1")
    scan(ready_farm, label("A"), ago_s=80, place="gate", board="scan2")
    scan(ready_farm, label("B"), ago_s=70, place="cab1")
    told = {one.serial: one.until_ms for one in recent(ready_farm.reader, NOW_MS)}
    assert told == {"SN0042": NOW_MS - 70_000, "A": NOW_MS, "B": NOW_MS}


def test_value_that_no_form_would_take_is_left_out(ready_farm: Farm) -> None:
    hostile: dict[str, Json] = {
        "scan": "]d2%00",
        "elements": "no elements",
        "gtin": "78912345<b>",
        "serial": "SN\x1b[2J\x00",
        "lot": "L" * 41,
        "expires_on": "2028-06-30",
    }
    sense(ready_farm, "code_scan", 20, hostile)
    (one,) = recent(ready_farm.reader, NOW_MS)
    assert (one.gtin, one.serial, one.lot, one.own) == ("", "", "", "")
    assert offered(ready_farm) == []


def test_fault_of_a_reader_is_no_scan() -> None:
    told = Stored(
        seq=1,
        event_id="0" * 32,
        kind="code_scan",
        origin="b/scan1/1/1",
        happened_at_ms=NOW_MS,
        recorded_at_ms=NOW_MS,
        facts={},
        body=b"",
    )
    assert scan_of(told, 0).gtin == ""
