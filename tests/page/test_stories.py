"""What happened to a package, in a sentence (A114)."""

import pytest

from fognode.events import Json, Stored
from fognode.page.stories import is_told, story
from tests.page.test_wording import stored

PEOPLE = {"p1": "Heron"}
MOVED: dict[str, Json] = {"to": "gate", "from": "cab1", "permitted": 0}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            stored("handleProduct", person="p1", action="back", weight_g=4000, used_g=1840),
            "Heron put it back at 4.00 kg, 1.84 kg used.",
        ),
        (
            stored("handleProduct", person="", action="out", weight_g=900),
            "nobody named took it out at 900 g.",
        ),
        (
            stored("package_prepared", by="p1", rinses=3, punctured=1),
            "Heron rinsed it 3 times; punctured.",
        ),
        (
            stored("package_prepared", by="p1", rinses=0, punctured=0),
            "Heron prepared it without rinsing; not punctured.",
        ),
        (
            stored("emptyPackageExit", by="p9", destination="centre"),
            "p9 sent it to centre.",
        ),
        (stored("package_emptied", gross_g=320), "It weighs 320 g: nothing is left inside."),
        (
            stored("package_emptied", source="declared", person="p1"),
            "Heron declared that nothing is left inside; no scale saw it.",
        ),
        (
            stored("newProductEntry", source="AgroSul", gross_g=5840, lot="L7", invoice="NF-1"),
            "From AgroSul, 5.84 kg, lot L7, invoice NF-1.",
        ),
        (
            stored("package_moved", **MOVED),
            "Seen at gate, before at cab1. That place is not permitted.",
        ),
        (
            stored("points_earned", points=2, step="prepared"),
            "+2 for the step prepared, seen on both chains.",
        ),
        (
            stored("points_reversed", points=-2, step="prepared"),
            "-2 for the step prepared: its evidence fell.",
        ),
        (
            stored("handleProduct", person="p1", action="withdrawn"),
            "It did not happen: the event told before does not count.",
        ),
        (
            stored(
                "stock_moved", movement="spill", delta_g=-500, net_g=5030, by="p1", reason="fell"
            ),
            "-500 g spilt, 5.03 kg left, told by Heron: fell.",
        ),
        (
            stored("stock_moved", movement="adjust", delta_g=1200, net_g=6230),
            "+1.20 kg by a count, 6.23 kg left.",
        ),
        (
            stored("package_restated", was=4, state=3, by="p1", reason="not pierced"),
            "It was prepared and is empty, corrected by Heron: not pierced.",
        ),
        (
            stored("package_restated", was=1, state=1, by="p1"),
            "It is sealed as before, corrected by Heron.",
        ),
        (
            stored("discrepancy_found", rule="expired_on_arrival", text="P expired on 2020-01-31."),
            "Expired before it arrived. P expired on 2020-01-31.",
        ),
        (stored("photo_kept", by="p1", purpose="rinse"), "Heron took a picture (rinse)."),
        (stored("ledger_failed", chain="public", reason="no gas"), "public · no gas"),
    ],
)
def test_event_of_a_package_is_one_sentence(told: Stored, sentence: str) -> None:
    assert story(told, PEOPLE) == sentence


@pytest.mark.parametrize(
    ("movement", "source", "told"),
    [
        ("use", "declared", True),
        ("use", "measured", False),  # the handleProduct says it
        ("spill", "declared", True),
        ("dispose", "declared", True),
        ("adjust", "measured", True),
        ("correction", "measured", True),
        ("take", "declared", False),
        ("receive", "measured", False),
    ],
)
def test_a_movement_is_told_unless_another_event_says_it(
    movement: str, source: str, told: bool
) -> None:
    assert is_told(stored("stock_moved", movement=movement, source=source)) == told
    assert not is_told(stored("ledger_seen"))
    assert is_told(stored("points_reversed"))
