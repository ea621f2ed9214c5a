"""The record, the outbox and both chains side by side, and what to do about each difference.

Reads only.  Each chain is read before the record: what is on a chain was in the record before
it was sent, so a running appliance makes no difference.  What was mined after the look at its
chain counts as not asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fognode.config import Chain, Config
from fognode.errors import ConfigError, PeerError, RefusedError
from fognode.events import Kind, Stored
from fognode.ledgers.calls import Record
from fognode.ledgers.keystore import address_of
from fognode.ledgers.reading import ChainReader
from fognode.ledgers.rows import MOST_ROWS, Due, read_rows
from fognode.ledgers.sides import AGREED, WORDS, Known, Look, Side, gaps, others_of, sides_of
from fognode.store.reader import Reader

PAGE = 2000  # events read at once
CURES = {
    "owed": "the appliance brings it as soon as the chain answers: fognode ledger status",
    "failed": "when the cause is gone: fognode ledger resume --package {package} --chain {chain}"
    " --by PERSON --reason TEXT",
    "lost": "the node lost blocks or serves another chain; give it its data back",
    "elsewhere": "the node replaced blocks that were final; ask another node of the consortium",
    "differs": "the outbox was changed by hand: fognode verify --all, then restore a backup",
    "unowed": "the outbox lost a row: restore a backup (docs/recovery.md)",
    "untold": "start the appliance: it reads what others wrote",
    "unknown": "somebody else writes with our key: revoke it on the contract and make another",
    "gap": "the node does not tell all: ask another node of the consortium",
    "stranger": "somebody else writes with our key: revoke it on the contract and make another",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not the same everywhere."""

    chain: str
    package: str  # or its token id, when the record does not know it
    what: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One package: its steps, and each chain's side of them."""

    package: str
    token_id: str
    steps: Sequence[Stored]
    sides: Mapping[str, Mapping[str, Side]]  # chain -> event_id of the step -> side
    others: Mapping[str, Sequence[Side]]  # chain -> what stands there besides
    gaps: Mapping[str, str]  # chain -> what its node does not tell, in words


@dataclass(slots=True, kw_only=True)
class Compared:
    """What was found of the packages that were asked for."""

    accounts: list[Account] = field(default_factory=list)
    strangers: list[Difference] = field(default_factory=list)
    away: dict[str, str] = field(default_factory=dict)  # chain -> why it was not asked

    def differences(self) -> Iterator[Difference]:
        """Yield what is not the same everywhere."""
        for account in self.accounts:
            yield from _differences(account)
        yield from self.strangers


def compare(config: Config, reader: Reader, package: str = "") -> Compared:
    """Compare one package, or all of them.

    Raises:
        ConfigError: No chain is configured.
        RefusedError: The record has no such package, or it owes the ledgers nothing.
        StoreError: The database is away.
    """
    if not config.chains:
        raise ConfigError("no [[chain]] is configured")
    tokens = _tokens(reader, package)
    compared = Compared()
    looks: dict[str, _Seen] = {}
    for chain in config.chains:
        try:
            looks[chain.name] = _look(chain, reader, tokens, whole=not package)
        except (PeerError, ConfigError) as error:
            compared.away[chain.name] = str(error)
    steps = _steps(reader, package)
    known = {chain.name: _Record(config, chain, reader, package) for chain in config.chains}
    for token_id, told in steps.items():
        compared.accounts.append(_account(token_id, told, known, looks))
    for name, seen in looks.items():
        compared.strangers += _strangers(name, seen, known[name].ours, steps)
    return compared


# --- the chains ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    looks: Mapping[str, Look]  # token -> what the node told
    lost_blocks: int
    others: Sequence[Record]  # on tokens that were not asked for


def _look(chain: Chain, reader: Reader, tokens: Mapping[str, str], *, whole: bool) -> _Seen:
    """Ask a node for all records of tokens.

    Raises:
        AwayError: It does not answer.
        ConfigError: It is the node of another chain, or has not our contract.
    """
    node = ChainReader(chain)
    facts = node.facts()
    if (facts.chain_id, facts.code_hash) != (chain.chain_id, chain.code_hash):
        raise ConfigError(f"{chain.url} is not the configured chain, or has not our contract")
    packages = {token: node.package(token) for token in tokens}
    asked = [""] if whole else list(tokens)
    records = [one for token in asked for one in node.records(0, node.head_number(), token)]
    written: dict[str, list[Record]] = {}
    for one in records:
        written.setdefault(one.token_id, []).append(one)
    looks = {
        token: Look(records=written.get(token, ()), package=held, head_number=facts.head_number)
        for token, held in packages.items()
    }
    losses = reader.newest(1, [Kind.RECORD_RESTORED])
    blocks = {one.block_number for one in records} if losses else set()
    lost = [n for n in blocks if node.block_time_ms(n) <= losses[0].happened_at_ms]
    return _Seen(
        looks=looks,
        lost_blocks=max(lost, default=0),
        others=[one for one in records if one.token_id not in packages],
    )


def _strangers(
    chain: str, seen: _Seen, ours: frozenset[str], steps: Mapping[str, list[Stored]]
) -> Iterator[Difference]:
    """Yield tokens that our own account wrote on and that the record does not know."""
    tokens = {
        one.token_id
        for one in seen.others
        if one.actor in ours and one.token_id not in steps and one.block_number > seen.lost_blocks
    }
    for token_id in sorted(tokens):
        what = "our own account wrote on a token that the record does not know"
        yield Difference(chain=chain, package=token_id, what=what, cure=CURES["stranger"])


# --- the record ------------------------------------------------------------------------------


def _tokens(reader: Reader, package: str) -> dict[str, str]:
    """Return the package of each token.

    Raises:
        RefusedError: There is none of that package.
    """
    found = {
        token_id: told[0].text("package") for token_id, told in _steps(reader, package).items()
    }
    if package and not found:
        raise RefusedError(f"the record owes the ledgers nothing of a package {package!r}")
    return found


def _steps(reader: Reader, package: str) -> dict[str, list[Stored]]:
    """Return the steps of each token, oldest first."""
    found: dict[str, list[Stored]] = {}
    for told in _told(reader, Kind.SEND_TO_BLOCKCHAIN, package):
        found.setdefault(told.text("token_id"), []).append(told)
    return found


def _told(reader: Reader, kind: Kind, package: str) -> Iterator[Stored]:
    if package:
        yield from reversed(reader.newest(MOST_ROWS, [kind], about=package))
        return
    after = 0
    while page := reader.events(after, PAGE, [kind]):
        yield from page
        after = page[-1].seq


class _Record:
    """What the record knows of the tokens on one chain."""

    def __init__(self, config: Config, chain: Chain, reader: Reader, package: str) -> None:
        self.chain = chain.name
        self.rows: dict[str, list[Due]] = {}
        for row in read_rows(reader, chain.name, package):
            self.rows.setdefault(row.token_id, []).append(row)
        self.seen: dict[str, set[str]] = {}
        for told in _told(reader, Kind.LEDGER_SEEN, package):
            if told.text("chain") == chain.name:
                self.seen.setdefault(told.text("token_id"), set()).add(told.text("data_hash"))
        senders = {str(one).lower() for one in reader.tally("chain_outbox", "sender")}
        own = address_of(config.folder / chain.keystore)
        self.ours = frozenset({*senders, own, chain.farm.lower()} - {""})

    def of(self, token_id: str, steps: Sequence[Stored]) -> Known:
        return Known(
            chain=self.chain,
            steps=steps,
            rows=self.rows.get(token_id, ()),
            seen=self.seen.get(token_id, ()),
            ours=self.ours,
        )


def _account(
    token_id: str,
    steps: Sequence[Stored],
    known: Mapping[str, _Record],
    looks: Mapping[str, _Seen],
) -> Account:
    sides: dict[str, Mapping[str, Side]] = {}
    others: dict[str, Sequence[Side]] = {}
    missing: dict[str, str] = {}
    for name, record in known.items():
        seen = looks.get(name)
        look = seen.looks.get(token_id) if seen else None
        told = replace(record.of(token_id, steps), lost_blocks=seen.lost_blocks if seen else 0)
        sides[name] = sides_of(told, look)
        others[name] = others_of(told, look) if look else ()
        missing[name] = gaps(look) if look else ""
    return Account(
        package=steps[0].text("package"),
        token_id=token_id,
        steps=steps,
        sides=sides,
        others=others,
        gaps=missing,
    )


def _differences(account: Account) -> Iterator[Difference]:
    for chain, missing in account.gaps.items():
        if missing:
            yield _difference(account, chain, missing, "gap")
        told = [*account.sides[chain].values(), *account.others[chain]]
        for side in told:
            if side.verdict not in AGREED:
                yield _difference(account, chain, _words(side), side.verdict)


def _difference(account: Account, chain: str, what: str, verdict: str) -> Difference:
    cure = CURES[verdict].format(package=account.package, chain=chain)
    return Difference(chain=chain, package=account.package, what=what, cure=cure)


def _words(side: Side) -> str:
    what = f"{WORDS.get(side.kind, 'record')} ({side.kind}) {side.verdict}"
    why = f": {side.error}" if side.verdict in {"failed", "owed"} and side.error else ""
    where = f", transaction {side.tx_hash}" if side.tx_hash else ""
    return f"{what}{why}{where}"
