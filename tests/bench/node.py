"""What the daemon as a process takes: to start, to stop, at rest and at work."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from fognode.daemon.control import URL_FILE
from fognode.errors import AwayError
from fognode.trial import story
from fognode.trial.farm import Farm
from fognode.trial.settings import BOARDS, TRAIN_EVERY_S
from tests.bench.effort import Effort
from tests.bench.farms import open_farm

STARTS, QUICK_STARTS = 5, 2
SETTLE_S, IDLE_S = 15.0, 30.0
QUICK_SETTLE_S, QUICK_IDLE_S = 8.0, 10.0
PATIENCE_S = 30.0
POLL_S = 0.005


def measure(effort: Effort) -> Iterator[dict[str, float]]:
    """Start, stop, rest and work; yield the rows.

    Raises:
        AwayError: The farm did not start, or the story did not come to its end.
    """
    with open_farm() as farm:
        farm.stop_daemon()
        _train_by_night_only(farm)
        starts = [_start_and_stop(farm) for _ in range(QUICK_STARTS if effort.quick else STARTS)]
        farm.start_daemon()
        for board in BOARDS:
            farm.expect("board_hello", board=board)
        yield {"ready": max(ready_s for ready_s, _ in starts)}
        yield _rest(farm, effort)
        yield _work(farm)
        yield {"stop": max([stop_s for _, stop_s in starts] + [farm.stop_daemon()])}


def _train_by_night_only(farm: Farm) -> None:
    """Train as a farm does: the trial's training every few seconds is no state of rest."""
    settings = farm.config_path.read_text()
    farm.config_path.write_text(settings.replace(f"every_s = {TRAIN_EVERY_S}\n", "every_s = 0\n"))


def _start_and_stop(farm: Farm) -> tuple[float, float]:
    """Return the seconds until READY=1 and a healthy page, and those until the end."""
    (farm.dir / URL_FILE).unlink(missing_ok=True)
    address = str(farm.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(address)
        told.settimeout(PATIENCE_S)
        begun = time.monotonic()
        with (farm.folder / "daemon.log").open("ab") as log:
            farm.daemon = subprocess.Popen(
                [sys.executable, "-m", "fognode", "run", "--config", str(farm.config_path)],
                env={**farm.environment, "NOTIFY_SOCKET": address},
                stdout=log,
                stderr=log,
            )
        while b"READY=1" not in told.recv(4096):
            pass
        _until_healthy(farm)
        ready_s = time.monotonic() - begun
        stop_s = farm.stop_daemon()
    Path(address).unlink()
    return ready_s, stop_s


def _until_healthy(farm: Farm) -> None:
    """Ask /healthz until it answers 200.

    Raises:
        AwayError: It did not in time.
    """
    until_s = time.monotonic() + PATIENCE_S
    while farm.get("healthz")[0] != 200:
        if time.monotonic() > until_s:
            raise AwayError(f"the page is not healthy: {farm.log_end()}")
        time.sleep(POLL_S)


def _rest(farm: Farm, effort: Effort) -> dict[str, float]:
    daemon = _daemon(farm)
    time.sleep(QUICK_SETTLE_S if effort.quick else SETTLE_S)
    used_s, begun = _cpu_s(daemon), time.monotonic()
    time.sleep(QUICK_IDLE_S if effort.quick else IDLE_S)
    idle = 100 * (_cpu_s(daemon) - used_s) / (time.monotonic() - begun)
    return {"idle_cpu": idle, "rss": daemon.memory_info().rss / 1e6}


def _work(farm: Farm) -> dict[str, float]:
    daemon, nodes = _daemon(farm), _chain_nodes(farm)
    used_s, begun = _cpu_s(daemon), time.monotonic()
    chain_s = sum(map(_cpu_s, nodes))
    story.tell(farm, lambda line: None)
    busy = 100 * (_cpu_s(daemon) - used_s) / (time.monotonic() - begun)
    mined = len(farm.events("ledger_final", "ledger_seen"))
    found = {"story_cpu": busy}
    if nodes:
        found["chain_cpu"] = (sum(map(_cpu_s, nodes)) - chain_s) / mined
    return found


def _daemon(farm: Farm) -> psutil.Process:
    if farm.daemon is None:
        raise AwayError("the daemon does not run")
    return psutil.Process(farm.daemon.pid)


def _chain_nodes(farm: Farm) -> list[psutil.Process]:
    """Return the processes of both chains; none where they run in this process."""
    pids = [getattr(c.node, "pid", None) for c in (farm.chains.private, farm.chains.public)]
    return [psutil.Process(pid) for pid in pids if pid]


def _cpu_s(one: psutil.Process) -> float:
    times = one.cpu_times()  # of its own; children are counted apart
    return times.user + times.system
