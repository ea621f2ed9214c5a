from dataclasses import replace

import pytest

from fognode.custody.sureness import PROBABLY, Evidence, permille

ALL = Evidence(
    tags=True,
    weights=True,
    agree=True,
    has_scale=True,
    has_reader=True,
    has_light=True,
    lit=True,
    shut=True,
    named=True,
    gap=False,
    shaken_only=False,
)


@pytest.mark.parametrize(
    ("seen", "sure"),
    [
        (ALL, 990),
        (replace(ALL, agree=False), 600),
        (replace(ALL, weights=False), 500),
        (replace(ALL, weights=False, has_scale=False), 900),
        (replace(ALL, tags=False), 500),
        (replace(ALL, tags=False, has_reader=False, named=False), 800),
        (replace(ALL, tags=False, weights=False), 950),
        (replace(ALL, named=False), 891),
        (replace(ALL, shut=False), 940),
        (replace(ALL, lit=False, shut=False), 891),
        (replace(ALL, gap=True), 693),
        (replace(ALL, tags=False, weights=False, shaken_only=True), 500),
    ],
)
def test_sureness_follows_the_table(seen: Evidence, sure: int) -> None:
    assert permille(seen) == sure


def test_what_all_sensors_agree_on_is_not_called_probable() -> None:
    assert permille(ALL) >= PROBABLY > permille(replace(ALL, gap=True))
