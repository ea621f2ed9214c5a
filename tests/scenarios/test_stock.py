"""What is in the cabinets: old stock, counted stock, lost stock, and what goes back."""

from fognode.events import Json
from tests.scenarios.story import GTIN, Story


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
        ("stock_expiring", "warning", "resolved"),  # it has
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
        ("stock_expiring", "warning", "resolved"),  # it has
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


def test_disposed_package_comes_back(story: Story) -> None:
    """What J. declared burnt is put into the cabinet again the day after."""
    story.declare("disposal_declared", package="GLY-0042", how="incinerator", by="J.")
    with story.opening("J."):
        story.take("GLY-0042")
    story.days(1)
    with story.opening("Rui"):
        story.put("GLY-0042", 5840)
    assert story.says("Rui stored GLY-0042 at 06:12, 5.84 kg")
    assert story.stock("GLY-0042") == 0
    assert story.place("GLY-0042") == "disposed"
    assert story.discrepancies() == [("gone_package_back", "GLY-0042", "open")]
    assert story.alerts() == [("gone_package_back", "critical", "firing")]
    assert story.mails() == ["gone_package_back"]
    story.explain("gone_package_back", "other", "the incinerator was closed", by="J.")
    assert story.discrepancies() == [("gone_package_back", "GLY-0042", "closed")]
    assert story.alerts() == [("gone_package_back", "critical", "resolved")]
    assert story.points("GLY-0042") == 1


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


def test_opened_package_expires_sooner(story: Story) -> None:
    """Ten days after its first use an opened package is past its life, whatever its label says."""
    product: dict[str, Json] = {"gtin": GTIN, "name": "Glyphosate 480", "packaging": "rigid"}
    story.declare("product_set", **product, opened_life_days=10)
    story.use("GLY-0042", 1840)
    story.days(11)
    (told,) = story.events("stock_expired")
    assert (told.text("expires_on"), told.text("package")) == ("2026-03-12", "GLY-0042")
    with story.opening():
        story.take("GLY-0042")
    assert story.says("Ana took GLY-0042 at 06:12, 4.00 kg")
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == [("expired_taken", "GLY-0042", "open")]
    assert story.alerts() == [
        ("expired_taken", "warning", "firing"),
        ("stock_expired", "warning", "firing"),
        ("stock_expiring", "warning", "resolved"),  # 30 days before, 7 days, the day itself
        ("stock_expiring", "warning", "resolved"),
        ("stock_expiring", "warning", "resolved"),
        ("stock_leftover", "info", "resolved"),  # until it had expired
    ]
    assert story.points("GLY-0042") == 1


def test_more_than_can_be_used_in_time(story: Story) -> None:
    """As it is used now, half a package will expire unused: shown, and mailed to nobody."""
    second(story, expires_on="2026-04-30")
    story.use("GLY-0050", 100)
    story.days(1)
    (told,) = story.events("stock_expiring")
    assert (told.number("rate_g_per_day"), told.number("leftover_g")) == (50, 5430 - 58 * 50)
    assert story.says("Ana took GLY-0050 at 06:12, 0.10 kg used, returned 06:12")
    assert story.stock("GLY-0050") == 5430
    assert story.discrepancies() == []
    assert story.alerts() == [("stock_leftover", "info", "firing")]
    assert story.mails() == []
    assert story.points("GLY-0050") == 1


def test_disposal_was_of_another_package(story: Story) -> None:
    """A disposal was declared of the wrong package: it is withdrawn, and the stock is back."""
    told = story.declare("disposal_declared", package="GLY-0042", how="incinerator", by="J.")
    assert (story.stock("GLY-0042"), story.place("GLY-0042")) == (0, "disposed")
    fix: dict[str, Json] = {"withdraw": 1, "reason": "it was GLY-0024"}
    story.declare("correction_declared", corrects=told.event_id, **fix, by="J.")
    assert (story.stock("GLY-0042"), story.place("GLY-0042")) == (5530, "cab-1")
    story.use("GLY-0042", 1840)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 3690
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


def test_spill_in_the_cabinet(story: Story) -> None:
    """Half a kilogram runs out in the cabinet and is declared: the next weight is as expected."""
    with story.opening():
        story.pour("GLY-0042", 500)
    story.declare("spill_declared", package="GLY-0042", lost_g=500, text="cap open", by="Ana")
    story.explain("weight_without_tag", "spill", "the cap was open", by="J.")
    with story.opening():
        story.take("GLY-0042")
    assert story.says("Ana took GLY-0042 at 06:12, 5.34 kg")
    assert story.stock("GLY-0042") == 5030
    assert story.discrepancies() == [("weight_without_tag", "", "closed")]
    assert story.alerts() == [("weight_without_tag", "critical", "resolved")]
    assert story.points("GLY-0042") == 1


def test_declared_in_the_evening(story: Story) -> None:
    """Ana uses a kilogram in the morning and another one later, and declares both afterwards."""
    story.use("GLY-0042", 1000)
    story.at("07:40")
    story.use("GLY-0042", 1000)
    for _ in range(2):
        story.declare("use_declared", package="GLY-0042", used_g=1000, by="Ana")
    assert story.says("Ana took GLY-0042 at 07:40, 1.00 kg used, returned 07:40")
    assert story.stock("GLY-0042") == 3530
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
