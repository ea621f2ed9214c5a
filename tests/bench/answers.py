"""What ledgers and people answer to what the daemon tells of a season (season.py)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from fognode.events import Event, Json, Kind
from fognode.hashing import event_id

TAKEN_OVER = 201  # kind of the record by which the centre accepts a package


@dataclass(slots=True)
class Answers:
    """Steps that were mined and discrepancies that were looked at, until they are told."""

    found: list[dict[str, Json]] = field(default_factory=list)  # facts of discrepancy_explained
    mined: list[tuple[Kind, dict[str, Json]]] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)  # chain and token -> its last record

    def hear(self, event: Event, owner: str) -> None:
        """Mine a step on its chains; explain a discrepancy that is not about the owner."""
        if event.kind == Kind.DISCREPANCY_FOUND and event.facts.get("person") != owner:
            found = event_id(event.origin).hex()
            about: dict[str, Json] = {"discrepancy": found, "reason": "stock_error"}
            self.found.append(about | {"text": "looked at"})
        chains = event.facts.get("chains") if event.kind == Kind.SEND_TO_BLOCKCHAIN else None
        for chain in chains if isinstance(chains, list) else []:
            self._mine(Kind.LEDGER_FINAL, str(chain), event)
            if event.facts["method"] == "offer":
                self._mine(Kind.LEDGER_SEEN, str(chain), event)

    def _mine(self, kind: Kind, chain: str, event: Event) -> None:
        token = str(event.facts["token_id"])
        self.steps[chain + token] += 1
        number = self.steps[chain + token]
        facts: dict[str, Json] = {
            "chain": chain,
            "package": event.facts["package"],
            "token_id": token,
            "seq": number,
            "kind": TAKEN_OVER if kind == Kind.LEDGER_SEEN else event.facts["kind"],
            "tx_hash": f"0x{event_id(f'{chain}{token}{number}').hex() * 2}",
            "block_number": len(self.steps) + number,
            "data_hash": event.facts["data_hash"],
        }
        self.mined.append((kind, facts))

    def told(self, now_ms: int) -> Iterator[Event]:
        """Yield what the ledgers have to tell, once."""
        for kind, facts in self.mined:
            word = kind.removeprefix("ledger_")
            origin = f"c/{facts['chain']}/{facts['tx_hash']}/{word}"
            yield Event(kind=kind, origin=origin, happened_at_ms=now_ms, facts=facts)
        self.mined.clear()
