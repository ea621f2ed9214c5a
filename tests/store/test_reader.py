"""What others read, on both databases."""

import threading

import pytest
from sqlalchemy.event import listen

from fognode import hashing
from fognode.config import Config
from fognode.errors import StoreError
from fognode.events import Event, Json, Kind, Row, Scalar
from fognode.hashing import Stamp
from fognode.store.engines import READERS, open_engine
from fognode.store.reader import Reader
from tests.store.conftest import B1, B2, House, body

B1_ID = "13c61f0b4dbac55b1e26b7445599f1ed"
REJECTED = (
    B1.replace(b"light_open", b"rejected")
    .replace(b"17/42", b"17/43")
    .replace(b'"light_counts":859', b'"reason":"too dark"')
)


def test_empty_record_has_the_genesis_head(house: House) -> None:
    assert house.reader.head() == (0, bytes(32))
    assert house.reader.events() == []
    assert house.reader.newest(5) == []
    assert house.reader.cursor("custody") == 0


def test_stored_event_carries_what_its_body_says(house: House) -> None:
    house.writer().keep([B1, B2])
    stored = house.reader.events()[1]
    assert (stored.seq, stored.kind, stored.facts) == (2, "openBox", {"place": "Armário 1"})
    assert stored.origin == f"r/open_box/{B1_ID}/1"
    assert (stored.happened_at_ms, stored.recorded_at_ms) == (1795241520123, 1795241520190)
    assert stored.event_id == "2b3a20d0cd5b63073f56d991fc96c00c"


def test_events_follow_a_seq_oldest_first_and_newest_come_first(house: House) -> None:
    house.writer().keep([body(count) for count in range(1, 8)])
    assert [stored.seq for stored in house.reader.events(after=2, limit=3)] == [3, 4, 5]
    assert [stored.seq for stored in house.reader.newest(3)] == [7, 6, 5]
    assert house.reader.events(after=7) == []


def test_only_the_kinds_asked_for_are_returned(house: House) -> None:
    house.writer().keep([B1, B2, body(1)])
    assert [stored.seq for stored in house.reader.events(kinds=["light_open"])] == [1, 3]
    assert [stored.seq for stored in house.reader.events(after=1, kinds=["light_open"])] == [3]
    assert [stored.seq for stored in house.reader.newest(9, ["openBox", "light_open"])] == [3, 2, 1]
    assert house.reader.newest(9, ["sensorAlert"]) == []


def told(kind: str, place: int, facts: str) -> bytes:
    """Make the body of an event of another kind."""
    changed = B1.replace(b"light_open", kind.encode()).replace(b"17/42", b"18/%d" % place)
    return changed.replace(b'"light_counts":859,"sensor":"L1"', facts.encode())


def test_several_kinds_come_in_the_order_of_the_record_and_no_more_than_asked(
    house: House,
) -> None:
    house.writer().keep([B1, B2, body(1), REJECTED, body(2), body(3)])
    kinds = ["rejected", "light_open", "openBox", "light_open"]
    assert [stored.seq for stored in house.reader.events(1, 3, kinds)] == [2, 3, 4]
    assert [stored.seq for stored in house.reader.newest(3, kinds)] == [6, 5, 4]
    assert [stored.seq for stored in house.reader.newest(3, kinds, before=5)] == [4, 3, 2]
    assert [stored.seq for stored in house.reader.newest(9, before=3)] == [2, 1]


def test_events_about_a_package_name_it_as_package_or_as_what_they_are_about(
    house: House,
) -> None:
    long = "P" * 200  # longer than the column: it is kept all the same
    house.writer().keep(
        [
            B1,
            told("handleProduct", 1, '"package":"P1"'),
            told("photo_kept", 2, '"about":"P1"'),
            told("handleProduct", 3, '"about":"P1","package":"P2"'),
            told("package_emptied", 4, '"package":"P1"'),
            told("handleProduct", 5, f'"package":"{long}"'),
            told("handleProduct", 6, '"package":"P1"'),
        ]
    )
    reader = house.reader
    assert [stored.seq for stored in reader.newest(9, about="P1")] == [7, 5, 3, 2]
    assert [stored.seq for stored in reader.newest(2, about="P1", before=7)] == [5, 3]
    assert [stored.seq for stored in reader.newest(9, ["handleProduct"], "P1")] == [7, 2]
    assert [stored.seq for stored in reader.newest(9, about="P2")] == [4]
    assert reader.newest(9, about="P3") == []


def test_an_event_is_found_by_id_and_by_origin(house: House) -> None:
    house.writer().keep([B1])
    for found in (house.reader.event(B1_ID), house.reader.by_origin("b/cab01/17/42")):
        assert found is not None
        assert found.body == B1
    assert house.reader.event("00" * 16) is None
    assert house.reader.event("no hex") is None
    assert house.reader.by_origin("b/cab01/17/43") is None


def test_corrections_are_found_among_other_events_however_many(house: House) -> None:
    assert house.reader.corrected([]) == {}
    stamp = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=1, clock_ok=True)
    named = [hashing.event_id(f"q/{number}").hex() for number in range(520)]
    bodies = [B1]
    for number in range(1, 520):  # each corrects the one before it
        facts: dict[str, Json] = {"corrects": named[number - 1], "facts": {"rinses": number}}
        kind, origin = Kind.CORRECTION_DECLARED, f"q/{number}"
        event = Event(kind=kind, origin=origin, happened_at_ms=1, facts=facts)
        bodies.append(hashing.freeze(event, stamp))
    house.writer().keep(bodies)
    assert house.reader.corrected([hashing.event_id("b/cab01/17/42").hex()]) == {}
    found = house.reader.corrected(named[:1])
    assert len(found) == 519
    assert (found[named[0]].facts, found[named[0]].by.seq) == ({"rinses": 519}, 520)


def test_more_ids_than_one_search_holds_are_all_found(house: House) -> None:
    bodies = [body(count) for count in range(1, 1203)]
    house.writer().keep(bodies)
    ids = [bytes.fromhex(stored.event_id) for stored in house.reader.events(limit=2000)]
    assert house.reader.seqs([*ids, bytes(16)]) == {known: n for n, known in enumerate(ids, 1)}


def test_rows_are_filtered_ordered_and_limited(house: House) -> None:
    places = [("a", 3), ("b", 1), ("c", 2)]
    rows = [Row(table="cursor", values={"follower": f, "as_of_seq": s}) for f, s in places]
    house.writer().keep([], rows)

    def followers(**options: object) -> list[object]:
        return [row["follower"] for row in house.reader.rows("cursor", **options)]  # type: ignore[arg-type]  # by name

    assert followers() == ["a", "b", "c"]
    assert followers(order="as_of_seq") == ["b", "c", "a"]
    assert followers(order="-as_of_seq", limit=2) == ["a", "c"]
    assert followers(where={"follower": "b", "as_of_seq": 1}) == ["b"]
    assert followers(where={"follower": "b", "as_of_seq": 2}) == []
    assert house.reader.count("cursor") == 3
    assert house.reader.count("cursor", {"as_of_seq": 2}) == 1
    assert followers(where={"as_of_seq": (1, 3, 4)}) == ["a", "b"]
    assert house.reader.count("cursor", {"as_of_seq": (1, 3, 4)}) == 2
    assert house.reader.count("cursor", {"as_of_seq": ()}) == 0


def entry(number: int, step: str, points: int, seq: int) -> Row:
    values: dict[str, Scalar] = {
        "entry": f"{number}/{step}",
        "package": str(number),
        "step": step,
        "points": points,
        "private_tx": "",
        "public_tx": "",
        "earned_at_ms": 0,
        "as_of_seq": seq,
    }
    return Row(table="points", values=values)


def test_tally_counts_or_sums_by_value(house: House) -> None:
    entries = [entry(1, "received", 1, 1), entry(2, "received", 1, 2), entry(1, "returned", 3, 3)]
    assert house.reader.tally("points", "step") == {}
    house.writer().keep([], entries)
    assert house.reader.tally("points", "step") == {"received": 2, "returned": 1}
    assert house.reader.tally("points", "step", "points") == {"received": 2, "returned": 3}


def test_changed_rows_come_in_the_order_of_their_change_and_an_event_at_once(
    house: House,
) -> None:
    seqs = [5, 2, 5, 9, 5, 3]
    house.writer().keep([], [entry(n, "received", 1, seq) for n, seq in enumerate(seqs)])

    def changed(after: int, limit: int) -> list[tuple[object, object]]:
        rows = house.reader.changed("points", after, limit)
        return [(row["as_of_seq"], row["package"]) for row in rows]

    whole = [(2, "1"), (3, "5"), (5, "0"), (5, "2"), (5, "4"), (9, "3")]
    assert changed(0, 500) == whole
    assert changed(0, 2) == whole[:2]
    assert changed(0, 3) == changed(0, 5) == whole[:5]
    assert changed(3, 1) == whole[2:5]
    assert changed(9, 1) == []
    with pytest.raises(ValueError, match="as_of_seq"):
        house.reader.changed("mail_attempt", 0, 1)


@pytest.mark.parametrize(
    ("table", "where", "order"), [("x", {}, ""), ("cursor", {"x": 1}, ""), ("cursor", {}, "-x")]
)
def test_unknown_table_or_column_is_a_mistake_of_ours(
    house: House, table: str, where: dict[str, int], order: str
) -> None:
    with pytest.raises(ValueError, match="x"):
        house.reader.rows(table, where, order)


def test_staging_holds_board_events_and_the_reason_of_what_was_rejected(house: House) -> None:
    """A38."""
    house.writer().keep([B1, B2, REJECTED])
    staged = house.reader.rows("staging", order="seq")
    shown = [(row["seq"], row["kind"], row["rejected"], row["reason"]) for row in staged]
    assert shown == [(1, "light_open", 0, ""), (3, "rejected", 1, "too dark")]


def test_every_read_sees_what_was_committed_before_it(house: House) -> None:
    writer = house.writer()
    for count in range(1, 6):
        writer.keep([body(count)])
        assert house.reader.head()[0] == count


def test_one_connection_may_be_held_and_still_shows_what_is_new(house: House) -> None:
    writer, pool, taken = house.writer(), house.reader_engine, list[object]()
    listen(pool, "checkout", lambda *_: taken.append(1))
    with house.reader.hold():
        for count in range(1, 4):
            writer.keep([body(count)])
            assert house.reader.head()[0] == count
        assert len(taken) == 1
        with house.reader.hold():  # over the same one
            assert house.reader.count("cursor") == 0
        assert house.reader.count("cursor") == 0
    assert len(taken) == 1
    assert house.reader.head()[0] == 3
    assert len(taken) == 2


def test_held_connection_is_let_go_when_the_block_fails(house: House) -> None:
    for _ in range(READERS + 2):
        with pytest.raises(ValueError, match="nothing"), house.reader.hold():
            house.reader.rows("nothing")
    assert house.reader.head()[0] == 0


def test_several_threads_may_read_at_once(house: House) -> None:
    house.writer().keep([body(count) for count in range(1, 21)])
    seen: list[int] = []

    def look() -> None:
        seen.extend(house.reader.events(after=n, limit=1)[0].seq for n in range(20))

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(seen) == sorted(list(range(1, 21)) * 6)


def test_database_that_is_away_is_a_store_error(sqlite_config: Config) -> None:
    engine = open_engine(sqlite_config, "reader")
    with pytest.raises(StoreError, match="cannot read"):
        Reader(engine).head()
    with pytest.raises(StoreError, match="cannot read"), Reader(engine).hold():
        pytest.fail("there is nothing to hold")
    engine.dispose()
