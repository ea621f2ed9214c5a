"""The whole appliance: firmware in simavr, real database, two anvil nodes, real SMTP."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fognode.trial.boards import firmware_lacks
from fognode.trial.chains import find_anvil
from fognode.trial.database import missing_server
from fognode.trial.farm import Farm


def need(missing: str | None) -> None:
    """Skip with the reason where a peer is missing; under CI that is a failure."""
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


@pytest.fixture(params=["sqlite", "mariadb"])
def farm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Farm]:
    """A farm that is not started yet; whatever it started is stopped."""
    need(firmware_lacks())
    need(None if find_anvil() else "anvil is not installed: make test installs it")
    if request.param == "mariadb":
        need(missing_server())
    with Farm(tmp_path / "farm", request.param) as made:
        yield made
