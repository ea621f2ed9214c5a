"""Counting: what is really there beside what is on record, and a scale that is wrong."""

from collections.abc import Callable

from fognode.events import Json
from tests.scenarios.story import Story, stocked


def test_stocktake_difference(build: Callable[..., Story]) -> None:
    """The cabinet has no scale; a blind count by another one finds 1.84 kg less than on record."""
    story = build(cab01="L1 V1 D1 C1")
    stocked(story)
    story.use("GLY-0042", 1840)
    story.declare("stocktake_opened", stocktake="march", cabinet="cab-1", by="J.")
    reason = "use was not written down"
    counted: dict[str, Json] = {"package": "GLY-0042", "gross_g": 4000, "reason": reason}
    story.declare("stock_counted", stocktake="march", **counted, by="J.")
    assert story.stock("GLY-0042") == 5530  # until the count is closed
    story.declare("stocktake_closed", stocktake="march", by="J.")
    assert story.says("Ana took GLY-0042 at 06:12, returned 06:12")
    (adjusted,) = story.events("stock_moved", movement="adjust")
    assert (adjusted.number("delta_g"), adjusted.text("reason")) == (-1840, reason)
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_stocktake_finds_one_missing(build: Callable[..., Story]) -> None:
    """Nothing told of a package's going; the stocktake does not find it, and it is written off."""
    story = build(cab01="W1 C1")
    stocked(story)
    story.deliver("GLY-0050")
    with story.opening():
        story.put("GLY-0050", 5840)
    story.declare("stocktake_opened", stocktake="march", cabinet="cab-1", by="J.")
    story.declare(
        "stock_counted", stocktake="march", package="GLY-0042", present=1, reason="seen", by="J."
    )
    story.declare("stocktake_closed", stocktake="march", by="J.")
    assert story.says("Ana stored GLY-0050 at 06:12, 5.84 kg")
    assert (story.stock("GLY-0042"), story.stock("GLY-0050")) == (5530, 0)
    (held,) = story.house.reader.rows("stock", {"package": "GLY-0050"})
    assert (held["state"], held["place"]) == ("missing", "cab-1")  # where it should be
    assert story.discrepancies() == [("missing_in_count", "GLY-0050", "open")]
    assert story.alerts() == [("missing_in_count", "warning", "firing")]
    assert story.points("GLY-0050") == 1


def test_stocktake_finds_it_elsewhere(build: Callable[..., Story]) -> None:
    """The other cabinet has no sensors; the stocktake finds there what Ana took from the first."""
    story = build(cab02="")
    stocked(story)
    with story.opening():
        story.take("GLY-0042")
    story.at("08:00")
    story.declare("stocktake_opened", stocktake="march", cabinet="cab-2", by="J.")
    counted: dict[str, Json] = {"package": "GLY-0042", "gross_g": 5840, "reason": "weighed"}
    story.declare("stock_counted", stocktake="march", **counted, by="J.")
    story.declare("stocktake_closed", stocktake="march", by="J.")
    story.at("19:00")
    assert story.says("Ana took GLY-0042 at 06:12, 5.84 kg")
    assert story.session("GLY-0042") == (
        "Ana took GLY-0042 at 06:12, nobody named returned it to cab-2 08:00"
    )
    assert story.place("GLY-0042") == "cab-2"
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [("found_in_count", "GLY-0042", "open")]
    assert story.alerts() == [("found_in_count", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_known_weight_is_shown_wrong(story: Story) -> None:
    """J. lays a known weight down, and the scale shows 80 g too much: its weights are doubted."""
    story.use("GLY-0042", 1840)
    facts: dict[str, Json] = {"cabinet": "cab-1", "known_g": 5000, "read_g": 5080}
    story.declare("scale_checked", **facts, by="J.")
    (held,) = story.house.reader.rows("stock", {"package": "GLY-0042"})
    assert held["doubted"] == 1
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == [("scale_wrong", "", "open")]
    assert story.alerts() == [("scale_wrong", "warning", "firing")]
    assert story.points("GLY-0042") == 1
