from dataclasses import replace
from zoneinfo import ZoneInfo

from fognode.custody.sentences import Visit, clock, kilograms, sentence, untouched

ZONE = ZoneInfo("America/Sao_Paulo")
TAKEN_MS, BROUGHT_MS = 1_772_442_720_000, 1_772_448_000_000  # date -d @1772442720: 09:12 UTC
BACK = Visit(
    package="GLY-0042",
    action="back",
    taker="ana-7",
    bringer="ana-7",
    taken_at_ms=TAKEN_MS,
    brought_at_ms=BROUGHT_MS,
    weight_g=4000,
    used_g=1840,
)


def test_manager_reads_who_took_what_when_and_how_much_was_used() -> None:
    assert sentence([BACK], "", ZONE) == (
        "ana-7 took GLY-0042 at 06:12, 1.84 kg used, returned 07:40"
    )


def test_another_person_who_returns_it_is_named() -> None:
    assert sentence([replace(BACK, bringer="bob-2", used_g=-1)], "", ZONE) == (
        "ana-7 took GLY-0042 at 06:12, bob-2 returned it 07:40"
    )


def test_out_and_stored_have_their_own_words() -> None:
    out = replace(BACK, action="out", weight_g=5840)
    stored = replace(BACK, action="stored", weight_g=-1)
    assert sentence([out, stored], "", ZONE) == (
        "ana-7 took GLY-0042 at 06:12, 5.84 kg; ana-7 stored GLY-0042 at 07:40"
    )


def test_opening_without_packages_says_so() -> None:
    opened = "ana-7 opened cab-1 at 06:12"
    assert sentence([], untouched(opened, 0), ZONE) == f"{opened}, no package moved"
    assert untouched(opened, -1000) == f"{opened}, 1.00 kg less inside and no tag moved"
    assert untouched(opened, 5840) == f"{opened}, 5.84 kg more inside and no tag moved"


def test_sentence_fits_its_column() -> None:
    assert len(sentence([BACK] * 50, "", ZONE)) == 600


def test_units_are_rounded_to_what_a_scale_can_tell() -> None:
    texts = [kilograms(weight_g) for weight_g in (0, 4, 5, 1840, 1995)]
    assert texts == ["0.00 kg", "0.00 kg", "0.01 kg", "1.84 kg", "2.00 kg"]
    assert clock(TAKEN_MS + 59_999, ZONE) == "06:12"
