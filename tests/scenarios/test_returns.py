"""The way back of an empty: prepared, handed over, counted, and earlier or later than it may."""

from fognode.events import Json
from tests.scenarios.story import BAG_GTIN, Story


def rinse(story: Story, package: str = "GLY-0042") -> None:
    """Declare that an empty was rinsed three times and pierced, with a photo of it."""
    photo = story.photo(package, "rinse")
    rinsed: dict[str, Json] = {"package": package, "rinses": 3, "punctured": 1}
    story.declare("rinse_declared", **rinsed, photo=photo, by="Ana")


def emptied(story: Story, package: str) -> None:
    """Bring a second package in, and use all of it."""
    story.deliver(package, 3000)
    with story.opening():
        story.put(package, 3000)
    story.use(package, 2690)


def leave(story: Story, package: str = "GLY-0042") -> None:
    """Take an empty out of the cabinet, and off the farm."""
    with story.opening():
        story.take(package)
    story.declare("exit_declared", package=package, destination="centre", by="Ana")


def receipt(story: Story, number: str, batch: str, washed: int, unwashed: int = 0) -> None:
    """Declare what the centre's receipt says."""
    units = {"washed": washed, "unwashed": unwashed}
    about = {"centre": "centre", "received_on": "2026-03-02", "batch": batch}
    story.declare("receipt_declared", receipt=number, **about, **units, by="J.")


def test_full_reverse_chain(story: Story) -> None:
    """A rigid package is emptied, rinsed, pierced, handed over and received: six points."""
    story.use("GLY-0042", 5530)
    assert story.says("Ana took GLY-0042 at 06:12, 5.53 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 0
    assert story.points("GLY-0042") == 1
    rinse(story)
    assert story.points("GLY-0042") == 3
    story.at("15:00")
    leave(story)
    assert story.session("GLY-0042") == (
        "Ana took GLY-0042 at 15:00, 0.31 kg, it left the farm 15:00"
    )
    assert story.points("GLY-0042") == 3
    assert story.accept("GLY-0042")
    receipt(story, "R-118", "GLY-0042", washed=1)
    story.days(20)
    assert story.place("GLY-0042") == "exited"
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 6


def test_exit_is_declared_before_it_is_carried_out(story: Story) -> None:
    """Ana declares the exit while the empty stands in the cabinet, and carries it out later."""
    story.use("GLY-0042", 5530)
    rinse(story)
    story.declare("exit_declared", package="GLY-0042", destination="centre", by="Ana")
    story.at("09:00")
    with story.opening():
        story.take("GLY-0042")
    story.at("19:00")  # nobody expects it back
    assert story.says("Ana took GLY-0042 at 09:00, 0.31 kg, it left the farm 09:00")
    assert story.accept("GLY-0042")
    assert story.stock("GLY-0042") == 0
    assert story.place("GLY-0042") == "exited"
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 6


def test_exit_is_never_carried_out(story: Story) -> None:
    """An empty leaves on paper only and stands in the cabinet the day after: it is told, once."""
    story.use("GLY-0042", 5530)
    rinse(story)
    story.declare("exit_declared", package="GLY-0042", destination="centre", by="Ana")
    story.days(3)
    assert story.says("Ana took GLY-0042 at 06:12, 5.53 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == [("exit_not_seen", "GLY-0042", "open")]
    assert [one for one in story.alerts() if one[0] == "exit_not_seen"] == [
        ("exit_not_seen", "warning", "firing")
    ]
    assert story.points("GLY-0042") == 3


def test_bag_that_cannot_be_rinsed(story: Story) -> None:
    """A bag is not rinsed but sealed and kept apart; it earns the same six points."""
    story.declare("product_set", gtin=BAG_GTIN, name="Mancozeb 750 WG", packaging="flexible")
    story.deliver("MAN-0003", 5200, gtin=BAG_GTIN, tare_g=200)
    with story.opening():
        story.put("MAN-0003", 5200)
    story.use("MAN-0003", 5000)
    rinse(story, "MAN-0003")
    (reason,) = story.refusals()
    assert "is not rinsed but sealed in a bag" in reason
    seal: dict[str, Json] = {"package": "MAN-0003", "bag": "BAG-7", "segregated": 1}
    story.declare("seal_declared", **seal, photo=story.photo("MAN-0003", "seal"), by="Ana")
    assert story.points("MAN-0003") == 3
    leave(story, "MAN-0003")
    assert story.says("Ana took MAN-0003 at 06:13, 0.20 kg")
    assert story.accept("MAN-0003")
    receipt(story, "R-119", "MAN-0003", washed=0, unwashed=1)
    assert story.stock("MAN-0003") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("MAN-0003") == 6


def test_packaging_that_does_not_go_back(story: Story) -> None:
    """What does not go back is disposed of: no rinse, no reminder, no points are asked or shown."""
    product: dict[str, Json] = {"name": "Aluminium phosphide", "packaging": "not_returnable"}
    story.declare("product_set", gtin=BAG_GTIN, **product)
    story.deliver("PHO-0001", 3000, gtin=BAG_GTIN)
    with story.opening():
        story.put("PHO-0001", 3000)
    story.use("PHO-0001", 2690)
    assert story.says("Ana took PHO-0001 at 06:12, 2.69 kg used, returned 06:12")
    rinse(story, "PHO-0001")
    (reason,) = story.refusals()
    assert reason == "this packaging does not go back: declare disposal_declared"
    story.declare("disposal_declared", package="PHO-0001", how="incinerator", by="J.")
    with story.opening():
        story.take("PHO-0001")
    assert story.place("PHO-0001") == "disposed"
    assert story.stock("PHO-0001") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("PHO-0001") == 0


def test_return_with_one_missing(story: Story) -> None:
    """Two empties leave, the centre counts one; the other one earns nothing for its return."""
    story.use("GLY-0042", 5530)
    emptied(story, "ATR-0007")
    rinse(story, "GLY-0042")
    rinse(story, "ATR-0007")
    with story.opening():
        story.take("GLY-0042")
        story.take("ATR-0007")
    both: list[Json] = ["GLY-0042", "ATR-0007"]
    story.declare("batch_declared", batch="B-1", destination="centre", packages=both, by="Ana")
    assert story.accept("GLY-0042")
    receipt(story, "R-120", "B-1", washed=1)
    assert story.session("ATR-0007") == (
        "Ana took ATR-0007 at 06:13, 0.31 kg, it left the farm 06:13"
    )
    assert story.stock("GLY-0042") == story.stock("ATR-0007") == 0
    assert story.discrepancies() == [("receipt_short", "", "open")]
    assert story.alerts() == [("receipt_short", "warning", "firing")]
    assert (story.points("GLY-0042"), story.points("ATR-0007")) == (6, 3)


def test_centre_takes_more_than_it_counts(story: Story) -> None:
    """The centre takes two empties over on the ledgers, and its receipt says one: one is paid."""
    story.use("GLY-0042", 5530)
    emptied(story, "ATR-0007")
    rinse(story, "GLY-0042")
    rinse(story, "ATR-0007")
    with story.opening():
        story.take("GLY-0042")
        story.take("ATR-0007")
    both: list[Json] = ["GLY-0042", "ATR-0007"]
    story.declare("batch_declared", batch="B-1", destination="centre", packages=both, by="Ana")
    receipt(story, "R-120", "B-1", washed=1)
    assert story.accept("GLY-0042")
    assert story.accept("ATR-0007")
    assert story.says("Ana took GLY-0042 at 06:13, 0.31 kg; Ana took ATR-0007 at 06:13, 0.31 kg")
    assert story.stock("GLY-0042") == story.stock("ATR-0007") == 0
    assert story.discrepancies() == [("receipt_short", "", "open")]
    assert story.alerts() == [("receipt_short", "warning", "firing")]
    assert (story.points("GLY-0042"), story.points("ATR-0007")) == (6, 3)


def test_receipt_counts_more_than_left(story: Story) -> None:
    """One empty left rinsed; the receipt says two, one of them unwashed: both are named."""
    story.use("GLY-0042", 5530)
    rinse(story)
    leave(story)
    assert story.accept("GLY-0042")
    receipt(story, "R-121", "GLY-0042", washed=1, unwashed=1)
    assert story.says("Ana took GLY-0042 at 06:12, 0.31 kg")
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == [("receipt_over", "", "open"), ("receipt_unwashed", "", "open")]
    assert story.alerts() == [
        ("receipt_over", "warning", "firing"),
        ("receipt_unwashed", "warning", "firing"),
    ]
    story.explain("receipt_over", "stock_error", "the neighbour's came with ours", by="J.")
    story.explain("receipt_unwashed", "stock_error", "the neighbour's came with ours", by="J.")
    assert {state for _, _, state in story.alerts()} == {"resolved"}
    assert story.points("GLY-0042") == 6


def test_receipt_counted_twice(story: Story) -> None:
    """The receipt of one empty is declared for another one too: refused, found, no points."""
    story.use("GLY-0042", 5530)
    emptied(story, "ATR-0007")
    for package in ("GLY-0042", "ATR-0007"):
        rinse(story, package)
        leave(story, package)
    assert story.says("Ana took ATR-0007 at 06:13, 0.31 kg")
    assert story.accept("GLY-0042")
    receipt(story, "R-118", "GLY-0042", washed=1)
    receipt(story, "R-118", "ATR-0007", washed=1)
    assert story.refusals() == ["this receipt stands for batch GLY-0042 already"]
    assert story.stock("GLY-0042") == story.stock("ATR-0007") == 0
    assert story.discrepancies() == [("receipt_twice", "", "open")]
    assert story.alerts() == [("receipt_twice", "warning", "firing")]
    assert (story.points("GLY-0042"), story.points("ATR-0007")) == (6, 3)


def test_no_receipt_comes(story: Story) -> None:
    """Two weeks after an empty left there is no receipt; it comes late and settles it."""
    story.use("GLY-0042", 5530)
    rinse(story)
    leave(story)
    story.days(13)
    assert story.discrepancies() == []
    story.days(1)
    assert story.discrepancies() == [("no_receipt", "", "open")]
    assert story.alerts() == [("no_receipt", "warning", "firing")]
    receipt(story, "R-118", "GLY-0042", washed=1)
    assert story.says("Ana took GLY-0042 at 06:12, 0.31 kg")
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == [("no_receipt", "", "withdrawn")]
    assert story.alerts() == [("no_receipt", "warning", "resolved")]
    assert story.points("GLY-0042") == 3


def test_return_is_overdue(story: Story) -> None:
    """An empty is forgotten for a year: reminders 90, 30 and 7 days before, then it is overdue."""
    story.use("GLY-0042", 5530)
    assert story.says("Ana took GLY-0042 at 06:12, 5.53 kg used, returned 06:12")
    for days in (274, 60, 23, 7):  # the box is off in between
        story.power_cut((days - 1) * 86_400)
        story.days(1)
    story.days(1)
    due = [(e.text("due_on"), e.number("days")) for e in story.events("return_due")]
    assert due == [("2027-03-01", days) for days in (90, 30, 7, 0)]
    assert story.alerts() == [
        ("return_due", "warning", "resolved"),
        ("return_due", "warning", "resolved"),
        ("return_due", "warning", "resolved"),
        ("return_due", "warning", "resolved"),
        ("return_overdue", "critical", "firing"),
    ]
    rinse(story)
    leave(story)
    assert {state for _, _, state in story.alerts()} == {"resolved"}
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == []
    assert story.points("GLY-0042") == 3


def test_leftover_in_date_may_stay(story: Story) -> None:
    """After a year a package still holds product in date: it may stay half a year past expiry."""
    story.use("GLY-0042", 1840)
    story.power_cut(363 * 86_400)
    story.days(2)
    told = story.events("return_due")[-1]
    assert (told.text("due_on"), told.text("extended_to")) == ("2027-03-01", "2028-12-30")
    assert story.events("return_overdue") == []
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == []
    assert story.mails() == ["return_due"] * 4
    assert {(rule, severity) for rule, severity, _ in story.alerts()} == {("return_due", "warning")}
    assert story.points("GLY-0042") == 1


def test_rinse_before_the_last_use(story: Story) -> None:
    """Ana declares the rinse while there is product in it: refused, and again once it is empty."""
    story.use("GLY-0042", 1840)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12")
    rinse(story)
    (reason,) = story.refusals()
    assert reason == "only a package that weighed empty or was declared so can be prepared"
    assert story.stock("GLY-0042") == 3690
    assert story.points("GLY-0042") == 1
    story.use("GLY-0042", 3690)
    rinse(story)
    assert story.says("Ana took GLY-0042 at 06:12, 3.69 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 3
