import itertools
import json
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fognode.events import Event, Kind, Outcome, Stored
from fognode.hashing import event_id, salted_hash, sha256, token_id
from fognode.ledgers.fields import FIELDS
from fognode.ledgers.journey import Parties, Plan, State, step

NOW_MS = 1_795_241_520_000
SALT = bytes(range(16))
TOKEN = token_id("7891234567895", "SN1").hex()
PERSON = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
PLAN = Plan(
    farm="farm-7",
    zone=ZoneInfo("America/Cuiaba"),
    chains={
        "private": Parties(farm="0x" + "1" * 40, centre="0x" + "2" * 40),
        "public": Parties(farm="0x" + "3" * 40, centre="0x" + "4" * 40),
    },
    partners=("dealer-1",),
    regulators=("indea",),
)
BORN = {
    "package": "pkg-1",
    "gtin": "7891234567895",
    "serial": "SN1",
    "lot": "L2406B",
    "expires_on": "2028-06-30",
    "invoice": "NF-1",
    "tag": "04A2245A",
    "packaging": "rigid",
    "source": "dealer-1",
    "site": "cab-1",
    "by": PERSON,
    "token_id": TOKEN,
}
OURS = {"package": "pkg-1", "token_id": TOKEN}
OUT = {**OURS, "action": "out", "cabinet": "cab-1", "person": PERSON, "weight_g": 5410}
BACK = {**OUT, "action": "back"}
LIFE: list[tuple[str, dict[str, Any]]] = [
    (Kind.NEW_PRODUCT_ENTRY, BORN),
    (Kind.HANDLE_PRODUCT, OUT),
    (Kind.HANDLE_PRODUCT, BACK),
    (Kind.HANDLE_PRODUCT, OUT),
    (Kind.PACKAGE_EMPTIED, OURS),
    (Kind.PACKAGE_PREPARED, {**OURS, "rinses": 3, "punctured": 1, "by": PERSON}),
    (Kind.EMPTY_PACKAGE_EXIT, {**OURS, "destination": "centre", "prepared": 1, "by": PERSON}),
]


def told(kind: str, facts: dict[str, Any], seq: int) -> Stored:
    return Stored(
        seq=seq,
        event_id=event_id(f"q/{seq}").hex(),
        kind=kind,
        origin=f"q/{seq}",
        happened_at_ms=NOW_MS,
        recorded_at_ms=NOW_MS,
        facts=facts,
        body=b"{}",
    )


def kept(event: Event, seq: int) -> Stored:
    return Stored(
        seq=seq,
        event_id=event_id(event.origin).hex(),
        kind=event.kind,
        origin=event.origin,
        happened_at_ms=event.happened_at_ms,
        recorded_at_ms=NOW_MS,
        facts=event.facts,
        body=b"{}",
    )


def record_of(life: list[tuple[str, dict[str, Any]]]) -> tuple[list[Stored], list[Outcome]]:
    """Fold a life as the node does: what a step asks for is stored before the next event."""
    state, stored, outcomes = State(), list[Stored](), list[Outcome]()
    for kind, facts in life:
        event = told(kind, facts, len(stored) + 1)
        stored.append(event)
        outcome = step(state, event, PLAN, bytes([event.seq]) * 16)
        outcomes.append(outcome)
        for asked in outcome.events:
            again = kept(asked, len(stored) + 1)
            stored.append(again)
            assert step(state, again, PLAN, SALT).events == []
    return stored, outcomes


def rows(outcomes: list[Outcome], chain: str) -> list[tuple[Any, ...]]:
    return [
        (row.values["seq"], row.values["method"], row.values["kind"])
        for outcome in outcomes
        for row in outcome.rows
        if row.table == "chain_outbox" and row.values["chain"] == chain
    ]


def test_a_bag_that_cannot_be_rinsed_is_told_as_sealed_on_both_chains() -> None:
    bagged = {**OURS, "rinses": 0, "punctured": 0, "packaging": "flexible", "by": PERSON}
    stored, outcomes = record_of([*LIFE[:5], (Kind.PACKAGE_PREPARED, bagged), LIFE[6]])
    assert [row[2] for row in rows(outcomes, "public")] == [1, 102, 103, 114, 200]
    assert [row[2] for row in rows(outcomes, "private")][-2:] == [114, 200]
    [told_so] = [e for e in stored if e.facts.get("kind") == 114]
    assert told_so.facts["fields"]["Observation"] == "sealed and kept apart"  # type: ignore[index, call-overload]


def test_private_chain_gets_every_step_as_it_happens() -> None:
    _stored, outcomes = record_of(LIFE)
    assert rows(outcomes, "private") == [
        (1, "register", 1),
        (2, "advance", 102),
        (3, "record", 1001),
        (4, "record", 1002),
        (5, "record", 1001),
        (6, "advance", 103),
        (7, "advance", 104),
        (8, "offer", 200),
    ]


def test_public_chain_hears_of_no_visit_and_of_use_only_once_prepared() -> None:
    _stored, outcomes = record_of(LIFE)
    assert rows(outcomes[:5], "public") == [(1, "register", 1)]
    assert rows(outcomes[5:6], "public") == [
        (2, "advance", 102),
        (3, "advance", 103),
        (4, "advance", 104),
    ]
    assert rows(outcomes[6:], "public") == [(5, "offer", 200)]


def test_a_step_has_the_same_data_hash_on_both_chains() -> None:
    _stored, outcomes = record_of(LIFE)
    hashes: dict[str, dict[Any, Any]] = {"private": {}, "public": {}}
    for outcome in outcomes:
        for row in outcome.rows:
            if row.table == "chain_outbox":
                chain = hashes[str(row.values["chain"])]
                chain[row.values["event_id"]] = row.values["data_hash"]
    assert len(hashes["public"]) == 5
    assert hashes["public"].items() <= hashes["private"].items()
    assert len(set(hashes["private"].values())) == 8


def test_birth_is_told_in_the_papers_twelve_fields() -> None:
    event = step(State(), told(Kind.NEW_PRODUCT_ENTRY, BORN, 1), PLAN, SALT).events[0]
    assert event.facts["fields"] == {
        "EAN13": "7891234567895",
        "GS1_128": "(01)07891234567895(17)280630(10)L2406B(21)SN1",
        "RFID": "04A2245A",
        "Storage_Site": "cab-1",
        "Source": "dealer-1",
        "Destination": "cab-1",
        "Timestamp": "2026-11-21T02:12:00-04:00",
        "MovedBy": PERSON,
        "AuthorizedBy": "nobody named",
        "Observation": "received and registered",
        "ExpirationDate": "2028-06-30",
        "InvoiceNumber": "NF-1",
    }
    assert tuple(event.facts["fields"]) == FIELDS
    assert event.facts["chains"] == ["private", "public"]
    assert event.origin == f"r/journey/{event_id('q/1').hex()}/1"


def test_who_authorised_a_visit_is_another_than_who_moved_it_under_hash_and_to_partners() -> None:
    """A80: a second badge, or an order, as the handleProduct tells it."""
    boss = "0b6f2f0c-5c0e-4d0f-8f57-2f8f0c6f1a11"
    stored, outcomes = record_of(
        [LIFE[0], (Kind.HANDLE_PRODUCT, {**OUT, "authorised_by": boss}), LIFE[2]]
    )
    told = [e for e in stored if e.kind == Kind.SEND_TO_BLOCKCHAIN]
    fields = [e.facts["fields"] for e in told if isinstance(e.facts["fields"], dict)]
    assert [(one["MovedBy"], one["AuthorizedBy"]) for one in fields] == [
        (PERSON, "nobody named"),
        (PERSON, boss),  # 102, the first use
        (PERSON, boss),  # 1001
        (PERSON, "nobody named"),
    ]
    salt = told[2].facts["salt"]
    plain = json.dumps({**fields[2], "salt": salt}, sort_keys=True, separators=(",", ":"))
    assert told[2].facts["data_hash"] == sha256(plain.encode()).hex()
    posted = [r.values["document"] for r in outcomes[1].rows if r.table == "partner_outbox"]
    documents = [json.loads(str(text)) for text in posted]
    assert [one["fields"]["AuthorizedBy"] for one in documents] == [boss, boss]
    again, twice = State(), State()
    for event in stored:
        step(again, event, PLAN, SALT)
        step(twice, event, PLAN, bytes(16))
    assert again == twice


def test_data_hash_is_sha256_of_fields_and_salt() -> None:
    event = step(State(), told(Kind.NEW_PRODUCT_ENTRY, BORN, 1), PLAN, SALT).events[0]
    fields, salt = event.facts["fields"], event.facts["salt"]
    assert isinstance(fields, dict)
    plain = json.dumps({**fields, "salt": salt}, sort_keys=True, separators=(",", ":"))
    assert event.facts["data_hash"] == sha256(plain.encode()).hex()
    assert salt == salted_hash(SALT, "1")[:16].hex()


def test_only_the_salted_hash_of_the_invoice_goes_on_chain() -> None:
    """A84."""
    outcome = step(State(), told(Kind.NEW_PRODUCT_ENTRY, BORN, 1), PLAN, SALT)
    on_chain = [row for row in outcome.rows if row.table == "chain_outbox"]
    salt = bytes.fromhex(str(outcome.events[0].facts["salt"]))
    for row in on_chain:
        args = json.loads(str(row.values["args_json"]))
        assert args["invoice_hash"] == salted_hash(salt, "NF-1").hex()
        assert args["expires_s"] == 1845936000  # date -u -d 2028-06-30 +%s
        assert not [value for value in row.values.values() if "NF-1" in str(value)]


def test_neither_words_nor_people_go_on_a_chain() -> None:
    """A79, A81: what a chain gets of the fields is their hash; partners get the fields."""
    stored, outcomes = record_of(LIFE)
    owed = [row for one in outcomes for row in one.rows if row.table == "chain_outbox"]
    told = [event.facts["fields"] for event in stored if event.kind == Kind.SEND_TO_BLOCKCHAIN]
    fields = [one for one in told if isinstance(one, dict)]
    names = ("Observation", "MovedBy", "AuthorizedBy")
    hidden = {str(one[name]) for one in fields for name in names}
    assert {PERSON, "received and registered"} <= hidden
    said = " ".join(str(value) for row in owed for value in row.values.values())
    assert [words for words in hidden if words in said] == []


def test_partner_is_told_every_step_and_the_authority_three() -> None:
    _stored, outcomes = record_of(LIFE)
    tables = [row.table for outcome in outcomes for row in outcome.rows]
    assert tables.count("partner_outbox") == 8
    assert tables.count("gov_outbox") == 3


def test_first_use_counts_only_once_and_stored_goods_are_not_used() -> None:
    stored_goods = {**OUT, "action": "stored"}
    _stored, outcomes = record_of(
        [LIFE[0], (Kind.HANDLE_PRODUCT, stored_goods), LIFE[1], LIFE[2], LIFE[1]]
    )
    assert rows(outcomes, "private")[1:] == [
        (2, "record", 1004),
        (3, "advance", 102),
        (4, "record", 1001),
        (5, "record", 1002),
        (6, "record", 1001),
    ]


def test_skipped_states_are_caught_up_because_the_contract_skips_none() -> None:
    _stored, outcomes = record_of([LIFE[0], LIFE[4]])
    assert rows(outcomes, "private")[1:] == [(2, "advance", 102), (3, "advance", 103)]


def test_unknown_package_and_second_birth_owe_nothing() -> None:
    state = State()
    assert step(state, told(Kind.HANDLE_PRODUCT, OUT, 1), PLAN, SALT).events == []
    step(state, told(Kind.NEW_PRODUCT_ENTRY, BORN, 2), PLAN, SALT)
    assert step(state, told(Kind.NEW_PRODUCT_ENTRY, BORN, 3), PLAN, SALT).events == []


def test_a_foreign_record_moves_our_next_number() -> None:
    state = State()
    step(state, told(Kind.NEW_PRODUCT_ENTRY, BORN, 1), PLAN, SALT)
    seen = {**OURS, "chain": "private", "seq": 2, "kind": 300}
    step(state, told(Kind.LEDGER_SEEN, seen, 2), PLAN, SALT)
    outcome = step(state, told(Kind.HANDLE_PRODUCT, BACK, 3), PLAN, SALT)
    assert rows([outcome], "private") == [(3, "record", 1002)]


def test_each_row_waits_for_the_one_before_on_its_chain() -> None:
    _stored, outcomes = record_of(LIFE)
    for chain in ("private", "public"):
        ours = [
            row.values
            for outcome in outcomes
            for row in outcome.rows
            if row.values.get("chain") == chain
        ]
        assert ours[0]["depends_on"] == ""
        for before, after in itertools.pairwise(ours):
            assert after["depends_on"] == before["id"]


@pytest.mark.parametrize("day", ["", "30/06/2028"])
def test_unreadable_expiry_is_told_the_contract_as_unknown(day: str) -> None:
    born = told(Kind.NEW_PRODUCT_ENTRY, {**BORN, "expires_on": day}, 1)
    row = step(State(), born, PLAN, SALT).rows[0]
    assert json.loads(str(row.values["args_json"]))["expires_s"] == 0


ANY_LIFE = st.lists(st.sampled_from(LIFE[1:]), max_size=12)


@given(ANY_LIFE, st.binary(min_size=16, max_size=16))
def test_folding_again_with_other_salts_ends_in_the_same_state(
    life: list[tuple[str, dict[str, Any]]], salt: bytes
) -> None:
    stored, _outcomes = record_of([LIFE[0], *life])
    again, twice = State(), State()
    for event in stored:
        step(again, event, PLAN, salt)
        step(twice, event, PLAN, SALT)
    assert again == twice
    # The next step after a restart is the one that would have come without it.
    last = told(*LIFE[6], seq=len(stored) + 1)
    asked, same = step(again, last, PLAN, salt), step(twice, last, PLAN, salt)
    assert asked == same


@given(ANY_LIFE)
def test_numbers_on_a_chain_have_no_holes(life: list[tuple[str, dict[str, Any]]]) -> None:
    _stored, outcomes = record_of([LIFE[0], *life])
    for chain in ("private", "public"):
        numbers = [seq for seq, _method, _kind in rows(outcomes, chain)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_withdrawn_exit_takes_the_offer_back_on_both_chains() -> None:
    restated = {**OURS, "was": 5, "state": 4, "prepared": 1, "by": PERSON}
    stored, outcomes = record_of([*LIFE, (Kind.PACKAGE_RESTATED, restated), LIFE[6]])
    for chain in ("private", "public"):
        assert [row[1:] for row in rows(outcomes, chain)][-3:] == [
            ("offer", 200),
            ("withdrawOffer", 202),
            ("offer", 200),
        ]
    [told_so] = [e for e in stored if e.facts.get("kind") == 202]
    assert told_so.facts["fields"]["Observation"] == "corrected: was returned, is prepared"  # type: ignore[index, call-overload]
    assert told_so.facts["fields"]["InvoiceNumber"] == ""  # type: ignore[index, call-overload]


def test_a_state_that_goes_back_is_a_record_on_the_private_chain_only() -> None:
    restated = {**OURS, "was": 4, "state": 3, "prepared": 0, "by": PERSON}
    _stored, outcomes = record_of([*LIFE[:6], (Kind.PACKAGE_RESTATED, restated), LIFE[5], LIFE[6]])
    assert [row[1:] for row in rows(outcomes, "private")][-2:] == [("record", 1009), ("offer", 200)]
    assert [row[2] for row in rows(outcomes, "public")] == [1, 102, 103, 104, 200]


@pytest.mark.parametrize(
    ("movement", "delta_g", "kind"),
    [("defective", -5530, 1005), ("dispose", 0, 1006), ("dispose", 5530, 1009)],
)
def test_defective_and_disposed_goods_are_records_on_the_private_chain(
    movement: str, delta_g: int, kind: int
) -> None:
    """A87: the private chain carries defective returns too."""
    moved = {"package": "pkg-1", "movement": movement, "delta_g": delta_g, "reason": "leaks"}
    _stored, outcomes = record_of([LIFE[0], (Kind.STOCK_MOVED, {**moved, "by": PERSON})])
    assert rows(outcomes, "private")[1:] == [(2, "record", kind)]
    assert len(rows(outcomes, "public")) == 1


def test_other_movements_owe_nothing() -> None:
    moved = {"package": "pkg-1", "movement": "use", "delta_g": -100}
    _stored, outcomes = record_of([LIFE[0], (Kind.STOCK_MOVED, moved)])
    assert len(rows(outcomes, "private")) == 1


def test_a_corrected_delivery_is_the_label_from_then_on() -> None:
    corrected = {**BORN, "lot": "L9", "corrects": "0" * 32}
    restated = {**OURS, "was": 1, "state": 1, "prepared": 0, "by": PERSON}
    life = [LIFE[0], (Kind.NEW_PRODUCT_ENTRY, corrected), (Kind.PACKAGE_RESTATED, restated)]
    stored, outcomes = record_of(life)
    assert [row[2] for row in rows(outcomes, "private")] == [1, 1009]
    [told_so] = [e for e in stored if e.facts.get("kind") == 1009]
    assert "(10)L9" in told_so.facts["fields"]["GS1_128"]  # type: ignore[index, call-overload, operator]


def test_the_route_decides_what_prepared_means() -> None:
    bagged = {**OURS, "route": "bagged", "packaging": "flexible", "bag": "B-7", "by": PERSON}
    _stored, outcomes = record_of([*LIFE[:5], (Kind.PACKAGE_PREPARED, bagged)])
    assert rows(outcomes, "private")[-1][2] == 114


FIRST = event_id("q/3").hex()  # of the first handleProduct: its step follows the birth


def test_a_corrected_deed_is_one_record_that_names_the_first() -> None:
    corrected = {**OUT, "weight_g": 5300, "corrects": FIRST}
    stored, outcomes = record_of([*LIFE[:2], (Kind.HANDLE_PRODUCT, corrected)])
    assert [row[1:] for row in rows(outcomes, "private")] == [
        ("register", 1),
        ("advance", 102),
        ("record", 1001),
        ("record", 1009),
    ]
    assert len(rows(outcomes, "public")) == 1
    [first] = [e for e in stored if e.facts.get("kind") == 1001]
    [again] = [e for e in stored if e.facts.get("kind") == 1009]
    assert again.facts["corrects"] == first.facts["cause"] == FIRST
    assert again.facts["fields"]["Observation"] == f"corrects {FIRST}: out, 5300 g"  # type: ignore[index, call-overload]
    [posted] = [r for r in outcomes[2].rows if r.table == "partner_outbox"]
    assert json.loads(str(posted.values["document"]))["corrects"] == FIRST


def test_a_deed_that_was_taken_back_is_said_so_once() -> None:
    gone = {**OURS, "action": "withdrawn", "cabinet": "cab-1", "corrects": FIRST, "withdrawn": 1}
    stored, outcomes = record_of([*LIFE[:2], (Kind.HANDLE_PRODUCT, gone)])
    assert [row[2] for row in rows(outcomes, "private")] == [1, 102, 1001, 1009]
    [again] = [e for e in stored if e.facts.get("kind") == 1009]
    assert again.facts["fields"]["Observation"] == f"corrects {FIRST}: it did not happen"  # type: ignore[index, call-overload]
    [first] = [e for e in stored if e.facts.get("kind") == 1001]
    assert "corrects" not in first.facts


def test_what_is_told_late_does_not_move_a_package_back() -> None:
    state = State()
    step(state, told(Kind.NEW_PRODUCT_ENTRY, BORN, 1), PLAN, SALT)
    step(state, told(Kind.HANDLE_PRODUCT, BACK, 2), PLAN, SALT)
    late = replace(told(Kind.HANDLE_PRODUCT, OUT, 3), happened_at_ms=NOW_MS - 1)
    step(state, late, PLAN, SALT)
    assert state.tokens[TOKEN].site == "cab-1"
    step(state, told(Kind.HANDLE_PRODUCT, OUT, 4), PLAN, SALT)
    assert state.tokens[TOKEN].site == "field"


ACCEPTED = (Kind.LEDGER_SEEN, {**OURS, "chain": "private", "kind": 201, "seq": 9, "tx_hash": "0x1"})
MATCHED = {"receipt": "R-118", "centre": "centre", "batch": "pkg-1", "missing": 0}


def _reports(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    events = [event for outcome in outcomes for event in outcome.events]
    return [dict(event.facts) for event in events if event.facts.get("method") == "report"]


@pytest.mark.parametrize(
    ("having", "note"),
    [
        (ACCEPTED, "accepted by the collection centre on the ledger"),
        ((Kind.RECEIPT_MATCHED, MATCHED), "received by the collection centre, receipt R-118"),
    ],
)
def test_authority_is_told_once_that_the_centre_has_the_empty(
    having: tuple[str, dict[str, Any]], note: str
) -> None:
    """Requirement A88: XML after the centre's receipt; no chain gets it, the centre wrote there."""
    state, outcomes = State(), []
    later = [having, ACCEPTED, (Kind.RECEIPT_MATCHED, MATCHED)]
    for seq, (kind, facts) in enumerate([*LIFE, *later], start=1):
        outcomes.append(step(state, told(kind, facts, seq), PLAN, SALT))
    (report,) = _reports(outcomes)
    assert (report["kind"], report["chains"]) == (201, [])
    assert report["fields"]["Observation"] == note
    assert report["fields"]["Destination"] == "centre"
    assert report["fields"]["InvoiceNumber"] == ""
    rows = outcomes[len(LIFE)].rows
    assert [row.table for row in rows] == ["partner_outbox", "gov_outbox"]


@pytest.mark.parametrize(
    ("until", "later"),
    [
        (len(LIFE) - 1, ACCEPTED),  # it has not left
        (len(LIFE), (Kind.RECEIPT_MATCHED, MATCHED | {"missing": 1})),
        (len(LIFE), (Kind.RECEIPT_MATCHED, MATCHED | {"batch": "other"})),
        (len(LIFE), (Kind.LEDGER_SEEN, ACCEPTED[1] | {"kind": 1001})),
    ],
)
def test_nothing_is_reported_that_no_receipt_says(
    until: int, later: tuple[str, dict[str, Any]]
) -> None:
    state = State()
    outcomes = [
        step(state, told(kind, facts, seq), PLAN, SALT)
        for seq, (kind, facts) in enumerate([*LIFE[:until], later], start=1)
    ]
    assert _reports(outcomes) == []


def _left_together(state: State) -> dict[str, Any]:
    """Let p1 and p2 leave in batch B1; return what names p2."""
    ours: dict[str, Any] = {}
    for number in (1, 2):
        ours = {"package": f"p{number}", "token_id": token_id("7891234567895", str(number)).hex()}
        born = BORN | ours | {"serial": str(number)}
        step(state, told(Kind.NEW_PRODUCT_ENTRY, born, 2 * number), PLAN, SALT)
        left = {**ours, "destination": "centre", "batch": "B1", "by": PERSON}
        step(state, told(Kind.EMPTY_PACKAGE_EXIT, left, 2 * number + 1), PLAN, SALT)
    return ours


def _match(state: State, seq: int) -> list[dict[str, Any]]:
    matched = told(Kind.RECEIPT_MATCHED, MATCHED | {"batch": "B1"}, seq)
    return _reports([step(state, matched, PLAN, SALT)])


def test_receipt_of_a_batch_reports_each_of_its_packages_with_a_salt_of_its_own() -> None:
    state = State()
    _left_together(state)
    reports = _match(state, 9)
    assert [one["package"] for one in reports] == ["p1", "p2"]
    assert reports[0]["salt"] != reports[1]["salt"]
    assert _match(state, 10) == []


def test_package_that_came_back_is_in_no_receipt_until_it_leaves_again() -> None:
    state = State()
    back = _left_together(state)
    step(state, told(Kind.PACKAGE_RESTATED, {**back, "was": 5, "state": 4}, 9), PLAN, SALT)
    assert [one["package"] for one in _match(state, 10)] == ["p1"]
    left = {**back, "destination": "centre", "batch": "B1", "by": PERSON}
    step(state, told(Kind.EMPTY_PACKAGE_EXIT, left, 11), PLAN, SALT)
    assert [one["package"] for one in _match(state, 12)] == ["p2"]


def test_bagged_package_is_told_to_the_authority_like_a_rinsed_one() -> None:
    state = State()
    for seq, (kind, facts) in enumerate(LIFE[:5], start=1):
        step(state, told(kind, facts, seq), PLAN, SALT)
    bagged = {**OURS, "route": "bagged", "by": PERSON}
    outcome = step(state, told(Kind.PACKAGE_PREPARED, bagged, 9), PLAN, SALT)
    assert [row.table for row in outcome.rows].count("gov_outbox") == 1
    assert outcome.events[-1].facts["kind"] == 114


def test_empty_by_word_says_so_on_the_ledger() -> None:
    state = State()
    for seq, (kind, facts) in enumerate(LIFE[:2], start=1):
        step(state, told(kind, facts, seq), PLAN, SALT)
    said = {**OURS, "source": "declared", "person": PERSON}
    (event,) = step(state, told(Kind.PACKAGE_EMPTIED, said, 9), PLAN, SALT).events
    fields = event.facts["fields"]
    assert isinstance(fields, dict)
    assert fields["Observation"] == "empty, as declared"


def test_what_is_corrected_after_the_centre_took_over_owes_the_chains_nothing() -> None:
    anew = {**BACK, "corrects": "13c61f0b4dbac55b1e26b7445599f1ed"}
    owed = {}
    for accepted in (False, True):
        state = State()
        story = [*LIFE, *([ACCEPTED] if accepted else []), (Kind.HANDLE_PRODUCT, anew)]
        outcomes = [
            step(state, told(kind, facts, seq), PLAN, SALT)
            for seq, (kind, facts) in enumerate(story, start=1)
        ]
        owed[accepted] = [event.facts["kind"] for event in outcomes[-1].events]
    assert owed == {False: [1009], True: []}
