"""Invoice files: NF-e and CSV, and files made to hurt (requirements A72, A76, A82, A83)."""

from collections.abc import Callable

import pytest

from fognode.boards.invoice import Invoice, read_invoices, to_events
from fognode.boards.spreadsheet import MAX_BYTES
from fognode.errors import ImportRefusedError
from fognode.hashing import canonical_bytes

KEY = "51260912345678000195550010000012341000012346"
GTIN = "7891234567895"
LOT = (
    "<rastro><nLote>{}</nLote><qLote>{}</qLote>"
    "<dFab>2026-01-31</dFab><dVal>2028-06-30</dVal></rastro>"
)


def line(number: int = 1, gtin: str = GTIN, name: str = "Glyphosate 480", lots: str = "") -> str:
    product = f"<cEAN>{gtin}</cEAN><xProd>{name}</xProd><uCom>L</uCom><qCom>40.0000</qCom>"
    return f'<det nItem="{number}"><prod>{product}{lots}</prod></det>'


def nfe(lines: str = "", key: str = KEY, status: str = "100", head: str = "") -> bytes:
    recipe = "<agropecuario><defensivo><nReceituario>R-77</nReceituario>"
    recipe += "<CPFRespTec>12345678909</CPFRespTec></defensivo></agropecuario>"
    text = f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<nfeProc xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><NFe><infNFe Id="NFe{key}">
<ide><dhEmi>2026-03-02T10:00:00-04:00</dhEmi></ide>
<emit><CNPJ>12345678000195</CNPJ><xNome>AgroSul</xNome></emit>
{lines or line(lots=LOT.format("L7", "10"))}
{recipe}</infNFe></NFe>
<protNFe><infProt><cStat>{status}</cStat></infProt></protNFe></nfeProc>"""
    return text.encode()


HEADER = "invoice;issued_on;supplier;gtin;name;lot;expires_on;quantity;unit"


def table(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


ROW = f"NF-1;2026-03-02;AgroSul;{GTIN};Glyphosate;L7;2028-06-30;10.50;L"


def test_an_nfe_tells_what_nobody_has_to_type() -> None:
    (told,) = read_invoices(nfe())
    assert (told.invoice, told.issued_on, told.supplier) == (KEY, "2026-03-02", "AgroSul")
    assert told.authorised
    assert told.prescriptions == ("R-77",)
    (first,) = told.lines
    assert (first.gtin, first.lot, first.expires_on) == (GTIN, "L7", "2028-06-30")
    assert (first.quantity, first.unit, first.made_on) == ("10", "L", "2026-01-31")


def test_the_expert_s_cpf_is_read_nowhere() -> None:
    events = to_events(read_invoices(nfe()), 1)
    assert b"12345678909" not in b"".join(canonical_bytes(dict(e.facts)) for e in events)


def test_several_lots_of_a_line_are_several_expectations() -> None:
    lots = LOT.format("L7", "10.5") + LOT.format("L8", "29.5")
    (told,) = read_invoices(nfe(line(lots=lots)))
    assert [(one.lot, one.quantity) for one in told.lines] == [("L7", "10.5"), ("L8", "29.5")]
    assert {one.number for one in told.lines} == {1}


@pytest.mark.parametrize("word", ["SEM GTIN", ""])
def test_a_line_may_name_no_gtin(word: str) -> None:
    (told,) = read_invoices(nfe(line(gtin=word)))
    assert told.lines[0].gtin == ""


def test_the_same_file_gives_the_same_events() -> None:
    first, again = (to_events(read_invoices(nfe()), 1) for _ in range(2))
    assert first == again
    assert [event.kind for event in first] == ["invoice_read", "delivery_expected"]
    assert len({event.origin for event in first}) == 2
    assert all(len(event.origin) <= 120 for event in first)


def test_a_table_holds_several_invoices() -> None:
    told = read_invoices(table(ROW, ROW.replace("NF-1", "NF-2"), ROW.replace("L7", "L8")))
    assert [(one.invoice, len(one.lines)) for one in told] == [("NF-1", 2), ("NF-2", 1)]
    assert told[0].lines[0].quantity == "10.5"
    events = to_events(told, 1)
    assert len({event.origin for event in events}) == len(events) == 5


def test_one_number_of_two_suppliers_is_two_invoices() -> None:
    told = read_invoices(table(ROW, ROW.replace("AgroSul", "Outra"), ROW.replace("L7", "L8")))
    assert [(one.invoice, one.supplier, len(one.lines)) for one in told] == [
        ("NF-1", "AgroSul", 2),
        ("NF-1", "Outra", 1),
    ]


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (nfe(head=BOMB), "DTD or entities"),
        (nfe(head=OUTSIDE), "DTD or entities"),
        (nfe(head="<!DOCTYPE nfeProc SYSTEM 'http://evil.example/x.dtd'>"), "DTD or entities"),
        (nfe(line(name="&undeclared;")), "XML is broken"),
        (nfe()[:300], "XML is broken"),
        (b"<html><body>no</body></html>", "no NF-e"),
        (nfe(key=KEY[:-1] + "7"), "no access key"),
        (nfe(status="204"), "did not authorise"),
        (nfe(line(gtin="7891234567890")), r"line 1 \(row 5\).*ends in 0, not in 5"),
        (nfe(line().replace("40.0000", "forty")), "quantity 'forty'"),
        (nfe(line(lots=LOT.format("L7", "1").replace("2028-06-30", "30/06/2028"))), "no day like"),
        (nfe().replace(b"AgroSul", b"Agro\xffSul"), "XML is broken"),
        (b"<" + b"x" * 5_000_000, "5,000,001 bytes, more than 1,048,576"),
        (b"", "lacks the columns"),
        (table(ROW, header="invoice;supplier"), "lacks the columns issued_on"),
        (table(ROW + ";more"), "line 2: has more cells"),
        (table(ROW.replace("AgroSul", "=cmd|' /C calc'!A0")), "line 2: supplier .* formula"),
        (table(ROW, ROW.replace("7895", "7890")), "line 3: GTIN 7891234567890 ends in 0"),
        (table(ROW.replace("10.50", "-1")), "line 2: quantity"),
        (table(ROW, ROW.replace("2026-03-02", "2026-03-03")), "line 3: issued_on is another day"),
        (table(ROW.replace("NF-1", "7" * 70)), "line 2: invoice has 70 characters; .* at most 60"),
        (table(ROW.replace("AgroSul", "A" * 121)), "line 2: supplier has 121 characters"),
        (table(ROW.replace("Glyphosate", "G" * 121)), "line 2: name has 121 characters"),
        (table(ROW.replace("L7", "L" * 41)), "line 2: lot has 41 characters"),
        (table(ROW, ROW.replace(";L", ";" + "L" * 21)), "line 3: lot has|line 3: unit has 21"),
        (table(ROW).replace(b"AgroSul", b"Agro\xe7ul"), "line 2 holds a byte that is no UTF-8"),
        (table(ROW.replace("Glyphosate", "Gly\x00phosate")), "line"),
        (table(), "line 2: the table has no row"),
    ],
)
def test_a_bad_file_is_refused_whole_and_its_faults_are_named(content: bytes, fault: str) -> None:
    with pytest.raises(ImportRefusedError, match=f"nothing was imported; .*{fault}"):
        read_invoices(content)


def test_all_faults_are_named_at_once_up_to_a_limit() -> None:
    bad = [ROW.replace("7895", "7890")] * 30
    with pytest.raises(ImportRefusedError, match=r"line 2.*line 21.*and 10 more") as told:
        read_invoices(table(*bad))
    assert "line 25" not in str(told.value)


@pytest.mark.parametrize(
    "change", [lambda text: text, lambda text: text.replace("UTF-8", "UTF-16").encode("utf-16")]
)
def test_markup_in_a_name_stays_text(change: Callable[[str], str | bytes]) -> None:
    text = nfe(line(name="&lt;script&gt;alert(1)&lt;/script&gt;")).decode()
    changed = change(text)
    (told,) = read_invoices(changed if isinstance(changed, bytes) else changed.encode())
    assert told.lines[0].name == "<script>alert(1)</script>"


def test_number_of_a_prescription_is_text_on_one_line() -> None:
    (told,) = read_invoices(nfe().replace(b"R-77", "R-77\n=1\u202e".encode()))
    assert told.prescriptions == ("R-77 =1",)


def test_a_file_at_the_limit_is_read() -> None:
    rows = [ROW] * ((MAX_BYTES - 200) // (len(ROW) + 1))
    told: list[Invoice] = read_invoices(table(*rows))
    assert len(told[0].lines) == len(rows)
