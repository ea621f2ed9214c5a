"""A reader that plays a keyboard: key events through a pipe, one that cannot be grabbed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fognode.boards.keyboard import EVENT, KEYS, Keyboard, Typist, grab_device

SHIFT, CONTROL = 42, 29
CODES = {pair[shifted]: (code, shifted) for code, pair in KEYS.items() for shifted in (1, 0)}
MATRIX = "]d201095212345432131727110010LOT-7A\x1d21SN0001\r"


def key(code: int, value: int) -> bytes:
    # EV_MSC with the scan code goes before each key and EV_SYN after it, as real devices do.
    parts = [(4, 4, 458_756), (1, code, value), (0, 0, 0)]
    return b"".join(EVENT.pack(1_700_000_000, 5, *part) for part in parts)


def press(code: int) -> bytes:
    return key(code, 1) + key(code, 2) + key(code, 0)  # a held key repeats


def typed(text: str) -> bytes:
    events = b""
    for sign in text:
        if sign == "\x1d":
            events += key(CONTROL, 1) + press(27) + key(CONTROL, 0)
            continue
        code, shifted = CODES[sign]
        events += key(SHIFT, 1) + press(code) + key(SHIFT, 0) if shifted else press(code)
    return events


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[tuple[Keyboard, int]]:
    path = tmp_path / "event-kbd"
    os.mkfifo(path)
    keyboard = Keyboard(str(path), grab=lambda _device: None)
    keyboard.open()
    writer = os.open(path, os.O_WRONLY)
    yield keyboard, writer
    keyboard.close()


def test_scan_with_group_separator_comes_out_as_it_was_typed(pipe: tuple[Keyboard, int]) -> None:
    keyboard, writer = pipe
    os.write(writer, typed(MATRIX))
    read = b""
    while not read.endswith(b"\r"):
        read += keyboard.read(1.0)
    assert read == MATRIX.encode()
    assert keyboard.read(0) == b""
    os.close(writer)
    with pytest.raises(OSError, match="has ended"):
        keyboard.read(1.0)


def test_every_printable_sign_has_its_key() -> None:
    signs = "".join(map(chr, range(0x20, 0x7F)))
    assert Typist().feed(typed(signs)).decode() == signs


def test_events_cut_anywhere_give_the_same_text() -> None:
    typist, events = Typist(), typed("aB]")
    read = b"".join(typist.feed(events[at : at + 7]) for at in range(0, len(events), 7))
    assert read == b"aB]"


def test_lost_events_and_keys_without_a_sign_spoil_the_scan_instead_of_shortening_it() -> None:
    dropped = EVENT.pack(0, 0, 0, 3, 0)  # the kernel's buffer ran over
    assert Typist().feed(typed("12") + dropped + typed("34")) == b"12\x0034"
    assert Typist().feed(press(59)) == b"\0"  # F1
    assert Typist().feed(key(CONTROL, 1) + press(30)) == b"\0"


def test_device_that_cannot_be_grabbed_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "kbd")
    keyboard = Keyboard(str(tmp_path / "kbd"))
    with pytest.raises(OSError, match="ioctl"):
        keyboard.open()
    keyboard.close()
    assert keyboard._grab is grab_device
