"""Points: only for steps that both ledgers hold and something shows, and taken back again."""

from fognode.events import Json
from tests.scenarios.story import PEOPLE, Story


def rinse(story: Story, **shown: Json) -> str:
    """Declare a rinse with whatever shows it; return the event's id."""
    facts: dict[str, Json] = {"package": "GLY-0042", "rinses": 3, "punctured": 1}
    return story.declare("rinse_declared", **facts, **shown, by="Ana").event_id


def entries(story: Story) -> list[tuple[str, int]]:
    """Return every entry of the package, in the order of the record."""
    rows = story.house.reader.rows("points", {"package": "GLY-0042"}, order="as_of_seq")
    return [(str(row["entry"]), int(str(row["points"]))) for row in rows]


def test_correction_takes_a_point_back(story: Story) -> None:
    """A rinse that earned its points was of another can; its correction reverses them."""
    story.use("GLY-0042", 5530)
    told = rinse(story, photo=story.photo("GLY-0042", "rinse"))
    assert story.points("GLY-0042") == 3
    reason = "it was the can beside it"
    story.declare("correction_declared", corrects=told, withdraw=1, reason=reason, by="J.")
    assert story.points("GLY-0042") == 1
    rinse(story, photo=story.photo("GLY-0042", "rinse"))
    assert story.says("Ana took GLY-0042 at 06:12, 5.53 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 3
    assert entries(story) == [
        ("GLY-0042/received", 1),
        ("GLY-0042/prepared", 2),
        ("GLY-0042/prepared/reversed", -2),
        ("GLY-0042/prepared/2", 2),
    ]


def test_photo_shows_something_else(story: Story) -> None:
    """The photo that showed a rinse was of the tractor; the points wait until Rui bears witness."""
    story.use("GLY-0042", 5530)
    told = rinse(story, photo=story.photo("GLY-0042", "rinse"))
    assert story.points("GLY-0042") == 3
    (photo,) = story.events("photo_kept")
    fix: dict[str, Json] = {"reason": "that is the tractor", "by": "J."}
    story.declare("correction_declared", corrects=photo.event_id, withdraw=1, **fix)
    assert story.points("GLY-0042") == 1
    facts: dict[str, Json] = {"package": "GLY-0042", "rinses": 3, "punctured": 1}
    facts |= {"witness": PEOPLE["Rui"], "by": PEOPLE["Ana"]}
    story.declare("correction_declared", corrects=told, facts=facts, **fix)
    assert story.says("Ana took GLY-0042 at 06:12, 5.53 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 3


def test_no_point_without_evidence(story: Story) -> None:
    """Nobody saw the rinse and there is no photo: the package goes back, and earns four of six."""
    story.use("GLY-0042", 5530)
    rinse(story)
    assert story.points("GLY-0042") == 1
    with story.opening():
        story.take("GLY-0042")
    story.declare("exit_declared", package="GLY-0042", destination="centre", by="Ana")
    assert story.accept("GLY-0042")
    assert story.says("Ana took GLY-0042 at 06:12, 0.31 kg")
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 4
    assert entries(story) == [("GLY-0042/received", 1), ("GLY-0042/returned", 3)]


def test_one_photo_for_two_empties(story: Story) -> None:
    """The picture of one rinse is shown for another empty too; the witness would have done."""
    story.deliver("ATR-0007", 3000)
    with story.opening():
        story.put("ATR-0007", 3000)
    story.use("ATR-0007", 2690)
    story.use("GLY-0042", 5530)
    photo = story.photo("ATR-0007", "rinse")
    facts: dict[str, Json] = {"package": "ATR-0007", "rinses": 3, "punctured": 1}
    story.declare("rinse_declared", **facts, photo=photo, by="Ana")
    rinse(story, photo=photo)
    rinse(story, witness="Ana")
    assert story.refusals() == [
        "the photo is about something else than this package",
        "the witness must be another person than by",
    ]
    assert (story.points("ATR-0007"), story.points("GLY-0042")) == (3, 1)
    rinse(story, witness="Rui")
    assert story.says("Ana took GLY-0042 at 06:12, 5.53 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 3


def test_points_wait_for_the_ledgers(story: Story) -> None:
    """What was declared earns nothing until both ledgers hold it as final."""
    story.use("GLY-0042", 5530)
    rinse(story, witness="Rui")
    assert [entry for entry in entries(story) if entry[1] == 2] == []
    assert story.says("Ana took GLY-0042 at 06:12, 5.53 kg used, returned 06:12")
    assert story.points("GLY-0042") == 3
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []


def test_return_on_one_ledger_only(story: Story) -> None:
    """The centre takes the empty over on one ledger; its return is paid when both say so."""
    story.use("GLY-0042", 5530)
    rinse(story, witness="Rui")
    with story.opening():
        story.take("GLY-0042")
    story.declare("exit_declared", package="GLY-0042", destination="centre", by="Ana")
    assert story.points("GLY-0042") == 3
    (row,) = story.house.reader.rows("package", {"package": "GLY-0042"})
    token_id, chains = bytes.fromhex(str(row["token_id"])), story.house.chains
    assert chains.centre.accept(chains.private, token_id)
    assert story.points("GLY-0042") == 3
    assert chains.centre.accept(chains.public, token_id)
    assert story.says("Ana took GLY-0042 at 06:12, 0.31 kg")
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 6


def test_delivery_was_never_there(story: Story) -> None:
    """A delivery is withdrawn, for nothing had come: the point for its receipt is taken back."""
    story.deliver("GLY-0050")
    assert story.points("GLY-0050") == 1
    (told,) = story.events("delivery_declared", package="GLY-0050")
    reason = "typed in twice"
    story.declare("correction_declared", corrects=told.event_id, withdraw=1, reason=reason, by="J.")
    assert story.sentences() == []
    assert story.stock("GLY-0050") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert (story.points("GLY-0050"), story.points("GLY-0042")) == (0, 1)


def test_exit_that_was_none(story: Story) -> None:
    """The empty did not leave after all: Ana puts it back, and the next day it goes for six."""
    story.use("GLY-0042", 5530)
    rinse(story, witness="Rui")
    with story.opening():
        story.take("GLY-0042")
    left = {"package": "GLY-0042", "destination": "centre", "by": "Ana"}
    told = story.declare("exit_declared", **left).event_id
    assert story.points("GLY-0042") == 3
    reason = "the lorry did not come"
    story.declare("correction_declared", corrects=told, withdraw=1, reason=reason, by="J.")
    assert story.place("GLY-0042") == "out"
    story.at("16:00")
    with story.opening():
        story.put("GLY-0042", 310)
    assert story.says("Ana took GLY-0042 at 06:12, 0.00 kg used, returned 16:00")
    assert story.place("GLY-0042") == "cab-1"
    assert story.points("GLY-0042") == 3
    story.at("06:30")
    with story.opening():
        story.take("GLY-0042")
    story.declare("exit_declared", **left)
    assert story.accept("GLY-0042")
    assert story.stock("GLY-0042") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 6
