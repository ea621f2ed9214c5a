"""A clean copy of the checkout: a build leaves files beside its sources, and takes up old ones."""

import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = (
    "setup.cfg",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "fognode",
    "contracts/abi",
    "migrations",
    "systemd",
    "docs/configuration.md",
)


def copy_checkout(copy: Path) -> Path:
    for part in PARTS:
        place = copy / part
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, place)
    return copy


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Ours, for pip: what builds a wheel is downloaded only when it is not here."""
    ours = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "NOTIFY_SOCKET"}}
    try:
        is_here = int(version("setuptools").partition(".")[0]) >= 77  # pyproject.toml
    except PackageNotFoundError:
        is_here = False
    # pip reads this one as the opposite of what it says: false = no isolation.
    return ours | ({"PIP_NO_BUILD_ISOLATION": "false"} if is_here else {})
