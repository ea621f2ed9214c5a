"""Days on which nothing is wrong."""

from fognode.events import Json
from tests.scenarios.story import Story


def test_normal_day(story: Story) -> None:
    """Ana takes a package in the morning with J.'s leave and brings it back lighter."""
    with story.opening("Ana"):
        story.badge("J.")
        story.take("GLY-0042")
    assert story.says("Ana took GLY-0042 at 06:12, 5.84 kg, authorised by J.")
    assert story.place("GLY-0042") == "out"
    story.at("07:40")
    with story.opening("Ana"):
        story.put("GLY-0042", 4000)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 07:40, authorised by J.")
    assert story.stock("GLY-0042") == 3690
    assert story.place("GLY-0042") == "cab-1"
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.mails() == []
    assert story.points("GLY-0042") == 1


def test_use_in_one_opening(story: Story) -> None:
    """Rui takes a package and puts it back before he closes the door."""
    story.use("GLY-0042", 640, who="Rui")
    assert story.says("Rui took GLY-0042 at 06:12, 0.64 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 4890
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_two_people(story: Story) -> None:
    """Ana takes a package, and Rui, who was with her in the field, brings it back."""
    with story.opening("Ana"):
        story.take("GLY-0042")
    story.at("11:30")
    with story.opening("Rui"):
        story.put("GLY-0042", 5040)
    assert story.says("Ana took GLY-0042 at 06:12, 0.80 kg used, Rui returned it 11:30")
    assert story.stock("GLY-0042") == 4730
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_two_packages_at_once(story: Story) -> None:
    """Ana takes two packages in one opening; each gets its own weight, and its own session."""
    story.deliver("ATR-0007", 3000)
    with story.opening("Ana"):
        story.put("ATR-0007", 3000)
    with story.opening("Ana"):
        story.take("GLY-0042")
        story.take("ATR-0007")
    assert story.says("Ana took GLY-0042 at 06:12, 5.84 kg; Ana took ATR-0007 at 06:12, 3.00 kg")
    story.at("09:00")
    with story.opening("Ana"):
        story.put("ATR-0007", 2500)
        story.put("GLY-0042", 4840)
    assert story.stock("GLY-0042") == 4530
    assert story.stock("ATR-0007") == 2190
    assert story.session("GLY-0042") == "Ana took GLY-0042 at 06:12, 1.00 kg used, returned 09:00"
    assert story.session("ATR-0007") == "Ana took ATR-0007 at 06:12, 0.50 kg used, returned 09:00"
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_package_moves_to_another_cabinet(story: Story) -> None:
    """What Ana took from one cabinet comes back into the other one: a transfer, no loss."""
    with story.opening("Ana"):
        story.take("GLY-0042")
    story.at("06:30")
    with story.opening("Ana", "cab-2"):
        story.put("GLY-0042", 5840, "cab-2")
    assert story.says("Ana took GLY-0042 at 06:12, 0.00 kg used, returned to cab-2 06:30")
    assert story.place("GLY-0042") == "cab-2"
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_opened_and_nothing_taken(story: Story) -> None:
    """J. looks into the cabinet and takes nothing."""
    with story.opening("J."):
        story.wait(20)
    assert story.says("J. opened cab-1 at 06:12, no package moved")
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_new_tag(story: Story) -> None:
    """Ana puts a new tag on a package in the open cabinet, and takes the package by it later."""
    old, new = story.tags["GLY-0042"], "04FFFFFF"
    with story.opening("Ana"):
        story.act("cab-1", "tag_out", old)
        story.wait(3)
        about: dict[str, Json] = {"package": "GLY-0042", "reason": "broken", "by": "Ana"}
        story.declare("tag_unbound", **about, tag=old)
        story.declare("tag_bound", **about, tag=new)
        story.act("cab-1", "tag_in", new)
        story.wait(3)
    assert story.says("Ana opened cab-1 at 06:12, no package moved")
    story.tags["GLY-0042"] = new
    story.use("GLY-0042", 1840)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_crossed_tags(story: Story) -> None:
    """Ana takes two packages, and the reader misses the second one's tag first."""
    story.deliver("ATR-0007", 3000)
    with story.opening("Ana"):
        story.put("ATR-0007", 3000)
    with story.opening("Ana"):
        story.take("GLY-0042", tag=False)
        story.take("ATR-0007", tag=False)
        story.act("cab-1", "tag_out", story.tags["ATR-0007"])
        story.wait(1)
        story.act("cab-1", "tag_out", story.tags["GLY-0042"])
        story.wait(3)
    assert story.says("probably: Ana took ATR-0007 at 06:12; Ana took GLY-0042 at 06:12")
    assert (story.stock("GLY-0042"), story.stock("ATR-0007")) == (5530, 2690)
    assert story.discrepancies() == [("weights_unclear", "", "open")]
    assert story.alerts() == [("weights_unclear", "warning", "firing")]
    assert story.points("GLY-0042") == 1
