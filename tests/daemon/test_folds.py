"""The folds of this farm."""

from fognode.boards import progress
from fognode.config import parse
from fognode.daemon.folds import FOLDED, fresh_custody, fresh_folds, rules_of
from fognode.store.columns import STATE
from fognode.store.tables import DERIVED, table_named

CONFIG = parse(
    {
        "farm": {"id": "farm-7", "zone": "America/Cuiaba"},
        "board": [{"id": "cab01"}],
        "cabinet": [{"id": "cab-1", "board": "cab01", "hours": ["06:00-18:00"]}],
        "place": [{"id": "river", "permitted": False}],
        "manager": [{"name": "Ana", "mail": "ana@farm.example"}],
    }
)


def test_custody_knows_the_places_and_cabinets_of_the_configuration() -> None:
    custody = fresh_custody(CONFIG)
    assert custody.packages.barred == {"river"}
    assert custody.sessions.named == {"cab-1"}
    assert str(custody.zone) == "America/Cuiaba"


def test_policy_knows_hours_and_managers() -> None:
    rules = rules_of(CONFIG)
    assert rules.hours == {"cab-1": ((6 * 3600, 18 * 3600),)}
    assert rules.managers == ("0",)


def test_each_call_begins_with_empty_state_and_tells_how_far_boards_came() -> None:
    seen: list[progress.Progress] = []
    steps, due = fresh_folds(CONFIG, seen.append)
    others, _ = fresh_folds(CONFIG, seen.append)
    assert len(steps) == len(others) == 5
    assert due(1).events == []
    assert len(seen) == 1


# Derived rows that others write too, or that are true of something else than the record.
OTHERS = {
    "board",
    "chain_guard",
    "chain_outbox",
    "cursor",
    "finding",
    "gov_outbox",
    "mail_outbox",
    "partner_outbox",
}


def test_every_derived_table_is_folded_or_known_to_be_written_by_others() -> None:
    assert {table_named(name).schema for name in FOLDED} == {STATE}
    assert {table.name for table in DERIVED} - FOLDED == OTHERS
