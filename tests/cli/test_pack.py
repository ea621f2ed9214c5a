"""fognode pack, from a database and its write-once files to a file that checks itself."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pytest

from fognode.cli.main import run
from fognode.cli.pack import add_pack, pack
from fognode.config import load
from fognode.errors import ConfigError, StoreError
from fognode.events import Json
from fognode.hashing import leaf_hash, sha256
from fognode.store.checkpoint import Checkpoint, Signer
from fognode.store.engines import open_engine
from fognode.store.merkle import LeafTiles, root_of
from fognode.store.pack_check import check_pack
from fognode.store.reader import Reader
from fognode.store.vault import open_vault
from fognode.store.worm import Worm
from fognode.store.writer import Writer
from tests.store.packs import P1, SALT, Farm, photo_facts, small_farm

LOG = "fognode.farm-7"
SEED = "ab" * 32


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    written = tmp_path / "fognode.toml"
    zone = 'zone = "America/Sao_Paulo"'
    written.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path}/node"\n{zone}\n')
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "checkpoint-key").write_text(SEED + "\n")
    (tmp_path / "secrets" / "vault-master").write_text("0f" * 32)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "secrets"))
    assert run(["migrate", "--config", str(written)]) == 0
    return written


def keep(path: Path, farm: Farm, sizes: Sequence[int]) -> None:
    config = load(path)
    engines = open_engine(config, "writer"), open_engine(config, "reader")
    writer = Writer(engines[0], Reader(engines[1]))
    writer.keep(farm.bodies)
    writer.close()
    for engine in engines:
        engine.dispose()
    leaves, tiles = [leaf_hash(body) for body in farm.bodies], LeafTiles()
    kept = Worm(config.folder / "worm", immutable=False)
    for leaf in leaves:
        tiles.append(leaf)
    for index in range(len(leaves) // 256):
        kept.keep_tile(0, index, tiles.tile(0, index))
    for size in sizes:
        told = Checkpoint(log=LOG, size=size, root=root_of(leaves[:size]))
        kept.keep_note(size, Signer(LOG, SEED).sign(told))


def packed(path: Path, *words: str) -> Path:
    parser = argparse.ArgumentParser()
    add_pack(parser)
    target = path.with_name("out.zip")
    arguments = parser.parse_args(["--config", str(path), "-o", str(target), *words])
    assert pack(arguments) == 0
    return target


def test_a_pack_of_the_database_holds_with_the_nodes_key(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    farm = small_farm()
    for count in range(800):  # three full tiles, kept, and a begun one, worked out
        farm.tell("board_hello", f"b/cab01/18/{count}", {"board": "cab01"})
    keep(path, farm, [16, 300, 800])
    raw = packed(path).read_bytes()
    report = check_pack(raw, Signer(LOG, SEED).verifier_key)
    assert report.problems == []
    assert report.verdict == "ALL CHECKS HOLD: 800 of 825 events are proven"
    said = capsys.readouterr().out
    assert "missing: no signed checkpoint yet: events 801 to 825\n" in said
    assert "out.zip: 825 events, 800 proven, " in said
    assert said.endswith(f"SHA-256 {sha256(raw).hex()}\n")


def test_anchored_checkpoints_are_told_with_their_transactions(path: Path) -> None:
    farm = small_farm()
    root = root_of([leaf_hash(body) for body in farm.bodies[:16]]).hex()
    facts: dict[str, Json] = {
        "chain": "public",
        "tx_hash": "0xa1",
        "block_number": 77,
        "block_hash": "0xb1",
    }
    farm.tell("checkpoint_anchored", "c/public/0xa1/anchored", {**facts, "size": 16, "root": root})
    keep(path, farm, [16, 25])
    report = check_pack(packed(path).read_bytes())
    assert report.problems == []
    assert report.to_look_up[0].startswith("If transaction 0xa1 on chain public, block 77, holds")


def test_days_are_those_of_the_farm_and_the_last_is_included(path: Path) -> None:
    # The record begins on 2026-11-20 at 15:40 in Sao Paulo, an event per hour.
    keep(path, small_farm(), [20])
    report = check_pack(packed(path, "--from", "2026-11-20", "--to", "2026-11-20").read_bytes())
    assert report.problems == []
    assert report.asked == (
        "Farm farm-7: events from 2026-11-20T03:00:00Z to before 2026-11-21T03:00:00Z."
    )
    assert "No event from 1 to 9 is left out." in report.proven


def test_pictures_are_in_clear_in_the_pack_and_each_is_recorded_as_seen(path: Path) -> None:
    config, content = load(path), b"\xff\xd8\xff an empty can"
    sealed = open_vault(config).seal_file("00" * 32, SALT + content)
    photo, farm = sha256(sealed).hex(), small_farm()
    farm.tell("photo_kept", "q/photo9", photo_facts(photo, content))
    keep(path, farm, [26])
    (config.folder / "photos").mkdir()
    (config.folder / "photos" / f"{photo}.sealed").write_bytes(sealed)
    raw = packed(path, "--package", P1, "--photos").read_bytes()
    report = check_pack(raw)
    assert report.problems == []
    assert report.photos == [
        f"photos/{photo}.jpg is, byte for byte, the picture that event 26 tells of."
    ]
    assert content in raw
    lost = "event 13: its photo is lost or altered, or its key is\n"  # it has no file here
    assert lost.encode() in raw
    engine = open_engine(config, "reader")
    seen = Reader(engine).events(26)
    engine.dispose()
    assert [(one.kind, one.facts) for one in seen] == [
        ("photo_viewed", {"photo": photo, "who": "pack"})
    ]


def test_pictures_are_not_packed_without_the_master_key(path: Path) -> None:
    config, content, farm = load(path), b"\xff\xd8\xff an empty can", small_farm()
    sealed = open_vault(config).seal_file("00" * 32, SALT + content)
    farm.tell("photo_kept", "q/photo9", photo_facts(sha256(sealed).hex(), content))
    keep(path, farm, [26])
    (config.folder / "photos").mkdir()
    (config.folder / "photos" / f"{sha256(sealed).hex()}.sealed").write_bytes(sealed)
    (path.parent / "secrets" / "vault-master").unlink()
    with pytest.raises(ConfigError, match="fognode key new vault-master"):
        packed(path, "--photos")
    assert content not in packed(path).read_bytes()


def test_what_cannot_be_made_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="--from 2026-11-02 is after --to 2026-11-01"):
        packed(path, "--from", "2026-11-02", "--to", "2026-11-01")
    Worm(load(path).folder / "worm", immutable=False)
    with pytest.raises(StoreError, match="no checkpoint yet"):
        packed(path)
    keep(path, small_farm(), [20])
    with pytest.raises(StoreError, match="cannot write"):
        packed(path, "-o", f"{path.parent}/none/out.zip")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(ConfigError, match="credential checkpoint-key"):
        packed(path)
