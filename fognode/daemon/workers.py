"""Threads that are watched: each beats while it lives, and is started again when it dies."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fognode.errors import ConfigError

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 30.0
BEAT_LIMIT_S = 20.0  # a vital thread that is silent for longer stops the watchdog's feed
DEATHS, DEATHS_WITHIN_S = 5, 60.0  # more than this and the part is switched off ...
OFF_S = 600.0  # ... for so long
MOST_HUNG = 8  # threads of one part left behind; Python cannot end a thread


class Pulse(threading.Event):
    """A stop signal that notes when its thread last looked at it."""

    def __init__(self) -> None:
        super().__init__()
        self.beat_s = time.monotonic()

    def is_set(self) -> bool:
        """Say whether to stop; counts as a beat."""
        self.beat_s = time.monotonic()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the stop signal; counts as a beat before and after."""
        self.beat_s = time.monotonic()
        stopped = super().wait(timeout)
        self.beat_s = time.monotonic()
        return stopped


@dataclass(slots=True)
class Worker:
    """One named thread and how it fares."""

    name: str
    run: Callable[[threading.Event], None]
    fatal: Callable[[ConfigError], None]  # told when the node cannot guard without the operator
    told_off: Callable[[str, str], None] = lambda _name, _reason: None  # name, reason
    vital: bool = False
    limit_s: float = BEAT_LIMIT_S
    hang_s: float = float("inf")  # without a beat for so long it is begun anew beside itself
    pulse: Pulse = field(default_factory=Pulse)
    deaths: list[float] = field(default_factory=list)
    off: bool = False
    thread: threading.Thread | None = None
    hung: list[threading.Thread] = field(default_factory=list)  # left behind, still alive

    def start(self) -> None:
        """Start the thread; it restarts ``run`` until the stop signal."""
        self.thread = threading.Thread(
            target=self._live, args=(self.pulse,), name=self.name, daemon=True
        )
        self.thread.start()

    def renew(self) -> None:
        """Leave a thread behind that hangs, and start another; to be called again and again.

        The one left behind has its stop signal and ends when its call comes back.  The more of
        them still hang, the longer a thread may be silent: ``hang_s`` doubled for each, 600 s at
        most.  With ``MOST_HUNG`` of them there is no other until one comes back.
        """
        if self.off or self.thread is None or not self.thread.is_alive():
            return
        self.hung = [thread for thread in self.hung if thread.is_alive()]
        patience_s = min(self.hang_s * 2 ** len(self.hung), max(OFF_S, self.hang_s))
        if len(self.hung) >= MOST_HUNG or time.monotonic() - self.pulse.beat_s < patience_s:
            return
        self.hung.append(self.thread)
        log.critical("event=part_hangs part=%s left_behind=%d", self.name, len(self.hung))
        if len(self.hung) == MOST_HUNG:
            self.told_off(self.name, f"{MOST_HUNG} of its threads hang: start the node anew")
        self.pulse.set()
        self.pulse = Pulse()
        self.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end, at most so long; a negative time is none."""
        if self.thread is not None:
            self.thread.join(max(timeout_s, 0))

    def healthy(self) -> bool:
        """Say whether the thread beat within its limit."""
        return not self.off and time.monotonic() - self.pulse.beat_s < self.limit_s

    def _live(self, pulse: Pulse) -> None:
        while not pulse.is_set():
            self.off = False
            try:
                self.run(pulse)
            except ConfigError as error:
                if self.vital:
                    self.fatal(error)
                    return
                self._switch_off(str(error))
            except Exception as error:  # the one guard: a bug in a part must not end the node
                log.exception("event=part_died part=%s", self.name)
                if pulse is self.pulse:  # else it was left behind, and came back with an error
                    self._mourn(repr(error))
            else:
                return

    def _mourn(self, reason: str) -> None:
        """Pause before the next life; a part that keeps dying pauses for long."""
        now_s = time.monotonic()
        self.deaths = [d for d in self.deaths if now_s - d < DEATHS_WITHIN_S] + [now_s]
        if len(self.deaths) >= DEATHS and not self.vital:
            self._switch_off(reason)
        else:
            doubled_s = FIRST_PAUSE_S * 2.0 ** (len(self.deaths) - 1)
            self.pulse.wait(min(doubled_s, LONGEST_PAUSE_S))

    def _switch_off(self, reason: str) -> None:
        log.critical("event=part_off part=%s for_s=%d reason=%s", self.name, OFF_S, reason)
        self.off, self.deaths = True, []
        self.told_off(self.name, reason)
        self.pulse.wait(OFF_S)


def notify(text: str) -> None:
    """Tell systemd about our state; without systemd it does nothing.

    Source: sd_notify(3), a datagram to $NOTIFY_SOCKET.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), "\0" + address[1:] if address.startswith("@") else address)
