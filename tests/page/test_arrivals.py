"""What a scan fills in comes from the label, product, invoice and sensors; no weight is made up."""

import pytest

from fognode.page.arrivals import Filled, filled, is_free
from fognode.page.live import Desk
from tests.page.conftest import HERON, NOW_MS, Farm, package_row, row
from tests.page.scanned import (
    EAN,
    GTIN,
    LABEL,
    LOT_ONLY,
    deliver,
    expect,
    label,
    ready,
    scan,
    sense,
)


@pytest.fixture
def ready_farm(farm: Farm) -> Farm:
    ready(farm)
    return farm


def fill(farm: Farm, event: str) -> Filled:
    desk = Desk(
        config=farm.config,
        reader=farm.reader,
        live=lambda: farm.live,
        request_event=farm.request,
        keep_events=farm.keep_all,
        photos=farm.photos(),
        pins=farm.pins(),
        mono_s=lambda: 0.0,
        token="t",
    )
    return filled(desk, event, NOW_MS)


def test_label_and_product_are_filled_in_and_the_weight_is_not(ready_farm: Farm) -> None:
    event = scan(ready_farm, LABEL)
    told = fill(ready_farm, event)
    assert told.values == {
        "scan": event,
        "gtin": GTIN,
        "serial": "SN0042",
        "lot": "L2406B",
        "expires_on": "2028-06-30",
        "package": "56789-SN0042",
        "tare_g": "310",
        "site": "cab1",
    }
    assert told.notes == [
        "Filled from the scan of 14:13:00 at Main cabinet.",
        "By its label a full one weighs 6.16 kg; its weight is what a scale shows.",
    ]


def test_one_invoice_that_expects_it_gives_number_and_source(ready_farm: Farm) -> None:
    expect(ready_farm)
    told = fill(ready_farm, scan(ready_farm, LABEL))
    assert (told.values["invoice"], told.values["source"]) == ("NF-9", "AgroSul Ltda")
    assert "Invoice NF-9 expects it." in told.notes


@pytest.mark.parametrize(
    "line",
    [
        {"lot": "OTHER"},
        {"gtin": "7891234567888"},
        {"confirmed": 2},
    ],
)
def test_line_of_another_lot_or_product_or_a_whole_one_gives_none(
    ready_farm: Farm, line: dict[str, str | int]
) -> None:
    expect(ready_farm, **line)  # type: ignore[arg-type]  # lot is text
    assert "invoice" not in fill(ready_farm, scan(ready_farm, LABEL)).values


def test_invoice_of_a_second_supplier_gives_the_number_as_it_is_printed(ready_farm: Farm) -> None:
    expect(ready_farm, "1234 (AgroSul Ltda)")
    told = fill(ready_farm, scan(ready_farm, LABEL))
    assert (told.values["invoice"], told.values["source"]) == ("1234", "AgroSul Ltda")


def test_invoice_that_is_closed_gives_none(ready_farm: Farm) -> None:
    expect(ready_farm)
    ready_farm.tell("delivery_closed", 80, {}, row("invoice", invoice="NF-9", state="closed"))
    assert "invoice" not in fill(ready_farm, scan(ready_farm, LABEL)).values


def test_two_invoices_that_expect_it_leave_the_choice(ready_farm: Farm) -> None:
    for name in ("NF-9", "NF-10"):
        expect(ready_farm, name)
    told = fill(ready_farm, scan(ready_farm, LABEL))
    assert "invoice" not in told.values
    assert "2 invoices expect it; choose one." in told.notes


def test_line_of_its_own_lot_goes_before_one_of_no_lot(ready_farm: Farm) -> None:
    expect(ready_farm, "NF-8", lot="")
    expect(ready_farm, "NF-9")
    assert fill(ready_farm, scan(ready_farm, LABEL)).values["invoice"] == "NF-9"


def test_last_day_that_only_the_invoice_tells_is_taken_for_its_lot(ready_farm: Farm) -> None:
    expect(ready_farm)
    told = fill(ready_farm, scan(ready_farm, b"]C1010789123456789510L2406B"))
    assert told.values["expires_on"] == "2028-06-30"
    assert "which its label does not" in told.notes[-1]
    told = fill(ready_farm, scan(ready_farm, EAN))
    assert told.values["invoice"] == "NF-9"
    assert "expires_on" not in told.values  # without the lot nobody knows
    assert "lot" not in told.values


def test_code_without_serial_gets_the_next_own_id_and_no_serial(ready_farm: Farm) -> None:
    event = scan(ready_farm, LOT_ONLY)
    assert "package" not in fill(ready_farm, event).values
    rows = [package_row(name, gtin=GTIN) for name in ("GLY-0042", "GLY-0099", "OLD-7")]
    rows[0].values["received_at_ms"] = NOW_MS
    ready_farm.tell("newProductEntry", 70, {}, *rows)
    told = fill(ready_farm, event)
    assert told.values["package"] == "GLY-0100"
    assert "serial" not in told.values


def test_id_that_is_taken_or_cannot_stand_in_an_address_is_not_proposed(ready_farm: Farm) -> None:
    ready_farm.tell("newProductEntry", 70, {}, package_row("56789-SN0042", serial="other"))
    assert "package" not in fill(ready_farm, scan(ready_farm, LABEL)).values
    assert "package" not in fill(ready_farm, scan(ready_farm, label("A/B"))).values


def test_what_is_put_on_the_scale_after_the_scan_is_its_weight(ready_farm: Farm) -> None:
    sense(ready_farm, "weight_put", 40, {"weight_g": 9000})  # before: of something else
    event = scan(ready_farm, LABEL, ago_s=30)
    sense(ready_farm, "weight_put", 25, {"weight_g": 7000}, place="gate")
    sense(ready_farm, "weight_put", 20, {"weight_g": 6150})
    told = fill(ready_farm, event)
    assert told.values["gross_g"] == "6150"
    assert "6.15 kg were put on the scale there at 14:13:00." in told.notes


@pytest.mark.parametrize(
    "weights",
    [
        [("weight_put", 6150), ("weight_put", 6140)],
        [("weight_put", 6150), ("weight_take", -6150)],
        [("weight_take", -6150)],
        [("weight_put", 310)],
    ],
)
def test_weight_that_may_be_another_things_is_not_taken(
    ready_farm: Farm, weights: list[tuple[str, int]]
) -> None:
    event = scan(ready_farm, LABEL, ago_s=30)
    for kind, weight_g in weights:
        sense(ready_farm, kind, 20, {"weight_g": weight_g})
    assert "gross_g" not in fill(ready_farm, event).values


def test_weight_and_tag_after_the_next_scan_there_are_of_the_next(ready_farm: Farm) -> None:
    first = scan(ready_farm, LABEL, ago_s=60)
    second = scan(ready_farm, label("SN0043"), ago_s=40)
    scan(ready_farm, label("SN0044"), ago_s=38, place="gate", board="scan2")
    sense(ready_farm, "weight_put", 30, {"weight_g": 6150})
    sense(ready_farm, "tag_in", 25, {"tag": "04AABBCC"})
    assert not {"gross_g", "tag"} & fill(ready_farm, first).values.keys()
    told = fill(ready_farm, second).values
    assert (told["gross_g"], told["tag"]) == ("6150", "04AABBCC")


def test_tag_is_taken_when_it_is_the_only_free_one(ready_farm: Farm) -> None:
    ready_farm.tell("newProductEntry", 70, {}, package_row("GLY-0042", tag="04A1B2C3"))
    badge = row("badge", held="b1", badge="04FFEE01", person=HERON)
    ready_farm.tell("person_set", 71, {}, badge)
    assert not is_free(ready_farm.reader, "04A1B2C3")
    assert not is_free(ready_farm.reader, "04FFEE01")
    assert not is_free(ready_farm.reader, "")
    event = scan(ready_farm, LABEL, ago_s=30)
    for tag in ("04A1B2C3", "04FFEE01", "04AABBCC"):
        sense(ready_farm, "tag_in", 20, {"tag": tag})
    assert fill(ready_farm, event).values["tag"] == "04AABBCC"
    sense(ready_farm, "tag_in", 10, {"tag": "04AABBDD"})
    assert "tag" not in fill(ready_farm, event).values


def test_scan_at_no_cabinet_fills_in_no_place(ready_farm: Farm) -> None:
    event = scan(ready_farm, LABEL, place="gate")
    sense(ready_farm, "weight_put", 10, {"weight_g": 6150}, place="gate")
    assert not {"site", "gross_g"} & fill(ready_farm, event).values.keys()
    told = fill(ready_farm, scan(ready_farm, LABEL, place=""))
    assert told.notes[0] == "Filled from the scan of 14:13:00."


def test_old_scan_fills_in_its_label_and_asks_no_sensor(ready_farm: Farm) -> None:
    event = scan(ready_farm, LABEL, ago_s=2000)
    sense(ready_farm, "weight_put", 1990, {"weight_g": 6150})
    told = fill(ready_farm, event).values
    assert told["serial"] == "SN0042"
    assert "gross_g" not in told


def test_scan_that_a_delivery_used_fills_in_nothing_a_second_time(ready_farm: Farm) -> None:
    event = scan(ready_farm, LABEL)
    assert fill(ready_farm, event).values
    deliver(ready_farm, scan=event)
    told = fill(ready_farm, event)
    assert told.values == {}
    assert told.notes == [
        "This package is received already, or waits to be looked at: nothing was filled in."
    ]


def test_event_that_is_no_scan_of_a_product_fills_in_nothing(ready_farm: Farm) -> None:
    for event in (deliver(ready_farm), "0" * 32, "<script>", scan(ready_farm, b"]C191OWN-7")):
        assert fill(ready_farm, event) == Filled()
