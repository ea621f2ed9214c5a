"""Writes what a database of our schema holds: ``python -m tests.databases.dump`` at the top.

Run once, when a schema is released, and never again for it: VERSION.sql and VERSION_mariadb.sql
are what tests/store/test_migrations.py brings to later schemas.  Needs mariadb-server.
"""

import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from fognode.config import Config, parse
from fognode.events import Row
from fognode.store import samples
from fognode.store.engines import database_file
from fognode.store.prepare import prepare_database
from fognode.store.schema import VERSIONS
from fognode.trial.database import start_mariadb
from tests.store.conftest import B1, B2, House

HERE = Path(__file__).parent
SCHEMA = "first"
AT_MS = 1_795_241_520_123
# The worked example: seed 00..1f, two events.
NOTE = (
    "fognode.example/farm-7\n2\nmxFAXnU6TMj6lFEZRcg+WDNGJxmepnwQmt/o29ozb4Q=\n\n"
    "— fognode.example/farm-7 EhrI4YtZwwRF2V5r5Mjo7AtDIoU5x8jZFRBRvXuUWmJHYDohc+rnJNUACgyC"
    "j3NBrTtf/Sk/Kp/78Uz9SVz01MWpngE=\n"
)
CHECKPOINT = Row(
    table="checkpoint",
    values={
        "size": 2,
        "root": bytes.fromhex("9b11405e753a4cc8fa94511945c83e58334627199ea67c109adfe8dbda336f84"),
        "note": NOTE,
        "range_json": '["9b11405e753a4cc8fa94511945c83e58334627199ea67c109adfe8dbda336f84"]',
        "link": bytes.fromhex("ace65073ed6f894154e6e397dfa3dc833262bdb6907d75caa4e16775ded56ee9"),
        "at_ms": 1,
    },
)
SAMPLE = Row(
    table="sample",
    values={
        "board": "cab01",
        "at_ms": AT_MS,
        "board_ms": 124_500,
        "boot": 17,
        "readings": "L1=859,D1=415,W1=420013",
    },
)


def main() -> int:
    """Dump our schema with two events, a checkpoint and a sample in it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fgd")))
        config = parse({"farm": {"id": "farm-7", "folder": str(folder / "node")}})
        _fill(config)
        with closing(sqlite3.connect(database_file(config))) as database:
            _write(f"{VERSIONS[-1]}.sql", "\n".join(database.iterdump()) + "\n")
        server = stack.enter_context(closing(start_mariadb(folder)))
        store = {"backend": "mariadb", "socket": str(server.socket), "schema": SCHEMA}
        _fill(parse({"farm": {"id": "farm-7"}, "store": store}, folder))
        command = ["mariadb-dump", "--no-defaults", f"--socket={server.socket}", "-uroot"]
        command += ["--routines", "--triggers", "--hex-blob", "--skip-comments", "--databases"]
        command += [SCHEMA, f"{SCHEMA}_audit", f"{SCHEMA}_state"]
        told = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.decode()
        _write(f"{VERSIONS[-1]}_mariadb.sql", re.sub(r"^/\*M?!999999.*\n", "", told))
    return 0


def _fill(config: Config) -> None:
    prepare_database(config)
    house = House(config)
    try:
        writer = house.writer()
        samples.make_day(writer, AT_MS)
        writer.keep([B1, B2], [CHECKPOINT, SAMPLE])
    finally:
        house.close()


def _write(name: str, text: str) -> None:
    (HERE / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"tests/databases/{name}\n")


if __name__ == "__main__":
    sys.exit(main())
