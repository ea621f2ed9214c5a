"""Every sketch of the firmware on the simulator, and new kinds of sensors from pin to event."""

import re
from collections.abc import Callable
from itertools import pairwise

import pytest

from fognode.boards.meaning import TYPES
from fognode.boards.wire import Declare, Heartbeat, Hello, Sample
from fognode.trial.boards import BUILD, SOURCES
from tests.firmware.conftest import Board
from tests.firmware.fog import Fog, Record

pytestmark = pytest.mark.avr
Fits = Callable[[str], Board]
TAG, SEVEN = "04A1B2C3", "04112233445566"

SENSORS = {
    "cabinet": ["L1 light", "V1 vibration", "D1 distance", "W1 weight", "C1 tag"],
    "light": ["L1 light"],
    "vibration": ["V1 vibration"],
    "distance": ["D1 distance"],
    "scale": ["W1 weight"],
    "reader": ["C1 tag"],
    "gate": ["C1 tag", "C2 tag", "D1 distance"],
    "climate": ["T1 temperature", "H1 humidity"],
    "level": ["F1 level"],
    "code": ["B1 code"],
    "camera": ["P1 camera"],
}
STIMULI = {
    "light": ("light 4000", ("L1", "open", "818")),
    "vibration": ("vib 12", ("V1", "shake", "12")),
    "distance": ("dist 300", ("D1", "move", "299")),
    "scale": ("weight 500000", ("W1", "put", "100000")),
    "reader": (f"card {SEVEN}", ("C1", "in", SEVEN)),
    "gate": (f"card2 {TAG}", ("C2", "in", TAG)),
    "climate": ("temp -105", ("T1", "change", "-105")),
    "level": ("level 1500", ("F1", "fall", "306")),
    "code": ("scanhex 5D45340D", ("B1", "scan", "5D4534")),
}


def test_each_sketch_of_the_sources_is_known_here_and_to_make() -> None:
    files = {path.stem.removeprefix("sketch_") for path in SOURCES.glob("boards/sketch_*.c")}
    make = (SOURCES / "Makefile").read_text(encoding="utf-8")
    known = re.search(r"^SKETCHES := (.*)$", make, re.MULTILINE)
    assert known
    assert set(SENSORS) <= files
    assert set(known[1].split()) == files


@pytest.mark.parametrize("sketch", SENSORS)
def test_sketch_declares_its_kind_and_sensors_which_the_fog_knows(fits: Fits, sketch: str) -> None:
    board = fits(sketch)
    board.run(200)
    hello, *declares = board.frames()
    assert isinstance(hello, Hello)
    assert (hello.kind, hello.declares) == (sketch, len(declares))
    told = [one for one in declares if isinstance(one, Declare)]
    assert [f"{one.sensor} {one.type}" for one in told] == SENSORS[sketch]
    known = [TYPES[one.type] for one in told]
    assert all(one.unit in {row.unit, row.other_unit} for one, row in zip(told, known, strict=True))


@pytest.mark.parametrize("sketch", STIMULI)
def test_sketch_tells_what_happens_at_its_sensor(fits: Fits, sketch: str) -> None:
    """A19, A27."""
    stimulus, event = STIMULI[sketch]
    board = fits(sketch)
    board.do("wnoise 0", "lightnoise 0", "levelnoise 0")
    board.run(3000)
    board.do(stimulus)
    board.run(8000)
    assert board.events() == [event]


def test_gate_sees_in_which_order_its_sides_are_passed(fits: Fits) -> None:
    board = fits("gate")
    board.run(500)
    board.do(f"card {TAG}")
    board.run(500)
    board.do(f"card2 {TAG}", "card none")
    board.run(500)
    board.do("card2 none")
    board.run(4000)
    assert board.events() == [
        ("C1", "in", TAG),
        ("C2", "in", TAG),
        ("C1", "out", TAG),
        ("C2", "out", TAG),
    ]


def test_one_reader_of_a_gate_dies_and_the_other_reads_on(fits: Fits) -> None:
    board = fits("gate")
    board.do("rcgone 1", f"card2 {TAG}")
    board.run(2000)
    assert sorted(board.events()) == [("C1", "fault", "-1"), ("C2", "in", TAG)]


# --- temperature and humidity (A21) ------------------------------------------------------


def test_climate_is_sampled_and_told_when_it_changes(fits: Fits) -> None:
    board = fits("climate")
    board.run(4000)
    board.do("temp 224", "humid 530")
    board.run(7000)
    samples = [f.values for f in board.frames() if isinstance(f, Sample)]
    assert samples[0] == (("T1", 213), ("H1", 478))
    assert samples[-1] == (("T1", 224), ("H1", 530))
    assert board.events() == [("T1", "change", "224"), ("H1", "change", "530")]


def test_bad_climate_readings_are_passed_over_and_only_a_row_of_them_is_a_fault(
    fits: Fits,
) -> None:
    board = fits("climate")
    board.do("dhtgarble 20", "dhtcut 20")
    board.run(120_000)
    assert {values for f in board.frames() if isinstance(f, Sample) for values in f.values} == {
        ("T1", 213),
        ("H1", 478),
    }
    assert {word for _, word, _ in board.events()} <= {"fault"}
    board.do("dhtgarble 0", "dhtcut 0")
    board.run(4000)
    board.do("dhtgone 1")
    board.run(10_000)
    board.do("dhtgone 0")
    board.run(4000)
    assert board.events()[-4:] == [
        ("T1", "fault", "-1"),
        ("H1", "fault", "-1"),
        ("T1", "fault", "0"),
        ("H1", "fault", "0"),
    ]


def test_climate_answers_are_read_while_the_fog_talks(fits: Fits) -> None:
    board = fits("climate")
    for _ in range(200):  # interrupts of a busy line must not bend the 26 us of a 0
        board.do("uart $Q,any,0,0011223344556677*D505B7B9")
        board.run(50)
    assert board.events() == []
    assert {v for f in board.frames() if isinstance(f, Sample) for v in f.values} == {
        ("T1", 213),
        ("H1", 478),
    }


# --- liquid level (A37) ------------------------------------------------------------------


def test_level_that_sloshes_is_told_when_it_rests(fits: Fits) -> None:
    board = fits("level")
    board.run(1000)
    board.do("levelnoise 300")
    board.run(5000)
    assert board.events() == []
    board.do("levelnoise 5", "level 2000")
    board.run(1500)
    assert board.events() == [("F1", "fall", "408")]


def test_broken_and_shorted_level_wires_are_faults_not_levels(fits: Fits) -> None:
    board = fits("level")
    board.do("levelnoise 0")
    board.run(1000)
    board.do("level 0")
    board.run(1000)
    board.do("level 5000")
    board.run(1000)
    board.do("level 2500")
    board.run(1000)
    assert board.events() == [("F1", "fault", "-1"), ("F1", "fault", "-2"), ("F1", "fault", "0")]


# --- code reader -------------------------------------------------------------------------


def scan(board: Board, text: bytes) -> None:
    board.do(f"scanhex {text.hex()}")


def test_scans_of_a_code_reader_become_whole_again_in_the_fog(fits: Fits) -> None:
    record, board = Record(), fits("code")
    fog = Fog(board, record)
    fog.serve(500)
    scan(board, b"]E09521234543213\r")
    fog.serve(1000)
    scan(board, b"]d201095212345432131727110010LOT-7A\x1d21SN0001\r")  # FNC1 kept
    fog.serve(1000)
    scan(board, b"]d2010952123454321317271100xx")  # no suffix, and no element string
    fog.serve(1000)
    ean, matrix = record.of_kind("code_scan")
    assert ean.facts["gtin"] == "9521234543213"
    assert (matrix.facts["lot"], matrix.facts["serial"]) == ("LOT-7A", "SN0001")
    assert len(record.of_kind("rejected")) == 1


def test_scan_outlives_a_reset_of_the_board_whole(fits: Fits) -> None:
    record, board = Record(), fits("code")
    board.run(500)
    scan(board, b"]E09521234543213\r")
    board.run(100)
    board.do("reset")
    Fog(board, record).serve(2000)
    (told,) = record.of_kind("code_scan")
    assert told.origin == "b/cab01/1/3"
    assert told.facts["gtin"] == "9521234543213"


def test_code_is_read_while_the_fog_talks(fits: Fits) -> None:
    board = fits("code")
    board.run(500)
    for serial in range(20):
        scan(board, b"]C121SN%04d\r" % serial)
        for _ in range(4):
            board.do("uart $Q,any,0,0011223344556677*D505B7B9")
            board.run(25)
        board.run(2000)
    heard = "".join(value for _, _, value in board.events())
    assert heard == b"".join(b"]C121SN%04d" % serial for serial in range(20)).hex().upper()


# --- a sensor added while the daemon runs (A13, A21) -------------------------------------


def test_sensor_of_a_new_kind_added_while_the_daemon_runs_needs_nothing_but_its_row(
    fits: Fits,
) -> None:
    record = Record()
    board = fits("light")
    fog = Fog(board, record)
    board.do("lightnoise 0", "light 4000")
    fog.serve(1000)
    swapped = fits("climate")  # the same board, flashed anew: same id, same EEPROM
    fog.follow(swapped)
    fog.serve(3000)
    swapped.do("temp 250")
    fog.serve(7000)
    assert record.origins() == ["b/cab01/1/1", "b/cab01/2/1"]
    assert record.events[-1].kind == "temperature_change"
    assert record.events[-1].facts["temperature_decicelsius"] == 250
    sensors = [event.facts["sensors"] for event in record.of_kind("board_hello")]
    assert [len(one) for one in sensors if isinstance(one, list)] == [1, 2]


def test_events_of_the_old_sketch_outlive_the_new_one(fits: Fits) -> None:
    record = Record()
    board = fits("light")
    board.do("lightnoise 0", "light 4000")
    board.run(4000)  # nobody listens; it lies in the EEPROM
    swapped = fits("climate")
    Fog(swapped, record).serve(2000)
    (kept,) = record.of_kind("rejected")  # the light sensor is not declared any more
    assert kept.origin == "b/cab01/1/1"
    assert kept.facts["value"] == "L1,open,818"


# --- the other processor -----------------------------------------------------------------


@pytest.mark.parametrize("sketch", ["cabinet", "gate", "climate", "level", "code"])
def test_sketch_runs_on_an_atmega2560_too(fits: Fits, sketch: str) -> None:
    board = fits(f"mega/{sketch}")
    board.do("wnoise 0", "lightnoise 0", "levelnoise 0")
    board.run(3000)
    mine = [row for row in STIMULI.values() if f"{row[1][0]} " in _names(sketch)]
    board.do(*[stimulus for stimulus, _ in mine])
    board.run(8000)
    wanted = {event[:2] for _, event in mine}
    assert {event[:2] for event in board.events()} == wanted
    board.do("reset")
    board.run(300)
    boots = [f.boot for f in board.frames() if isinstance(f, Hello)]
    assert boots == [1, 2]
    assert board.text().count("$E,cab01,1,") > len(wanted)  # told again after the reset


def _names(sketch: str) -> str:
    return " ".join(SENSORS[sketch]) + " "


def test_each_image_is_alive_between_its_heartbeats(fits: Fits) -> None:
    board = fits("cabinet")
    board.run(21_000)
    at_ms = [f.ms for f in board.frames() if isinstance(f, Heartbeat)]
    assert [later - earlier for earlier, later in pairwise(at_ms)] == [5000] * 3
    assert (BUILD / "cabinet.elf").exists()
