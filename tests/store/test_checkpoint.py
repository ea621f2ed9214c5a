"""Signed notes byte for byte, and no other form taken for one."""

import base64

import pytest

from fognode.errors import ConfigError, TamperError
from fognode.store.checkpoint import (
    Checkpoint,
    Signer,
    log_name,
    new_key,
    open_note,
    parse_key,
    parse_note,
    read_note,
    verifier_key,
)
from fognode.store.merkle import root_of

LOG = "fognode.example/farm-7"
SEED = bytes(range(32)).hex()
ROOT = bytes.fromhex("9b11405e753a4cc8fa94511945c83e58334627199ea67c109adfe8dbda336f84")
NOTE = (
    "fognode.example/farm-7\n2\nmxFAXnU6TMj6lFEZRcg+WDNGJxmepnwQmt/o29ozb4Q=\n\n"
    "\u2014 fognode.example/farm-7 EhrI4YtZwwRF2V5r5Mjo7AtDIoU5x8jZFRBRvXuUWmJHYDohc+rnJNUACgyCj3N"
    "BrTtf/Sk/Kp/78Uz9SVz01MWpngE=\n"
).encode()
KEY = "fognode.example/farm-7+121ac8e1+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
SIGNER = Signer(LOG, SEED)


def note_of(size: int, leaves: list[bytes]) -> bytes:
    return SIGNER.sign(Checkpoint(log=LOG, size=size, root=root_of(leaves)))


def test_the_worked_example_comes_out_byte_for_byte() -> None:
    assert len(NOTE) == 191
    assert SIGNER.sign(Checkpoint(log=LOG, size=2, root=ROOT)) == NOTE
    assert SIGNER.verifier_key == KEY
    assert open_note(NOTE, KEY) == Checkpoint(log=LOG, size=2, root=ROOT)
    assert parse_key(KEY)[1].hex().startswith("03a107bf")


def test_the_example_of_c2sp_is_read() -> None:
    # C2SP signed-note, "Format" and its verifier key (also golang.org/x/mod/sumdb/note).
    key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert parse_key(key)[0] == "PeterNeumann"


def test_any_flipped_bit_of_a_note_is_refused() -> None:
    for place in range(len(NOTE) * 8):
        bent = bytearray(NOTE)
        bent[place // 8] ^= 1 << place % 8
        with pytest.raises(TamperError):
            open_note(bytes(bent), KEY)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"garbage\n",
        NOTE.replace(b"\n\n", b"\n"),
        NOTE.replace(b"\n2\n", b"\n02\n"),
        NOTE.replace(b"\n2\n", b"\n+2\n"),
        NOTE.replace(b"\n2\n", b"\n-2\n"),
        NOTE.replace(b"\n\n", b"\nextra\n\n"),
        NOTE.replace(b"\n", b"\r\n"),
        NOTE.replace(b"4Q=\n", b"4R=\n"),  # spare bits of base64
        NOTE.replace(b"\xe2\x80\x94 ", b"- "),
        NOTE[: NOTE.index(b"\xe2")],
        NOTE.replace(b"\xe2", b"\xff"),
        NOTE + b"x" * 10_000,
    ],
)
def test_any_other_form_is_refused(note: bytes) -> None:
    with pytest.raises(TamperError):
        open_note(note, KEY)


def test_a_note_of_another_log_or_key_is_refused() -> None:
    other = Signer("fognode.example/farm-8", SEED)
    with pytest.raises(TamperError, match="of log"):
        open_note(NOTE, other.verifier_key)
    with pytest.raises(TamperError, match="not signed by key"):
        open_note(NOTE, Signer(LOG, new_key()).verifier_key)
    with pytest.raises(ValueError, match="farm-8"):
        other.sign(Checkpoint(log=LOG, size=2, root=ROOT))


def test_a_witness_may_add_its_line_but_not_stand_in_for_ours() -> None:
    witness = base64.b64encode(b"abcd" + bytes(72)).decode()
    line = f"\u2014 witness.example {witness}\n".encode()
    assert open_note(NOTE + line, KEY).size == 2
    with pytest.raises(TamperError, match="not signed by key"):
        open_note(NOTE[: NOTE.index(b"\xe2")] + line, KEY)


def test_a_second_wrong_signature_of_our_key_is_refused() -> None:
    line = NOTE[NOTE.index(b"\xe2") :]
    packed = base64.b64decode(line.split(b" ")[2])
    bent = base64.b64encode(packed[:-1] + bytes([packed[-1] ^ 1]))
    with pytest.raises(TamperError, match="signature of checkpoint 2 is wrong"):
        open_note(NOTE + line.replace(line.split(b" ")[2].strip(), bent), KEY)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "name",
        KEY.replace("121ac8e1", "121ac8e2"),
        KEY.replace("121ac8e1", "121AC8E1"),
        KEY[:-4],
        KEY.replace("+AQ", "+Ag"),
        KEY.replace("farm-7", "farm 7"),
        KEY + "=",
    ],
)
def test_a_malformed_shared_key_is_refused(key: str) -> None:
    with pytest.raises(ConfigError):
        parse_key(key)


def test_a_bad_secret_or_name_is_refused_without_showing_the_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        Signer(LOG, SEED[:-1] + "x")
    assert SEED[:8] not in str(caught.value)
    for log in ("", "a b", "a+b", "a\nb"):
        with pytest.raises(ConfigError):
            Signer(log, SEED)


def test_new_keys_differ_and_sign() -> None:
    first, second = new_key(), new_key()
    assert first != second
    signer = Signer(LOG, first + "\n")
    told = Checkpoint(log=LOG, size=2, root=ROOT)
    assert open_note(signer.sign(told), signer.verifier_key) == told
    assert verifier_key(LOG, parse_key(signer.verifier_key)[1]) == signer.verifier_key


# --- a key that is retired -----------------------------------------------------------------


def test_step_to_a_new_key_bears_both_signatures() -> None:
    old, new = Signer(LOG, "11" * 32), Signer(LOG, "22" * 32)
    both = Signer(LOG, "22" * 32, retiring="11" * 32)
    assert both.verifier_key == new.verifier_key
    told = Checkpoint(log=LOG, size=2, root=ROOT)
    note = both.sign(told)
    assert open_note(note, old.verifier_key) == open_note(note, new.verifier_key) == told
    assert note.startswith(new.sign(told))  # one line more
    assert parse_note(note) == told


def test_note_is_parsed_in_its_exact_form_only() -> None:
    assert parse_note(NOTE).size == 2
    for bent in (NOTE[:-1], NOTE.replace(b"\n\n", b"\n"), NOTE + b"x\n"):
        with pytest.raises(TamperError):
            parse_note(bent)


def test_note_is_read_without_a_key_only_in_its_exact_form() -> None:
    root = "mxFAXnU6TMj6lFEZRcg+WDNGJxmepnwQmt/o29ozb4Q="
    assert read_note(f"log\n2\n{root}\n\n— x\n".encode(), "").size == 2
    for wrong in (b"", b"log\n2\n", f"log\n02\n{root}\n\n".encode(), f"log\n2\n{root}\nx".encode()):
        with pytest.raises(TamperError):
            read_note(wrong, "")


def test_logs_of_a_farm_have_names_of_their_own() -> None:
    assert log_name("farm-7") == "fognode.farm-7"
    assert log_name("farm-7", "20261120T184000Z-abcdef") == (
        "fognode.farm-7/20261120T184000Z-abcdef"
    )
