"""What is in the cabinets: old stock, counted stock, lost stock, and what goes back."""

from collections.abc import Callable

from fognode.events import Json
from tests.scenarios.story import GTIN, Story, stocked


def second(story: Story, package: str = "GLY-0050", **facts: str | int) -> None:
    """Bring a second package of the same product in."""
    story.deliver(package, **facts)
    with story.opening():
        story.put(package, 5840)


def test_expired_package_is_taken(story: Story) -> None:
    """Ana takes a package that expired the day before; it may go, but not be used."""
    second(story, expires_on="2026-03-03")
    story.days(2)
    assert story.alerts() == [
        ("stock_expired", "warning", "firing"),
        ("stock_expiring", "warning", "firing"),
    ]
    with story.opening():
        story.take("GLY-0050")
    assert story.says("Ana took GLY-0050 at 06:12, 5.84 kg")
    with story.opening():
        story.put("GLY-0050", 5840)
    assert story.stock("GLY-0050") == 5530
    assert story.discrepancies() == [("expired_taken", "GLY-0050", "open")]
    assert story.alerts() == [
        ("expired_taken", "warning", "firing"),
        ("stock_expired", "warning", "firing"),
        ("stock_expiring", "warning", "firing"),
    ]
    assert story.points("GLY-0050") == 1


def test_expired_package_leaves_for_disposal(story: Story) -> None:
    """An expired package cannot leave as an empty; it can leave for the incinerator, and does."""
    second(story, expires_on="2026-03-03")
    story.days(2)
    story.declare("exit_declared", package="GLY-0050", destination="centre", by="J.")
    assert story.refusals() == ["only an empty package leaves"]
    story.declare("disposal_declared", package="GLY-0050", how="incinerator", by="J.")
    with story.opening("J."):
        story.take("GLY-0050")
    story.at("19:00")  # nobody expects it back
    assert story.says("J. took GLY-0050 at 06:12, 5.84 kg, it left the farm 06:12")
    assert story.stock("GLY-0050") == 0
    assert story.place("GLY-0050") == "disposed"
    assert story.discrepancies() == []
    assert {state for _, _, state in story.alerts()} == {"resolved"}
    assert story.points("GLY-0050") == 1


def test_disposal_of_what_is_out(story: Story) -> None:
    """J. takes a package out and then declares where it went: nobody expects it back."""
    with story.opening("J."):
        story.take("GLY-0042")
    story.declare("disposal_declared", package="GLY-0042", how="incinerator", by="J.")
    story.at("19:00")
    assert story.session("GLY-0042") == (
        "J. took GLY-0042 at 06:12, 5.84 kg, it left the farm 06:12"
    )
    assert story.stock("GLY-0042") == 0
    assert story.place("GLY-0042") == "disposed"
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_first_expiring_advice_not_followed(story: Story) -> None:
    """Ana takes the package that lasts longer; it is told which one should have gone first."""
    second(story, expires_on="2026-08-31")
    story.use("GLY-0042", 1840)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12")
    (found,) = story.events("discrepancy_found")
    assert found.text("text") == (
        "GLY-0042 was taken, GLY-0050 should go first: it expires on 2026-08-31"
    )
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == [("not_first_expiring", "GLY-0042", "open")]
    assert story.alerts() == [("not_first_expiring", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_first_expiring_is_taken(story: Story) -> None:
    """Ana takes the package that expires first, as advised."""
    second(story, expires_on="2026-08-31")
    story.use("GLY-0050", 1840)
    assert story.says("Ana took GLY-0050 at 06:12, 1.84 kg used, returned 06:12")
    assert story.stock("GLY-0050") == 3690
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0050") == 1


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
    second(story)
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


def test_spill(story: Story) -> None:
    """Half a kilogram is spilt in the field; what else is gone was used."""
    with story.opening():
        story.take("GLY-0042")
    story.declare(
        "spill_declared", package="GLY-0042", lost_g=500, text="fell off the tractor", by="Ana"
    )
    story.at("07:40")
    with story.opening():
        story.put("GLY-0042", 4000)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 07:40")
    told = [(e.text("movement"), e.number("delta_g")) for e in story.events("stock_moved")]
    assert ("spill", -500) in told
    assert ("use", -1340) in told
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_declared_use_differs(story: Story) -> None:
    """Ana says that she used a kilogram; the scale says 1.84 kg."""
    with story.opening():
        story.take("GLY-0042")
    story.declare("use_declared", package="GLY-0042", used_g=1000, by="Ana")
    story.at("07:40")
    with story.opening():
        story.put("GLY-0042", 4000)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 07:40")
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == [("use_differs", "GLY-0042", "open")]
    assert story.alerts() == [("use_differs", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_partial_return(story: Story) -> None:
    """Two packages go out and one comes back; by the evening the other one is overdue."""
    second(story)
    with story.opening():
        story.take("GLY-0042")
        story.take("GLY-0050")
    story.at("11:00")
    with story.opening():
        story.put("GLY-0042", 4000)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 11:00")
    assert story.discrepancies() == []
    story.at("18:30")
    assert story.session("GLY-0050") == "Ana took GLY-0050 at 06:12, 5.84 kg"
    assert (story.stock("GLY-0042"), story.stock("GLY-0050")) == (3690, 5530)
    assert (story.place("GLY-0042"), story.place("GLY-0050")) == ("cab-1", "out")
    assert story.discrepancies() == [("overdue", "GLY-0050", "open")]
    assert story.alerts() == [("overdue", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_rest_goes_back_to_the_dealer(story: Story) -> None:
    """A third of a package was used; the dealer takes back the rest, and all is accounted for."""
    story.use("GLY-0042", 1840)
    reason = "season is over"
    story.declare(
        "defective_declared", package="GLY-0042", supplier="agrosul", reason=reason, by="J."
    )
    with story.opening("J."):
        story.take("GLY-0042")
    story.at("19:00")
    assert story.says("J. took GLY-0042 at 06:12, 4.00 kg, it left the farm 06:12")
    told = [(e.text("movement"), e.number("delta_g")) for e in story.events("stock_moved")]
    assert ("use", -1840) in told
    assert ("defective", -3690) in told
    assert story.stock("GLY-0042") == 0
    assert story.place("GLY-0042") == "defective"
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_defective_goods_go_back(story: Story) -> None:
    """A sealed package leaks: J. takes it out and gives it back to the dealer."""
    with story.opening("J."):
        story.take("GLY-0042")
    facts = {"supplier": "agrosul", "reason": "the lid leaks"}
    story.declare("defective_declared", package="GLY-0042", **facts, by="J.")
    story.at("19:00")
    assert story.session("GLY-0042") == (
        "J. took GLY-0042 at 06:12, 5.84 kg, it left the farm 06:12"
    )
    assert story.stock("GLY-0042") == 0
    assert story.place("GLY-0042") == "defective"
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_low_stock(story: Story) -> None:
    """Use brings a product below its warning level; the next delivery ends the alert."""
    product = {"gtin": GTIN, "name": "Glyphosate 480", "packaging": "rigid"}
    story.declare("product_set", **product, warn_level_g=4000, lead_days=5)
    story.use("GLY-0042", 1000)
    assert story.alerts() == []
    story.use("GLY-0042", 1000)
    assert story.alerts() == [("stock_low", "warning", "firing")]
    assert story.mails() == ["stock_low"]
    second(story)
    assert story.says("Ana stored GLY-0050 at 06:12, 5.84 kg")
    assert story.stock("GLY-0042") + story.stock("GLY-0050") == 3530 + 5530
    assert story.alerts() == [("stock_low", "warning", "resolved")]
    assert story.discrepancies() == []
    assert story.points("GLY-0042") == 1
