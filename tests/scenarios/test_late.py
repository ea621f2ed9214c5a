"""What boards tell late, twice or in pieces gives the same record as what they tell in time."""

from tests.scenarios.story import Story


def _carry_over(story: Story) -> None:
    with story.opening("Ana", "cab-1"):
        story.take("GLY-0042", "cab-1")
    with story.opening("Ana", "cab-2"):
        story.put("GLY-0042", 5000, "cab-2")


def test_late_events(story: Story) -> None:
    """The first cabinet's cable is out while Ana carries a package over; it tells all later."""
    story.cut("cab-1")
    _carry_over(story)
    story.join("cab-1")
    story.wait(60)
    assert story.sentences("cab-1") == ["Ana took GLY-0042 at 06:12, 5.84 kg"]
    assert story.sentences("cab-2") == [
        "Ana took GLY-0042 at 06:12, 0.84 kg used, returned to cab-2 06:12"
    ]
    assert story.session("GLY-0042") == (
        "Ana took GLY-0042 at 06:12, 0.84 kg used, returned to cab-2 06:12"
    )
    assert story.stock("GLY-0042") == 4690
    assert story.place("GLY-0042") == "cab-2"
    assert story.discrepancies() == [("weight_differs", "GLY-0042", "withdrawn")]
    assert story.alerts() == [
        ("board_silent", "warning", "resolved"),
        ("weight_differs", "warning", "resolved"),
    ]
    assert story.points("GLY-0042") == 1


def test_replayed_frames(story: Story) -> None:
    """Every event of the board comes in again, as an echo on the line: nothing is told twice."""
    story.use("GLY-0042", 1840)
    before = story.house.reader.head()[0]
    story.replay("cab-1")
    assert story.house.reader.head()[0] == before
    assert story.sentences() == ["Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12"]
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_noise_on_the_line(story: Story) -> None:
    """Lightning, a cut frame and a forged one come in on the line; the session stays whole."""
    story.badge("Ana")
    story.open()
    story.noise("cab-1", bytes(range(256)) * 4)
    story.take("GLY-0042")
    story.noise("cab-1", b"$E,cab01,1,9,99,W1,put,999")
    story.put("GLY-0042", 4000)
    story.noise("cab-1", b"$E,cab01,1,99,9999,W1,take,-99999*00000000\n")
    story.close()
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_board_goes_silent(story: Story) -> None:
    """A cable is out for a minute: the silence is told, and is over when it is back."""
    story.cut("cab-1")
    story.wait(60)
    assert story.alerts() == [("board_silent", "warning", "firing")]
    assert story.mails() == ["board_silent"]
    story.join("cab-1")
    story.wait(60)
    assert story.alerts() == [("board_silent", "warning", "resolved")]
    story.use("GLY-0042", 1000)
    assert story.says("Ana took GLY-0042 at 06:14, 1.00 kg used, returned 06:14")
    assert story.stock("GLY-0042") == 4530
    assert story.discrepancies() == []
    assert story.points("GLY-0042") == 1


def test_late_readings_explain_a_count(story: Story) -> None:
    """A cable is out while Ana takes a package and J. misses it; once it tells, nothing is odd."""
    story.cut("cab-1")
    with story.opening("Ana"):
        story.take("GLY-0042")
    story.declare("stocktake_opened", stocktake="march", cabinet="cab-1", by="J.")
    story.declare("stocktake_closed", stocktake="march", by="J.")
    assert story.discrepancies() == [("missing_in_count", "GLY-0042", "open")]
    story.join("cab-1")
    story.wait(60)
    assert story.says("Ana took GLY-0042 at 06:12, 5.84 kg")
    assert story.stock("GLY-0042") == 5530
    assert story.place("GLY-0042") == "out"
    assert story.discrepancies() == [("missing_in_count", "GLY-0042", "withdrawn")]
    assert story.alerts() == [
        ("board_silent", "warning", "resolved"),
        ("missing_in_count", "warning", "resolved"),
    ]
    assert story.points("GLY-0042") == 1
