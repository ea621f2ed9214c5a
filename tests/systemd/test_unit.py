import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ROOT / "systemd"
UNIT = (FILES / "fognode.service").read_text()
EXPOSURE_MOST = "15"  # of 100: systemd's own measure of what a service could do


def run(*command: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(command[0]) is None:
        reason = f"{command[0]} is missing: apt-get install systemd"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """The unit as installed, with the drop-in for the Pi, and an interpreter that exists."""
    return render(tmp_path, UNIT)


def render(folder: Path, text: str) -> Path:
    path = folder / "fognode.service"
    path.write_text(text.replace("/opt/fognode/current/bin/python", sys.executable))
    drop_ins = folder / "fognode.service.d"
    drop_ins.mkdir()
    shutil.copy(FILES / "raspberrypi.conf", drop_ins)
    return path


def values(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT, re.MULTILINE)


def test_systemd_understands_every_line(rendered: Path) -> None:
    told = run("systemd-analyze", "verify", str(rendered))
    # It returns 0 for an unknown key and only mentions it.
    assert (told.returncode, told.stderr) == (0, "")


def test_a_misspelt_key_would_be_noticed(tmp_path: Path) -> None:
    told = run("systemd-analyze", "verify", str(render(tmp_path, UNIT + "[Service]\nRestrat=no\n")))
    assert "Restrat" in told.stderr


def test_the_sandbox_is_tight(rendered: Path) -> None:
    threshold = f"--threshold={EXPOSURE_MOST}"
    told = run("systemd-analyze", "security", "--offline=true", threshold, str(rendered))
    assert told.returncode == 0, told.stdout


def test_a_looser_sandbox_would_be_noticed(tmp_path: Path) -> None:
    loose = UNIT.replace("PrivateUsers=yes\nPrivateMounts=yes\nPrivateIPC=yes\n", "")
    assert loose != UNIT
    threshold = f"--threshold={EXPOSURE_MOST}"
    path = str(render(tmp_path, loose))
    assert run("systemd-analyze", "security", "--offline=true", threshold, path).returncode == 1


def calls_in(group: str) -> Iterator[str]:
    if not group.startswith("@"):
        yield group
        return
    listed = run("systemd-analyze", "syscall-filter", group).stdout
    for name in re.findall(r"^    ([@a-z_0-9]+)$", listed, re.MULTILINE):
        yield from calls_in(name)


def test_the_analysis_child_may_make_itself_nicer_and_smaller() -> None:
    allowed: set[str] = set()
    for line in values("SystemCallFilter"):
        named = {call for name in line.removeprefix("~").split() for call in calls_in(name)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    assert {"setpriority", "prlimit64", "execve", "clone3"} <= allowed
    assert allowed.isdisjoint({"sched_setscheduler", "mount", "reboot", "chroot"})


def test_it_starts_again_for_ever_and_waits_for_nobody() -> None:
    assert values("Restart") == ["always"]
    assert values("StartLimitIntervalSec") == ["0"]
    assert values("Requires") == values("BindsTo") == []
    assert values("After") == ["network.target mariadb.service"]


def test_every_secret_the_code_asks_for_is_handed_over() -> None:
    loaded = {line.partition(":")[0] for line in values("LoadCredential")}
    asked = {
        name
        for path in (ROOT / "fognode").rglob("*.py")
        for name in re.findall(r'\.secret\("([a-z-]+)"\)', path.read_text())
    }
    assert asked
    assert asked | {"db-writer", "db-reader"} <= loaded
    for line in values("LoadCredential"):
        name, _, path = line.partition(":")
        assert path == f"/etc/fognode/credentials/{name}"


def test_the_user_and_its_groups_are_made() -> None:
    told = run("systemd-sysusers", "--dry-run", str(FILES / "sysusers.conf"))
    assert told.returncode == 0, told.stderr
    lines = (FILES / "sysusers.conf").read_text().splitlines()
    assert any(line.startswith(f"u {values('User')[0]} ") for line in lines)
    for group in values("SupplementaryGroups")[0].split():
        assert f"g {group} -" in lines
        assert f"m fognode {group}" in lines


RULE = re.compile(
    r'(?:(?:SUBSYSTEM|KERNEL)=="[^"]+"|(?:GROUP|MODE)="[^"]+"|ENV\{[A-Z_]+\}="[^"]*")'
)


def test_udev_rules_keep_modem_manager_off_the_boards() -> None:
    lines = (FILES / "99-fognode.rules").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    for rule in rules:
        parts = rule.split(", ")
        assert all(RULE.fullmatch(part) for part in parts), rule
        assert any("==" in part for part in parts), rule  # else it would fit every device
    ports = [rule for rule in rules if "ttyUSB" in rule and "ttyACM" in rule]
    assert any('ENV{ID_MM_DEVICE_IGNORE}="1"' in rule for rule in ports)
    assert any('GROUP="dialout"' in rule for rule in ports)
    groups = set(re.findall(r'GROUP="([a-z]+)"', "\n".join(rules)))
    assert groups == set(values("SupplementaryGroups")[0].split())


def test_logs_outlive_a_power_cut_and_stay_small() -> None:
    lines = (FILES / "journald.conf").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        "[Journal]",
        "Storage=persistent",
        "SystemMaxUse=100M",
    ]


# --- the one that makes files immutable ----------------------------------------------------------

MARKER = (FILES / "fognode-immutable.service").read_text()
MARKER_MOST = "5"  # of 100


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    path = tmp_path / "fognode-immutable.service"
    path.write_text(MARKER.replace("/opt/fognode/current/bin/python", sys.executable))
    shutil.copy(FILES / "fognode-immutable.timer", tmp_path)
    return path


def test_marker_and_its_timer_are_understood_and_its_sandbox_is_tight(marker: Path) -> None:
    told = run("systemd-analyze", "verify", str(marker), str(marker.with_suffix(".timer")))
    assert (told.returncode, told.stderr) == (0, "")
    threshold = f"--threshold={MARKER_MOST}"
    told = run("systemd-analyze", "security", "--offline=true", threshold, str(marker))
    assert told.returncode == 0, told.stdout


def test_marker_has_the_account_of_the_service_and_one_right() -> None:
    def told(key: str) -> list[str]:
        return re.findall(rf"^{key}=(.*)$", MARKER, re.MULTILINE)

    assert told("User") == values("User")
    assert told("AmbientCapabilities") == told("CapabilityBoundingSet") == ["CAP_LINUX_IMMUTABLE"]
    assert told("PrivateUsers") == []  # there the right would be void
    assert told("ReadWritePaths") == [f"/var/lib/{values('StateDirectory')[0]}"]
    assert told("PrivateNetwork") == told("NoNewPrivileges") == ["yes"]
    assert told("LoadCredential") == []


def test_marker_runs_every_five_minutes() -> None:
    timer = (FILES / "fognode-immutable.timer").read_text()
    (every,) = re.findall(r"^OnCalendar=(.*)$", timer, re.MULTILINE)
    told = run("systemd-analyze", "calendar", "--iterations=3", every).stdout
    minutes = [int(found) for found in re.findall(r"(?:elapse|#\d): .* \d\d:(\d\d):00", told)]
    assert [(after - before) % 60 for before, after in pairwise(minutes)] == [5, 5]
