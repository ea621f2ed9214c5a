"""kill -9 under load: everything acknowledged is there, once, in order; the chain holds.

The long runs are ``make chaos``; these rounds are the same code, fewer of them.
"""

import os
import random

import pytest

from fognode.trial.database import missing_server
from tests.crash import chaos, rounds

pytestmark = pytest.mark.whole

KILLS = 10  # of each kind
SEED = 20261121


@pytest.mark.parametrize("db", ["sqlite", "mariadb"])
def test_nothing_acknowledged_is_lost_or_doubled_by_kills(db: str) -> None:
    if db == "mariadb" and (missing := missing_server()):
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)
    kinds = chaos.KINDS[db]
    found = list(chaos.kill_rows(db, KILLS * len(kinds), random.Random(SEED)))
    assert [(row.fault, row.rounds) for row in found] == [(fault, KILLS) for fault in kinds]
    for row in found:
        assert row.acknowledged > 0, row
        assert chaos.verdict(row) == "", chaos.line(row)


def test_a_second_daemon_on_the_folder_is_refused() -> None:
    row = rounds.two_daemons("sqlite")
    assert chaos.verdict(row) == "", chaos.line(row)
