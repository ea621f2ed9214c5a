"""Accounts that can do too much or too little stop the start."""

from collections.abc import Callable, Iterator

import pytest

from fognode.config import Config
from fognode.errors import ConfigError, StoreError
from fognode.store import grants
from fognode.store.grants import assert_accounts
from fognode.store.prepare import prepare_database
from fognode.trial.database import TrialDatabase
from tests.store.conftest import House


@pytest.fixture
def own_house(mariadb_config: Callable[[str], Config]) -> Iterator[House]:
    """A database whose accounts a test may spoil."""
    config = mariadb_config("own_1")
    prepare_database(config)  # gives back exactly what is meant
    house = House(config)
    yield house
    house.close()


def refusal(house: House) -> str:
    with pytest.raises(ConfigError) as refused:
        assert_accounts(house.writer_engine, house.reader_engine)
    return str(refused.value)


@pytest.mark.mariadb
def test_accounts_as_made_pass_and_nothing_is_left_behind(own_house: House) -> None:
    assert assert_accounts(own_house.writer_engine, own_house.reader_engine) == []
    assert own_house.reader.head()[0] == 0
    assert own_house.writer().keep([]) == []


@pytest.mark.mariadb
def test_accounts_are_checked_while_the_writer_holds_its_connection(own_house: House) -> None:
    own_house.writer()
    assert assert_accounts(own_house.writer_engine, own_house.reader_engine) == []


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("grant", "told"),
    [
        (
            "UPDATE ON own_1.event TO own_1_writer",
            "own_1_writer can do too much: INSERT, UPDATE ON",
        ),
        (
            "SELECT ON own_1.event TO own_1_writer",
            "own_1_writer can do too much: SELECT, INSERT ON",
        ),
        ("DELETE ON own_1.* TO own_1_writer", "own_1_writer can do too much: DELETE ON `own_1`.*"),
        (
            "INSERT ON own_1_audit.* TO own_1_writer",
            "own_1_writer can do too much: INSERT ON `own_1_audit",
        ),
        ("DROP ON own_1_state.* TO own_1_writer", "own_1_writer can do too much"),
        ("DROP, ALTER ON own_1_state.sample TO own_1_writer", "own_1_writer can do too much: DROP"),
        (
            "EXECUTE ON PROCEDURE own_1_state.drop_sample_days TO own_1_reader",
            "own_1_reader can do too much: EXECUTE ON PROCEDURE",
        ),
        ("SELECT ON *.* TO own_1_writer", "own_1_writer can do too much: SELECT ON *.*"),
        ("INSERT ON own_1_state.cursor TO own_1_reader", "own_1_reader can do too much: INSERT ON"),
        ("SELECT ON mysql.* TO own_1_reader", "own_1_reader can do too much: SELECT ON `mysql`.*"),
    ],
)
def test_grant_too_wide_is_refused_by_name(own_house: House, grant: str, told: str) -> None:
    """A59, A61."""
    own_house.as_root(f"GRANT {grant}@localhost")
    assert told in refusal(own_house)
    prepare_database(own_house.config)
    assert assert_accounts(own_house.writer_engine, own_house.reader_engine) == []


@pytest.mark.mariadb
def test_right_to_grant_is_refused(own_house: House) -> None:
    own_house.as_root("GRANT SELECT ON own_1.* TO own_1_reader@localhost WITH GRANT OPTION")
    assert "WITH GRANT OPTION" in refusal(own_house)


@pytest.mark.mariadb
def test_grant_that_is_missing_is_told(own_house: House) -> None:
    own_house.as_root("REVOKE INSERT ON own_1.gov_attempt FROM own_1_writer@localhost")
    assert "own_1_writer lacks INSERT ON `own_1`.`gov_attempt`" in refusal(own_house)


@pytest.mark.mariadb
def test_procedure_that_may_not_be_called_is_told(own_house: House) -> None:
    days = "PROCEDURE own_1_state.drop_sample_days"
    own_house.as_root(f"REVOKE EXECUTE ON {days} FROM own_1_writer@localhost")
    assert "own_1_writer lacks EXECUTE ON PROCEDURE `own_1_state`.`drop_sample_days`" in refusal(
        own_house
    )


@pytest.mark.mariadb
def test_server_that_may_lose_a_commit_is_refused(own_house: House) -> None:
    own_house.as_root("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    try:
        assert "innodb_flush_log_at_trx_commit is 2, not 1" in refusal(own_house)
    finally:
        own_house.as_root("SET GLOBAL innodb_flush_log_at_trx_commit = 1")


@pytest.mark.mariadb
def test_server_on_which_time_can_be_set_is_refused(
    own_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The setting cannot be changed while the server runs, so what is wanted is.
    wanted = {**grants.SAFE, "secure_timestamp": ({"NO"}, "of this test")}
    monkeypatch.setattr(grants, "SAFE", wanted)
    assert "secure_timestamp is YES, not NO: of this test; see systemd" in refusal(own_house)
    monkeypatch.setattr(grants, "SAFE", {"no_such_setting": ({"1"}, "")})
    assert assert_accounts(own_house.writer_engine, own_house.reader_engine) == []


@pytest.mark.mariadb
def test_missing_check_of_hashes_is_noticed(own_house: House) -> None:
    own_house.as_root("DROP TRIGGER T.event_check")
    assert "could insert an event with a wrong hash (answer 0, not 30001)" in refusal(own_house)
    assert own_house.reader.head()[0] == 0  # even then the trial row is rolled back


def test_sqlite_says_what_it_cannot_promise(sqlite_house: House) -> None:
    notes = assert_accounts(sqlite_house.writer_engine, sqlite_house.reader_engine)
    assert any("no accounts" in note for note in notes)


@pytest.mark.mariadb
def test_wrong_password_is_no_matter_of_waiting(own_house: House) -> None:
    own_house.as_root("ALTER USER own_1_writer@localhost IDENTIFIED BY 'another'")
    assert "an account cannot enter" in refusal(own_house)


@pytest.mark.mariadb
def test_server_that_is_away_is(own_house: House, server: tuple[TrialDatabase, object]) -> None:
    server[0].kill()
    try:
        with pytest.raises(StoreError, match="cannot check the accounts"):
            assert_accounts(own_house.writer_engine, own_house.reader_engine)
    finally:
        server[0].start()
