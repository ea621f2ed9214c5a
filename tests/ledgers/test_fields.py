from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from fognode.events import Stored
from fognode.hashing import salted_hash
from fognode.ledgers.fields import (
    FIELDS,
    Step,
    gs1_text,
    local_time,
    register_arguments,
    twelve_fields,
)

STEP = Step(
    method="record",
    kind=1001,
    source="cab-1",
    destination="field",
    moved_by="",
    observation="out, 5410 g",
)


def label(**facts: Any) -> Stored:
    return Stored(
        seq=1,
        event_id="55" * 16,
        kind="newProductEntry",
        origin="q/1",
        happened_at_ms=0,
        recorded_at_ms=0,
        facts={"gtin": "7891234567895", "lot": "L1", "expires_on": "2028-06-30", **facts},
        body=b"{}",
    )


def test_bracket_in_a_lot_is_escaped_and_a_missing_serial_left_out() -> None:
    assert gs1_text(label(lot="A(1)")) == r"(01)07891234567895(17)280630(10)A\(1)"


def test_all_twelve_are_always_there_and_nobody_is_named_by_accident() -> None:
    fields = twelve_fields(STEP, label(), "", "2026-11-21T02:12:00-04:00")
    assert tuple(fields) == FIELDS
    assert fields["MovedBy"] == fields["AuthorizedBy"] == "nobody named"
    assert fields["Storage_Site"] == "unknown"
    assert fields["RFID"] == fields["InvoiceNumber"] == ""


def test_who_moved_it_and_who_authorised_it_are_two_fields() -> None:
    """A79, A80."""
    named = replace(STEP, moved_by="ana", authorised_by="joe")
    fields = twelve_fields(named, label(), "", "")
    assert (fields["MovedBy"], fields["AuthorizedBy"]) == ("ana", "joe")
    alone = twelve_fields(replace(named, authorised_by=""), label(), "", "")
    assert (alone["MovedBy"], alone["AuthorizedBy"]) == ("ana", "nobody named")


def test_zero_led_gtin_becomes_the_ean13_it_is_equal_to() -> None:
    assert twelve_fields(STEP, label(gtin="07891234567895"), "", "")["EAN13"] == "7891234567895"
    assert twelve_fields(STEP, label(gtin="17891234567892"), "", "")["EAN13"] == "17891234567892"


def test_time_is_the_farms_with_its_offset() -> None:
    """A78."""
    # TZ=America/Cuiaba date -d @1795241520 --iso-8601=seconds
    assert local_time(1_795_241_520_999, ZoneInfo("America/Cuiaba")) == "2026-11-21T02:12:00-04:00"


def test_birth_tells_the_contract_the_code_and_hides_the_invoice() -> None:
    salt = bytes(range(16))
    told = register_arguments(label(serial="SN1", invoice="NF-1"), salt)
    assert told == {
        "gtin": "7891234567895",
        "serial": "SN1",
        "expires_s": 1845936000,  # date -u -d 2028-06-30 +%s
        "invoice_hash": salted_hash(salt, "NF-1").hex(),
    }
    for day in ("", "30/06/2028", "1969-12-31"):
        assert register_arguments(label(expires_on=day), salt)["expires_s"] == 0
