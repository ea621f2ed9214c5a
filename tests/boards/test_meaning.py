"""What board events mean; the impossible; widening and times."""

from dataclasses import replace

import pytest

from fognode.boards.meaning import (
    Happening,
    Speaker,
    earlier_boot,
    grams,
    happened_at_ms,
    ms_ahead,
    pieces_after,
    plain_seq,
    plausible,
    rejected,
    to_event,
    wide_boot,
    wide_count,
)
from fognode.boards.wire import BoardEvent, Declare, decode, seal
from fognode.errors import MeaningError
from fognode.events import Event

TYPES = {
    "L1": ("light", "counts"),
    "V1": ("vibration", "edges"),
    "D1": ("distance", "mm"),
    "W1": ("weight", "counts"),
    "C1": ("tag", "uid"),
    "B1": ("code", "aim"),
    "T1": ("temperature", "mk"),
    "T2": ("temperature", "decicelsius"),
    "H1": ("humidity", "permille"),
    "F1": ("level", "counts"),
    "P1": ("camera", "gray8"),
}
SENSORS = {
    name: Declare(board="cab01", boot=17, ms=5, sensor=name, type=kind, unit=unit, period_ms=100)
    for name, (kind, unit) in TYPES.items()
}
SPEAKER = Speaker(board="cab01", place="shed", counts_per_kg=40_000, sensors=SENSORS)
HAPPENING = Happening(origin="b/cab01/17/44", happened_at_ms=1_795_241_520_123)


def frame(sensor: str, word: str, value: str) -> BoardEvent:
    return BoardEvent(
        board="cab01", boot=17, ms=124300, seq=44, sensor=sensor, word=word, value=value
    )


def test_weight_keeps_the_raw_counts_beside_the_grams() -> None:
    assert to_event(frame("W1", "take", "-80028"), SPEAKER, HAPPENING) == Event(
        kind="weight_take",
        origin="b/cab01/17/44",
        happened_at_ms=1_795_241_520_123,
        facts={
            "board": "cab01",
            "place": "shed",
            "sensor": "W1",
            "weight_counts": -80028,
            "weight_g": -2001,
        },
        board_ms=124300,
    )


@pytest.mark.parametrize(
    ("sensor", "word", "value", "kind", "fact"),
    [
        ("L1", "open", "859", "light_open", {"light_counts": 859}),
        ("L1", "close", "20", "light_close", {"light_counts": 20}),
        ("V1", "shake", "7", "vibration_shake", {"vibration_edges": 7}),
        ("D1", "move", "415", "distance_move", {"distance_mm": 415}),
        ("C1", "in", "04A1B2C3", "tag_in", {"tag": "04A1B2C3"}),
        ("C1", "out", "04A1B2C3000000", "tag_out", {"tag": "04A1B2C3000000"}),
        ("T2", "change", "-105", "temperature_change", {"temperature_decicelsius": -105}),
        ("H1", "change", "478", "humidity_change", {"humidity_permille": 478}),
        ("F1", "fall", "480", "level_fall", {"level_counts": 480}),
        ("F1", "rise", "613", "level_rise", {"level_counts": 613}),
        ("T2", "fault", "-4", "temperature_fault", {"code": -4}),
        ("D1", "fault", "-2", "distance_fault", {"code": -2}),
        ("C1", "fault", "0", "tag_fault", {"code": 0}),
        ("P1", "fault", "-4", "camera_fault", {"code": -4}),
    ],
)
def test_every_word_of_every_type_has_its_kind_and_fact(
    sensor: str, word: str, value: str, kind: str, fact: dict[str, int | str]
) -> None:
    event = to_event(frame(sensor, word, value), SPEAKER, HAPPENING)
    assert event.kind == kind
    assert event.facts == {"board": "cab01", "place": "shed", "sensor": sensor, **fact}


@pytest.mark.parametrize(
    ("sensor", "word", "value", "reason"),
    [
        ("L2", "open", "859", "sensor L2 was not declared"),
        ("P1", "open", "0", "camera has no word open"),
        ("T1", "open", "859", "type temperature in mk is not known"),
        ("T2", "change", "1251", "is not between -400 and 1250"),
        ("H1", "change", "1001", "is not between 0 and 1000"),
        ("F1", "take", "5", "level has no word take"),
        ("L1", "take", "859", "light has no word take"),
        ("L1", "open", "1024", "is not between 0 and 1023"),
        ("L1", "open", "+859", "is no number"),
        ("L1", "open", "-0", "is no number"),
        ("L1", "open", "8e2", "is no number"),
        ("V1", "shake", "0", "is not between 1 and"),
        ("D1", "move", "-1", "is not between 0 and 5000"),
        ("W1", "take", "80028", "wrong sign for take"),
        ("W1", "put", "-80028", "wrong sign for put"),
        ("W1", "put", "0", "wrong sign for put"),
        ("W1", "put", "16777217", "is not between"),
        ("C1", "in", "04A1B2C", "is not 8, 14 or 24 hex digits"),
        ("C1", "in", "04a1b2c3", "is not 8, 14 or 24 hex digits"),
        ("D1", "fault", "200", "is not between -128 and 127"),
    ],
)
def test_the_impossible_is_refused_with_its_reason(
    sensor: str, word: str, value: str, reason: str
) -> None:
    with pytest.raises(MeaningError, match=reason):
        to_event(frame(sensor, word, value), SPEAKER, HAPPENING)


def test_rejected_event_keeps_the_origin_and_says_what_was_sent() -> None:
    event = rejected(frame("L1", "open", "1024"), SPEAKER, HAPPENING, MeaningError("too bright"))
    assert event.kind == "rejected"
    assert event.origin == "b/cab01/17/44"
    assert event.facts == {
        "what": "board_event",
        "reason": "too bright",
        "value": "L1,open,1024",
        "board": "cab01",
        "place": "shed",
    }


@pytest.mark.parametrize(
    ("counts", "expected"), [(20, 1), (19, 0), (-20, -1), (-19, 0), (40_000, 1000), (0, 0)]
)
def test_grams_round_half_away_from_zero_on_both_sides(counts: int, expected: int) -> None:
    assert grams(counts, 40_000) == expected


def test_reading_that_no_such_sensor_gives_is_not_plausible() -> None:
    assert plausible(SENSORS["D1"], -2)
    assert not plausible(SENSORS["D1"], -3)
    assert not plausible(SENSORS["L1"], 1024)
    assert not plausible(SENSORS["T1"], 1)


@pytest.mark.parametrize(
    ("newest", "seq", "count"),
    [
        (0, 1, 1),
        (0, 45, 45),
        (0, 65535, 65535),
        (44, 45, 45),
        (44, 43, 43),
        (65534, 65535, 65535),
        (65535, 1, 65536),  # the wrap
        (65536, 65535, 65535),  # a late repeat from before it
        (65540, 6, 65541),
        (131070, 1, 131071),
        (200_000, 3396, 200_001),
    ],
)
def test_seq_is_widened_to_the_nearest_count(newest: int, seq: int, count: int) -> None:
    assert wide_count(newest, seq) == count
    assert plain_seq(count) == seq


@pytest.mark.parametrize(
    ("newest", "boot", "wide"),
    [
        (0, 17, 17),
        (17, 17, 17),
        (17, 19, 19),
        (17, 3, 65539),
        (65535, 0, 65536),
        (65539, 3, 65539),
        (65539, 2, 131074),
    ],
)
def test_boot_below_the_newest_known_begins_an_epoch(newest: int, boot: int, wide: int) -> None:
    assert wide_boot(newest, boot) == wide


@pytest.mark.parametrize(
    ("running", "boot", "wide"),
    [(17, 16, 16), (65_539, 2, 65_538), (65_539, 65_530, 65_530), (17, 18, 18 - 65_536)],
)
def test_event_of_another_start_is_of_this_epoch_or_the_one_before(
    running: int, boot: int, wide: int
) -> None:
    assert earlier_boot(running, boot) == wide


def test_event_whose_time_is_only_bounded_says_so() -> None:
    happening = Happening(origin="b/cab01/16/9", happened_at_ms=5, at_latest=True)
    assert to_event(frame("L1", "open", "859"), SPEAKER, happening).facts["at_latest"] == 1


def test_time_of_an_event_is_counted_back_from_the_newest_frame() -> None:
    assert happened_at_ms(1_795_241_520_171, 123_504, 123_456) == 1_795_241_520_123


def test_time_is_right_across_the_wrap_of_the_board_clock() -> None:
    assert happened_at_ms(1_795_241_520_171, 1_000, 2**32 - 1_000) == 1_795_241_518_171
    assert ms_ahead(5, 2**32 - 5) == 10
    assert ms_ahead(2**32 - 5, 5) == -10


def test_scan_of_a_board_with_a_code_reader_is_read_as_the_nodes_own() -> None:
    line = seal("E,cab01,17,44,124300,B1,scan,]C10109521234543213%1D21SN1")
    told = decode(line)
    assert isinstance(told, BoardEvent)
    event = to_event(told, SPEAKER, HAPPENING)
    assert event.kind == "code_scan"
    assert (event.facts["gtin"], event.facts["serial"]) == ("9521234543213", "SN1")
    with pytest.raises(MeaningError, match="is no AIM prefix"):
        to_event(frame("B1", "scan", "9521234543213"), SPEAKER, HAPPENING)
    with pytest.raises(MeaningError, match="code has no word in"):
        to_event(frame("B1", "in", "]E09521234543213"), SPEAKER, HAPPENING)


CODE = {"B1": replace(SENSORS["L1"], sensor="B1", type="code", unit="hex")}
PIECE_1, PIECE_2, PIECE_3 = "5D453039353231", "32333435343332", "3133"  # ]E09521234543213


def test_scan_of_a_board_is_put_together_from_its_pieces() -> None:
    speaker = replace(SPEAKER, sensors=CODE)
    first = frame("B1", "part", PIECE_1)
    assert to_event(first, speaker, HAPPENING).facts["part"] == PIECE_1
    speaker = replace(speaker, pieces=pieces_after(first, speaker))
    speaker = replace(speaker, pieces=pieces_after(frame("B1", "part", PIECE_2), speaker))
    event = to_event(frame("B1", "scan", PIECE_3), speaker, HAPPENING)
    assert event.kind == "code_scan"
    assert (event.facts["scan"], event.facts["gtin"]) == ("]E09521234543213", "9521234543213")
    assert pieces_after(frame("B1", "scan", PIECE_3), speaker) == b""


@pytest.mark.parametrize(
    ("word", "value"), [("scan", PIECE_3), ("part", "5d"), ("part", "5"), ("open", PIECE_1)]
)
def test_scan_without_its_first_pieces_and_what_is_no_piece_are_refused(
    word: str, value: str
) -> None:
    with pytest.raises(MeaningError):
        to_event(frame("B1", word, value), replace(SPEAKER, sensors=CODE), HAPPENING)


def test_pieces_without_end_take_no_memory() -> None:
    speaker = replace(SPEAKER, sensors=CODE)
    for _ in range(100):
        speaker = replace(speaker, pieces=pieces_after(frame("B1", "part", PIECE_1), speaker))
    assert len(speaker.pieces) < 270
