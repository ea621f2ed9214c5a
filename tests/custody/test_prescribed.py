import pytest

from fognode.custody import booking, packages, people, prescribed
from fognode.custody.prescribed import Prescription, Sheet, verdict
from fognode.custody.products import Product
from fognode.custody.products import State as Products
from fognode.events import Json, Stored

GTIN = "7891234567895"


@pytest.mark.parametrize(
    ("amount", "u", "said"),
    [
        (25_600, 100, ("beyond", 1_600)),  # the worked example: 24.0 l, 25.6 l +- 0.1
        (24_100, 100, ("at_limit", 0)),
        (24_101, 100, ("beyond", 101)),
        (24_000, 0, ("at_limit", 0)),
        (23_900, 100, ("at_limit", 0)),
        (23_899, 100, ("within", 0)),
    ],
)
def test_only_what_surely_is_beyond_is(amount: int, u: int, said: tuple[str, int]) -> None:
    assert verdict(24_000, amount, u) == said


def _sheet(density: int) -> Sheet:
    product = Product(
        gtin=GTIN, name="Gly", registration="", packaging="rigid", density_g_per_l=density
    )
    known = booking.Known(
        packages=packages.State(products=Products(products={GTIN: product})),
        people=people.State(),
    )
    facts: dict[str, Json] = {"by": "ana"}
    told = Stored(
        seq=7,
        event_id="a" * 32,
        kind="stock_moved",
        origin="q/1",
        happened_at_ms=1_772_442_000_000,
        recorded_at_ms=1_772_442_000_000,
        facts=facts,
        body=b"",
    )
    return Sheet(told=told, known=known)


def _made(limit: int = 24_000, unit: str = "ml") -> Prescription:
    return Prescription(
        prescription="REC-77",
        professional="CREA-MT 1",
        gtin=GTIN,
        crop="soja",
        area_m2=120_000,
        dose_ml_per_ha=2_000,
        phi_days=-1,
        valid_until="",
        invoice="",
        unit=unit,
        limit=limit,
    )


def test_grams_are_compared_as_millilitres_and_the_verdict_is_told_when_it_changes() -> None:
    sheet, made = _sheet(1_250), _made()
    prescribed.add(sheet, made, "used", (25_000, 100))  # 20.0 l +- 0.08
    prescribed.judge(sheet, made, "used", "GLY-1")
    prescribed.judge(sheet, made, "used", "GLY-1")
    prescribed.add(sheet, made, "used", (7_000, 75))  # 5.6 l +- 0.06
    prescribed.judge(sheet, made, "used", "GLY-1")
    events = sheet.outcome.events
    kinds = [event.kind for event in events]
    assert kinds == ["prescription_judged", "prescription_judged", "discrepancy_found"]
    assert [event.facts["verdict"] for event in events[:2]] == ["within", "beyond"]
    assert events[1].facts == {
        "prescription": "REC-77",
        "about": "used",
        "verdict": "beyond",
        "gtin": GTIN,
        "used_ml": 25_600,
        "limit_ml": 24_000,
        "u_ml": 100,
        "over_ml": 1_600,
        "package": "GLY-1",
    }
    assert events[2].facts["text"] == (
        "prescription REC-77: used 25.6 l +- 0.1 l of 24.0 l: beyond by 1.6 l (6.7 %)"
    )
    assert (events[2].facts["person"], events[2].facts["package"]) == ("ana", "GLY-1")
    assert len({event.origin for event in events}) == 3


def test_taken_back_use_is_used_no_more() -> None:
    sheet, made = _sheet(1_000), _made()
    prescribed.add(sheet, made, "used", (25_000, 30))
    prescribed.add(sheet, made, "used", (-25_000, 30))
    assert (made.amounts["used"], made.u("used")) == (0, 0)


def test_without_density_or_limit_it_is_incomplete_and_never_beyond() -> None:
    sheet, made = _sheet(0), _made()
    prescribed.add(sheet, made, "used", (90_000, 10))
    prescribed.judge(sheet, made, "used")
    unlimited = _made(limit=0)
    prescribed.judge(sheet, unlimited, "used")
    assert [event.facts["verdict"] for event in sheet.outcome.events] == ["incomplete"] * 2


def test_total_in_grams_needs_no_density() -> None:
    sheet, made = _sheet(0), _made(limit=5_000, unit="g")
    prescribed.add(sheet, made, "used", (5_200, 28))
    prescribed.judge(sheet, made, "used")
    assert sheet.outcome.events[0].facts["over_g"] == 200
    assert sheet.outcome.events[1].facts["text"] == (
        "prescription REC-77: used 5.2 kg +- 0.028 kg of 5.0 kg: beyond by 0.2 kg (4.0 %)"
    )
    [row] = [row for row in sheet.outcome.rows if row.table == "prescription"]
    assert (row.values["used_amount"], row.values["used_verdict"]) == (5_200, "beyond")
