"""Firmware, fog and docs/protocol.md speak of the same frames."""

import re
import struct
import subprocess
from binascii import crc_hqx
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import pytest

from fognode.boards.picture import Picture, PictureSplitter, Wanted
from fognode.boards.wire import GRAMMAR, decode
from fognode.trial.boards import RecordedBoard, SimBoard
from tests.firmware.golden import RECORDED, ROOT, STORY

PROTOCOL = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
FIRMWARE = (ROOT / "firmware" / "core" / "deliver.c").read_text(encoding="utf-8")
CAMERA = (ROOT / "firmware" / "boards" / "part_camera.c").read_text(encoding="utf-8")
PICTURE = {"P", "Z"}  # of fognode/boards/picture.py
VECTORS = (ROOT / "tests" / "vectors" / "frames.txt").read_text(encoding="ascii").splitlines()
GOLDEN = [row.partition(" ")[0] for row in VECTORS]


def test_golden_frames_carry_the_crc_of_their_body() -> None:
    for frame in GOLDEN:
        body, _, crc = frame[1:].partition("*")
        assert f"{crc32(body.encode()):08X}" == crc, frame


def test_the_fog_reads_every_golden_frame_of_a_board() -> None:
    kinds = {decode(f"{frame}\n".encode()).__class__ for frame in GOLDEN if frame[1] in "HDESBN"}
    assert len(kinds) == 6


def test_message_kinds_are_the_same_everywhere() -> None:
    rows = re.findall(r"^\| ([A-Z]) \| (board|fog) \|", PROTOCOL, re.MULTILINE)
    from_board = {kind for kind, who in rows if who == "board"}
    from_fog = {kind for kind, who in rows if who == "fog"}
    assert from_board == {kind.decode() for kind in GRAMMAR} | PICTURE
    assert from_board | from_fog == {frame[1] for frame in GOLDEN}
    obeyed = set(re.findall(r"order->type == '([A-Z])'", FIRMWARE))
    sent = set(re.findall(r"'([A-Z])', 0, (?:hal_)?ms", FIRMWARE + CAMERA))
    assert obeyed == from_fog
    assert sent | {"H", "D", "E"} == from_board  # H, D, E are built in one place each


def test_worked_frames_in_the_document_are_golden() -> None:
    told = re.findall(r"^(\$\S+)", PROTOCOL, re.MULTILINE)
    assert len(told) > 9
    assert set(told) <= set(GOLDEN)


def test_worked_slot_of_the_eeprom_is_the_worked_event() -> None:
    found = re.search(r"^in its EEPROM slot:\n  ([0-9a-f ]{59})$", PROTOCOL, re.MULTILINE)
    assert found
    slot = bytes.fromhex(found[1])
    boot, seq, ms, sensor, value, crc, mark = struct.unpack("<HHIBi4xHB", slot)
    assert crc == crc_hqx(slot[:17] + slot[19:], 0xFFFF)
    word = ("open", "close")[mark]
    assert sensor == 0  # L1
    body = f"E,cab01,{boot},{seq},{ms},L1,{word},{value}"
    assert f"${body}*{crc32(body.encode()):08X}" in GOLDEN


def test_worked_picture_is_read_and_made_of_the_worked_frames() -> None:
    found = re.search(r"^picture 7 of .*:\n((?:  [0-9a-f ]+\n)+)", PROTOCOL, re.MULTILINE)
    assert found
    content = bytes.fromhex(found[1])
    told = PictureSplitter()
    told.expect(Wanted(board="cam01", boot=17, number=7))
    assert told.feed(content) == []
    assert told.result == Picture(width=4, height=2, pixels=bytes.fromhex("00400a24ff80c010"))
    head, end = content.split(told.result.pixels)
    assert {head.decode().strip(), end.decode().strip()} <= set(GOLDEN)


def test_recordings_are_whole_frames() -> None:
    rows = RECORDED.read_text(encoding="ascii").splitlines()
    for line in [row.split()[2] for row in rows] + STORY.read_text(encoding="ascii").splitlines():
        decode(f"{line}\n".encode())


@pytest.mark.avr
@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("target", [["host-test"], ["-j2", "all", "size"], ["-j2", "mega"]])
def test_make_target_succeeds(target: Sequence[str], tmp_path: Path) -> None:
    """A20, A26, A29."""
    command = ["make", "-C", str(ROOT / "firmware"), f"BUILD={tmp_path}", *target]
    made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert made.returncode == 0, made.stdout + made.stderr


def test_both_kinds_of_board_offer_the_same_actions() -> None:
    public = {name for name in vars(RecordedBoard) if not name.startswith("_")}
    assert public == {name for name in vars(SimBoard) if not name.startswith("_")} - {"run"}
