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
DEATHS, DEATHS_WITHIN_S = 5, 60.0  # more than this and the part is switched off


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
    fatal: Callable[[ConfigError], None]  # told when only the operator can help
    vital: bool = False
    limit_s: float = BEAT_LIMIT_S
    pulse: Pulse = field(default_factory=Pulse)
    deaths: list[float] = field(default_factory=list)
    off: bool = False
    thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; it restarts ``run`` until the stop signal."""
        self.thread = threading.Thread(target=self._live, name=self.name, daemon=True)
        self.thread.start()

    def _give_up(self, error: ConfigError) -> None:
        """End the node when it cannot guard without this part; else only switch the part off."""
        if self.vital:
            self.fatal(error)
            return
        self.off = True
        log.critical("event=part_off part=%s reason=%s", self.name, error)

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end, at most so long; a negative time is none."""
        if self.thread is not None:
            self.thread.join(max(timeout_s, 0))

    def healthy(self) -> bool:
        """Say whether the thread beat within its limit."""
        return not self.off and time.monotonic() - self.pulse.beat_s < self.limit_s

    def _live(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self.pulse.is_set():
            try:
                self.run(self.pulse)
            except ConfigError as error:
                self._give_up(error)
                return
            except Exception:  # the one guard: a bug in a part must not end the node
                log.exception("event=part_died part=%s", self.name)
                now_s = time.monotonic()
                self.deaths = [d for d in self.deaths if now_s - d < DEATHS_WITHIN_S] + [now_s]
                if len(self.deaths) >= DEATHS and not self.vital:
                    self.off = True
                    log.critical("event=part_off part=%s deaths=%d", self.name, len(self.deaths))
                    return
                self.pulse.wait(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                return


def notify(text: str) -> None:
    """Tell systemd about our state; without systemd it does nothing.

    Source: sd_notify(3), a datagram to $NOTIFY_SOCKET.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), "\0" + address[1:] if address.startswith("@") else address)
