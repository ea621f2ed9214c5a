"""Sign-in over HTTP: PINs, lock-out, cookies, origins, sessions that end (requirement A80)."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fognode.page.sign_in import IDLE_S, LOCK_S, MOST_S
from tests.page.conftest import HERON, OWN, PIN, Farm, known_people, person_row, row

FORM = {"name": "Heron", "pin": PIN}
WORDS = "You are <b>Heron</b>, owner."


@dataclass
class Browser:
    client: FlaskClient

    def enter(self, headers: Any = OWN, address: str = "127.0.0.1", **changed: str) -> TestResponse:
        return self.client.post(
            "/sign-in",
            data=FORM | changed,
            headers=headers,
            environ_overrides={"REMOTE_ADDR": address},
        )

    def is_in(self) -> bool:
        return WORDS in self.client.get("/sign-in").text

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.client.get("/sign-in").text)
        return found[1] if found else ""


@pytest.fixture
def manned(full: Farm) -> Farm:
    known_people(full)
    return full


@pytest.fixture
def browser(manned: Farm) -> Browser:
    return Browser(manned.app().test_client())


def test_right_pin_opens_a_session_and_goes_on_where_it_was_asked_for(browser: Browser) -> None:
    answer = browser.enter(next="/declare/use_declared?package=GLY-0042")
    assert answer.status_code == 303
    assert answer.location == "/declare/use_declared?package=GLY-0042"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert browser.is_in()


@pytest.mark.parametrize("name", ["heron", "HERON", HERON.upper(), " Heron "])
def test_name_is_known_however_its_letters_are_sized(browser: Browser, name: str) -> None:
    assert browser.enter(name=name).status_code == 303


def test_name_that_two_bear_but_for_its_letters_has_to_be_exact(manned: Farm) -> None:
    manned.tell("person_set", 90, {}, row("person", person="p7", alias="heron", role="owner"))
    browser = Browser(manned.app().test_client())
    assert browser.enter(name="HERON").status_code == 401
    assert browser.enter(name="Heron").status_code == 303


def test_cookie_goes_over_https_alone_where_the_page_does(browser: Browser) -> None:
    answer = browser.enter({**OWN, "X-Forwarded-Proto": "https", "Origin": "https://localhost"})
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("aim", ["//evil.example", "https://evil.example", "/\\evil", "", "x"])
def test_nobody_is_sent_to_another_site(browser: Browser, aim: str) -> None:
    assert browser.enter(next=aim).location == "/declare"


@pytest.mark.parametrize(
    "changed", [{"pin": "204618"}, {"pin": ""}, {"name": "Nobody"}, {"name": ""}, {"name": "eve"}]
)
def test_wrong_name_and_wrong_pin_are_told_alike(browser: Browser, changed: dict[str, str]) -> None:
    answer = browser.enter(**changed)
    assert answer.status_code == 401
    assert "Name or PIN is wrong" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert not browser.is_in()


def test_pin_is_never_sent_back(browser: Browser) -> None:
    answer = browser.enter(pin="999111")
    assert 'value="Heron"' in answer.text
    assert "999111" not in answer.text


def test_person_is_known_by_the_id_too(browser: Browser) -> None:
    assert browser.enter(name=HERON).status_code == 303


def test_two_people_of_one_pseudonym_need_their_ids(manned: Farm) -> None:
    manned.tell("person_set", 60, {}, row("person", person="p9", alias="Heron", role="owner"))
    browser = Browser(manned.app().test_client())
    assert browser.enter().status_code == 401
    assert browser.enter(name=HERON).status_code == 303


def test_five_wrong_pins_lock_the_person_from_every_address(manned: Farm) -> None:
    browser = Browser(manned.app().test_client())
    for number in range(5):
        assert browser.enter(pin="204618", address=f"10.0.0.{number}").status_code == 401
    answer = browser.enter(address="10.0.0.99")
    assert answer.status_code == 429
    assert "Too many tries: wait 15 min" in answer.text
    assert browser.enter(name=HERON, address="10.0.0.98").status_code == 429  # by any name
    assert browser.enter(name="Egret", address="10.0.0.97").status_code == 303
    manned.mono_s += LOCK_S
    assert browser.enter(address="10.0.0.99").status_code == 303


def test_five_wrong_names_lock_the_address_for_everybody(manned: Farm) -> None:
    browser = Browser(manned.app().test_client())
    for number in range(5):
        assert browser.enter(name=f"nobody {number}", address="10.0.0.7").status_code == 401
    assert browser.enter(address="10.0.0.7").status_code == 429
    assert browser.enter(address="10.0.0.8").status_code == 303


def test_session_ends_when_nothing_is_done_and_a_poll_is_nothing(manned: Farm) -> None:
    browser = Browser(manned.app().test_client())
    browser.enter()
    for _ in range(3):
        manned.mono_s += IDLE_S / 3
        assert "as Heron" in browser.client.get("/").text
        browser.client.get("/live?path=/")
    manned.mono_s += 1
    assert "as Heron" not in browser.client.get("/").text
    assert not browser.is_in()


def test_session_goes_on_with_each_action_for_twelve_hours_at_most(manned: Farm) -> None:
    browser = Browser(manned.app().test_client())
    browser.enter()
    for _ in range(MOST_S // IDLE_S):
        manned.mono_s += IDLE_S
        assert "Heron" in browser.client.get("/declare").text
    manned.mono_s += 1
    assert not browser.is_in()


def test_sign_out_ends_it_and_a_stolen_cookie_is_worth_nothing(manned: Farm) -> None:
    app = manned.app()
    browser = Browser(app.test_client())
    token = browser.enter().headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    gone = browser.client.post("/sign-out", data={"csrf": browser.csrf()}, headers=OWN)
    assert (gone.status_code, gone.location) == (303, "/")
    thief = Browser(app.test_client())
    thief.client.set_cookie("fognode_session", token)
    assert not thief.is_in()


def test_who_signs_in_at_the_same_browser_ends_the_session_before(manned: Farm) -> None:
    app = manned.app()
    browser = Browser(app.test_client())
    token = browser.enter().headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    browser.enter(name="Egret")
    before = Browser(app.test_client())
    before.client.set_cookie("fognode_session", token)
    assert not before.is_in()


def test_sign_out_needs_the_token_of_the_session(browser: Browser) -> None:
    browser.enter()
    assert browser.client.post("/sign-out", headers=OWN).status_code == 403
    assert browser.client.get("/sign-out").status_code == 405
    assert browser.is_in()


@pytest.mark.parametrize("change", ["new pin", "no pin", "erased"])
def test_session_ends_with_the_pin_or_the_person(manned: Farm, change: str) -> None:
    browser = Browser(manned.app().test_client())
    browser.enter()
    if change == "new pin":
        manned.pins().give(HERON, "771204")
    elif change == "no pin":
        manned.pins().take(HERON)
    else:
        manned.photos().open_vault().erase(HERON)
    assert not browser.is_in()
    assert browser.enter().status_code == 401


def test_role_that_was_changed_counts_at_once(manned: Farm) -> None:
    browser = Browser(manned.app().test_client())
    browser.enter()
    changed = person_row("Heron").values | {"role": "inspector"}
    manned.tell("person_set", 61, {}, row("person", **changed))
    assert "You are <b>Heron</b>, inspector." in browser.client.get("/sign-in").text
    assert browser.client.get("/declare/use_declared").status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:81"},
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_form_of_another_site_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    answer = browser.enter(headers)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_browser_that_sends_no_origin_says_that_it_is_our_page(browser: Browser) -> None:
    assert browser.enter({"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_page_with_a_form_lets_the_browser_say_where_it_comes_from(browser: Browser) -> None:
    assert browser.client.get("/sign-in").headers["Referrer-Policy"] == "same-origin"
    assert browser.client.get("/").headers["Referrer-Policy"] == "no-referrer"


def test_vault_that_others_may_read_signs_nobody_in(manned: Farm) -> None:
    (manned.config.folder / "vault.db").chmod(0o644)
    answer = Browser(manned.app().test_client()).enter()
    assert answer.status_code == 409
    assert "Others may read" in answer.text
