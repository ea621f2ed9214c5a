from typing import Any

import pytest

from fognode.errors import AwayError
from fognode.trial.ending import missing_at_the_end, points_counted


class Farm:
    """A farm of answers."""

    def __init__(self) -> None:
        self.page = (200, "GLY-0042 6 points")
        self.earned = [1, 2, 3]
        self.verified = True
        self.state = 6
        self.chains = self
        self.private = self.public = self
        self.name = "private"

    def get(self, path: str) -> tuple[int, str]:
        return self.page

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        if kinds[0] == "points_earned":
            return [{"facts": {"points": points}} for points in self.earned]
        return [{"facts": {"token_id": "0a"}}]

    def command(self, *words: str) -> str:
        if not self.verified:
            raise AwayError("event seq 3: content")
        return ""

    # the chain, the contract and its call in one
    def token(self) -> "Farm":
        return self

    def __enter__(self) -> tuple["Farm", "Farm"]:
        return self, self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def functions(self) -> "Farm":
        return self

    def packageOf(self, token_id: int) -> "Farm":  # noqa: N802 - the contract's name
        assert token_id == 10
        return self

    def call(self) -> tuple[int, int, int]:
        return 0, 0, self.state


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"page": (200, "GLY-0042 3 points")}, "page /points"),
        ({"page": (503, "")}, "page /points"),
        ({"earned": [1, 2]}, "points_earned are [1, 2]"),
        ({"earned": [1, 2, 3, 3]}, "points_earned are"),
        ({"verified": False}, "event seq 3: content"),
        ({"state": 5}, "token is in state 5"),
    ],
)
def test_the_end_is_reached_only_if_page_store_and_chains_say_so(
    change: dict[str, Any], said: str | None
) -> None:
    farm = Farm()
    for name, value in change.items():
        setattr(farm, name, value)
    missing = missing_at_the_end(farm)  # type: ignore[arg-type]  # a farm of answers
    assert missing == [] if said is None else said in missing[0]


def test_points_are_what_the_store_has_counted() -> None:
    farm = Farm()
    assert points_counted(farm) == 6  # type: ignore[arg-type]  # a double
    farm.earned = [1, 2, -2]
    assert points_counted(farm) == 1  # type: ignore[arg-type]
