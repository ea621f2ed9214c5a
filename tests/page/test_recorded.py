import re
from html import unescape

import pytest

from fognode.events import Event, Json
from fognode.hashing import event_id
from tests.page.conftest import EGRET, HERON, NOW_MS, Farm, known_people, row

ID = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
RINSE: dict[str, Json] = {
    "package": "GLY-0043",
    "rinses": 3,
    "punctured": 1,
    "witness": HERON,
    "by": EGRET,
}


@pytest.fixture
def manned(full: Farm) -> Farm:
    known_people(full)
    return full


def seen(farm: Farm, path: str) -> str:
    page = farm.app().test_client().get(path)
    assert page.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def declare(farm: Farm, kind: str = "rinse_declared", facts: dict[str, Json] = RINSE) -> int:
    return farm.request(kind, facts, ID)


def draw(farm: Farm, kind: str, seq: int, facts: dict[str, Json], *, look: bool = True) -> None:
    cause = farm.reader.events(seq - 1, 1)[0]
    rows = [row("cursor", follower="custody", as_of_seq=99)] if look else []
    origin = f"r/{kind}/{cause.event_id}/1"
    farm.keep(Event(kind=kind, origin=origin, happened_at_ms=NOW_MS, facts=facts), *rows)


def test_declaration_is_shown_in_words_before_custody_has_looked(manned: Farm) -> None:
    seq = declare(manned)
    words = seen(manned, f"/recorded/{seq}")
    assert f"Recorded as event {seq}" in words
    assert "It is being looked at." in words
    assert "Rinsed and punctured" in words
    assert "told by Egret" in words
    assert "Rinses 3 times" in words
    assert "Punctured yes" in words
    assert "Witness Heron" in words
    assert "Nothing yet." in words


def test_what_came_of_it_is_shown_by_itself(manned: Farm) -> None:
    seq = declare(manned)
    client = manned.app().test_client()
    rev = re.findall(r'data-rev="([^"]+)"', client.get(f"/recorded/{seq}").text)[0]
    draw(manned, "package_prepared", seq, {**RINSE, "route": "rinsed"})
    manned.tell("openBox", 80, {"cabinet": "cab1"})
    part = client.get("/live", query_string={"path": f"/recorded/{seq}", "rev": rev}).text
    words = " ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split())
    assert "It was looked at, and nothing spoke against it." in words
    assert "Egret rinsed it 3 times; punctured." in words
    assert "Cabinet opened" not in words


def test_refusal_of_custody_is_shown_with_its_reason_and_a_way_to_try_again(manned: Farm) -> None:
    seq = declare(manned)
    reason = "the package is not empty: weigh it first"
    draw(manned, "rejected", seq, {"what": "rinse_declared", "reason": reason, "value": "GLY-0043"})
    words = seen(manned, f"/recorded/{seq}")
    assert "Kept, but not accepted" in words
    assert "The package is not empty: weigh it first: GLY-0043" in words
    page = manned.app().test_client().get(f"/recorded/{seq}").text
    (link,) = re.findall(r'href="(/declare/rinse_declared\?[^"]+)"', page)
    assert "package=GLY-0043" in link
    assert "rinses=3" in link


def doubt(farm: Farm, cause: Event, rule: str, text: str) -> None:
    """Find a discrepancy in an event that is kept, as custody does."""
    name = event_id(f"r/{rule}/{event_id(cause.origin).hex()}/1").hex()
    found = row("discrepancy", discrepancy=name, rule=rule, text=text, state="open")
    facts: dict[str, Json] = {"rule": rule, "text": text}
    origin = f"r/{rule}/{event_id(cause.origin).hex()}/1"
    told = Event(kind="discrepancy_found", origin=origin, happened_at_ms=NOW_MS, facts=facts)
    farm.keep(told, found, row("cursor", follower="custody", as_of_seq=99))


def drawn(farm: Farm, kind: str, seq: int, facts: dict[str, Json]) -> Event:
    cause = farm.reader.events(seq - 1, 1)[0]
    origin = f"r/{kind}/{cause.event_id}/1"
    made = Event(kind=kind, origin=origin, happened_at_ms=NOW_MS, facts=facts)
    farm.keep(made, row("cursor", follower="custody", as_of_seq=seq))
    return made


def test_discrepancy_in_what_was_told_is_no_clean_bill(manned: Farm) -> None:
    seq = declare(manned, "use_declared", {"package": "GLY-0042", "used_g": 2000, "by": HERON})
    told = Event(kind="use_declared", origin=f"q/{ID}", happened_at_ms=NOW_MS, facts={})
    doubt(manned, told, "stock_below_zero", "GLY-0042: 1000 g more went out than were in it")
    words = seen(manned, f"/recorded/{seq}")
    assert "and doubted" in words
    assert "nothing spoke against it" not in words
    assert "More went out than was in it. GLY-0042: 1000 g more went out" in words


def test_discrepancy_in_what_came_of_it_is_shown_and_looked_for_first(manned: Farm) -> None:
    seq = declare(manned, "delivery_declared", {"package": "P-9", "by": HERON})
    entered = drawn(manned, "newProductEntry", seq, {"package": "P-9"})
    words = seen(manned, f"/recorded/{seq}")
    assert "It is being looked at." in words  # what was drawn was not looked at itself
    doubt(manned, entered, "expired_on_arrival", "P-9 expired on 2020-01-31, before it arrived")
    words = seen(manned, f"/recorded/{seq}")
    assert "and doubted" in words
    assert "Expired before it arrived. P-9 expired on 2020-01-31" in words


def test_discrepancy_that_was_closed_speaks_against_nothing_any_more(manned: Farm) -> None:
    seq = declare(manned, "use_declared", {"package": "GLY-0042", "used_g": 2000, "by": HERON})
    told = Event(kind="use_declared", origin=f"q/{ID}", happened_at_ms=NOW_MS, facts={})
    doubt(manned, told, "stock_below_zero", "too much")
    name = event_id(f"r/stock_below_zero/{event_id(told.origin).hex()}/1").hex()
    closed = row("discrepancy", discrepancy=name, rule="stock_below_zero", state="closed")
    manned.tell("discrepancy_closed", 90, {"discrepancy": name}, closed)
    assert "nothing spoke against it" in seen(manned, f"/recorded/{seq}")


def test_refusal_names_the_fields_as_the_form_does_and_keeps_its_capitals(manned: Farm) -> None:
    facts: dict[str, Json] = {"package": "GLY-0042", "by": HERON}
    seq = declare(manned, "use_declared", facts)
    reason = "say used_g or used_ml, one of them, by 2026-03-02T06:00"
    draw(manned, "rejected", seq, {"what": "use_declared", "reason": reason, "value": "GTIN 1"})
    words = seen(manned, f"/recorded/{seq}")
    assert "used_g" not in words
    assert "2026-03-02T06:00: GTIN 1" in words


def test_lists_and_fixed_values_are_in_words(manned: Farm) -> None:
    facts: dict[str, Json] = {
        "batch": "B-1",
        "destination": "centre",
        "packages": ["P 1", "P 2"],
        "by": HERON,
    }
    words = seen(manned, f"/recorded/{declare(manned, 'batch_declared', facts)}")
    assert "Packages P 1, P 2" in words


def test_declaration_that_was_corrected_is_struck_through(manned: Farm) -> None:
    seq = declare(manned)
    event_id = manned.reader.events(seq - 1, 1)[0].event_id
    corrected: dict[str, Json] = {"corrects": event_id, "reason": "x", "by": HERON, "withdraw": 1}
    manned.tell("correction_declared", 81, corrected)
    page = manned.app().test_client().get(f"/recorded/{seq}").text
    assert "<s>GLY-0043</s>" in page
    assert "withdrawn by" in page


@pytest.mark.parametrize("seq", ["0", "999", "x", "-1", "²", "9" * 20, "3"])
def test_what_nobody_declared_is_not_found(manned: Farm, seq: str) -> None:
    # Event 3 is an openBox.
    assert manned.app().test_client().get(f"/recorded/{seq}").status_code == 404


def test_sealed_facts_are_not_shown(manned: Farm) -> None:
    facts: dict[str, Json] = {"person": "p8", "alias": "Kite", "sealed": "00ff" * 20}
    words = seen(manned, f"/recorded/{declare(manned, 'person_set', facts)}")
    assert "Kite" in words
    assert "00ff" not in words
