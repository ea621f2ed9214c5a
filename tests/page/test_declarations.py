from fognode.events import REQUESTS, Kind
from fognode.page.declarations import DECLARATIONS, PHOTO_FACTS, TABLES

# Written by what they do themselves: the view names who looked, the anchor is the console's.
WITHOUT_AUTHOR = {Kind.PHOTO_VIEWED, Kind.ANCHOR_ASKED}


def test_every_request_has_its_facts() -> None:
    assert set(DECLARATIONS) == set(REQUESTS)
    assert set(TABLES) == set(REQUESTS) | {Kind.PHOTO_KEPT}
    assert TABLES[Kind.PHOTO_KEPT] is PHOTO_FACTS


def test_every_change_can_name_its_author() -> None:
    assert {kind for kind, table in DECLARATIONS.items() if "by" not in table} == WITHOUT_AUTHOR


def test_facts_are_named_as_columns_are() -> None:
    names = {name for table in TABLES.values() for name in table}
    assert {name for name in names if not name.isascii() or name.lower() != name} == set()
