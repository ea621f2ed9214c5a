"""The fognode.toml of a trial farm: three boards, two cabinets, a gate, all peers local."""

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fognode.trial.chains import TrialChain, TrialChains
    from fognode.trial.farm import Farm

CABINET, NIGHT_STORE, GATE = BOARDS = ("cab01", "cab02", "gate01")
TRAIN_EVERY_S = 20


def settings_of(farm: "Farm", page_port: int) -> str:
    """Return the text of fognode.toml for a farm whose peers are running."""
    single: dict[str, dict[str, Any]] = {
        "farm": {"id": "farm-7", "name": "Sitio Santa Rita", "folder": str(farm.dir)},
        "store": _store(farm),
        "serial": {"ports": [str(farm.folder / "ports" / "*")]},
        "page": {"port": page_port},
        "analysis": {"every_s": TRAIN_EVERY_S},
        "mail": {
            "host": farm.mail.host,
            "port": farm.mail.port,
            "sender": "fognode@farm.example",
            "user": farm.mail.user,
            "ca_file": str(farm.mail.ca_file),
        },
    }
    parts = [_toml(f"[{name}]", keys) for name, keys in single.items()]
    parts += [_toml(f"[[{name}]]", keys) for name, keys in _places() + _peers(farm)]
    return "".join(parts)


def _store(farm: "Farm") -> dict[str, str]:
    if farm.database is None:
        return {"backend": "sqlite"}
    return {"backend": "mariadb", "socket": str(farm.database.socket)}


def _places() -> list[tuple[str, dict[str, Any]]]:
    return [
        ("cabinet", {"id": "cab-1", "board": CABINET, "hours": ["00:00-24:00"]}),
        ("cabinet", {"id": "cab-2", "board": NIGHT_STORE, "hours": [_closed_now()]}),
        ("board", {"id": CABINET}),
        ("board", {"id": NIGHT_STORE}),
        ("board", {"id": GATE, "place": "gate"}),
        ("place", {"id": "gate", "kind": "gate", "name": "farm gate", "travel_s": 0}),
        ("manager", {"name": "J.", "mail": "manager@farm.example"}),
    ]


def _peers(farm: "Farm") -> list[tuple[str, dict[str, Any]]]:
    regulator = {
        "id": "indea",
        "url": farm.partners.authority_url,
        "cnpj": "12345678000195",
        "receipt_cert": str(farm.partners.receipt_cert),
    }
    return [
        ("partner", {"id": "dealer-1", "url": farm.partners.partner_url}),
        ("regulator", regulator),
        ("chain", chain_table(farm.chains, farm.chains.private)),
        ("chain", chain_table(farm.chains, farm.chains.public)),
    ]


def chain_table(both: "TrialChains", chain: "TrialChain") -> dict[str, Any]:
    """Return the [[chain]] of one of the trial's ledgers."""
    return {
        "name": chain.name,
        "url": chain.url,
        "chain_id": chain.chain_id,
        "contract": chain.contract,
        "code_hash": chain.code_hash,
        "deploy_block": chain.deploy_block,
        "confirmations": 1,  # blocks come with transactions only: a second one never would
        "trial": True,
        "farm": both.farm_address,
        "centre": both.centre.address,
        "keystore": str(both.farm_keystore),
    }


def _closed_now() -> str:
    """Return working hours that do not hold now: six hours that begin in three."""
    start = (time.gmtime().tm_hour + 3) % 24
    return f"{start:02d}:00-{(start + 6) % 24:02d}:00"


def _toml(head: str, keys: dict[str, Any]) -> str:
    # JSON texts, numbers, true/false and lists of texts are written alike in TOML.
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join([head, *lines, "", ""])
