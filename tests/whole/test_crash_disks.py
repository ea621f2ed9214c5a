"""Disks that lose their power, are full, fail or turn read-only under the whole appliance.

Needs root and a loop device; the long runs are ``make chaos``.
"""

import os
import random
import shutil
import subprocess
from collections.abc import Callable

import pytest

from fognode.trial.database import missing_server
from tests.crash import chaos, rounds
from tests.crash.power import missing_loop
from tests.crash.rounds import Result

pytestmark = pytest.mark.whole

CUTS = 4
SEED = 20261121


def has_loop() -> bool:
    """Whether this is root with a free loop device: then the tests must be able to run."""
    if os.geteuid() != 0 or not shutil.which("losetup"):
        return False
    return subprocess.run(["losetup", "-f"], capture_output=True, check=False).returncode == 0


@pytest.fixture(autouse=True)
def peers() -> None:
    if reason := missing_loop():
        # A runner without root or loop devices cannot be cured by installing something.
        assert os.environ.get("CI") != "true" or not has_loop(), reason
        pytest.skip(reason)
    if missing := missing_server():
        assert os.environ.get("CI") != "true", missing
        pytest.skip(missing)


def test_nothing_acknowledged_is_lost_by_power_cuts() -> None:
    row = chaos.cut_row("mariadb", CUTS, random.Random(SEED))
    assert row.rounds == CUTS
    assert row.acknowledged > 0
    assert chaos.verdict(row) == "", chaos.line(row)


def test_without_the_syncs_power_cuts_are_seen_to_lose() -> None:
    row = chaos.mutant_row("mariadb", unsynced=True, chance=random.Random(SEED))
    assert row.lost > 0, chaos.line(row)


CUTS_TO_LOSE = 6


def test_flush_2_loses_bare_commits_in_a_power_cut() -> None:
    # The server flushes once a second; a cut in the instant after it loses nothing.
    assert any(chaos.bare_row(2).lost for _ in range(CUTS_TO_LOSE))


@pytest.mark.parametrize("fault", [rounds.full_disk, rounds.io_error, rounds.read_only])
def test_a_failing_disk_costs_nothing_that_was_acknowledged(
    fault: Callable[[str], Result],
) -> None:
    row = fault("sqlite")
    assert chaos.verdict(row) == "", chaos.line(row)
