"""How ``pytest -n`` spreads the tests over workers: whole files, the longest first.

A file stays on one worker, so what its tests share is made once.  What runs the whole
appliance comes in few lines, one after the other, or it would be its own load.
"""

import pytest

LINES = (
    ("tests/whole/test_kill.py",),
    (
        "tests/whole/test_crash_kills.py",
        "tests/whole/test_crash_disks.py",
        "tests/crash/test_power.py",
    ),
    ("tests/whole/test_story.py", "tests/whole/test_recovery.py", "tests/whole/test_pack.py"),
    ("tests/whole/test_faults.py",),
    ("tests/systemd/test_install.py",),
)
PLACES = {file: place for place, files in enumerate(LINES) for file in files}


def line_of(nodeid: str) -> str:
    """Return what stays together: the line of a test's file, or the file alone."""
    file = nodeid.partition("::")[0]
    return LINES[PLACES[file]][0] if file in PLACES else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - part of the dev extra only

    config.option.loadscopereorder = False  # our order, not that of the number of tests
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = line_of
    return scheduler


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: PLACES.get(item.nodeid.partition("::")[0], len(LINES)))
