import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fognode.errors import TamperError
from fognode.page import app as page_app
from fognode.store.reader import Reader
from tests.page.conftest import NOW_MS, Farm

STYLE = Path(page_app.__file__).parent / "static" / "page.css"
ROUTES = (
    "/",
    "/packages",
    "/alerts",
    "/sensors",
    "/ledgers",
    "/points",
    "/record",
    "/healthz",
    "/live",
    "/nope",
    "/static/page.css",
    "/static/page.js",
    "/api/v1/events",
    "/api/v1/nope",
)


@pytest.mark.parametrize("path", ROUTES)
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "[::1]:8080", "farm.local", "FARM.local"]
)
def test_own_names_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "farm.local@evil", "[", ""],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/events", "/static/page.js", "/nope"])
def test_foreign_name_is_refused(client: FlaskClient, host: str, path: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "GLY-0042" not in answer.text


def test_refused_name_is_told_its_cure(client: FlaskClient) -> None:
    answer = client.get("/", headers={"Host": "192.168.1.20"})
    assert "add it to names in section [page] of fognode.toml" in answer.text


def test_refusals_speak_the_language_of_the_caller(client: FlaskClient) -> None:
    assert "<h1>404 Not Found</h1>" in client.get("/nope").text
    assert client.get("/api/v1/nope").json is not None
    assert client.post("/").status_code == 405
    assert client.get("/api/v1/requests").status_code == 405


@pytest.mark.parametrize(
    "path", ["/", "/packages", "/packages/GLY-0042", "/record", "/live?path=/"]
)
def test_page_without_the_store_is_calm_and_still_shows_the_boards(full: Farm, path: str) -> None:
    full.lose_store()
    answer = full.app().test_client().get(path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "4"
    assert "The store is away since" in answer.text
    assert "14:12:20" in answer.text
    assert "safe in the spool" in answer.text
    assert "Main cabinet" in answer.text
    assert "Traceback" not in answer.text
    assert "sqlite" not in answer.text


def test_api_without_the_store_answers_in_json(full: Farm) -> None:
    full.lose_store()
    answer = full.app().test_client().get("/api/v1/packages")
    assert answer.status_code == 503
    assert answer.json == {"error": "the store is away; send it again later"}


def test_store_that_comes_back_is_shown_again(full: Farm) -> None:
    full.lose_store()
    client = full.app().test_client()
    assert client.get("/").status_code == 503
    (full.config.folder / "gone.db").rename(full.config.folder / "fognode.db")
    full.live = replace(full.live, store_ok=True)
    assert client.get("/").status_code == 200


def test_broken_bytes_are_not_called_an_absence(
    full: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise TamperError("event 3 cannot be read")

    monkeypatch.setattr(Reader, "newest", broken)
    answer = full.app().test_client().get("/record")
    assert answer.status_code == 503
    assert "Stored bytes do not match" in answer.text
    assert "fognode verify" in answer.text


def test_poll_answers_304_until_something_changes(full: Farm) -> None:
    """A52."""
    client = full.app().test_client()
    home = client.get("/").text
    rev = re.findall(r'data-rev="([^"]+)"', home)[0]
    full.live = replace(full.live, now_ms=NOW_MS + 4000)
    quiet = client.get("/live", query_string={"rev": rev, "path": "/"})
    assert (quiet.status_code, quiet.data) == (304, b"")
    full.tell("openBox", 40, {"cabinet": "cab1"})
    news = client.get("/live", query_string={"rev": rev, "path": "/record"})
    assert news.status_code == 200
    assert "Cabinet opened" in news.text
    assert "<html" not in news.text
    etag = news.headers["ETag"]
    again = client.get("/live?path=/record", headers={"If-None-Match": etag})
    assert again.status_code == 304


def test_poll_of_a_package_gives_its_page(client: FlaskClient) -> None:
    part = client.get("/live?path=/packages/GLY-0042")
    assert part.status_code == 200
    assert "<h1>" in part.text
    assert "GLY-0042" in part.text


def test_poll_of_a_filtered_page_gives_what_was_asked_for(client: FlaskClient) -> None:
    asked = {"path": "/record?kind=handleProduct&before=5"}
    part = client.get("/live", query_string=asked).text
    assert [int(seq) for seq in re.findall(r'id="e(\d+)"', part)] == [4]
    assert client.get("/live", query_string={"path": "/record?before=x"}).status_code == 400


@pytest.mark.parametrize("path", ["/healthz", "/live", "/static/page.js", "/nope", "//evil", ""])
def test_only_pages_can_be_polled(client: FlaskClient, path: str) -> None:
    assert client.get("/live", query_string={"path": path}).status_code in {404, 308}


def test_pages_are_not_stored_by_browsers(client: FlaskClient) -> None:
    assert client.get("/").headers["Cache-Control"] == "no-store"
    assert client.get("/api/v1/events").headers["Cache-Control"] == "no-store"


def test_every_route_is_documented(full: Farm) -> None:
    told = (Path(__file__).parents[2] / "docs" / "page.md").read_text()
    routes = {rule.rule for rule in full.app().url_map.iter_rules()}
    plain = {
        re.sub(r"<(path:)?(package_id|photo)>", "ID", route)
        .replace("<path:filename>", "FILE")
        .replace("<kind>", "KIND")
        .replace("<seq>", "SEQ")
        for route in routes
    }
    assert {route for route in plain if f"`{route}" not in told} == set()


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAIRS = [
    *((ink, ground) for ink in ("ink", "muted", "accent") for ground in ("ground", "card")),
    *(
        (tone, soft)
        for tone in ("good", "warn", "bad", "calm", "idle")
        for soft in (f"{tone}-soft", "card")
    ),
    *(("ink", f"{tone}-soft") for tone in ("good", "warn", "bad", "idle")),
    ("on-accent", "accent"),
    ("card", "bad"),
    ("accent", "good-soft"),
    ("muted", "idle-soft"),
]


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_words_stand_out_in_light_and_dark(scheme: int, ink: str, ground: str) -> None:
    roots = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", roots[scheme]))
    assert contrast(colours[ink], colours[ground]) >= 4.5


def test_contrast_is_reckoned_as_wcag_does() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
