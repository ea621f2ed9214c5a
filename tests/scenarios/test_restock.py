"""Goods come in: what the invoice promised, what a scan confirmed, and the difference by name."""

from collections.abc import Callable

from fognode.events import Json
from tests.scenarios.story import GTIN, Story, peopled

KEY = "51260312345678000195550010000012341000012344"
TWO = ("L7", "2028-06-30", 2)  # lot, expiry, packages


def nfe(*lots: tuple[str, str, int], gtin: str = GTIN) -> bytes:
    """Return an NF-e of 2026-03-01 with one line, of several lots."""
    traced = "".join(
        f"<rastro><nLote>{lot}</nLote><qLote>{count}.000</qLote><dVal>{day}</dVal></rastro>"
        for lot, day, count in lots
    )
    count = sum(lot[2] for lot in lots)
    goods = f"<cEAN>{gtin}</cEAN><xProd>Glyphosate 480</xProd><uCom>UN</uCom><qCom>{count}</qCom>"
    return f"""<nfeProc xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00">
<NFe><infNFe Id="NFe{KEY}"><ide><dhEmi>2026-03-01T10:00:00-03:00</dhEmi></ide>
<emit><CNPJ>12345678000195</CNPJ><xNome>AgroSul</xNome></emit>
<det nItem="1"><prod>{goods}{traced}</prod></det></infNFe></NFe>
<protNFe><infProt><cStat>100</cStat></infProt></protNFe></nfeProc>""".encode()


def bring(story: Story, *packages: str, invoice: str = KEY, lot: str = "L7", **other: str) -> None:
    """Scan what came, and put it into the cabinet."""
    for package in packages:
        story.deliver(package, invoice=invoice, lot=lot, **other)
    with story.opening():
        for package in packages:
            story.put(package, 5840)


def expected(story: Story) -> list[tuple[object, ...]]:
    """Return lot, packages promised and packages confirmed of each line."""
    rows = story.house.reader.rows("expected", {}, order="expected")
    return [(row["lot"], row["wanted"], row["confirmed"]) for row in rows]


def test_restock_by_invoice(story: Story) -> None:
    """The invoice file promises two packages; nothing is in stock until Ana scans each."""
    assert story.imports(nfe(TWO)) == [KEY]
    assert expected(story) == [("L7", 2, 0)]
    assert len(story.house.reader.rows("package", {})) == 1
    bring(story, "GLY-0050", "GLY-0051")
    assert story.says(
        "Ana stored GLY-0050 at 06:12, 5.84 kg; Ana stored GLY-0051 at 06:12, 5.84 kg"
    )
    story.declare("delivery_closed", invoice=KEY, by="Ana")
    assert expected(story) == [("L7", 2, 2)]
    (clock,) = story.house.reader.rows("deadline", {"package": "GLY-0050"})
    assert clock["due_on"] == "2027-03-01"
    assert story.stock("GLY-0050") == story.stock("GLY-0051") == 5530
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0050") == story.points("GLY-0051") == 1


def test_same_invoice_twice(story: Story) -> None:
    """Ana hands in the same file again, and J. the same invoice saved anew: nothing is doubled."""
    story.imports(nfe(TWO))
    before = story.house.reader.head()[0]
    story.imports(nfe(TWO))
    assert story.house.reader.head()[0] == before
    story.imports(nfe(TWO) + b"\n", by="J.")
    assert expected(story) == [("L7", 2, 0)]
    bring(story, "GLY-0050", "GLY-0051")
    story.declare("delivery_closed", invoice=KEY, by="Ana")
    assert expected(story) == [("L7", 2, 2)]
    assert story.says(
        "Ana stored GLY-0050 at 06:12, 5.84 kg; Ana stored GLY-0051 at 06:12, 5.84 kg"
    )
    assert story.stock("GLY-0050") == 5530
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0050") == 1


def test_two_suppliers_use_one_number(story: Story) -> None:
    """Two dealers send invoice 1234, one of them a second time in other words: that is refused."""
    for supplier, lot in (("AgroSul", "L7"), ("Outra Ltda", "L9"), ("AgroSul", "L8")):
        head = "invoice,issued_on,supplier,gtin,name,lot,expires_on,quantity,unit\n"
        story.imports(f"{head}1234,2026-03-01,{supplier},{GTIN},Gly,{lot},,1,UN\n".encode())
    bring(story, "GLY-0050", invoice="1234", lot="L9", source="Outra Ltda")
    assert story.says("Ana stored GLY-0050 at 06:12, 5.84 kg")
    assert expected(story) == [("L9", 1, 1), ("L7", 1, 0)]
    assert len(story.refusals()) == 1
    assert story.stock("GLY-0050") == 5530
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0050") == 1


def test_short_delivery(story: Story) -> None:
    """Two packages were invoiced and one came; the dealer owes the other, says J."""
    story.imports(nfe(TWO))
    bring(story, "GLY-0050")
    assert story.discrepancies() == []
    story.declare("delivery_closed", invoice=KEY, by="Ana")
    assert story.says("Ana stored GLY-0050 at 06:12, 5.84 kg")
    assert story.stock("GLY-0050") == 5530
    assert story.discrepancies() == [("delivery_short", "", "open")]
    assert story.alerts() == [("delivery_short", "warning", "firing")]
    story.explain("delivery_short", "stock_error", "the dealer sends it on Friday", by="J.")
    assert story.discrepancies() == [("delivery_short", "", "closed")]
    assert story.alerts() == [("delivery_short", "warning", "resolved")]
    assert story.points("GLY-0050") == 1


def test_delivery_over(story: Story) -> None:
    """One package more comes than was invoiced; it is in stock, and is named."""
    story.imports(nfe(("L7", "2028-06-30", 1)))
    bring(story, "GLY-0050", "GLY-0051")
    story.declare("delivery_closed", invoice=KEY, by="Ana")
    assert story.says(
        "Ana stored GLY-0050 at 06:12, 5.84 kg; Ana stored GLY-0051 at 06:12, 5.84 kg"
    )
    assert story.stock("GLY-0051") == 5530
    assert story.discrepancies() == [("delivery_over", "GLY-0051", "open")]
    assert story.alerts() == [("delivery_over", "warning", "firing")]
    assert story.points("GLY-0051") == 1


def test_several_lots_of_one_line(story: Story) -> None:
    """A line of the invoice tells two lots; each package confirms its own, in any order."""
    story.imports(nfe(("L7", "2028-06-30", 1), ("L8", "2028-09-30", 1)))
    story.deliver("GLY-0051", invoice=KEY, lot="L8", expires_on="2028-09-30")
    bring(story, "GLY-0050")
    with story.opening():
        story.put("GLY-0051", 5840)
    story.declare("delivery_closed", invoice=KEY, by="Ana")
    assert expected(story) == [("L7", 1, 1), ("L8", 1, 1)]
    assert story.says("Ana stored GLY-0051 at 06:12, 5.84 kg")
    assert story.stock("GLY-0050") == story.stock("GLY-0051") == 5530
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0051") == 1


def test_another_lot_by_csv(story: Story) -> None:
    """Without an NF-e a table tells what comes; the package is of another lot than it says."""
    head = "invoice;issued_on;supplier;gtin;name;lot;expires_on;quantity;unit"
    line = f"NF-77;2026-03-01;AgroSul;{GTIN};Glyphosate 480;L7;2028-06-30;1;UN"
    assert story.imports(f"{head}\n{line}\n".encode()) == ["NF-77"]
    bring(story, "GLY-0050", invoice="NF-77", lot="L9")
    story.declare("delivery_closed", invoice="NF-77", by="Ana")
    assert story.says("Ana stored GLY-0050 at 06:12, 5.84 kg")
    assert story.stock("GLY-0050") == 5530
    assert story.discrepancies() == [("other_lot", "GLY-0050", "open")]
    assert story.alerts() == [("other_lot", "warning", "firing")]
    assert story.points("GLY-0050") == 1


def test_unknown_product_on_the_invoice(story: Story) -> None:
    """A product that nobody declared is invoiced; it enters stock once the product is known."""
    story.imports(nfe(TWO, gtin="7891000315507"))
    asked = {"gtin": "7891000315507", "invoice": KEY, "lot": "L7"}
    story.deliver("ATR-0007", **asked)
    assert story.refusals() == ["no product with this GTIN; declare it first"]
    story.declare("product_set", gtin="7891000315507", name="Atrazine 500", packaging="rigid")
    bring(story, "ATR-0008", gtin="7891000315507")
    bring(story, "ATR-0007", gtin="7891000315507")
    story.declare("delivery_closed", invoice=KEY, by="Ana")
    assert story.says("Ana stored ATR-0007 at 06:12, 5.84 kg")
    assert story.stock("ATR-0007") == 5530
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("ATR-0007") == 1


def test_expired_on_arrival(story: Story) -> None:
    """A package expired two days before it came; it goes back to the dealer the same day."""
    story.imports(nfe(("L5", "2026-02-28", 1)))
    bring(story, "GLY-0050", lot="L5", expires_on="2026-02-28")
    assert story.says("Ana stored GLY-0050 at 06:12, 5.84 kg")
    assert story.discrepancies() == [("expired_on_arrival", "GLY-0050", "open")]
    assert story.alerts() == [("expired_on_arrival", "warning", "firing")]
    reason = "expired on arrival"
    story.declare(
        "defective_declared", package="GLY-0050", supplier="agrosul", reason=reason, by="J."
    )
    story.explain("expired_on_arrival", "other", "went back to the dealer", by="J.")
    assert story.stock("GLY-0050") == 0
    assert story.place("GLY-0050") == "defective"
    assert story.discrepancies() == [("expired_on_arrival", "GLY-0050", "closed")]
    assert story.alerts() == [("expired_on_arrival", "warning", "resolved")]
    assert story.points("GLY-0050") == 1


LITRES_5: dict[str, Json] = {"content_ml": 5000, "density_g_per_l": 1170}


def held(story: Story) -> tuple[object, ...]:
    """Return what is in GLY-0050, how sure that is, and whether anybody weighed it."""
    (row,) = story.house.reader.rows("stock", {"package": "GLY-0050"})
    return row["net_g"], row["u_g"], row["weighed"]


def test_farm_without_a_scale(build: Callable[..., Story]) -> None:
    """No scale: the label says what came, people declare what they used, and that it is empty."""
    story = build(cab01="L1 C1")
    peopled(story)
    product: dict[str, Json] = {"gtin": GTIN, "name": "Glyphosate 480", "packaging": "rigid"}
    story.declare("product_set", **product, **LITRES_5)
    story.deliver("GLY-0050", 0)
    story.at("06:12")
    with story.opening():
        story.put("GLY-0050", 6160)
    assert story.says("Ana stored GLY-0050 at 06:12")
    assert held(story) == (5850, 87, 0)
    story.declare("use_declared", package="GLY-0050", used_ml=2000, by="Ana")
    assert story.stock("GLY-0050") == 3510
    story.declare("empty_declared", package="GLY-0050", witness="J.", by="Ana")
    assert story.stock("GLY-0050") == 0
    photo = story.photo("GLY-0050", "rinse")
    rinsed: dict[str, Json] = {"rinses": 3, "punctured": 1, "photo": photo}
    story.declare("rinse_declared", package="GLY-0050", **rinsed, by="Ana")
    assert story.refusals() == []
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0050") == 1  # no scale saw it empty: its rinse earns nothing


def test_weighed_later(story: Story) -> None:
    """Received by its label and weighed as it is stored: 50 g less, as unsure as labels are."""
    product: dict[str, Json] = {"gtin": GTIN, "name": "Glyphosate 480", "packaging": "rigid"}
    story.declare("product_set", **product, **LITRES_5, tare_g=310)
    story.deliver("GLY-0050", 0)
    assert held(story) == (5850, 87, 0)
    with story.opening():
        story.put("GLY-0050", 6110)
    assert story.says("Ana stored GLY-0050 at 06:12, 6.11 kg")
    assert held(story) == (5800, 20, 1)
    story.use("GLY-0050", 5800)
    assert story.says("Ana took GLY-0050 at 06:12, 5.80 kg used, returned 06:12")
    (row,) = story.house.reader.rows("package", {"package": "GLY-0050"})
    assert row["state"] == 3  # empty, by its weight
    assert story.stock("GLY-0050") == 0
    assert story.discrepancies() == []
    assert story.alerts() == []
    assert story.points("GLY-0050") == 1


def test_stored_before_it_was_declared(story: Story) -> None:
    """Ana stores what came and fills in the form afterwards: what was unknown is known then."""
    story.tags["GLY-0050"] = "04A1B2C3D4E5AA"
    with story.opening():
        story.put("GLY-0050", 5840)
    assert story.says("probably: Ana opened cab-1 at 06:12, 5.84 kg more inside and no tag moved")
    assert story.discrepancies() == [
        ("unknown_tag", "", "open"),
        ("weight_without_tag", "", "open"),
    ]
    story.wait(600)
    story.deliver("GLY-0050", tag=story.tags["GLY-0050"])
    story.wait(10)
    assert story.says("Ana stored GLY-0050 at 06:12, 5.84 kg")
    assert story.place("GLY-0050") == "cab-1"
    assert story.stock("GLY-0050") == 5530
    assert story.discrepancies() == [
        ("unknown_tag", "", "withdrawn"),
        ("weight_without_tag", "", "withdrawn"),
    ]
    assert story.alerts() == [
        ("unknown_tag", "warning", "resolved"),
        ("weight_without_tag", "warning", "resolved"),
    ]
    assert story.points("GLY-0050") == 1
