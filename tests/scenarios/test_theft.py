"""Somebody wants a package, or what is in it, and does not want to be named."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from fognode.alerts.letters import Office
from fognode.alerts.mail import Courier
from fognode.alerts.outbox import Postman
from fognode.config import Mail
from fognode.trial.mail import TrialMail, start_mail
from tests.scenarios.story import STONE, Story, stocked


def test_night_theft(story: Story) -> None:
    """At 23:10 somebody opens the cabinet without a badge and carries the package off."""
    story.at("23:10")
    story.open()
    story.take("GLY-0042")
    story.close()
    assert story.says("nobody named took GLY-0042 at 23:10, 5.84 kg")
    assert story.discrepancies() == [("weight_without_badge", "", "open")]
    assert story.alerts() == [
        ("out_of_hours", "critical", "resolved"),
        ("weight_without_badge", "critical", "firing"),
    ]
    assert story.mails() == ["out_of_hours", "weight_without_badge"]
    assert story.place("GLY-0042") == "out"
    assert story.stock("GLY-0042") == 5530
    assert story.points("GLY-0042") == 1


def send(story: Story, peer: TrialMail) -> None:
    """Let the postman pass, by real SMTP."""
    house, ca_file = story.house, str(peer.ca_file)
    settings = Mail(
        host=peer.host, port=peer.port, sender="f@farm.example", user=peer.user, ca_file=ca_file
    )
    office = Office(
        farm="Santa Rita",
        zone=house.config.zone,
        page_url="http://127.0.0.1:8080/",
        addresses={"0": "manager@farm.example"},
    )
    connect = partial(Courier, settings, peer.password)
    Postman(house.reader, house.keep, connect, office).pass_once(house.time.now_ms)


def test_mail_of_a_night_theft(story: Story, tmp_path: Path) -> None:
    """The manager reads in the mail, within the minute, what is gone, from where and when."""
    story.at("23:10")
    story.open()
    story.take("GLY-0042")
    story.close()
    peer = start_mail(tmp_path / "mail")
    try:
        send(story, peer)
        send(story, peer)  # nothing goes out twice
    finally:
        peer.close()
    assert sorted(str(mail["subject"]).strip() for mail in peer.mails()) == [
        "[Santa Rita] critical: Cabinet cab-1 was opened at 23:10, outside its hours.",
        "[Santa Rita] critical: cab-1 opened without a badge, weight changed by -5840 g",
    ]
    assert len(story.events("mail_sent")) == 2
    assert story.says("nobody named took GLY-0042 at 23:10, 5.84 kg")
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [("weight_without_badge", "", "open")]
    assert story.alerts() == [
        ("out_of_hours", "critical", "resolved"),
        ("weight_without_badge", "critical", "firing"),
    ]
    assert story.points("GLY-0042") == 1


def test_torch_at_night(story: Story) -> None:
    """By the light of a torch that no sensor sees, the package goes; scale and reader tell."""
    story.at("23:10")
    story.take("GLY-0042")
    story.wait(20)
    assert story.says("nobody named took GLY-0042 at 23:10, 5.84 kg")
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [
        ("weight_without_badge", "", "open"),
        ("weight_without_opening", "", "open"),
    ]
    assert story.alerts() == [
        ("out_of_hours", "critical", "resolved"),
        ("weight_without_badge", "critical", "firing"),
        ("weight_without_opening", "warning", "firing"),
    ]
    assert story.place("GLY-0042") == "out"
    assert story.points("GLY-0042") == 1


def test_nobody_gives_a_reason(story: Story) -> None:
    """A theft that nobody explains within a day escalates; what J. says then closes it."""
    story.open()
    story.take("GLY-0042")
    story.close()
    story.days(1)
    story.at("07:30")
    assert story.discrepancies() == [
        ("overdue", "GLY-0042", "open"),
        ("weight_without_badge", "", "open"),
    ]
    assert story.alerts() == [
        ("discrepancy_escalated", "critical", "firing"),
        ("overdue", "warning", "firing"),
        ("weight_without_badge", "critical", "firing"),
    ]
    story.explain("weight_without_badge", "theft", "gone since Monday, reported", by="J.")
    story.explain("overdue", "theft", "gone since Monday, reported", by="J.")
    assert story.discrepancies() == [
        ("overdue", "GLY-0042", "closed"),
        ("weight_without_badge", "", "closed"),
    ]
    assert {state for _, _, state in story.alerts()} == {"resolved"}
    assert story.says("nobody named took GLY-0042 at 06:12, 5.84 kg")
    assert story.stock("GLY-0042") == 5530
    story.declare("stock_counted", package="GLY-0042", present=0, reason="stolen", by="J.")
    assert story.stock("GLY-0042") == 0
    assert story.place("GLY-0042") == "missing"
    assert story.points("GLY-0042") == 1


def test_decanting(story: Story) -> None:
    """Rui pours a kilogram into a can of his own; the package stays where it is."""
    with story.opening("Rui"):
        story.pour("GLY-0042", 1000)
    assert story.says("probably: Rui opened cab-1 at 06:12, 1.00 kg less inside and no tag moved")
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [("weight_without_tag", "", "open")]
    assert story.alerts() == [("weight_without_tag", "critical", "firing")]
    (found,) = story.events("discrepancy_found")
    assert found.text("text") == ("cab-1: weight changed by -1000 g, no tag did; inside: GLY-0042")
    assert story.points("GLY-0042") == 1


def test_tag_peeled_off(story: Story) -> None:
    """Rui peels the tag off, leaves it there and carries the package away."""
    with story.opening("Rui"):
        story.take("GLY-0042", tag=False)
    assert story.says("probably: Rui opened cab-1 at 06:12, 5.84 kg less inside and no tag moved")
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [("tag_without_package", "GLY-0042", "open")]
    assert story.alerts() == [("tag_without_package", "critical", "firing")]
    assert story.points("GLY-0042") == 1


def test_decoy_lighter_than_the_container(story: Story) -> None:
    """Rui brings the tag back on a can that weighs less than the package's container."""
    with story.opening("Rui"):
        story.take("GLY-0042")
        story.put("GLY-0042", 200)
    assert story.says("Rui took GLY-0042 at 06:12, 5.64 kg used, returned 06:12")
    assert story.stock("GLY-0042") == -110
    assert story.discrepancies() == [
        ("stock_below_zero", "GLY-0042", "open"),
        ("weight_differs", "GLY-0042", "open"),
    ]
    assert story.alerts() == [
        ("stock_below_zero", "warning", "firing"),
        ("weight_differs", "warning", "firing"),
    ]
    assert story.points("GLY-0042") == 1


def test_decoy_weight(story: Story) -> None:
    """Rui leaves the package's tag, takes the package and lays down a stone as heavy."""
    with story.opening("Rui"):
        story.take("GLY-0042", tag=False)
        story.wait(5)
        story.put(STONE, 5840, tag=False)
    assert story.says("Rui opened cab-1 at 06:12, no package moved")
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [("tag_without_package", "GLY-0042", "open")]
    assert story.alerts() == [("tag_without_package", "critical", "firing")]
    assert story.mails() == ["tag_without_package"]
    assert story.points("GLY-0042") == 1


def test_decoy_without_the_tag(story: Story) -> None:
    """Rui carries the package off with its tag and lays down a stone as heavy."""
    with story.opening("Rui"):
        story.take("GLY-0042")
        story.put(STONE, 5840, tag=False)
    assert story.says("probably: Rui took GLY-0042 at 06:12")
    assert story.place("GLY-0042") == "out"
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [("weights_unclear", "", "open")]
    assert story.alerts() == [("weights_unclear", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_tags_swapped(story: Story) -> None:
    """Rui swaps the tags of two packages in the field; the scale does not agree with either."""
    story.deliver("ATR-0007", 3000)
    with story.opening("Ana"):
        story.put("ATR-0007", 3000)
    with story.opening("Rui"):
        story.take("GLY-0042")
        story.take("ATR-0007")
    story.at("08:00")
    with story.opening("Rui"):
        story.put("GLY-0042", 3000)
        story.put("ATR-0007", 5840)
    assert story.stock("GLY-0042") == 2690
    assert story.stock("ATR-0007") == 5530
    assert story.says(
        "Rui took GLY-0042 at 06:12, 2.84 kg used, returned 08:00;"
        " Rui took ATR-0007 at 06:12, returned 08:00"
    )
    assert story.discrepancies() == [("returned_heavier", "ATR-0007", "open")]
    assert story.alerts() == [("returned_heavier", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_wrong_badge(story: Story) -> None:
    """A badge that nobody has opens the cabinet for nobody."""
    with story.opening("DEADBEEF"):
        story.wait(1)
    assert story.says("nobody named opened cab-1 at 06:12, no package moved")
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [
        ("opening_without_badge", "", "open"),
        ("unknown_tag", "", "open"),
    ]
    assert story.alerts() == [
        ("opening_without_badge", "critical", "firing"),
        ("unknown_tag", "warning", "firing"),
    ]
    assert story.points("GLY-0042") == 1


def test_badge_in_two_places(story: Story) -> None:
    """While Ana stands at one cabinet, a copy of her badge opens the other one."""
    story.badge("Ana", "cab-1")
    story.open("cab-1")
    story.badge("Ana", "cab-2")
    story.open("cab-2")
    story.close("cab-2")
    story.close("cab-1")
    assert story.sentences() == [
        "Ana opened cab-1 at 06:12, no package moved",
        "Ana opened cab-2 at 06:12, no package moved",
    ]
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [("badge_two_places", "", "open")]
    assert story.alerts() == [("badge_two_places", "critical", "firing")]
    assert story.points("GLY-0042") == 1


def test_cloned_tag(story: Story) -> None:
    """A copy of the package's tag is put into the other cabinet while the first is in place."""
    with story.opening("Rui", "cab-2"):
        story.tags["copy"] = story.tags["GLY-0042"]
        story.put("copy", 5840, "cab-2")
    story.at("07:00")  # what is told next shows that it did not leave the first place
    assert story.says("Rui stored GLY-0042 at 06:12, 5.84 kg")
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [("tag_two_places", "GLY-0042", "open")]
    assert story.alerts() == [("tag_two_places", "critical", "firing")]
    assert story.mails() == ["tag_two_places"]
    assert story.points("GLY-0042") == 1


def test_through_the_gate(story: Story) -> None:
    """Rui takes the package out of the gate, and nobody ordered it."""
    with story.opening("Rui"):
        story.take("GLY-0042")
    story.wait(60)
    story.act("gate", "tag_in", story.tags["GLY-0042"])
    story.wait(3)
    assert story.says("Rui took GLY-0042 at 06:12, 5.84 kg")
    assert story.place("GLY-0042") == "gate"
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == []
    assert story.alerts() == [("package_moved", "critical", "firing")]
    assert story.mails() == ["package_moved"]
    assert story.points("GLY-0042") == 1


def test_slow_theft_below_threshold(build: Callable[..., Story]) -> None:
    """Each day 45 g seep away, less than the board makes an event of; the hours add up."""
    story = build()
    stocked(story)
    story.sum_hours()
    for _ in range(10):
        story.days(1)
        story.seep("GLY-0042", 45)
    story.wait(6 * 3600)
    (found,) = story.events("discrepancy_found")
    assert found.text("text") == "cab-1 lost 450 g in 10 days, and nothing was told of it"
    assert story.stock("GLY-0042") == 5530
    assert story.sentences() == []
    assert story.discrepancies() == [("slow_loss", "", "open")]
    assert story.alerts() == [("slow_loss", "warning", "firing")]
    assert story.points("GLY-0042") == 1
