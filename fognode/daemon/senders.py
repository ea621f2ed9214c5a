"""Everything that sends: mail, both chains, partners and the authority, each as one loop.

A loop runs on a thread of its own.  It looks again at once while it has work, and else rests
until a COMMIT wakes it, or five seconds, in which retries come due.
"""

import threading
import time
from collections.abc import Callable
from functools import partial

from fognode.alerts.emergency import Emergency
from fognode.alerts.letters import Office
from fognode.alerts.mail import Courier
from fognode.alerts.outbox import Postman
from fognode.config import Chain, Config
from fognode.daemon.glance import Glance
from fognode.daemon.keeper import Keeper
from fognode.daemon.safety import SafetySheet
from fognode.errors import ConfigError, StoreError
from fognode.ledgers.documents import Documents
from fognode.ledgers.evm import ChainNode
from fognode.ledgers.outbox import Lane
from fognode.store.reader import Reader

PASS_S = 0.3  # between two looks at an outbox that has work
POLL_S = 0.5
QUIET_TURNS = 10  # of POLL_S: the longest rest of an outbox that has none
TROUBLE_S = 5.0

Loop = Callable[[threading.Event], None]


def now_ms() -> int:
    """Return the wall clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000


class Senders:
    """Builds the loops; what they share is the store's reader and its thread."""

    def __init__(self, config: Config, reader: Reader, keeper: Keeper, glance: Glance) -> None:
        self._config, self._reader = config, reader
        self._keeper, self._glance = keeper, glance

    def loops(self, url: str) -> list[tuple[str, Loop]]:
        """Return every loop with its thread's name; ``url`` is the page's, for mails.

        Raises:
            ConfigError: A credential or a keystore is missing.
        """
        found = []
        if self._config.mail is not None:
            office = self._office(url)
            password = self._config.secret("smtp-password") if self._config.mail.user else ""
            connect = partial(Courier, self._config.mail, password)
            self._glance.postman = Postman(self._reader, self._keeper.commit, connect, office)
            emergency = Emergency(connect, office, self._config.farm.id)
            found.append(("emergency", self._watch_trouble(emergency)))
            found.append(("mail", self._repeat(self._glance.postman.pass_once)))
        found += [(f"chain-{chain.name}", self._chain_loop(chain)) for chain in self._config.chains]
        if self._config.partners or self._config.regulators:
            documents = Documents(self._config, self._reader, self._keeper.commit)
            found.append(("documents", self._repeat(documents.pass_once)))
        return found

    def _office(self, url: str) -> Office:
        return Office(
            farm=self._config.farm.name or self._config.farm.id,
            zone=self._config.zone,
            page_url=url,
            addresses={str(n): manager.mail for n, manager in enumerate(self._config.managers)},
            sheet=SafetySheet(self._config, self._reader).copy,
        )

    def _watch_trouble(self, emergency: Emergency) -> Loop:
        """Mail past the database when the database or the spool is in trouble."""

        def run(stop: threading.Event) -> None:
            while not stop.wait(TROUBLE_S):
                emergency.pass_once(now_ms(), self._glance.trouble(now_ms()))

        return run

    def _chain_loop(self, chain: Chain) -> Loop:
        keystore = self._config.folder / chain.keystore
        if not keystore.is_file():
            raise ConfigError(f"[[chain]] {chain.name} key keystore: there is no file {keystore}")
        password = self._config.secret("chain-password")
        node = ChainNode(chain, self._config.folder, password)
        return self._repeat(Lane(chain, node, self._reader, self._keeper.commit).pass_once)

    def _repeat(self, pass_once: Callable[[int], object]) -> Loop:
        """Return a loop over one outbox: again at once while it has work, else after a COMMIT."""
        nudge = threading.Event()
        self._keeper.nudges.append(nudge)

        def run(stop: threading.Event) -> None:
            while not stop.is_set():
                nudge.clear()
                try:
                    busy = pass_once(now_ms())
                except StoreError:
                    busy = False  # said once by the store thread
                stop.wait(PASS_S)
                for _ in range(0 if busy else QUIET_TURNS):
                    if stop.is_set() or nudge.wait(POLL_S):
                        break

        return run
