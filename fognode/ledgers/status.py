"""How each chain stands: the guard's word, what is owed, and what our account has and spent."""

from collections import Counter
from dataclasses import dataclass, field, replace

from fognode.config import Chain, Config
from fognode.errors import AwayError
from fognode.ledgers.book import OPEN
from fognode.ledgers.keystore import address_of
from fognode.ledgers.reading import ChainReader
from fognode.ledgers.rows import read_due, read_guard
from fognode.store.reader import Reader

STATES = (*OPEN, "FINAL", "FAILED")
MOST_ATTEMPTS = 1000  # the newest transactions, of all chains, whose gas is added up


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One chain now."""

    chain: str
    guard: str  # OK, HELD, AWAY as the appliance last saw it; "" = it never looked
    reason: str
    counts: dict[str, int] = field(default_factory=dict)  # state -> rows, anchors included
    oldest: str = ""  # package and kind of the oldest step that is owed
    oldest_s: int = 0  # how long it has been
    address: str = ""  # of the box's account; "" = its keystore cannot be read
    away: str = ""  # why the node does not answer this command
    head_number: int = 0
    balance_wei: int = 0
    gas_used: int = 0  # by the newest transactions
    spent_wei: int = 0
    transactions: int = 0  # of ours that the chain mined, among the newest

    @property
    def is_well(self) -> bool:
        """Whether the node answers, nothing is held and nothing failed."""
        return not self.away and self.guard in {"", "OK"} and not self.counts.get("FAILED")


def standing(config: Config, chain: Chain, reader: Reader, now_ms: int) -> Standing:
    """Return how one chain stands.

    Raises:
        StoreError: The database is away.
    """
    guard = read_guard(reader, chain.name)
    where = {"chain": chain.name}
    counts = {state: reader.count("chain_outbox", {**where, "state": state}) for state in STATES}
    owed = min(read_due(reader, chain.name, *OPEN), key=lambda due: due.created_at_ms, default=None)
    told = Standing(
        chain=chain.name,
        guard=guard.state if guard else "",
        reason=guard.reason if guard else "",
        counts=counts,
        oldest=f"{owed.package or 'anchor'} {owed.kind or ''}".strip() if owed else "",
        oldest_s=(now_ms - owed.created_at_ms) // 1000 if owed else 0,
        address=address_of(config.folder / chain.keystore),
    )
    try:
        return _asked(told, chain, reader)
    except AwayError as error:
        return replace(told, away=str(error))


def _asked(told: Standing, chain: Chain, reader: Reader) -> Standing:
    node = ChainReader(chain, told.address)
    facts = node.facts()
    spent: Counter[str] = Counter()
    for attempt in reader.rows("chain_attempt", order="-created_at_ms", limit=MOST_ATTEMPTS):
        if not str(attempt["outbox_id"]).startswith(f"{chain.name}/"):
            continue
        receipt = node.receipt(str(attempt["tx_hash"]))
        if receipt is not None:
            gas = receipt.gas_used
            spent.update(gas=gas, wei=gas * receipt.gas_price, transactions=1)
    return replace(
        told,
        head_number=facts.head_number,
        balance_wei=facts.balance,
        gas_used=spent["gas"],
        spent_wei=spent["wei"],
        transactions=spent["transactions"],
    )
