"""What the events make of the derived tables, folded a second time."""

from pathlib import Path
from random import Random

from fognode.config import parse
from fognode.daemon import followers
from fognode.daemon.rebuild import differences, fold_again
from fognode.events import Event, Row
from fognode.hashing import Stamp, freeze
from fognode.store.engines import open_engine
from fognode.store.prepare import prepare_database
from fognode.store.reader import Reader
from fognode.store.writer import Writer
from tests.bench import replay
from tests.bench.houses import open_house
from tests.bench.season import Season

STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)
PRODUCT = {"gtin": "7891234567895", "name": "Glyphosate 480", "packaging": "rigid"}


def test_events_up_to_the_cursor_are_folded_and_compared(tmp_path: Path) -> None:
    config = parse({"farm": {"id": "farm-7", "folder": str(tmp_path)}})
    prepare_database(config)
    reading, writing = open_engine(config, "reader"), open_engine(config, "writer")
    reader = Reader(reading)
    writer = Writer(writing, reader)
    declared = [
        Event(kind="product_set", origin=f"q/{n}", happened_at_ms=n, facts=PRODUCT) for n in (1, 2)
    ]
    cursor = Row(table="cursor", values={"follower": followers.NAME, "as_of_seq": 1})
    writer.keep([freeze(event, STAMP) for event in declared], [cursor])
    rebuilt = fold_again(config, reader)
    assert rebuilt.events == 1  # the second is not folded yet
    assert [row["name"] for row in rebuilt.tables["product"].values()] == ["Glyphosate 480"]
    (told,) = differences(reader, rebuilt)
    assert (told.table, len(told.rows), told.extra) == ("product", 1, [])
    writer.close()
    reading.dispose()
    writing.dispose()


def test_a_season_folded_again_gives_every_row_as_the_daemon_kept_it() -> None:
    """A101."""
    with open_house("sqlite") as house:
        reader = Reader(house.reader)
        replay.Life(house, reader, Season(Random(7)), 1500).run()
        rebuilt = fold_again(replay.FARM, reader)
        assert rebuilt.events == reader.head()[0] >= 1500
        assert all(rebuilt.tables[table] for table in ("package", "movement", "custody"))
        assert differences(reader, rebuilt) == []
        house.writer.keep([], [_altered(reader)])
        (told,) = differences(reader, rebuilt)
        assert (told.table, len(told.rows), told.extra) == ("opening", 1, [])


def _altered(reader: Reader) -> Row:
    (row,) = reader.rows("opening", {"verdict": "normal"}, limit=1)
    values = {name: value for name, value in row.items() if name != "hash"}
    return Row(table="opening", values=values | {"verdict": "restock"})
