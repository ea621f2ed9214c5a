"""How sure custody is of what it tells of an opening, in thousandths.

Any subset of the sensors forms an opening; which of them were there, and agreed, says how far
the tale can be trusted.  Not a probability: a figure to compare openings by.

    what moved    tag and weight agree                                    990
                  nothing moved: neither tag nor weight changed           950
                  tag alone, the cabinet has no scale                     900
                  weight alone, the cabinet has no reader                 800
                  tags and weights changed, which is which is open        600
                  the one changed and the other, though there, did not    500
    door          seen to open and to close                               as it is
                  no light sensor, or left open                           x 0.95
                  light sensor there, the door was not seen to open       x 0.90
    who           a badge, or no reader to show one to                    as it is
                  nobody named                                            x 0.90
    gap           a board was silent or started anew meanwhile            x 0.70
    only shaken   nothing but vibration or distance told of it            500 at the most

Below ``PROBABLY`` the sentence says "probably".
"""

from dataclasses import dataclass

PROBABLY = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What there was to go by; yes/no each."""

    tags: bool  # a package's tag changed
    weights: bool  # the settled weight changed
    agree: bool  # and the one fits the other
    has_scale: bool
    has_reader: bool
    has_light: bool
    lit: bool  # the door was seen to open
    shut: bool  # and to close
    named: bool
    gap: bool
    shaken_only: bool


def permille(seen: Evidence) -> int:
    """Return how sure, 0 to 990."""
    sure = _moved(seen)
    if seen.has_light and not seen.lit:
        sure = sure * 90 // 100
    elif not seen.lit or not seen.shut:
        sure = sure * 95 // 100
    if seen.has_reader and not seen.named:
        sure = sure * 90 // 100
    if seen.gap:
        sure = sure * 70 // 100
    return min(sure, 500) if seen.shaken_only else sure


def _moved(seen: Evidence) -> int:
    if not seen.tags and not seen.weights:
        return 950
    if seen.tags and seen.weights:
        return 990 if seen.agree else 600
    if seen.tags:
        return 500 if seen.has_scale else 900
    return 500 if seen.has_reader else 800
