"""Packs across a rotated key and a log that had to begin anew: who trusts which key, and why."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fognode.errors import TamperError
from fognode.events import Json
from fognode.hashing import leaf_hash
from fognode.store import pack_check
from fognode.store.checkpoint import Checkpoint, Signer
from fognode.store.keyring import Era, keyring_of, short, told_eras
from fognode.store.merkle import root_of
from fognode.store.pack import Sources, write_pack
from fognode.store.pack_check import check_pack, manifest_bytes, spoken, unzip, zip_bytes
from fognode.store.pack_choice import Ask
from tests.store.packs import Farm
from tests.store.test_pack_check import browser  # noqa: F401 - a fixture

LOG = "fognode.farm-7"
A, B = Signer(LOG, "11" * 32), Signer(LOG, "22" * 32)
BOTH = Signer(LOG, "22" * 32, retiring="11" * 32)
C = Signer(f"{LOG}/20261120T184000Z-abcdef", "22" * 32)
GIVE = 'document.getElementById("key").value = "%s";'
WHO = {5: A, 8: BOTH, 12: B, 13: C, 16: C}


def farm_of(endorsed: int = 1) -> Farm:
    """Sixteen events: the eighth rotates the key, the thirteenth tells of a loss."""
    farm = Farm()
    for count in range(1, 17):
        if count == 8:
            rotated: dict[str, Json] = {
                "old_key": A.verifier_key,
                "new_key": B.verifier_key,
                "endorsed": endorsed,
            }
            farm.tell("key_rotated", "n/key_rotated/1", rotated)
        elif count == 13:
            eras = Era(key=A.verifier_key), Era(key=B.verifier_key, first=8, endorsed=endorsed == 1)
            lost: dict[str, Json] = {
                "old_log": LOG,
                "old_size": 20,
                "kept_size": 12,
                "log": C.log,
                "new_key": C.verifier_key,
                "old_keys": told_eras(eras),
                "by": "ana",
                "reason": "the disk <died>",
            }
            farm.tell("record_restored", "n/record_restored/1", lost)
        else:
            package = {"package": "GLY-1"} if count == 3 else {}
            farm.tell("board_hello", f"b/cab01/17/{count}", {"board": "cab01", **package})
    return farm


def sources_of(farm: Farm, who: dict[int, Signer] | None = None) -> Sources:
    leaves = [leaf_hash(body) for body in farm.bodies]
    signers = {**WHO, **(who or {})}
    notes = [
        signer.sign(Checkpoint(log=signer.log, size=size, root=root_of(leaves[:size])))
        for size, signer in signers.items()
    ]
    steps = [told for told in farm.events_all() if told.seq in {8, 13}]
    keys = keyring_of(steps, C.verifier_key)
    return replace(farm.sources(), keys=keys, notes=notes, anchors=[])


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> Sources:
    monkeypatch.setattr(Farm, "notes", lambda self: [])
    return sources_of(farm_of())


def packed(folder: Path, sources: Sources, ask: Ask | None = None) -> bytes:
    target = folder / "pack.zip"
    write_pack(target, ask or Ask(), sources)
    return target.read_bytes()


def about_of(raw: bytes) -> dict[str, Json]:
    about: dict[str, Json] = json.loads(unzip(raw, pack_check.Report())["about.json"])
    return about


def with_about(raw: bytes, about: dict[str, Json]) -> bytes:
    files = unzip(raw, pack_check.Report())
    files["about.json"] = json.dumps(about).encode() + b"\n"
    return zip_bytes({**files, "manifest.json": manifest_bytes(files)})


@pytest.mark.parametrize("key", ["", A.verifier_key, B.verifier_key, C.verifier_key])
def test_who_trusts_any_of_the_keys_comes_to_the_newest(
    tmp_path: Path, sources: Sources, key: str
) -> None:
    report = check_pack(packed(tmp_path, sources), key)
    assert report.problems == []
    assert report.verdict == "ALL CHECKS HOLD: 16 of 16 events are proven"
    assert [line.split(" are ")[0] for line in report.keys] == [
        "Checkpoints of 0 to 7 events",
        "Checkpoints of 8 to 12 events",
        "Checkpoints of 13 to 16 events",
    ]
    assert A.verifier_key in report.keys[0]
    lost = "What stood in events 13 to 20 of an older signed record: event 13 says that they were"
    assert lost in spoken(report)
    assert "that ana accepted it (the disk <died>)" in spoken(report)


def test_about_tells_each_key_with_its_range(tmp_path: Path, sources: Sources) -> None:
    about = about_of(packed(tmp_path, sources))
    assert about["key"] == C.verifier_key
    assert about["keys"] == [
        {"from": 0, "key": A.verifier_key, "to": 7},
        {"from": 8, "key": B.verifier_key, "to": 12},
        {"from": 13, "key": C.verifier_key, "to": 16},
    ]


def test_pack_of_a_package_holds_the_steps_between_the_keys(
    tmp_path: Path, sources: Sources
) -> None:
    raw = packed(tmp_path, sources, Ask(package="GLY-1"))
    report = check_pack(raw, A.verifier_key)
    assert report.problems == []
    assert unzip(raw, report)["proofs.jsonl"].count(b"\n") == 3


def test_stranger_is_not_believed(tmp_path: Path, sources: Sources) -> None:
    stranger = Signer(LOG, "99" * 32).verifier_key
    found = check_pack(packed(tmp_path, sources), stranger).problems
    assert f"checkpoints/000000000005.note: is not signed by key {short(stranger)}" in found


def test_checkpoint_of_a_retired_key_is_not_packed_and_fails_the_check(
    tmp_path: Path, sources: Sources
) -> None:
    with pytest.raises(TamperError, match="retired by event 8"):
        packed(tmp_path, sources_of(farm_of(), {12: A}))
    raw = packed(tmp_path, sources)
    leaves = [leaf_hash(body) for body in farm_of().bodies]
    forged = A.sign(Checkpoint(log=LOG, size=12, root=root_of(leaves[:12])))
    files = unzip(raw, pack_check.Report())
    files["checkpoints/000000000012.note"] = forged
    bent = zip_bytes({**files, "manifest.json": manifest_bytes(files)})
    said = f"checkpoints/000000000012.note: is not signed by key {short(B.verifier_key)}"
    assert said in check_pack(bent).problems


def test_key_that_was_not_in_force_yet_fails_the_check(tmp_path: Path, sources: Sources) -> None:
    with pytest.raises(TamperError, match="not signed by key"):
        packed(tmp_path, sources_of(farm_of(), {5: B}))


def test_step_that_the_old_key_did_not_sign_is_no_way_to_the_new_one(
    tmp_path: Path, sources: Sources
) -> None:
    lost = packed(tmp_path, sources_of(farm_of(endorsed=0), {8: B}))
    for key in ("", B.verifier_key, C.verifier_key):
        assert check_pack(lost, key).problems == []
    said = (
        f"the key: {B.verifier_key} took over at event 8, and the key before it did not sign that"
    )
    assert check_pack(lost, A.verifier_key).problems == [said]


def test_key_that_no_event_names_is_a_problem(tmp_path: Path, sources: Sources) -> None:
    raw = packed(tmp_path, sources)
    about = about_of(raw)
    keys = about["keys"]
    assert isinstance(keys, list)
    first, second, third = keys
    assert isinstance(second, dict)
    moved: dict[str, Json] = {**about, "keys": [first, {**second, "from": 9}, third]}
    found = check_pack(with_about(raw, moved)).problems
    assert f"about.json: no event 9 says that {B.verifier_key} signs from there" in found
    hidden: dict[str, Json] = {**about, "keys": [{**second, "from": 0, "to": 12}, third]}
    assert "about.json: the key that event 8 names is left out" in (
        check_pack(with_about(raw, hidden)).problems
    )
    bent: list[Json] = [[], "x", [{}], [{"from": 0, "to": 1, "key": 7}]]
    for one in bent:
        assert check_pack(with_about(raw, {**about, "keys": one})).problems


def test_hostile_steps_are_problems_and_not_crashes(tmp_path: Path, sources: Sources) -> None:
    raw = packed(tmp_path, sources)
    files = unzip(raw, pack_check.Report())
    for old, new in (
        (b'"old_size":20', b'"old_size":"x"'),
        (b'"old_keys":[', b'"old_keys":[7,'),
        (b'"old_keys":[', b'"old_keis":['),
        (b'"endorsed":1', b'"endorsed":[]'),
    ):
        bent = {**files, "events.jsonl": files["events.jsonl"].replace(old, new)}
        assert bent["events.jsonl"] != files["events.jsonl"]
        assert check_pack(zip_bytes({**bent, "manifest.json": manifest_bytes(bent)})).problems


@pytest.mark.whole
def test_page_comes_to_the_same_words(
    tmp_path: Path,
    sources: Sources,
    browser: Callable[[bytes], str],  # noqa: F811 - the fixture above
) -> None:
    held = unzip(packed(tmp_path, sources), pack_check.Report())["check.html"]
    seen = browser(held)
    assert "ALL CHECKS HOLD: 16 of 16 events are proven" in seen
    assert "<li>Checkpoints of 8 to 12 events are signed by" in seen
    assert "that ana accepted it (the disk &lt;died&gt;)" in seen
    given = held.replace(b"\nshow();\n", f"\n{GIVE % A.verifier_key}\nshow();\n".encode())
    assert "ALL CHECKS HOLD" in browser(given)
    lost = packed(tmp_path, sources_of(farm_of(endorsed=0), {8: B}))
    page = unzip(lost, pack_check.Report())["check.html"]
    assert "ALL CHECKS HOLD" in browser(page)
    older = page.replace(b"\nshow();\n", f"\n{GIVE % A.verifier_key}\nshow();\n".encode())
    assert "took over at event 8, and the key before it did not sign that" in browser(older)
