"""The stock of a package by weight: facts/custody.md 5 and 14, requirements A109, A113, A115."""

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fognode.custody import amounts, shelf_life
from fognode.events import Event, Json

if TYPE_CHECKING:
    from tests.custody.conftest import Shelf, Story


def test_the_worked_example_of_one_visit(shelf: "Shelf") -> None:
    shelf.receive()
    assert shelf.row() == {
        "package": "GLY-0042",
        "gtin": "7891234567895",
        "place": "cab-1",
        "state": "stored",
        "gross_g": 5840,
        "tare_g": 310,
        "tare_with_lid": 1,
        "weighed": 1,
        "net_g": 5530,
        "u_g": 20,
        "opened_on": "",
        "effective_expiry": "2028-06-30",
        "counted_only": 0,
        "doubted": 0,
        "as_of_seq": 2,
    }
    shelf.use(0.1, 5840, 4000)
    row = shelf.row()
    assert (row["gross_g"], row["net_g"], row["opened_on"]) == (4000, 3690, "2026-03-02")
    used = next(f for f in shelf.facts("stock_moved") if f["movement"] == "use")
    assert (used["delta_g"], used["u_g"], used["source"]) == (-1840, 28, "measured")
    assert used["cause"] == shelf.record[-1].event_id
    assert amounts.litres_text(1840, 1170, 28) == "1.57 l (0.415 US gal) +- 24 ml"
    assert shelf.rules() == []


def test_every_interval_of_a_package_has_its_place_or_its_holder(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.handle("stored", 0.1, weight_g=5840, gross_g=5840)
    shelf.handle("out", 1, weight_g=5840, gross_g=5840)
    assert (shelf.row()["state"], shelf.row()["place"]) == ("out", "")
    shelf.handle("back", 2, weight_g=5000, gross_g=5000, used_g=840, cabinet="cab-2")
    told = [(f["movement"], f.get("place", ""), f["by"]) for f in shelf.facts("stock_moved")]
    assert told == [
        ("receive", "cab-1", shelf.ANA),
        ("take", "", shelf.ANA),
        ("use", "cab-2", shelf.ANA),
        ("return", "cab-2", shelf.ANA),
    ]


def test_a_transfer_keeps_the_total(shelf: "Shelf") -> None:
    # farmOS 357
    shelf.receive()
    shelf.tell("package_moved", 1, package="GLY-0042", **{"from": "cab-1", "to": "barn"})
    shelf.handle("stored", 2, weight_g=5840, gross_g=5840, cabinet="cab-2")
    assert shelf.moves() == [("receive", 5530)]
    assert [f["place"] for f in shelf.facts("stock_moved")] == ["cab-1", "barn", "cab-2"]
    assert shelf.total()["net_g"] == 5530


def test_stock_equals_truth_though_only_four_fifths_were_declared(shelf: "Shelf") -> None:
    # crop-card 319: stock about 20 % under-drawn
    shelf.receive("GLY-0042", gross_g=20_310)
    truth_g = 20_310
    for day in range(1, 11):
        shelf.use(day, truth_g, truth_g - 1000)
        shelf.ask("use_declared", day=day, used_g=800)
        truth_g -= 1000
    assert shelf.row()["gross_g"] == truth_g == 10_310
    assert shelf.rules() == ["use_differs"] * 10
    assert shelf.facts("discrepancy_found")[0]["text"] == (
        "GLY-0042: 1000 g +- 28 g used by weight, 800 g declared"
    )


def test_a_use_whose_weights_were_unclear_is_caught_up_by_the_next_weight(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.handle("out", 1, gross_g=5840)  # two at once: nobody knows which weight is whose
    shelf.handle("back", 1.1, weight_g=4000, gross_g=4000)
    assert shelf.moves() == [("receive", 5530), ("use", -1840)]
    assert shelf.row()["net_g"] == 3690


def test_taken_and_returned_in_one_opening(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.handle("used", 1, weight_g=5840, gross_g=4000, used_g=1840)
    assert shelf.moves() == [("receive", 5530), ("use", -1840)]
    shelf.handle("used", 2, gross_g=3900)  # only its return was weighed
    assert shelf.row()["net_g"] == 3590
    shelf.handle("used", 3, gross_g=3900)  # nothing was
    assert (shelf.row()["net_g"], shelf.row()["state"]) == (3590, "stored")
    shelf.handle("used", 4, weight_g=3900, gross_g=4100)  # heavier than it left
    assert (shelf.row()["net_g"], shelf.moves()[-1]) == (3790, ("correction", 200))


def test_an_emptied_package_leaves_with_its_residue(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.use(1, 5840, 330)
    shelf.tell("package_emptied", 1, package="GLY-0042", gross_g=330, tare_g=310)
    assert shelf.row()["state"] == "empty"
    shelf.tell("emptyPackageExit", 2, package="GLY-0042", by=shelf.ANA)
    assert shelf.moves()[-1] == ("exit", -20)
    assert (shelf.row()["state"], shelf.row()["net_g"], shelf.total()["packages"]) == (
        "exited",
        0,
        0,
    )
    assert shelf.rules() == []
    shelf.handle("out", 3, weight_g=330, gross_g=330)  # what is gone moves no stock
    assert shelf.row()["state"] == "exited"


def test_a_few_grams_below_the_tare_are_no_stock_below_zero(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.use(1, 5840, 280)
    assert (shelf.row()["net_g"], shelf.rules()) == (0, [])


def test_below_zero_only_with_a_discrepancy(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.ask("use_declared", used_g=6000)
    found = shelf.facts("discrepancy_found")[0]
    assert (found["rule"], found["net_g"]) == ("stock_below_zero", -470)
    shelf.ask("use_declared", used_g=100)
    assert shelf.rules() == ["stock_below_zero"]  # that one is still open
    [name] = [key for table, key in shelf.rows if table == "discrepancy"]
    shelf.tell("discrepancy_closed", 1, discrepancy=name)
    shelf.ask("use_declared", used_g=100)
    assert shelf.rules() == ["stock_below_zero"] * 2


def test_what_is_unaccounted_for_at_the_end_is_named(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.handle("out", 1, weight_g=5440, gross_g=5440)  # 400 g went while nobody had it
    shelf.handle("back", 1, weight_g=330, gross_g=330, used_g=5110)
    shelf.tell("emptyPackageExit", 2, package="GLY-0042", by=shelf.ANA)
    found = shelf.facts("discrepancy_found")[-1]
    assert (found["rule"], found["missing_g"]) == ("balance_at_end", 400)
    assert found["text"] == (
        "GLY-0042: received 5530 g, used 5110 g, spilt 0 g, left with 20 g:"
        " 400 g are missing (+- 49 g)"
    )


def test_content_comes_from_the_label_where_nothing_was_weighed(shelf: "Shelf") -> None:
    # InvenTree 2553: 10.5 l per tub
    shelf.product(content_ml=10_500, tare_g=500)
    shelf.receive(gross_g=0, tare_g=0)
    assert (shelf.row()["net_g"], shelf.row()["gross_g"], shelf.row()["u_g"]) == (12285, 12785, 184)
    assert shelf.facts("stock_moved")[0]["source"] == "declared"


def test_a_tare_is_learnt_from_the_first_weight_of_a_full_package(shelf: "Shelf") -> None:
    shelf.receive(gross_g=0, tare_g=0, content_g=5000)
    assert (shelf.row()["weighed"], shelf.row()["u_g"]) == (0, 75)
    shelf.handle("stored", 1, weight_g=5290, gross_g=5290, tare_g=290)  # as judging told it
    assert (shelf.row()["tare_g"], shelf.row()["net_g"], shelf.row()["weighed"]) == (290, 5000, 1)
    assert shelf.row()["u_g"] == 78  # sqrt(20^2 + 75^2): the tare is as unsure as the label
    shelf.use(2, 5290, 4290)
    assert shelf.row()["net_g"] == 4000


def test_a_content_too_small_for_the_scale_is_counted(shelf: "Shelf") -> None:
    shelf.receive(gross_g=350, tare_g=310)
    assert shelf.row()["counted_only"] == 1
    shelf.use(1, 345, 310)
    assert shelf.row()["net_g"] == 40
    shelf.ask("use_declared", used_g=20)
    assert (shelf.row()["net_g"], shelf.rules()) == (20, [])


def test_the_same_delivery_told_anew_changes_what_was_received(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.use(1, 5840, 4840)
    shelf.receive("GLY-0042", 2, gross_g=6840)
    assert shelf.moves()[-1] == ("receive", 1000)


def test_consumables_are_received_and_counted_as_movements(shelf: "Shelf") -> None:
    # Snipe-IT 2534, 6587, 18850 and 5176: more than one of a kind
    for number in range(5):
        shelf.receive(f"P{number}")
    assert (shelf.total()["packages"], shelf.total()["net_g"]) == (5, 27_650)
    assert shelf.total()["u_g"] == 45  # sqrt(5 x 20^2)
    assert sum(1 for table, _ in shelf.rows if table == "movement") == 5


def test_what_is_left_has_a_value_at_the_price_of_a_full_package(shelf: "Shelf") -> None:
    # farmOS 32, 76: what is stored, and its cost
    shelf.product(content_ml=5000, cost_cents=11_700)  # 5,850 g
    shelf.receive(gross_g=6160)
    assert shelf.total()["value_cents"] == 11_700
    shelf.use(1, 6160, 5160)
    assert shelf.total()["value_cents"] == 9_700


@pytest.mark.parametrize("kind", ["use_declared", "stock_counted", "stocktake_opened"])
def test_nobody_unknown_declares(shelf: "Shelf", kind: str) -> None:
    shelf.receive()
    shelf.tell(kind, 0, package="GLY-0042", by="someone")
    assert shelf.facts("rejected")[0]["reason"] == "by names no known person"
    assert shelf.moves() == [("receive", 5530)]


# --- what holds for every story ----------------------------------------------------------------

PACKAGES = ("P0", "P1", "P2", "P3")
LABELLED: dict[str, dict[str, Json]] = {  # nobody weighed these; of one not even the tare is known
    "P2": {"gross_g": 0, "tare_g": 310, "content_g": 5000},
    "P3": {"gross_g": 0, "tare_g": 0, "content_g": 5000},
}
OUTSIDE = ("out", "barn")  # carried past a reader
ACTS = st.tuples(
    st.sampled_from(
        [
            "visit",
            "night",
            "declare",
            "spill",
            "count",
            "missing",
            "dispose",
            "exit",
            "tare",
            "move",
            "anew",
            "correct",
        ]
    ),
    st.sampled_from(PACKAGES),
    st.integers(0, 3000),
)


def _act(shelf: "Shelf", day: float, act: tuple[str, str, int]) -> None:
    what, package, grams = act
    gross_g = int(str(shelf.row(package)["gross_g"]))
    facts: dict[str, dict[str, Json]] = {
        "declare": {"used_g": grams},
        "spill": {"lost_g": grams, "text": "fell"},
        "count": {"gross_g": grams, "reason": "count"},
        "missing": {"present": grams % 2, "reason": "count"},
        "dispose": {"how": "incinerator"},
        "tare": {"tare_g": grams},
    }
    kinds = {"declare": "use", "spill": "spill", "dispose": "disposal"}
    if what == "visit":
        shelf.use(day, gross_g + grams % 50 - 25, max(1, gross_g - grams), package)
    elif what == "night":
        shelf.handle("out", day, package, gross_g=gross_g)
    elif what == "exit":
        shelf.tell("emptyPackageExit", day, package=package, by=shelf.ANA)
    elif what == "move":
        shelf.tell("package_moved", day, package=package, to="barn")
    elif what == "tare":
        shelf.ask("package_tared", package, day=day, **facts[what])
    elif what in {"anew", "correct"}:
        _tell_anew(shelf, day, act)
    elif what in kinds:
        shelf.ask(f"{kinds[what]}_declared", package, day=day, **facts[what])
    else:
        shelf.ask("stock_counted", package, day=day, **facts[what])


def _tell_anew(shelf: "Shelf", day: float, act: tuple[str, str, int]) -> None:
    what, package, grams = act
    kinds = {"handleProduct"} if what == "anew" else {"use_declared", "disposal_declared"}
    told = [t for t in shelf.record if t.kind in kinds and t.text("package") == package]
    if not told:
        return
    corrected = told[grams % len(told)]
    if what == "anew":
        again: dict[str, Json] = {**corrected.facts, "corrects": corrected.event_id}
        again |= {"action": "withdrawn"} if grams % 3 == 0 else {}
        shelf.tell("handleProduct", day, **again)
    else:
        facts: dict[str, Json] = {"corrects": corrected.event_id, "by": shelf.ANA}
        facts |= {"withdraw": 1} if grams % 2 else {"facts": {**corrected.facts}}
        shelf.tell("correction_declared", day, **facts)


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTS, max_size=25))
def test_the_books_hold_in_every_story(
    new_shelf: type["Shelf"], acts: list[tuple[str, str, int]]
) -> None:
    shelf = new_shelf()
    shelf.product(warn_level_g=5000, opened_life_days=200)
    for package in PACKAGES:
        shelf.receive(package, 0, **LABELLED.get(package, {}))
    for day, act in enumerate(acts, start=1):
        _act(shelf, day, act)
        shelf.morning(day)
        _check_books(shelf)
    again = new_shelf()
    for told in shelf.record:
        again.fold(told)
    assert (again.drawn, again.rows) == (shelf.drawn, shelf.rows)
    assert len({event.origin for event in shelf.drawn}) == len(shelf.drawn)


def _check_books(shelf: "Shelf") -> None:
    sums: Counter[Json] = Counter()
    for facts in shelf.facts("stock_moved"):
        sums[facts["package"]] += int(str(facts["delta_g"]))
        assert sums[facts["package"]] == facts["net_g"]
    stock = shelf.stock.containers
    for name, container in stock.containers.items():
        row = shelf.row(name)
        assert sums[name] == container.net_g == row["net_g"]
        assert row["gross_g"] == container.net_g + container.tare_g
        # in a place, in hands, missing, or gone: one of them
        if container.state != "missing":
            placed = container.state == "stored"
            assert placed == bool(container.place) or (container.state, container.place) == OUTSIDE
        if container.net_g < 0:
            assert shelf.rows["discrepancy", container.below]["state"] == "open"
    for total in stock.totals.values():
        assert total.net_g == sum(c.net_g for c in stock.containers.values())
        assert total.line == sorted(c.key for c in total.held.values() if c.here)
        lots = shelf_life.order(c.lot() for c in total.held.values() if c.here)
        assert [key[3] for key in total.line] == [lot.package for lot in lots]
        assert total.variance_g2 == sum(c.u_g**2 for c in stock.containers.values())


def test_a_farm_without_any_sensor_keeps_its_stock_by_declarations(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.ask("use_declared", day=3, used_ml=1000)
    assert shelf.moves() == [("receive", 5530), ("use", -1170)]
    assert shelf.row()["opened_on"] == "2026-03-05"
    assert shelf.facts("stock_moved")[-1]["source"] == "declared"


def test_the_whole_fold_keeps_stock_beside_the_openings(stocked: "Story") -> None:
    stocked.visit(100, stocked.GLY, 5840, 4000)
    row = stocked.rows["stock", stocked.GLY]
    assert (row["net_g"], row["place"], row["opened_on"]) == (3690, "cab-1", "2026-03-02")
    assert stocked.rows["stock_total", stocked.GTIN]["net_g"] == 3690 + 2690


def _readings(story: "Story") -> dict[str, list[Event]]:
    """GLY leaves cab-1 with 5,840 g and comes back into cab-2 with 4,000 g; two boards."""
    told: list[tuple[str, str, float, dict[str, Json]]] = [
        ("cab01", "light_open", 100, {}),
        ("cab01", "tag_in", 101, {"tag": story.BADGE_ANA}),
        ("cab01", "weight_take", 102, {"sensor": "W1", "weight_g": -5840}),
        ("cab01", "tag_out", 104, {"tag": story.TAGS[story.GLY]}),
        ("cab01", "light_close", 105, {}),
        ("cab02", "light_open", 300, {}),
        ("cab02", "tag_in", 301, {"tag": story.BADGE_ANA}),
        ("cab02", "tag_in", 302, {"tag": story.TAGS[story.GLY]}),
        ("cab02", "weight_put", 303, {"sensor": "W1", "weight_g": 4000}),
        ("cab02", "light_close", 305, {}),
    ]
    lines: dict[str, list[Event]] = {"cab01": [], "cab02": []}
    for number, (board, kind, at_s, facts) in enumerate(told, start=1):
        event = Event(
            kind=kind,
            origin=f"b/{board}/9/{number}",
            happened_at_ms=story.START_MS + round(at_s * 1000),
            facts={"board": board, "place": f"cab-{board[-1]}", **facts},
        )
        lines[board].append(event)
    return lines


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=10, max_size=10), st.sets(st.integers(0, 9), max_size=3))
def test_stock_is_the_same_in_whatever_order_the_boards_are_heard(
    new_story: type["Story"], turns: list[bool], quiet_after: set[int]
) -> None:
    story = new_story()
    story.stocked()
    lines = _readings(story)
    for number, turn in enumerate(turns):
        first, second = ("cab01", "cab02") if turn else ("cab02", "cab01")
        event = (lines[first] or lines[second]).pop(0)
        story.keep([event, event])  # a line sends again what was not acknowledged
        if number in quiet_after:
            story.quiet(10_000 + number)
    story.quiet(20_000)
    story.quiet(30_000)
    row, container = story.rows["stock", story.GLY], story.custody.stock.containers.containers
    assert (row["net_g"], row["state"], row["place"]) == (3690, "stored", "cab-2")
    assert row["opened_on"] == "2026-03-02"
    assert container[story.GLY].sums_g["use"] == -1840
