"""Sessions and lock-out, told the time (requirement A80)."""

import pytest

from fognode.page import sign_in
from fognode.page.sign_in import IDLE_S, LOCK_S, MOST_S, Session, Sessions, Tries


def begin(sessions: Sessions, now_s: float = 0) -> Session:
    return sessions.begin("p1", "Heron", "owner", "mark", now_s)


def test_sixth_try_waits_until_the_first_is_fifteen_minutes_old() -> None:
    tries = Tries()
    assert [tries.take(["person/ana"], at_s) for at_s in (0, 10, 20, 30, 40)] == [0] * 5
    assert tries.take(["person/ana"], 60) == LOCK_S - 60
    assert tries.take(["person/ana"], LOCK_S - 1) == 1
    assert tries.take(["person/ana"], LOCK_S) == 0
    assert tries.take(["person/ana"], LOCK_S + 1) == 9  # now the second of the first five


def test_person_and_address_are_locked_each_for_itself() -> None:
    tries = Tries()
    for number in range(5):
        assert tries.take(["person/ana", f"address/{number}"], number) == 0
    assert tries.take(["person/ana", "address/9"], 10) > 0
    assert tries.take(["person/eve", "address/1"], 10) == 0
    for number in range(5):
        assert tries.take([f"person/{number}", "address/7"], 20) == 0
    assert tries.take(["person/new", "address/7"], 21) > 0


def test_refused_try_is_not_counted() -> None:
    tries = Tries()
    for _ in range(5):
        tries.take(["person/ana"], 0)
    for at_s in range(1, LOCK_S):
        assert tries.take(["person/ana"], at_s) > 0
    assert tries.take(["person/ana"], LOCK_S) == 0


def test_right_pin_starts_the_person_anew_but_not_the_address() -> None:
    tries = Tries()
    keys = ["person/ana", "address/1"]
    for _ in range(4):
        tries.take(keys, 0)
    tries.take(keys, 1)  # the right one
    tries.give_back("address/1")
    tries.forget("person/ana")
    assert tries.take(keys, 2) == 0
    assert tries.take(["person/ana"], 2) == 0
    assert tries.take(["address/1"], 3) > 0


def test_names_that_nobody_has_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "MOST_KEYS", 3)
    tries = Tries()
    for number in range(50):
        tries.take([f"person/{number}"], number)
    assert list(tries.times) == ["person/47", "person/48", "person/49"]


def test_session_ends_fifteen_minutes_after_the_last_action() -> None:
    sessions = Sessions()
    session = begin(sessions)
    assert sessions.find(session.token, IDLE_S) is session
    session.seen_s = IDLE_S
    assert sessions.find(session.token, 2 * IDLE_S) is session
    assert sessions.find(session.token, 2 * IDLE_S + 1) is None
    assert sessions.find(session.token, 0) is None  # it does not come back


def test_session_ends_after_twelve_hours_whatever_is_done() -> None:
    sessions = Sessions()
    session = begin(sessions)
    session.seen_s = MOST_S
    assert sessions.find(session.token, MOST_S) is session
    session.seen_s = MOST_S + 1
    assert sessions.find(session.token, MOST_S + 1) is None


def test_session_that_was_ended_is_gone_and_no_token_is_guessed() -> None:
    sessions = Sessions()
    session = begin(sessions)
    assert sessions.find("", 1) is None
    assert sessions.find(session.token[:-1], 1) is None
    sessions.end(session.token)
    sessions.end(session.token)
    assert sessions.find(session.token, 1) is None


def test_oldest_session_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "MOST_SESSIONS", 2)
    sessions = Sessions()
    made = [begin(sessions) for _ in range(3)]
    assert [sessions.find(one.token, 1) is one for one in made] == [False, True, True]


def test_token_of_a_form_is_of_its_session_alone() -> None:
    sessions, others = Sessions(), Sessions()
    one, other = begin(sessions), begin(sessions)
    token = sessions.form_token(one)
    assert sessions.is_own(one, token)
    assert not sessions.is_own(other, token)
    assert not others.is_own(one, token)
    assert not sessions.is_own(one, "")
    assert one.token not in token
