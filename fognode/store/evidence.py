"""Where the evidence lies that may contradict the database."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fognode.config import Config
from fognode.errors import ConfigError
from fognode.store.checkpoint import Signer, log_name
from fognode.store.walk import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What lies beside the database and may contradict it; each part may be missing."""

    worm: Path | None = None  # the write-once folder
    # Shared text of the newest key, or of an older one that it can be followed from;
    # "" = signatures are not checked.
    verifier_key: str = ""
    memory: Path | None = None  # DIR/verify.json; None = every event is read
    anchors: Sequence[Mark] = ()  # size and root as a ledger has them; where = which ledger


def evidence_of(config: Config, key: str = "", anchors: Sequence[Mark] = ()) -> Evidence:
    """Return where a node's evidence lies; its key is that of its own credential by default."""
    if not key:
        with suppress(ConfigError):  # then signatures are not checked, and that is said
            seed = config.secret("checkpoint-key")
            key = Signer(log_name(config.farm.id), seed).verifier_key
    return Evidence(
        worm=config.folder / "worm",
        verifier_key=key,
        memory=config.folder / "verify.json",
        anchors=anchors,
    )
