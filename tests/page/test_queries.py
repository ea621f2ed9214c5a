from dataclasses import replace
from types import SimpleNamespace
from typing import cast

from fognode.config import Place
from fognode.page import queries
from fognode.page.live import Desk
from tests.page.conftest import TX, Farm


def test_queries_are_the_three_of_the_paper(full: Farm) -> None:
    """A99, A100, A101."""
    chains = queries.query_dapps(full.reader, full.live)
    assert {name: (view.pending, len(view.rows)) for name, view in chains.items()} == {
        "private": (1, 2),
        "public": (1, 2),
    }
    told = queries.query_tier2_views(full.reader, limit=2)
    assert [one.seq for one, _ in told] == [8, 7]
    points = queries.query_gaming_points(full.reader)
    assert (points.total, points.steps) == (4, 2)
    assert points.by_step == {"received": 1, "prepared": 0, "returned": 3}
    assert {entry["private_tx"] for entry in points.entries} == {TX}


def test_counts_follow_the_packages(full: Farm) -> None:
    assert queries.package_counts(full.reader) == queries.Counts(
        inside=2, out=1, to_return=1, returned=1
    )


def test_part_of_a_place_is_named_with_what_it_is_inside(farm: Farm) -> None:
    shelf = Place(id="shelf-2", name="Shelf 2", kind="shelf", inside="cab1")
    zone = Place(id="zone-b", kind="zone", inside="gate")
    places = (*farm.config.places, shelf, zone)
    desk = SimpleNamespace(config=replace(farm.config, places=places))
    names = queries.place_names(cast(Desk, desk))
    assert names["cab1"] == "Main cabinet"
    assert names["shelf-2"] == "Shelf 2 (Main cabinet)"
    assert names["zone-b"] == "zone-b (Gate)"
