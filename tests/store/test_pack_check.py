"""A stranger's check: good packs pass, and every alteration is named with file and row."""

import ast
import io
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fognode.store import pack_check
from fognode.store.checkpoint import Checkpoint, Signer
from fognode.store.merkle import consistency_proof, inclusion_proof, root_of
from fognode.store.pack_check import (
    check_pack,
    extends,
    included,
    main,
    manifest_bytes,
    signed_by,
    spoken,
    unzip,
    zip_bytes,
)
from fognode.store.pack_choice import Ask
from tests.store.packs import LOG, P1, PHOTO, PHOTO_NAME, SIGNER, packed, small_farm
from tests.store.test_merkle import MANY, NODES, damaged

Files = dict[str, bytes]
CHROMIUM = "/usr/bin/chromium"
FLAGS = (  # without them it asks for hosts of its maker
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=10000",  # what the page waits for itself is in the dump
    "--dump-dom",
)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return packed(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def files(pack: bytes) -> Files:
    return unzip(pack, pack_check.Report())


def problems(files: Files, key: str = "") -> list[str]:
    """Check altered files whose forger has put the manifest right."""
    return check_pack(zip_bytes({**files, "manifest.json": manifest_bytes(files)}), key).problems


def altered(files: Files, name: str, row: int, old: str, new: str) -> Files:
    lines = files[name].split(b"\n")
    assert old.encode() in lines[row - 1]
    lines[row - 1] = lines[row - 1].replace(old.encode(), new.encode(), 1)
    return {**files, name: b"\n".join(lines)}


# --- good packs --------------------------------------------------------------------------


def test_good_pack_passes_with_its_own_key_and_with_a_given_one(pack: bytes) -> None:
    own, given = check_pack(pack), check_pack(pack, SIGNER.verifier_key)
    assert own.problems == given.problems == []
    assert own.verdict == "ALL CHECKS HOLD: 20 of 25 events are proven"
    assert own.key.startswith("Signatures were checked with the key FOUND IN THE PACK")
    assert own.key.endswith(SIGNER.verifier_key)
    assert given.key == "Signatures were checked with the key that you gave."


def test_it_says_in_words_what_is_proven_and_what_is_not(pack: bytes) -> None:
    """A123."""
    said = spoken(check_pack(pack))
    for words in (
        "No event from 1 to 25 is left out.",
        "begins with each of the 2 older signed records",
        "If transaction 0xa1 on chain public, block 77, holds size 16 and root",
        "That a sensor told the truth",
        "Anything about events after 16, the last that an anchor",
        'A time better than "not later than the block of the anchor".',
        "if one person holds the signing key and every copy",
        "Problems\n  - none",
    ):
        assert words in said
    assert "legal" not in said.lower()
    assert "complian" not in said.lower()


def test_a_pack_of_one_package_says_that_others_are_left_out(tmp_path: Path) -> None:
    report = check_pack(packed(tmp_path, ask=Ask(package=P1)))
    assert report.problems == []
    assert "only those about package GLY-0042" in report.asked
    assert not any("left out" in line for line in report.proven)


def test_it_runs_alone_in_an_empty_folder(files: Files, pack: bytes, tmp_path: Path) -> None:
    """A3, A123, A126."""
    (tmp_path / "check.py").write_bytes(files["check.py"])
    (tmp_path / "pack.zip").write_bytes(pack)
    bent = bytearray(pack)
    bent[pack.index(b"weight_take")] ^= 1
    (tmp_path / "bent.zip").write_bytes(bent)
    for name, code, last in (
        ("pack.zip", 0, "ALL CHECKS HOLD: 20 of 25 events are proven"),
        ("bent.zip", 1, "PROBLEMS: do not rely on what they touch"),
        ("none.zip", 2, ""),
    ):
        run = subprocess.run(
            [sys.executable, "-I", "-S", "check.py", name],
            cwd=tmp_path,
            env={},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert run.returncode == code, run.stderr
        assert run.stdout.rstrip("\n").endswith(last)


def test_it_needs_only_the_standard_library_of_python_3_8(files: Files) -> None:
    tree = ast.parse(files["check.py"], feature_version=(3, 8))
    needed = {
        name
        for one in ast.walk(tree)
        if isinstance(one, ast.Import | ast.ImportFrom)
        for name in (
            [one.module] if isinstance(one, ast.ImportFrom) else [a.name for a in one.names]
        )
    }
    assert {str(name).split(".")[0] for name in needed} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_other_pythons_come_to_the_same_words(version: str, pack: bytes, tmp_path: Path) -> None:
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    if not found:
        pytest.skip(f"no Python {version} here")
    (tmp_path / "pack.zip").write_bytes(pack)
    run = subprocess.run(
        [found[0], "-I", "-S", pack_check.__file__, "pack.zip"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert run.stdout.decode() == spoken(check_pack(pack))


def test_wrong_use_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == main(["a", "b", "c"]) == main([str(tmp_path)]) == 2
    assert "python3 check.py PACK.zip" in capsys.readouterr().err


# --- any byte ----------------------------------------------------------------------------


def test_any_flipped_byte_of_any_file_is_found_and_its_file_named(pack: bytes) -> None:
    picked = random.Random(7)
    with zipfile.ZipFile(io.BytesIO(pack)) as opened:
        for info in opened.infolist():
            start = info.header_offset + 30 + len(info.filename)
            places = {0, info.file_size - 1, *(picked.randrange(info.file_size) for _ in range(24))}
            for place in sorted(places):
                bent = bytearray(pack)
                bent[start + place] ^= 1 << picked.randrange(8)
                found = check_pack(bytes(bent)).problems
                named = [line for line in found if line.startswith(info.filename)]
                if info.filename == "manifest.json":
                    named = found  # it names the file whose sum was bent
                assert named, (info.filename, place, found)


def test_any_flipped_byte_of_the_wrapping_is_found(pack: bytes) -> None:
    end = pack.index(b"PK\x01\x02")
    for place in [*range(41), *range(end, len(pack), 23)]:
        bent = bytearray(pack)
        bent[place] ^= 0x10
        assert check_pack(bytes(bent)).problems, place


def test_any_cut_or_tail_is_found(pack: bytes) -> None:
    for size in (0, 1, 30, 1000, len(pack) // 2, len(pack) - 1):
        assert check_pack(pack[:size]).problems, size
    assert check_pack(pack + b"\0").problems
    assert check_pack(b"\0" + pack).problems


def test_a_flipped_byte_in_an_event_names_its_row(pack: bytes) -> None:
    bent = bytearray(pack)
    bent[pack.index(b'"weight_g":-1100')] ^= 1
    found = check_pack(bytes(bent)).problems
    assert any(line.startswith("events.jsonl: SHA-256 is") for line in found)
    assert "events.jsonl row 8: event 8 is not what checkpoint 20 has at its place" in found


# --- forgers who put the manifest right --------------------------------------------------

BENT = [
    ("events.jsonl", 9, "1100", "1101", "events.jsonl row 9: event 9 does not have the hash"),
    ("events.jsonl", 9, "1100", "1101", "events.jsonl row 9: event 9 is not what checkpoint 20"),
    ("events.jsonl", 23, "0xf1", "0xf2", "events.jsonl row 23: event 23 does not have the hash"),
    ("events.jsonl", 23, '"facts":{', '"facts":7', "events.jsonl row 23: event 23 cannot be read"),
    ("proofs.jsonl", 4, '"seq":4', '"seq":5', "events.jsonl row 4: event 5 is not what checkpoint"),
    ("proofs.jsonl", 4, '"seq":4', '"seq":99', "events.jsonl row 4: event 99 has a proof"),
    ("proofs.jsonl", 4, '"seq":4', '"seq":0', "events.jsonl row 4: event 0 does not come after"),
    ("proofs.jsonl", 4, '"seq":4', '"seq":true', "proofs.jsonl row 4: cannot be read"),
    ("proofs.jsonl", 4, '"seq":4', '"seq":-4', "proofs.jsonl row 4: cannot be read"),
    ("proofs.jsonl", 4, "[", "[1,", "events.jsonl row 4: event 4 is not what checkpoint 20"),
    ("proofs.jsonl", 4, "[", "[999,", "proofs.jsonl row 4: cannot be read"),
    ("proofs.jsonl", 4, "[", "[0,", "proofs.jsonl row 4: cannot be read"),
    ("proofs.jsonl", 4, '"proof"', '"poor"', "proofs.jsonl row 4: cannot be read"),
    ("proofs.jsonl", 4, "{", "", "proofs.jsonl row 4: is no JSON object"),
    ("proofs.jsonl", 4, "{", "[" * 3000 + "{", "proofs.jsonl row 4: is no JSON object"),
    ("nodes.txt", 3, "\n" * 0, "x", "nodes.txt row 3: "),
    ("consistency.jsonl", 1, '"from":5', '"from":16', "consistency.jsonl row 1: checkpoint 20"),
    ("consistency.jsonl", 1, '"from":5', '"from":0', "consistency.jsonl row 1: does not hold"),
    ("consistency.jsonl", 1, '"to":20', '"to":16', "consistency.jsonl row 1: checkpoint 20 is not"),
    ("anchors.jsonl", 1, '"size":16', '"size":20', "anchors.jsonl row 1: its root is not that"),
    ("anchors.jsonl", 1, '"size":16', '"size":17', "anchors.jsonl row 1: does not hold"),
    ("anchors.jsonl", 1, '"chain"', '"china"', "anchors.jsonl row 1: does not hold"),
    ("transactions.jsonl", 1, "0xf1", "0xf2", "transactions.jsonl row 1: is not what event 23"),
    ("transactions.jsonl", 1, ":23", ":22", "transactions.jsonl row 1: does not hold"),
    ("about.json", 1, '"size":20', '"size":21', "about.json: size is 21, of the newest"),
    ("about.json", 1, '"events":25', '"events":24', "events.jsonl: 25 events, 25 rows"),
    ("about.json", 1, '"whole_to":25', '"whole_to":26', "events.jsonl: events between 1 and 26"),
    ("about.json", 1, '"whole_to":25', '"whole_to":1' + "0" * 15, "events.jsonl: events between"),
    ("about.json", 1, "pack/1", "pack/2", "about.json: format"),
    ("about.json", 1, "+121ac8e1+", "+121ac8e2+", "the key: "),
    (
        "checkpoints/000000000016.note",
        2,
        "16",
        "17",
        "checkpoints/000000000016.note: its signature",
    ),
]


@pytest.mark.parametrize(("name", "row", "old", "new", "said"), BENT)
def test_a_forgery_is_named(
    files: Files, name: str, row: int, old: str, new: str, said: str
) -> None:
    found = problems(altered(files, name, row, old, new))
    assert any(line.startswith(said) for line in found), found


def test_every_problem_is_listed_not_only_the_first(files: Files) -> None:
    bent = files
    for row in (2, 9, 17):
        bent = altered(bent, "events.jsonl", row, '"farm-7"', '"farm-8"')
    rows = {line.split(" ")[2] for line in problems(bent)}
    assert rows == {"2:", "9:", "17:"}


def test_left_out_and_doubled_events_are_found(files: Files) -> None:
    cut = dict(files)
    for name in ("events.jsonl", "proofs.jsonl"):
        lines = files[name].split(b"\n")
        cut[name] = b"\n".join(lines[:8] + lines[9:])
    about = files["about.json"].replace(b'"events":25', b'"events":24')
    assert problems({**cut, "about.json": about}) == [
        "events.jsonl: events between 1 and 25 are left out"
    ]
    twice = dict(files)
    for name in ("events.jsonl", "proofs.jsonl"):
        lines = files[name].split(b"\n")
        twice[name] = b"\n".join(lines[:9] + lines[8:])
    about = files["about.json"].replace(b'"events":25', b'"events":26')
    assert problems({**twice, "about.json": about}) == [
        "events.jsonl row 10: event 9 does not come after event 9"
    ]


def test_a_rewritten_chain_does_not_deceive(files: Files) -> None:
    # The forger changes event 9 and makes all hashes of the chain anew.
    bent = altered(files, "events.jsonl", 9, "1100", "1101")
    link, rows = bytes(32), []
    bodies = bent["events.jsonl"].split(b"\n")
    for body, line in zip(bodies, files["proofs.jsonl"].splitlines(), strict=False):
        row = {**json.loads(line), "prev_hash": link.hex()}
        link = pack_check.sha256(b"\x01", link, body)
        rows.append(json.dumps({**row, "hash": link.hex()}).encode() + b"\n")
    assert problems({**bent, "proofs.jsonl": b"".join(rows)}) == [
        "events.jsonl row 9: event 9 is not what checkpoint 20 has at its place"
    ]


def test_a_pack_signed_by_the_forger_fails_with_the_true_key(tmp_path: Path) -> None:
    forger = Signer(LOG, "66" * 32)
    note = forger.sign(Checkpoint(log=LOG, size=2, root=root_of(MANY[:2])))
    raw = packed(tmp_path)
    held = {**unzip(raw, pack_check.Report()), "checkpoints/000000000002.note": note}
    said = "checkpoints/000000000002.note: is not signed by key 121ac8e1"
    assert problems(held) == problems(held, SIGNER.verifier_key) == [said]
    about = held["about.json"].replace(SIGNER.verifier_key.encode(), forger.verifier_key.encode())
    assert problems({**held, "about.json": about}, SIGNER.verifier_key) == [said]
    assert problems(held, "nonsense")[0].startswith("the key: ")


@pytest.mark.parametrize("name", ["about.json", "events.jsonl", "nodes.txt", "missing.txt"])
def test_a_missing_file_is_named(files: Files, name: str) -> None:
    held = {one: data for one, data in files.items() if one != name}
    found = check_pack(zip_bytes(held)).problems
    assert f"{name}: is in the manifest and not in the pack" in found


# --- pictures and corrections ------------------------------------------------------------


def test_a_picture_is_shown_to_be_the_one_of_its_event(files: Files, pack: bytes) -> None:
    said = f"{PHOTO_NAME} is, byte for byte, the picture that event 13 tells of."
    assert check_pack(pack).photos == [said]
    bent = {**files, PHOTO_NAME: files[PHOTO_NAME] + b"x"}
    assert problems(bent)[0] == f"{PHOTO_NAME}: is not the picture that event 13 has"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"salt":"0001', '"salt":"0101', f"{PHOTO_NAME}: is not the picture that event 13 has"),
        ('"salt":"', '"salt":"00', f"{PHOTO_NAME}: is not the picture that event 13 has"),
        ('"salt":"', '"salt":"x', "photos.jsonl row 1: does not hold"),
        ('"seq":13', '"seq":14', f"{PHOTO_NAME}: is not the picture that event 14 has"),
        ('"seq":13', '"seq":12', "photos.jsonl row 1: does not hold"),
        ('"seq":13', '"seq":99', "photos.jsonl row 1: does not hold"),
        ("photos/ab", "photos/cd", "photos.jsonl row 1: does not hold"),
        ('"file"', '"life"', "photos.jsonl row 1: does not hold"),
    ],
)
def test_a_picture_under_a_wrong_name_is_named(files: Files, old: str, new: str, said: str) -> None:
    found = problems(altered(files, "photos.jsonl", 1, old, new))
    assert any(line.startswith(said) for line in found), found


def test_a_picture_that_no_event_tells_of_is_named(files: Files) -> None:
    name = f"photos/{'ef' * 32}.png"
    said = "is not a picture that an event in the pack tells of"
    assert problems({**files, name: b"x"}) == [f"{name}: {said}"]
    without = {one: held for one, held in files.items() if one != "photos.jsonl"}
    assert problems(without) == ["photos.jsonl: is missing", f"{PHOTO_NAME}: {said}"]


def test_a_pack_made_before_there_were_photos_still_holds(tmp_path: Path) -> None:
    made = unzip(packed(tmp_path, ask=Ask()), pack_check.Report())
    old = {one: held for one, held in made.items() if one != "photos.jsonl"}
    assert problems(old) == []


def test_a_corrected_event_is_struck_through_with_what_counts_instead(pack: bytes) -> None:
    (said,) = check_pack(pack).corrected
    assert said.startswith('event 9, handleProduct {"action":"out"')
    assert '- struck through: event 25 says instead {"action":"out"' in said
    assert said.endswith('"weight_g":1000} (read wrongly)')
    assert f"Corrected since\n  - {said}\n" in spoken(check_pack(pack))


def test_a_withdrawn_correction_strikes_nothing_but_itself(tmp_path: Path) -> None:
    farm = small_farm()
    fixed = farm.stored(25).event_id
    farm.tell("correction_declared", "q/2", {"corrects": fixed, "withdraw": 1, "reason": "no"})
    farm.tell("correction_declared", "q/3", {"corrects": ["x"], "reason": 7})  # of none of them
    (said,) = check_pack(packed(tmp_path, farm)).corrected
    assert said.startswith("event 25, correction_declared {")
    assert said.endswith(" - struck through: event 26 withdraws it (no)")


def test_a_report_cannot_be_forged_by_a_text_in_the_pack(files: Files) -> None:
    evil = altered(files, "anchors.jsonl", 1, "public", "x\\n\\nALL CHECKS HOLD\\u001b[2J")
    raw = zip_bytes({**evil, "manifest.json": manifest_bytes(evil)})
    assert "\x1b" not in spoken(check_pack(raw))
    assert "\nALL CHECKS HOLD\x1b" not in spoken(check_pack(raw))
    assert spoken(check_pack(raw)).count("\nALL CHECKS HOLD") == 1


# --- hostile zips ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "a\\b",
        "photos/../about.json",
        f"photos/{'ab' * 32}.exe",
        "extra.txt",
        "",
    ],
)
def test_odd_names_are_refused(files: Files, name: str) -> None:
    found = problems({**files, name: b"x"})
    assert any("does not belong in a pack" in line for line in found)


def test_compressed_files_and_bombs_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "bomb.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("events.jsonl", b"0" * 10_000_000)
    found = check_pack(target.read_bytes()).problems
    assert any("compressed or cut off" in line for line in found)


def test_a_name_that_is_there_twice_is_refused(pack: bytes) -> None:
    start = pack.index(b"PK\x03\x04", 10)
    first = pack[:start]
    found = check_pack(first + pack).problems
    assert any("is there twice" in line for line in found)


def test_a_length_beyond_the_end_is_refused(pack: bytes) -> None:
    bent = pack[:18] + struct.pack("<II", 2**31, 2**31) + pack[26:]
    assert any("cut off" in line for line in check_pack(bent).problems)


# --- its own mathematics -----------------------------------------------------------------


def test_rfc_8032_signatures_hold_and_bent_ones_do_not() -> None:
    # RFC 8032, 7.1, TEST 1 and TEST 2.
    for public, message, signature in (
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e"
            "39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f"
            "3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ):
        key, said, signed = map(bytes.fromhex, (public, message, signature))
        assert signed_by(key, said, signed)
        assert not signed_by(key, said + b"\0", signed)
        for place in range(0, 512, 31):
            bent = bytearray(signed)
            bent[place // 8] ^= 1 << place % 8
            assert not signed_by(key, said, bytes(bent))
        # The same signature with S + L (RFC 8032, 5.1.7: S must be below L).
        larger = int.from_bytes(signed[32:], "little") + pack_check.L
        assert not signed_by(key, said, signed[:32] + larger.to_bytes(32, "little"))
        for malformed in (b"", signed[:-1], signed + b"\0", b"\xff" * 64):
            assert not signed_by(key, said, malformed)
        assert not signed_by(b"\xff" * 32, said, signed)


def test_it_agrees_with_cryptography() -> None:
    for count in range(8):
        key = Ed25519PrivateKey.from_private_bytes(bytes([count]) * 32)
        message = bytes(range(count * 17))
        public = key.public_key().public_bytes_raw()
        assert signed_by(public, message, key.sign(message))
        assert not signed_by(public, message + b"x", key.sign(message))


def test_it_believes_every_proof_up_to_33_and_no_damaged_one() -> None:
    for size in range(1, 34):
        root = root_of(MANY[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, NODES)
            assert included(MANY[index], index, size, proof, root)
            assert not included(MANY[index], index, 2 * size, proof, root)
            assert not included(MANY[index], index, 0, proof, root)
            if index + 1 < size:
                old = root_of(MANY[: index + 1])
                older = consistency_proof(index + 1, size, NODES)
                assert extends(index + 1, old, size, root, older)
                assert not extends(0, old, size, root, older)
                assert not any(extends(index + 1, old, size, root, one) for one in damaged(older))
            assert not any(included(MANY[index], index, size, one, root) for one in damaged(proof))


# --- the page ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], str]:
    """Open a page in headless Chromium and return what it became."""
    if shutil.which(CHROMIUM) is None:
        assert os.environ.get("CI") != "true", "chromium is missing"
        pytest.skip("chromium is missing")

    def open_page(page: bytes) -> str:
        folder = tmp_path_factory.mktemp("page")
        (folder / "check.html").write_bytes(page)
        run = subprocess.run(
            [CHROMIUM, *FLAGS, f"--user-data-dir={folder}/profile", f"file://{folder}/check.html"],
            capture_output=True,
            check=True,
            timeout=120,
        )
        return run.stdout.decode().split('id="pack"')[0]

    return open_page


@pytest.mark.whole
def test_the_saved_page_checks_itself(browser: Callable[[bytes], str], files: Files) -> None:
    told = browser(files["check.html"])
    assert 'class="good">ALL CHECKS HOLD: 20 of 25 events are proven<' in told
    assert "No event from 1 to 25 is left out." in told
    assert "<li>event 12 at 2026-11-21T05:40:00Z, board_lost: a board lost events</li>" in told


@pytest.mark.whole
def test_the_page_strikes_through_what_was_corrected(
    browser: Callable[[bytes], str], files: Files
) -> None:
    told = browser(files["check.html"])
    assert '<li><s>event 9, handleProduct {"action":"out"' in told
    assert "</s> - struck through: event 25 says instead {" in told


@pytest.mark.whole
@pytest.mark.parametrize(("more", "said"), [(b"", "is, byte for byte,"), (b"x", "is no picture")])
def test_the_page_compares_a_picture_with_the_record(
    browser: Callable[[bytes], str], files: Files, more: bytes, said: str
) -> None:
    chosen = ",".join(str(byte) for byte in PHOTO.content + more)
    file = f"new File([new Uint8Array([{chosen}])], 'mine.jpg')"
    page = files["check.html"].replace(b"\nshow();\n", f"\nshow(); compare([{file}]);\n".encode())
    assert page != files["check.html"]
    assert f"<li>mine.jpg {said}" in browser(page)


@pytest.mark.whole
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("weight_take", "weight_tape", "events.jsonl row 8: event 8 is not what checkpoint 20 has"),
        ("weight_take", "weight_tape", "events.jsonl: does not have the SHA-256"),
        (r"\n16\n", r"\n17\n", "checkpoints/000000000016.note: its signature is wrong"),
        (r"\"from\":5,", r"\"from\":16,", "consistency.jsonl row 1: checkpoint 20 is not shown"),
        (r"\"whole_to\":25", r"\"whole_to\":26", "events between 1 and 26 are left out"),
        (r"\"size\":16", r"\"size\":20", "anchors.jsonl row 1: its root is not that of checkpoint"),
        (r"\"seq\":4}", r"\"seq\":5}", "events.jsonl row 4: event 5 is not what checkpoint 20"),
        ('"files":', '"flies":', "This page cannot be checked"),
    ],
)
def test_a_page_with_altered_evidence_names_it(
    browser: Callable[[bytes], str], files: Files, old: str, new: str, said: str
) -> None:
    page = files["check.html"].decode()
    assert old in page
    told = browser(page.replace(old, new, 1).encode())
    assert 'class="bad"' in told
    assert said in told
    assert "ALL CHECKS HOLD" not in told


@pytest.mark.whole
def test_the_page_and_the_program_say_the_same(
    browser: Callable[[bytes], str], files: Files, pack: bytes
) -> None:
    told = browser(files["check.html"])
    report = check_pack(pack)
    for line in (report.asked, *report.proven, *report.to_look_up, *report.not_proven):
        assert line.replace("<", "&lt;") in told
