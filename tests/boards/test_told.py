"""What a lane tells of its own is told once, with all that is needed to judge it."""

from tests.boards.talking import beat, hear, hello, keep, lane, light


def test_happening_told_again_with_other_facts_is_a_contradiction_told_once() -> None:
    talk = lane()
    keep(hear(talk, *hello(), light(1, value=859)))
    talk.ack = False
    (first,) = hear(talk, light(1, value=300))
    assert hear(talk, light(1, value=300)) == []
    assert first.event.kind == "board_contradicts"
    assert first.event.origin.startswith("b/cab01/17/1/x/")
    assert len(first.event.origin.rsplit("/", maxsplit=1)[1]) == 16
    assert first.event.facts["again"] == "2000,L1,open,300"
    assert not talk.ack
    keep([first])
    assert talk.ack


def test_one_loss_waits_at_a_time() -> None:
    talk = lane()
    keep(hear(talk, *hello()))
    (first,) = hear(talk, beat(lost=6))
    assert hear(talk, beat(lost=7), beat(lost=8)) == []
    keep([first])
    (second,) = hear(talk, beat(lost=9))
    assert (second.event.facts["lost_before"], second.event.facts["lost"]) == (6, 9)
