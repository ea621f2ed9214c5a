"""The record's database: opened for writing only if it is ours, with no more rights than ours."""

import contextlib

from fognode.config import Config
from fognode.daemon.clock import Clock
from fognode.daemon.witness import Witness
from fognode.errors import StoreError
from fognode.store.checkpoint import Signer
from fognode.store.engines import open_engine
from fognode.store.grants import assert_accounts
from fognode.store.keyring import log_in_force
from fognode.store.reader import Reader
from fognode.store.schema import check_schema
from fognode.store.writer import Writer


class Record:
    """The database of one node, as its reading account sees it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._engine = open_engine(config, "reader")
        self.reader = Reader(self._engine)

    def check(self) -> None:
        """Refuse a database that is not ours; one that is away is met later.

        Raises:
            ConfigError: The operator must migrate.
        """
        with contextlib.suppress(StoreError):
            check_schema(self._engine)

    def open(self, clock: Clock) -> tuple[Writer, Witness | None]:
        """Return who writes the record and who signs it: nobody without a checkpoint key.

        The clock never stamps earlier than what is kept.

        Raises:
            ConfigError: The operator must migrate, or take rights away; or the credential
                checkpoint-key is no key.
            StoreError: The database is away, or is not the one that was signed.
        """
        check_schema(self._engine)
        engine = open_engine(self._config, "writer")
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(engine.dispose)
            assert_accounts(engine, self._engine)
            on_failure.pop_all()
        newest = self.reader.newest(1)
        clock.start_after(newest[0].recorded_at_ms if newest else 0)
        writer = Writer(engine, self.reader)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(writer.close)
            witness = self._witness()
            on_failure.pop_all()
        return writer, witness

    def _witness(self) -> Witness | None:
        if not self._config.has_secret("checkpoint-key"):
            return None
        log_now = log_in_force(self.reader, self._config.farm.id)
        signer = Signer(log_now, self._config.secret("checkpoint-key"))
        folder = self._config.folder / "worm"
        return Witness(folder, self.reader, signer, immutable=not self._config.trial)
