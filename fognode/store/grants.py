"""At start: can the two accounts do what they must, and nothing more?

On MariaDB: SHOW GRANTS of both is exactly what migrations/after.sql gives; the server
flushes at each COMMIT; an event with a wrong hash is refused (30001), an UPDATE too (1142).
On SQLite there are no accounts, and the limits are said instead.

Source: requirements A59; MariaDB error numbers 1142 ER_TABLEACCESS_DENIED_ERROR, 3000x ours.
"""

import re
from collections.abc import Iterator

from sqlalchemy import Connection, Engine, Executable, insert, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from fognode import hashing
from fognode.errors import ConfigError, StoreError
from fognode.store.engines import Account, is_refused, translation, words
from fognode.store.tables import LOGS, TRUTH, event

SQLITE_LIMITS = [
    "SQLite has no accounts: whoever may write DIR/fognode.db can drop the triggers",
    "the page reads with mode=ro, which is a promise of this program, not of the system",
]
CURE = "cure: run fognode migrate as root"
DAYS = ("add_sample_day", "drop_sample_days")  # procedures that do what the writer may not
WRONG_HASH, NO_RIGHT = 30001, 1142
# Stays: what is granted, and WITH GRANT OPTION behind the account and its password.
TO_WHOM = re.compile(r" TO `[^`]*`@`[^`]*`( IDENTIFIED BY PASSWORD '[^']*')?")
SAFE = {  # server setting -> what it must be, and what would happen otherwise
    "innodb_flush_log_at_trx_commit": ({"1"}, "a power cut loses events"),
    "innodb_doublewrite": ({"ON", "1"}, "a power cut leaves torn pages"),
    "secure_timestamp": ({"YES", "REPLICATION"}, "an account can date what it writes as it likes"),
}
SETTINGS_CURE = "see systemd/mariadb.cnf, then restart the server"


def assert_accounts(writer_engine: Engine, reader_engine: Engine) -> list[str]:
    """Return notes on what this database cannot promise; none for MariaDB.

    Nothing is left behind: the trial insert is rolled back, and would be refused anyway.

    Raises:
        ConfigError: An account can do too much or too little, or the server may lose what
            it committed; the message names each case and the cure.
        StoreError: The database is away.
    """
    if writer_engine.dialect.name == "sqlite":
        return list(SQLITE_LIMITS)
    try:
        with writer_engine.connect() as writer, reader_engine.connect() as reader:
            wrong = [
                *_odd_grants(writer, "writer"),
                *_odd_grants(reader, "reader"),
                *_unsafe_settings(reader),
                *_not_refused(writer),
            ]
    except SQLAlchemyError as error:
        if is_refused(error):
            raise ConfigError(f"an account cannot enter ({words(error)}); {CURE}") from error
        raise StoreError(f"cannot check the accounts: {words(error)}") from error
    if wrong:
        raise ConfigError("; ".join([*wrong, CURE]))
    return []


def expected_grants(prefix: str, account: Account) -> set[str]:
    """Return what migrations/after.sql gives an account, as SHOW GRANTS words it."""
    pattern = prefix.replace("_", r"\_")  # in a grant on NAME.* it would stand for any letter
    state = rf"`{pattern}\_state`.*"
    if account == "reader":
        places = (f"`{pattern}`.*", rf"`{pattern}\_audit`.*", state)
        return {f"SELECT ON {place}" for place in places} | {"USAGE ON *.*"}
    narrow = {f"INSERT ON `{prefix}`.`{table.name}`" for table in (event, *LOGS)}
    narrow |= {f"EXECUTE ON PROCEDURE `{prefix}_state`.`{name}`" for name in DAYS}
    return narrow | {
        "USAGE ON *.*",
        f"SELECT ON `{prefix}`.`chain_head`",
        f"SELECT, INSERT, UPDATE, DELETE ON {state}",
    }


def _odd_grants(connection: Connection, account: Account) -> Iterator[str]:
    prefix = str(translation(connection.engine)[TRUTH])
    shown = connection.exec_driver_sql("SHOW GRANTS").scalars()
    found = {TO_WHOM.sub("", line).removeprefix("GRANT ") for line in shown}
    wanted = expected_grants(prefix, account)
    for grant in sorted(found - wanted):
        yield f"account {prefix}_{account} can do too much: {grant}"
    for grant in sorted(wanted - found):
        yield f"account {prefix}_{account} lacks {grant}"


def _unsafe_settings(connection: Connection) -> Iterator[str]:
    shown = connection.exec_driver_sql("SHOW GLOBAL VARIABLES").all()
    for name, found in sorted((name, found) for name, found in shown if name in SAFE):
        wanted, otherwise = SAFE[name]
        if found not in wanted:
            first = sorted(wanted)[-1]
            yield f"server setting {name} is {found}, not {first}: {otherwise}; {SETTINGS_CURE}"


def _not_refused(writer: Connection) -> Iterator[str]:
    body = '{"facts":{},"kind":"trial","origin":"n/trial/grants","v":1}'
    wrong = insert(event).values(
        seq=1,
        event_id=hashing.event_id("n/trial/grants"),
        body=body,
        prev_hash=hashing.GENESIS,
        hash=bytes(32),
    )
    account = f"account {translation(writer.engine)[TRUTH]}_writer"
    if (number := _refusal(writer, wrong)) != WRONG_HASH:
        yield f"{account} could insert an event with a wrong hash (answer {number}, not 30001)"
    change = update(event).where(event.c.seq == 0).values(seq=0)
    if (number := _refusal(writer, change)) != NO_RIGHT:
        yield f"{account} can do too much: UPDATE of event (answer {number}, not 1142)"


def _refusal(writer: Connection, statement: Executable) -> int:
    """Return the number of the error that refuses a statement, 0 when it is taken."""
    try:
        writer.execute(statement)
    except DBAPIError as error:
        return int(getattr(error.orig, "errno", -1))
    finally:
        writer.rollback()
    return 0
