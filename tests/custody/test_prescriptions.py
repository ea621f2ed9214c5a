from typing import TYPE_CHECKING

import pytest

from fognode.events import Json

if TYPE_CHECKING:
    from tests.custody.conftest import Story

CAN = "GLY-0100"


def _set(story: "Story", at_s: float = 1, /, **facts: Json) -> None:
    base: dict[str, Json] = {
        "prescription": "REC-77",
        "professional": "CREA-MT 12345",
        "gtin": story.GTIN,
        "crop": "soja",
        "area_m2": 120_000,
        "dose_ml_per_ha": 2_000,
        "phi_days": 30,
        "by": story.ANA,
    }
    story.tell("prescription_set", at_s, **(base | facts))


def _guarded(story: "Story", **facts: Json) -> None:
    base: dict[str, Json] = {"gtin": story.GTIN, "name": "Gly", "packaging": "rigid"}
    story.farm()
    story.tell("product_set", 0, **(base | {"density_g_per_l": 1_000, "guarded": 1} | facts))


def _bring(story: "Story", package: str = CAN, content_g: int = 20_000, /, **facts: Json) -> None:
    tag = f"04A1B2C3{len(story.record):06X}"
    base: dict[str, Json] = {"tag": tag, "gross_g": content_g + 310, "invoice": "NF-9"}
    story.deliver(package, f"S-{package}", 0, **(base | facts))


def _verdicts(story: "Story") -> list[tuple[Json, Json]]:
    return [(f["about"], f["verdict"]) for f in story.facts("prescription_judged")]


def test_limit_is_dose_times_area_and_the_interval_is_kept(story: "Story") -> None:
    story.farm()
    _set(story)
    row = story.rows["prescription", "REC-77"]
    assert (row["limit_amount"], row["unit"], row["phi_days"]) == (24_000, "ml", 30)
    assert (row["bought_verdict"], row["used_verdict"]) == ("", "")


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ({"gtin": "7891234567890"}, "7891234567890"),
        ({"gtin": "96385074"}, "0000096385074"),
        ({"prescription": "R" * 31}, "R" * 31),
        ({"professional": ""}, ""),
        ({"crop": ""}, ""),
        ({"valid_until": "2026-02-30"}, "2026-02-30"),
        ({"total_ml": 5, "total_g": 5}, "5"),
        ({"total_ml": 0}, "0"),
        ({"by": "p9"}, "p9"),
    ],
)
def test_wrong_prescription_is_refused(story: "Story", wrong: dict[str, Json], value: str) -> None:
    story.farm()
    _set(story, **wrong)
    assert story.refusals() == [value]
    assert not story.custody.prescriptions.prescriptions


# --- purchase -------------------------------------------------------------------------------


def test_bought_by_invoice_is_compared_with_the_total(story: "Story") -> None:
    _guarded(story, content_ml=20_000)
    _set(story, invoice="NF-9")
    _bring(story)
    assert _verdicts(story)[-1] == ("bought", "within")
    _bring(story, "GLY-0101")
    assert _verdicts(story)[-1] == ("bought", "beyond")
    assert story.last("prescription_judged")["over_ml"] == 16_000
    assert story.rules() == ["prescription_beyond"]


def test_prescription_that_comes_after_its_delivery_counts_it_once(story: "Story") -> None:
    # Requirement A9: the product travels with its receipt; a missing one is named.
    _guarded(story)
    _bring(story)
    assert _verdicts(story)[-1] == ("bought", "none_on_file")
    _set(story, invoice="NF-9")
    _set(story, invoice="NF-9", total_ml=20_000)  # told again, by the total now
    row = story.rows["prescription", "REC-77"]
    assert (row["bought_amount"], row["limit_amount"]) == (20_000, 20_000)
    assert _verdicts(story)[-2:] == [("bought", "within"), ("bought", "at_limit")]
    assert story.rules() == []


def test_a_corrected_delivery_is_bought_once(story: "Story") -> None:
    _guarded(story, content_ml=20_000)
    _set(story, invoice="NF-9")
    _bring(story)
    delivery = story.record_of("delivery_declared")
    asked: dict[str, Json] = {"corrects": delivery.event_id, "reason": "lot", "by": story.ANA}
    story.tell("correction_declared", 5, **asked, facts={**delivery.facts, "lot": "L9"})
    row = story.rows["prescription", "REC-77"]
    assert (row["bought_amount"], row["bought_verdict"]) == (20_000, "within")
    assert story.rules() == []


def test_a_corrected_invoice_moves_what_was_bought(story: "Story") -> None:
    _guarded(story, content_ml=20_000)
    _set(story, invoice="NF-9")
    _set(story, prescription="REC-78", invoice="NF-10")
    _bring(story)
    delivery = story.record_of("delivery_declared")
    asked: dict[str, Json] = {"corrects": delivery.event_id, "reason": "no.", "by": story.ANA}
    story.tell("correction_declared", 5, **asked, facts={**delivery.facts, "invoice": "NF-10"})
    bought = [story.rows["prescription", name]["bought_amount"] for name in ("REC-77", "REC-78")]
    assert bought == [0, 20_000]


def test_a_withdrawn_delivery_was_not_bought(story: "Story") -> None:
    _guarded(story, content_ml=20_000)
    _set(story, invoice="NF-9")
    _bring(story, "GLY-0101")
    _bring(story)
    assert _verdicts(story)[-1] == ("bought", "beyond")
    corrects = story.record_of("delivery_declared").event_id
    asked: dict[str, Json] = {"corrects": corrects, "reason": "never came", "by": story.ANA}
    story.tell("correction_declared", 5, **asked, withdraw=1)
    row = story.rows["prescription", "REC-77"]
    assert (row["bought_amount"], row["bought_verdict"]) == (20_000, "within")


def test_a_delivery_names_its_prescription(story: "Story") -> None:
    _guarded(story, content_ml=20_000)
    _set(story)
    _bring(story, prescription="REC-77")
    assert story.rows["prescription", "REC-77"]["bought_amount"] == 20_000


def test_invoice_names_the_prescription(story: "Story") -> None:
    _guarded(story)
    _set(story)
    invoice: dict[str, Json] = {"invoice": "NF-9", "prescriptions": ["REC-77"]}
    story.tell("invoice_read", 2, sha256="0" * 64, **invoice)
    _bring(story)
    assert story.rows["prescription", "REC-77"]["bought_amount"] == 20_000


# --- use ------------------------------------------------------------------------------------


def _use(story: "Story", at_s: float, package: str = CAN, /, **facts: Json) -> None:
    story.tell("use_declared", at_s, package=package, by=story.ANA, **facts)


def test_declared_uses_add_up_and_going_beyond_warns_once(story: "Story") -> None:
    _guarded(story)
    _bring(story, CAN, 20_000)
    _bring(story, "GLY-0101", 20_000)
    _set(story)
    _use(story, 10, used_ml=20_000, crop="Soja")
    _use(story, 20, "GLY-0101", used_ml=5_600, prescription="REC-77")
    _use(story, 30, "GLY-0101", used_ml=100)
    assert _verdicts(story)[-2:] == [("used", "within"), ("used", "beyond")]
    assert story.rules() == ["prescription_beyond"]
    assert story.last("discrepancy_found")["text"] == (
        "prescription REC-77: used 25.6 l +- 0.0 l of 24.0 l: beyond by 1.6 l (6.7 %)"
    )
    assert story.rows["prescription", "REC-77"]["used_amount"] == 25_700


def test_weighed_use_counts_as_weighed_whether_declared_before_or_after(story: "Story") -> None:
    _guarded(story)
    for number, crop in enumerate(("soja", "milho"), start=77):
        _set(story, prescription=f"REC-{number}", crop=crop)
    story.open(11)
    story.tag_in(12, story.BADGE_ANA)
    story.tag_in(13, story.GLY)
    story.weight(13.6, 5840)
    story.close(18)
    story.quiet(22.1)
    story.visit(100, story.GLY, 5840, 4000)  # 1,840 g; two prescriptions would fit: none counts
    _use(story, 130, story.GLY, used_g=1_830, crop="milho")  # within the scale's uncertainty
    rows = [story.rows["prescription", f"REC-{number}"] for number in (77, 78)]
    assert [row["used_amount"] for row in rows] == [0, 1_840]
    assert rows[1]["u_amount"] == 28
    _use(story, 140, story.GLY, used_g=900, prescription="REC-77")  # before it is weighed
    story.visit(200, story.GLY, 4000, 3000)
    story.quiet(240)
    assert story.rows["prescription", "REC-77"]["used_amount"] == 1_000


def test_use_without_a_prescription_on_file_is_told_once_for_each_package(story: "Story") -> None:
    _guarded(story)
    _bring(story)
    _use(story, 10, used_ml=100)
    _use(story, 20, used_ml=100)
    _use(story, 30, used_ml=100, prescription="REC-00")
    assert story.rules() == ["no_prescription"]
    assert _verdicts(story)[-1] == ("used", "none_on_file")


def test_product_that_needs_none_is_not_asked_for_one(story: "Story") -> None:
    _guarded(story, guarded=0)
    _bring(story)
    _use(story, 10, used_ml=100)
    assert story.rules() == []
    assert _verdicts(story) == []


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        ({"crop": "milho"}, "it is for soja, used on milho"),
        ({"area_m2": 130_000}, "it is for 120000 m2, used on 130000 m2"),
        ({"area_m2": 400}, "its dose is 2000 ml/ha, used were 2500 ml/ha"),
    ],
)
def test_each_use_is_compared_with_crop_area_and_dose(
    story: "Story", use: dict[str, Json], reason: str
) -> None:
    _guarded(story)
    _bring(story)
    _set(story)
    _use(story, 10, used_ml=100, prescription="REC-77", **use)
    assert story.last("prescription_judged")["reasons"] == [reason]
    assert story.last("discrepancy_found")["text"] == f"prescription REC-77: {reason}"


def test_prescription_of_another_product_or_another_time_does_not_fit(story: "Story") -> None:
    _guarded(story)
    story.tell("product_set", 1, gtin="96385074", name="X", packaging="rigid")
    _set(story, gtin="96385074", valid_until="2026-03-01")
    _bring(story)
    _use(story, 10, used_ml=100, prescription="REC-77")
    assert story.last("prescription_judged")["reasons"] == [
        "it is for GTIN 0000096385074, GLY-0100 is 7891234567895",
        "it was valid until 2026-03-01",
    ]
    assert story.rows["prescription", "REC-77"]["used_amount"] == 0


def test_what_was_spilt_and_not_used_is_taken_back(story: "Story") -> None:
    _guarded(story)
    _set(story)
    story.open(11)
    story.tag_in(12, story.BADGE_ANA)
    story.tag_in(13, story.GLY)
    story.weight(13.6, 5840)
    story.close(18)
    story.quiet(22.1)
    story.visit(100, story.GLY, 5840, 4000)
    story.tell("spill_declared", 130, package=story.GLY, lost_g=800, text="fell", by=story.ANA)
    assert story.rows["prescription", "REC-77"]["used_amount"] == 1_040


def _correct(story: "Story", at_s: float, **said: Json) -> None:
    named = story.record_of("prescription_set").event_id
    about: dict[str, Json] = {"corrects": named, "reason": "slip", "by": story.ANA}
    story.tell("correction_declared", at_s, **about, **said)


def test_corrected_prescription_is_judged_anew(story: "Story") -> None:
    _guarded(story)
    _set(story, area_m2=12_000, invoice="NF-9")  # 2.4 l; 12 ha were meant
    _bring(story)
    assert _verdicts(story)[-1] == ("bought", "beyond")
    facts = dict(story.record_of("prescription_set").facts) | {"area_m2": 120_000}
    _correct(story, 60, facts=facts)
    assert _verdicts(story)[-1] == ("bought", "within")
    assert story.rows["prescription", "REC-77"]["limit_amount"] == 24_000


def test_prescription_keeps_its_number_and_stays_on_file(story: "Story") -> None:
    _guarded(story)
    _set(story)
    _correct(story, 60, withdraw=1)
    facts = dict(story.record_of("prescription_set").facts) | {"prescription": "REC-78"}
    _correct(story, 61, facts=facts)
    facts |= {"prescription": "REC-77", "valid_until": "2026-02-30"}
    _correct(story, 62, facts=facts)
    assert story.refusals() == ["REC-77", "REC-78", "2026-02-30"]
    assert set(story.custody.prescriptions.prescriptions) == {"REC-77"}
