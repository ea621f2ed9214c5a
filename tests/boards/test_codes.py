"""Scans between port, wire and facts; nothing is guessed, and nothing of one breaks the store."""

import random

import pytest

from fognode.boards.codes import encode_scan, scan_facts
from fognode.errors import MeaningError
from fognode.events import Event
from fognode.hashing import Stamp, freeze

AT_MS = 1_795_241_520_123  # 2026-11-21
STAMP = Stamp(farm="f", boot_id="0", mono_ms=1, recorded_at_ms=AT_MS, clock_ok=True)
MATRIX = b"]d201095212345432131727110010LOT-7A\x1d21SN0001"


def test_data_matrix_names_the_package_and_keeps_its_separator() -> None:
    value = encode_scan(MATRIX)
    assert value == "]d201095212345432131727110010LOT-7A%1D21SN0001"
    assert scan_facts(value, AT_MS) == {
        "scan": value,
        "elements": "(01)09521234543213(17)271100(10)LOT-7A(21)SN0001",
        "gtin": "9521234543213",
        "serial": "SN0001",
        "lot": "LOT-7A",
        "expires_on": "2027-11-30",
    }


@pytest.mark.parametrize(
    ("scan", "elements", "gtin"),
    [
        (b"]C1010952123454321310L7", "(01)09521234543213(10)L7", "9521234543213"),
        (b"]E09521234543213", "(01)09521234543213", "9521234543213"),
        (b"]Q1https://id.gs1.org/01/09521234543213/21/A7", "(01)09521234543213(21)A7",
         "9521234543213"),
        (b"]Q30109521234543213", "(01)09521234543213", "9521234543213"),
        (b"]C100106141412345678908", "(00)106141412345678908", None),  # a pallet names no product
    ],
)  # fmt: skip
def test_each_symbol_is_read_by_its_prefix(scan: bytes, elements: str, gtin: str | None) -> None:
    told = scan_facts(encode_scan(scan), AT_MS)
    assert (told["elements"], told.get("gtin")) == (elements, gtin)


@pytest.mark.parametrize(
    ("scan", "reason"),
    [
        (MATRIX.replace(b"\x1d", b""), "the reader seems to drop the separator"),
        (MATRIX[3:], "is no AIM prefix"),
        (b"]E09521234543214", "ends in 4, not in 3"),
        (b"]Q1WIFI:S:farm;;", "holds text, no GS1 data"),
        (b"]d20109521234543213\0", "no application identifier"),
        (b"]d2\xc3\xa7", "cannot be read"),
        (b"", "is not 1 to 256 bytes"),
        (b"]d2" + b"1" * 254, "is not 1 to 256 bytes"),
    ],
)
def test_what_is_no_whole_code_is_refused_and_says_why(scan: bytes, reason: str) -> None:
    with pytest.raises(MeaningError, match=reason):
        scan_facts(encode_scan(scan), AT_MS)


@pytest.mark.parametrize("value", ["%1d", "%", "a b", "%4", "$", "é", "%GG"])
def test_only_the_one_encoding_is_taken(value: str) -> None:
    with pytest.raises(MeaningError, match="percent-encoded"):
        scan_facts(value, AT_MS)


def test_hostile_scans_are_told_or_refused_and_always_storable() -> None:
    chance, kept = random.Random(7), 0
    for _ in range(3_000):
        scan = bytearray(MATRIX)
        for _ in range(chance.randrange(4)):
            scan[chance.randrange(len(scan))] = chance.randrange(256)
        value = encode_scan(bytes(scan))
        assert set(value.encode()) <= set(range(0x21, 0x7F)) - set(b"$*,#")
        try:
            facts = scan_facts(value, AT_MS)
            kept += 1
        except MeaningError as error:
            facts = {"reason": str(error), "value": value}
        event = Event(kind="code_scan", origin="b/scan1/1/1", happened_at_ms=AT_MS, facts=facts)
        assert freeze(event, STAMP)
    assert 500 < kept < 2_500
