"""Where a node's evidence lies, and whose key it is checked by."""

from pathlib import Path

from fognode.config import parse
from fognode.store.checkpoint import Signer, log_name
from fognode.store.evidence import evidence_of


def test_own_key_is_taken_from_the_credential(tmp_path: Path) -> None:
    farm = {"farm": {"id": "farm-7", "folder": str(tmp_path)}}
    assert evidence_of(parse(farm, tmp_path)).verifier_key == ""
    (tmp_path / "checkpoint-key").write_text("ab" * 32)
    made = evidence_of(parse(farm, tmp_path))
    assert made.verifier_key == Signer(log_name("farm-7"), "ab" * 32).verifier_key
    assert (made.worm, made.memory) == (tmp_path / "worm", tmp_path / "verify.json")
    assert evidence_of(parse(farm), "other").verifier_key == "other"
