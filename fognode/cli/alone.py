"""Declarations while no appliance runs: the command does what the daemon would do.

The folder is locked meanwhile, so no appliance can start and no second command interferes.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from fognode.config import Config
from fognode.daemon.clock import Clock
from fognode.daemon.control import claim_folder, send_request
from fognode.errors import AwayError, RefusedError
from fognode.events import Event, Json, Row
from fognode.hashing import freeze
from fognode.page.declared import check_request
from fognode.store.engines import open_engine
from fognode.store.photos import Photos
from fognode.store.reader import Reader
from fognode.store.sealing import seal_request
from fognode.store.vault import open_vault
from fognode.store.writer import Writer


def declare_anyhow(config: Config, kind: str, facts: dict[str, Json], request_id: str) -> int:
    """Declare something to the running appliance, or without it when none runs; return its seq.

    Raises:
        ConfigError: An appliance runs and does not answer, or the vault is not ours to use.
        RefusedError: It cannot be declared; the message names the value and the cure.
        StoreError: The database or the vault is away.
    """
    try:
        return send_request(config.folder, kind, facts, request_id)
    except AwayError:
        return _declare_here(config, {"id": request_id, "kind": str(kind), "facts": facts})


def _declare_here(config: Config, asked: dict[str, Json]) -> int:
    try:
        checked = check_request(asked)
    except ValueError as error:
        raise RefusedError(str(error)) from error
    with claim_folder(config.folder), _writing(config) as (reader, commit):
        photos = Photos(config.folder, partial(open_vault, config), reader, commit, _now_ms)
        event = Event(
            kind=checked.kind,
            origin=f"q/{checked.request_id}",
            happened_at_ms=_now_ms(),
            facts=seal_request(photos, checked.kind, checked.facts),
        )
        return commit([event], [])[0]


@contextmanager
def _writing(config: Config) -> Iterator[tuple[Reader, "_Commit"]]:
    read, write = open_engine(config, "reader"), open_engine(config, "writer")
    try:
        reader = Reader(read)
        newest = reader.newest(1)
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        clock = Clock(config.farm.id, boot_id)
        clock.start_after(newest[0].recorded_at_ms if newest else 0)
        writer = Writer(write, reader)
        try:
            yield reader, _Commit(writer, clock)
        finally:
            writer.close()
    finally:
        read.dispose()
        write.dispose()


class _Commit:
    """Keeps events as the store thread does; returns after COMMIT."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer, self._clock = writer, clock

    def __call__(self, events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        bodies = [freeze(event, self._clock.stamp()) for event in events]
        return self._writer.keep(bodies, rows)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
