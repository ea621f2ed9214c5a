"""How long after its signing a step has a receipt, on both chains, with blocks every 2 s."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from web3 import Web3
from web3.exceptions import TransactionNotFound

from fognode.errors import AwayError
from fognode.events import Json
from fognode.trial import story
from fognode.trial.farm import Farm
from tests.bench.effort import Effort
from tests.bench.farms import open_farm, record_of
from tests.bench.series import SEED, quantile

STEPS, QUICK_STEPS = 40, 8  # on each chain
BLOCK_S = 2
COPIED_AT = "%Y-%m-%d %H:%M:%S.%f"  # of a shadow in SQLite, UTC; milliseconds
POLL_S = 0.02
PATIENCE_S = 90.0
ATTEMPTS = (
    "SELECT owed.chain, attempt.tx_hash, attempt.at FROM chain_attempt_shadow AS attempt"
    " JOIN chain_outbox AS owed ON owed.id = attempt.outbox_id"
)


class Watch:
    """What was signed and what became of it; asks both chains itself, not the daemon."""

    def __init__(self, record: sqlite3.Connection, chains: dict[str, Web3]) -> None:
        self._record, self._chains = record, chains
        self._signed_s: dict[tuple[str, str], float] = {}  # chain and hash -> wall clock
        self._sent: set[tuple[str, str]] = set()
        self._mined: set[tuple[str, str]] = set()
        self.sent_s: dict[str, list[float]] = {name: [] for name in chains}
        self.mined_s: dict[str, list[float]] = {name: [] for name in chains}

    def look(self) -> None:
        """Find new attempts, those the nodes have, and first receipts."""
        for chain, tx_hash, at in self._record.execute(ATTEMPTS):
            kept = datetime.strptime(at, COPIED_AT).replace(tzinfo=UTC)
            self._signed_s.setdefault((chain, tx_hash), kept.timestamp())
        for step, signed_s in self._signed_s.items():
            ask = self._chains[step[0]].eth
            if step not in self._sent and self._has(ask.get_transaction, step[1]):
                self._sent.add(step)
                self.sent_s[step[0]].append(time.time() - signed_s)
            if step not in self._mined and self._has(ask.get_transaction_receipt, step[1]):
                self._mined.add(step)
                self.mined_s[step[0]].append(time.time() - signed_s)

    @staticmethod
    def _has(ask: Callable[[Any], object], tx_hash: str) -> bool:
        try:
            ask(tx_hash)
        except TransactionNotFound:
            return False
        return True


def measure(effort: Effort) -> Iterator[dict[str, float]]:
    """Declare deliveries, each a token on both chains; yield the rows.

    Raises:
        AwayError: The farm did not start, or the receipts did not come in time.
    """
    steps = QUICK_STEPS if effort.quick else STEPS
    with open_farm(BLOCK_S) as farm, ExitStack() as stack:
        record = stack.enter_context(record_of(farm))
        chains = {
            chain.name: stack.enter_context(chain.token())[0]
            for chain in (farm.chains.private, farm.chains.public)
        }
        watch = Watch(record, chains)
        story.master_records(farm)
        farm.wait(lambda: _guarded(record) == len(chains), PATIENCE_S, "both chains to be known")
        _declare_all(farm, watch, steps)
    for name in chains:
        yield {
            f"{name}_sent_p95": quantile(watch.sent_s[name], 950),
            f"{name}_receipt_p50": quantile(watch.mined_s[name], 500),
            f"{name}_receipt_p95": quantile(watch.mined_s[name], 950),
        }


def _guarded(record: sqlite3.Connection) -> int:
    """Return how many chains were looked at: before, web3 loads, which no later step meets."""
    count: int = record.execute("SELECT count(*) FROM chain_guard WHERE state = 'OK'").fetchone()[0]
    return count


def _declare_all(farm: Farm, watch: Watch, steps: int) -> None:
    """Declare a delivery now and then, at any phase of a block, until all have receipts.

    Raises:
        AwayError: They have none in time.
    """
    phase, declared, due_s = random.Random(SEED), 0, 0.0
    until_s = time.monotonic() + PATIENCE_S
    while any(len(took_s) < steps for took_s in watch.mined_s.values()):
        if time.monotonic() > until_s:
            raise AwayError(f"receipts after {PATIENCE_S:.0f} s: {watch.mined_s}")
        if declared < steps and time.monotonic() >= due_s:
            declared += 1
            farm.declare("delivery_declared", _delivery(declared))
            due_s = time.monotonic() + phase.uniform(0, BLOCK_S / 2)
        watch.look()
        time.sleep(POLL_S)


def _delivery(number: int) -> dict[str, Json]:
    return {
        "package": f"BENCH-{number:04d}",
        "gtin": story.GTIN,
        "serial": f"SB{number:04d}",
        "lot": "L1",
        "expires_on": "2028-06-30",
        "invoice": f"NF-{number:06d}",
        "tag": f"04{number:012X}",
        "gross_g": story.GROSS_G,
        "tare_g": story.TARE_G,
        "source": "dealer-1",
        "site": "cab-1",
        "by": story.PERSON,
    }
