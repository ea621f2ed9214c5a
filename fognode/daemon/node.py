"""The appliance: builds every part, runs each on its own thread, stops them in order.

main        signals, supervision, systemd's watchdog
store       the writer, the chain head            custody    all folds
lines       finds ports; line-N reads one each     web        the page
net         the boards of the network
mail, chain-NAME, documents                        one peer each
lookout     does the evidence keep up?  did an hour begin?  is the safety sheet new?
calendar    APScheduler: training, verification
"""

import contextlib
import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from fognode.config import Config
from fognode.daemon.calendar import Calendar
from fognode.daemon.camera import camera_loops, camera_sources
from fognode.daemon.chimes import Chimes
from fognode.daemon.chores import Chores
from fognode.daemon.clock import Clock
from fognode.daemon.control import claim_folder, new_token, publish_token, publish_url
from fognode.daemon.folds import FOLDED, fresh_folds
from fognode.daemon.followers import Due, Followers, Step
from fognode.daemon.glance import Glance
from fognode.daemon.journal import Journal
from fognode.daemon.keeper import Keeper
from fognode.daemon.lookout import Lookout, cut_event
from fognode.daemon.ports import Ports
from fognode.daemon.record import Record
from fognode.daemon.safety import SafetySheet
from fognode.daemon.senders import Senders, now_ms
from fognode.daemon.shelf import Shelf
from fognode.daemon.workers import Worker, notify
from fognode.daemon.write_once import WriteOnce
from fognode.errors import ConfigError, StoreError
from fognode.events import Event, Json, Kind
from fognode.hashing import event_id
from fognode.page.app import create_app
from fognode.page.live import Desk
from fognode.page.server import serve
from fognode.store.pins import Pins
from fognode.store.samples import hour_origin
from fognode.store.sealing import seal_request
from fognode.store.spool_cuts import Cut
from fognode.store.vault_file import FILE as VAULT
from fognode.store.writer import Writer

log = logging.getLogger(__name__)

POLL_S = 0.5
STOP_S = 4.5  # after this the process ends, whatever still hangs
LAST_S = 2.0  # of it, for the store to keep what waits


class Node:
    """One farm's daemon; ``run`` is its life."""

    def __init__(self, config: Config, config_path: Path) -> None:
        self._config = config
        self._stop = threading.Event()
        self._fatal: ConfigError | None = None
        self._workers: list[Worker] = []
        self._record = Record(config)
        self._reader = self._record.reader
        self._clock = Clock(config.farm.id, _boot_id())
        self._lock = claim_folder(config.folder)
        self._journal = Journal(config.folder / "spool")
        self._keeper = Keeper(self._journal, self._open_writer, self._clock, self._reader.head)
        self._followers = Followers(
            self._reader, self._keeper.commit, self._fresh_folds, self._keeper.kept, now_ms
        )
        self._followers.folded = FOLDED
        shelf = self._keeper.shelf = Shelf(self._is_summed)
        self._ports = Ports(
            config, self._journal, self._reader.by_origin, self._keeper.offer, shelf.put
        )
        self._glance = Glance(config, self._reader, self._keeper, self._workers)
        chores = self._chores = Chores(config, config_path, self._keeper.commit)
        self._calendar = Calendar(
            config,
            config_path,
            self._keeper.commit,
            chores.verify,
            self._glance.summary,
        )
        self._calendar.back_up = chores.back_up
        self._calendar.chores = {
            "anchor": chores.anchor,
            "forget": chores.forget,
            "photos": chores.expire_photos,
            "samples": partial(
                chores.hours(shelf, self._keeper.tidy).run, sample_days=config.store.sample_days
            ),
        }
        self._glance.lines, self._glance.calendar = self._ports.lines, self._calendar
        self._lookout = Lookout(config, self._reader, self._keeper, self._calendar.results)
        chimes = Chimes(self._reader.newest, self._keeper.commit, config.zone)
        sheet, held = (
            SafetySheet(config, self._reader),
            WriteOnce(config.folder / "worm", config.trial),
        )
        self._lookout.chimes = (chimes.pass_once, sheet.pass_once, held.pass_once)
        self._glance.write_once = held
        self._glance.lookout, self._calendar.overdue = self._lookout, self._lookout.overdue

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return 0.

        Raises:
            ConfigError: Only the operator can help; nothing acknowledged is lost.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        with self._lock:
            self._serve()
        if self._fatal is not None:
            raise self._fatal
        return 0

    def _serve(self) -> None:
        token = new_token()
        self._record.check()
        desk = Desk(
            config=self._config,
            reader=self._reader,
            live=self._glance.look,
            request_event=self._request,
            keep_events=self._keep_sealed,
            photos=self._chores.photos,
            pins=Pins(self._config.folder / VAULT),
            mono_s=time.monotonic,
            token=token,
        )
        try:
            web = serve(create_app(desk), self._config.page.host, self._config.page.port, token)
        except OSError as error:
            where = f"{self._config.page.host}:{self._config.page.port}"
            raise ConfigError(f"[page] cannot listen on {where}: {error.strerror}") from error
        url = f"http://{self._config.page.host}:{web.port}/"
        senders = Senders(self._config, self._reader, self._keeper, self._glance)
        for name, run in senders.loops(url):
            self._start(name, run)
        for name, run in camera_loops(
            camera_sources(self._config, self._ports.lines.cameras),
            self._chores.photos,
            self._keeper.commit,
            now_ms,
            self._keeper.nudges,
        ):
            self._start(name, run)
        self._start("store", self._keeper.run, vital=True)
        self._start("custody", self._followers.run, vital=True)
        self._ports.start(self._start, self._followers.caught_up)
        self._start("lookout", self._lookout.run)
        self._start("web", lambda _stop: web.run(), limit_s=float("inf"))
        self._calendar.start()
        publish_token(self._config.folder, token)
        publish_url(self._config.folder, url)
        self._keeper.offer(self._started_event(), lambda _seq: None)
        for cut in self._journal.cuts():
            self._keeper.offer(cut_event(cut), partial(self._forget_cut, cut))
        # What stands now stays: the collector need not look through all of it in the middle of a
        # request, which took 45 ms.
        gc.collect()
        gc.freeze()
        log.info("event=ready farm=%s port=%d", self._config.farm.id, web.port)
        notify("READY=1")
        self._supervise()
        notify("STOPPING=1")
        web.close()
        self._end()

    # --- parts -------------------------------------------------------------------------------

    def _start(
        self,
        name: str,
        run: Callable[[threading.Event], None],
        vital: bool = False,
        limit_s: float = 60.0,
        hang_s: float = float("inf"),
    ) -> None:
        worker = Worker(
            name,
            run,
            fatal=self._give_up,
            told_off=self._tell_off,
            vital=vital,
            limit_s=limit_s,
            hang_s=hang_s,
        )
        self._workers.append(worker)
        worker.start()

    def _give_up(self, error: ConfigError) -> None:
        self._fatal = error
        self._stop.set()

    def _tell_off(self, part: str, reason: str) -> None:
        at_ms = now_ms()
        facts: dict[str, Json] = {"part": part, "reason": reason[:200]}
        origin = f"n/part_off/{part[:40]}/{at_ms}"
        event = Event(kind=Kind.PART_OFF, origin=origin, happened_at_ms=at_ms, facts=facts)
        self._keeper.offer(event, lambda _seq: None)

    def _open_writer(self) -> Writer:
        writer, self._keeper.witness = self._record.open(self._clock)
        return writer

    def _fresh_folds(self) -> tuple[Sequence[Step], Due]:
        return fresh_folds(self._config, self._ports.note_reach)

    def _forget_cut(self, cut: Cut, _seq: int) -> None:
        with contextlib.suppress(StoreError):  # then it is told again, as the same event
            self._journal.cut_told(cut)

    def _is_summed(self, board: str, begin_ms: int) -> bool:
        return self._reader.by_origin(hour_origin(board, begin_ms)) is not None

    def _request(self, kind: str, facts: Mapping[str, Json], request_id: str) -> int:
        facts = seal_request(self._chores.photos, kind, facts)  # no name is kept in the clear
        event = Event(kind=kind, origin=f"q/{request_id}", happened_at_ms=now_ms(), facts=facts)
        if kind == Kind.ANCHOR_ASKED:
            seq = self._keeper.sign([event])[0]
            self._chores.anchor(now_ms())
            return seq
        return self._keeper.commit([event], [])[0]

    def _keep_sealed(self, events: Sequence[Event]) -> list[int]:
        photos = self._chores.photos
        sealed = [replace(one, facts=seal_request(photos, one.kind, one.facts)) for one in events]
        return self._keeper.commit(sealed, [])

    def _started_event(self) -> Event:
        at_ms = now_ms()
        named = event_id(f"{_boot_id()}-{time.monotonic_ns()}").hex()
        return Event(kind=Kind.NODE_STARTED, origin=f"n/start/{named}", happened_at_ms=at_ms)

    # --- life --------------------------------------------------------------------------------

    def _supervise(self) -> None:
        while not self._stop.wait(POLL_S):
            for worker in self._workers:
                worker.renew()
            if all(worker.healthy() for worker in self._workers if worker.vital):
                notify("WATCHDOG=1")

    def _end(self) -> None:
        """Stop readers and senders first, the store last; never take longer than 4.5 s."""
        ended = threading.Timer(STOP_S, os._exit, (2 if self._fatal else 0,))
        ended.daemon = True
        ended.start()  # never cancelled: a pool's thread may still hang at the very end
        self._calendar.stop()
        store = [worker for worker in self._workers if worker.name == "store"]
        others = [worker for worker in self._workers if worker.name != "store"]
        for worker in others:
            worker.pulse.set()
        self._keeper.kept.set()
        until_s = time.monotonic() + STOP_S - LAST_S
        for worker in others:
            worker.join(until_s - time.monotonic())
        for worker in store:
            worker.pulse.set()
            worker.join(LAST_S - 0.2)
        self._journal.close()
        log.info("event=stopped")


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
