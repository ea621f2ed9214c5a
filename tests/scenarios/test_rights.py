"""Who may open, take and use what: told, never locked."""

from fognode.events import Json
from tests.scenarios.story import GTIN, PEOPLE, Story

BADGE = "B0A1C2D5"  # Rui's


def toxic(story: Story, hazard_class: int) -> None:
    """Let the product be of a class of acute toxicity."""
    product: dict[str, Json] = {"gtin": GTIN, "name": "Glyphosate 480", "packaging": "rigid"}
    story.declare("product_set", **product, density_g_per_l=1170, hazard_class=hazard_class)


def allow(story: Story, **rights: Json) -> None:
    """Say what Rui may do."""
    story.declare("person_set", person="Rui", alias="Rui", badge=BADGE, **rights)


def test_no_witness_for_a_toxic_class(story: Story) -> None:
    """Ana takes a product of the most toxic class, and no second person is with her."""
    toxic(story, 1)
    story.use("GLY-0042", 1840)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == [("no_witness", "GLY-0042", "open")]
    assert story.alerts() == [("no_witness", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_witness_who_may_not_authorise(story: Story) -> None:
    """Rui shows his badge beside Ana's, but he may not allow the most toxic class to anybody."""
    toxic(story, 1)
    with story.opening("Ana"):
        story.badge("Rui")
        story.take("GLY-0042")
        story.put("GLY-0042", 4000)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12, Rui present")
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == [("no_witness", "GLY-0042", "open")]
    assert story.alerts() == [("no_witness", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_order_is_a_witness(story: Story) -> None:
    """J. ordered it the evening before: Ana takes the most toxic class, and all is in order."""
    toxic(story, 1)
    span = {"from": "2026-03-02T06:00", "until": "2026-03-02T12:00"}
    story.declare("order_given", order="north-7", person="Ana", gtin=GTIN, **span, by="J.")
    story.use("GLY-0042", 1840)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12, authorised by J.")
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_revoked_badge_is_used(story: Story) -> None:
    """Rui lost his badge and it was revoked; whoever found it opens the cabinet with it."""
    story.declare("badge_revoked", badge=BADGE, reason="lost", by="J.")
    with story.opening("Rui"):
        story.take("GLY-0042")
    assert story.says("nobody named took GLY-0042 at 06:12, 5.84 kg")
    assert story.place("GLY-0042") == "out"
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [
        ("badge_revoked_used", "", "open"),
        ("weight_without_badge", "", "open"),
    ]
    assert story.alerts() == [
        ("badge_revoked_used", "critical", "firing"),
        ("weight_without_badge", "critical", "firing"),
    ]
    assert story.points("GLY-0042") == 1


def test_not_entitled_to_the_class(story: Story) -> None:
    """Rui may handle class 4 and milder, and takes a product of class 3."""
    toxic(story, 3)
    allow(story, least_class=4)
    story.use("GLY-0042", 640, who="Rui")
    assert story.says("Rui took GLY-0042 at 06:12, 0.64 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 4890
    assert story.discrepancies() == [("not_entitled", "GLY-0042", "open")]
    assert story.alerts() == [("not_entitled", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_not_entitled_to_the_cabinet(story: Story) -> None:
    """Rui may open cab-2 only, and looks into cab-1."""
    allow(story, cabinets="cab-2")
    with story.opening("Rui"):
        story.wait(5)
    assert story.says("Rui opened cab-1 at 06:12, no package moved")
    assert story.stock("GLY-0042") == 5530
    assert story.discrepancies() == [("not_entitled", "", "open")]
    assert story.alerts() == [("not_entitled", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_licence_expired(story: Story) -> None:
    """Rui's licence ended the day before he takes a package."""
    allow(story, licence_until="2026-03-01")
    story.use("GLY-0042", 640, who="Rui")
    assert story.says("Rui took GLY-0042 at 06:12, 0.64 kg used, returned 06:12")
    assert story.stock("GLY-0042") == 4890
    assert story.discrepancies() == [("licence_expired", "GLY-0042", "open")]
    assert story.alerts() == [("licence_expired", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def prescribe(story: Story, total_ml: int) -> None:
    """Put on file how much of the product may be used on soy."""
    facts: dict[str, Json] = {"gtin": GTIN, "crop": "soja", "area_m2": 10_000}
    about = {"prescription": "REC-77", "professional": "CREA-MT 12345"}
    story.declare("prescription_set", **about, **facts, total_ml=total_ml, by="J.")


def test_more_used_than_prescribed(story: Story) -> None:
    """1.5 l are prescribed; the second use makes it 1.573 l +- 0.034 l, beyond by 73 ml."""
    prescribe(story, 1500)
    story.use("GLY-0042", 840)
    assert story.discrepancies() == []
    story.use("GLY-0042", 1000)
    assert story.says("Ana took GLY-0042 at 06:12, 1.00 kg used, returned 06:12")
    (judged,) = story.events("prescription_judged", verdict="beyond")
    assert (judged.number("used_ml"), judged.number("over_ml")) == (1573, 73)
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == [("prescription_beyond", "GLY-0042", "open")]
    assert story.alerts() == [("prescription_beyond", "warning", "firing")]
    assert story.points("GLY-0042") == 1


def test_more_bought_than_prescribed(story: Story) -> None:
    """4 l are prescribed for a season and a package of 4.73 l is bought by that prescription."""
    facts: dict[str, Json] = {"gtin": GTIN, "crop": "soja", "area_m2": 20_000, "total_ml": 4000}
    about = {"prescription": "REC-78", "professional": "CREA-MT 12345", "invoice": "NF-9"}
    story.declare("prescription_set", **about, **facts, by="J.")
    story.deliver("GLY-0050", invoice="NF-9")
    with story.opening():
        story.put("GLY-0050", 5840)
    assert story.says("Ana stored GLY-0050 at 06:12, 5.84 kg")
    (judged,) = story.events("prescription_judged", about="bought")
    assert (judged.number("bought_ml"), judged.number("over_ml")) == (4726, 726)
    assert story.stock("GLY-0050") == 5530
    assert story.discrepancies() == [("prescription_beyond", "GLY-0050", "open")]
    assert story.alerts() == [("prescription_beyond", "warning", "firing")]
    assert story.points("GLY-0050") == 1


def test_as_much_used_as_prescribed(story: Story) -> None:
    """1.56 l are prescribed and 1.573 l +- 0.024 l used: at the limit, and nobody is blamed."""
    prescribe(story, 1560)
    story.use("GLY-0042", 1840)
    assert story.says("Ana took GLY-0042 at 06:12, 1.84 kg used, returned 06:12")
    (judged,) = story.events("prescription_judged", about="used")
    assert judged.text("verdict") == "at_limit"
    assert story.stock("GLY-0042") == 3690
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0042") == 1


def test_emergency_opening(story: Story) -> None:
    """At night J. fetches a package for an emergency; another person reviews the opening."""
    story.at("23:10")
    story.use("GLY-0042", 640, who="J.")
    assert story.says("J. took GLY-0042 at 23:10, 0.64 kg used, returned 23:10")
    opening = story.events("openBox")[-1].event_id
    facts = {"opening": opening, "verdict": "emergency", "text": "wasps in the school"}
    story.declare("opening_reviewed", **facts, by="J.")
    assert story.refusals() == ["another person than the one who opened must review it"]
    story.declare("opening_reviewed", **facts, by="Ana")
    (review,) = story.house.reader.rows("review", {})
    assert (review["verdict"], review["reviewed_by"]) == ("emergency", PEOPLE["Ana"])
    assert story.stock("GLY-0042") == 4890
    assert story.discrepancies() == []
    assert story.alerts() == [("out_of_hours", "critical", "resolved")]
    assert story.points("GLY-0042") == 1
