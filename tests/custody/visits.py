"""Visits to cabinet 1 that several files tell of, and days told in any order."""

from collections.abc import Sequence

from fognode.events import Event
from tests.custody.conftest import Story


def carry_out(story: Story, at_s: float, weight_g: int = 5840) -> None:
    """Let Ana take GLY out, which weighs so much."""
    story.open(at_s)
    story.tag_in(at_s + 1, story.BADGE_ANA)
    story.weight(at_s + 2, -weight_g)
    story.tag_out(at_s + 4, story.GLY)
    story.close(at_s + 6)
    story.quiet(at_s + 20)


def put_in(story: Story, at_s: float, weight_g: int = 0) -> None:
    """Let Ana put GLY in; 0 = no scale tells of it."""
    story.open(at_s)
    story.tag_in(at_s + 1, story.BADGE_ANA)
    story.tag_in(at_s + 2, story.GLY)
    if weight_g:
        story.weight(at_s + 2.6, weight_g)
    story.close(at_s + 5)
    story.quiet(at_s + 20)


def tell_in_order(new_story: type[Story], order: Sequence[Event], judge_after: set[int]) -> Story:
    """Keep a day's events in this order, judging by the clock after some of them."""
    story = new_story()
    story.stocked()
    for number, event in enumerate(order):
        story.keep([event])
        if number in judge_after:
            story.clock_ms = story.START_MS + (10_000 + 10 * number) * 1000
            story.quiet(10_000 + 10 * number)
    story.clock_ms = story.START_MS + 20_000_000
    story.quiet(20_000)
    story.quiet(30_000)
    return story
