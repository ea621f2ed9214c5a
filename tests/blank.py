"""Empty SQLite databases for tests of other things: prepared once, then copied (60 ms saved)."""

import functools
import tempfile
from pathlib import Path

from fognode.config import Config, parse
from fognode.store.engines import database_file
from fognode.store.prepare import prepare_database


def lay_database(config: Config) -> None:
    """Put the file there that ``fognode migrate`` would make."""
    path = database_file(config)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(_prepared())


@functools.cache
def _prepared() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        config = parse({"farm": {"id": "farm-7", "folder": folder}})
        prepare_database(config)
        assert [file.name for file in Path(folder).iterdir()] == ["fognode.db"]  # no WAL beside it
        return database_file(config).read_bytes()
