import re
from pathlib import Path
from typing import Any

import pytest

from fognode import config
from fognode.errors import ConfigError

CABINET = {"id": "cab-1", "board": "cab01", "hours": ["06:00-11:30", "13:00-18:00"]}
GOOD: dict[str, Any] = {
    "farm": {"id": "farm-7", "zone": "America/Cuiaba"},
    "cabinet": [CABINET],
    "board": [{"id": "cab01"}],
}
CHAIN = {
    "name": "private",
    "url": "http://127.0.0.1:1",
    "chain_id": 7001,
    "contract": "0x" + "1" * 40,
    "code_hash": "0" * 64,
    "farm": "0x" + "2" * 40,
    "centre": "0x" + "3" * 40,
    "keystore": "key.json",
}


def test_a_good_file_gives_frozen_values() -> None:
    read = config.parse(GOOD)
    assert read.cabinets[0].hours == ("06:00-11:30", "13:00-18:00")
    assert str(read.zone) == "America/Cuiaba"
    with pytest.raises(AttributeError):
        read.farm.id = "other"  # type: ignore[misc]


def test_shelf_and_zone_are_parts_of_a_place_or_a_cabinet() -> None:
    store = {"id": "store", "name": "Store"}
    zone = {"id": "zone-b", "kind": "zone", "inside": "store"}
    shelf = {"id": "shelf-2", "kind": "shelf", "inside": "cab-1"}
    read = config.parse(GOOD | {"place": [store, zone, shelf]})
    assert [(one.kind, one.inside) for one in read.places] == [
        ("store", ""),
        ("zone", "store"),
        ("shelf", "cab-1"),
    ]


REGULATOR = {"id": "indea", "url": "https://authority.example", "cnpj": "12345678000195"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"frm": {}}, r"unknown sections \['frm'\]; known: "),
        ({"farm": {"id": "farm-7", "zon": "UTC"}}, r"\[farm\] has unknown keys \['zon'\]"),
        ({"farm": {}}, r"\[farm\] lacks the keys \['id'\]"),
        ({"farm": {"id": "Farm 7"}}, r"key id = 'Farm 7' does not match"),
        ({"farm": {"id": "f", "zone": "Mars/Base"}}, r"zone = 'Mars/Base' is no IANA zone"),
        ({"page": {"port": 70000}}, r"\[page\] key port = 70000 is not between 0 and 65535"),
        ({"page": {"port": True}}, r"port = True must be int"),
        ({"pi": {}}, r"\[pi\] key board = 'pi0': no such \[\[board\]\]"),
        ({"pi": {"board": "cab01", "echo_pin": 4}}, r"keys trigger_pin and echo_pin go together"),
        (
            {"pi": {"board": "cab01", "vibration_pin": 25, "tag_device": 0}},
            r"\[pi\] uses the pins \[25\] more than once",
        ),
        (
            {"pi": {"board": "cab01", "tag_device": 0, "light_device": 0}},
            r"tag_device and light_device name one chip select",
        ),
        (
            {"scanner": [{"board": "scan1", "port": "/dev/ttyACM0"}]},
            r"\[\[scanner\]\] key board = 'scan1': no such",
        ),
        (
            {"pi": {"board": "cab01"}, "scanner": [{"board": "cab01", "port": "/dev/ttyACM0"}]},
            r"board = 'cab01' is used by another part already",
        ),
        (
            {
                "pi": {"board": "net01"},
                "ethernet": {"host": "192.168.7.1"},
                "board": [{"id": "cab01"}, {"id": "net01", "link": "ethernet"}],
            },
            r"board = 'net01': no such \[\[board\]\], or one of the network",
        ),
        (
            {"camera": [{"id": "cam-1", "cabinet": "cab-9", "source": "/dev/video0"}]},
            r"\[\[camera\]\] cam-1 key cabinet = 'cab-9': no such",
        ),
        (
            {"camera": [{"id": "cam-1", "cabinet": "cab-1", "source": "ftp://cam"}]},
            r"key source = 'ftp://cam' does not match",
        ),
        (
            {"camera": [{"id": "cam-1", "cabinet": "cab-1", "source": "serial:/dev/ttyUSB1"}]},
            r"cam-1 key board: is needed with source = serial",
        ),
        (
            {"camera": [{"id": "cam-1", "cabinet": "cab-1", "source": "/a", "board": "cab01"}]},
            r"cam-1 key board: is needed with source = serial",
        ),
        (
            {
                "camera": [
                    {
                        "id": "cam-1",
                        "cabinet": "cab-1",
                        "source": "serial:/dev/ttyUSB1",
                        "board": "cam09",
                    }
                ]
            },
            r"cam-1 key board = 'cam09': no such \[\[board\]\], or used by another part",
        ),
        (
            {
                "board": [{"id": "cab01"}, {"id": "cam01"}],
                "camera": [
                    {
                        "id": name,
                        "cabinet": "cab-1",
                        "source": f"serial:/dev/{name}",
                        "board": "cam01",
                    }
                    for name in ("cam-1", "cam-2")
                ],
            },
            r"cam-2 key board = 'cam01': no such \[\[board\]\], or used by another part",
        ),
        ({"page": {"names": "fog"}}, r"names = 'fog' must be a list of texts"),
        ({"store": {"backend": "mysql"}}, r"'mysql' is none of sqlite, mariadb"),
        ({"board": {"id": "cab01"}}, r"write \[\[board\]\]"),
        ({"board": [{"id": "cab01"}, {"id": "cab01"}]}, r"names \['cab01'\] more than once"),
        ({"board": []}, r"cab-1 names board 'cab01': no such"),
        ({"cabinet": [CABINET | {"hours": ["6-18"]}]}, r"'6-18' must be written like"),
        ({"cabinet": [CABINET | {"hours": ["06:00-24:01"]}]}, r"go beyond 24:00"),
        ({"manager": [{"name": "A", "mail": "a@b.c, evil@x.y"}]}, r"does not match"),
        ({"chain": [CHAIN, CHAIN | {"name": "public"}]}, r"chain_id must differ"),
        ({"mail": {"host": "m", "sender": "f@x"}, "farm": 3}, r"\[farm\] must be a table"),
        ({"place": [{"id": "s2", "kind": "shelf", "inside": "cab-2"}]}, r"'cab-2': no such place"),
        ({"place": [{"id": "s2", "kind": "shelf", "inside": "s2"}]}, r"inside = 's2': no such"),
        ({"regulator": [REGULATOR | {"production": True}]}, r"receipt_cert is needed"),
    ],
)
def test_a_bad_key_is_named_with_what_it_may_hold(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config.parse(GOOD | change)


def test_page_is_for_this_machine_alone_until_it_is_told_otherwise() -> None:
    """A36: what opens the box to others is written down by whoever installs it."""
    told = config.parse({"farm": {"id": "f"}})
    assert (told.page.host, told.ethernet) == ("127.0.0.1", None)


def test_without_a_farm_there_is_no_start() -> None:
    with pytest.raises(ConfigError, match=r"\[farm\] is missing"):
        config.parse({})


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*none\.toml"):
        config.load(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("farm = [")
    with pytest.raises(ConfigError, match="is not TOML"):
        config.load(broken)


def test_a_secret_is_read_from_the_credentials_only(tmp_path: Path) -> None:
    (tmp_path / "smtp-password").write_text("hush\n")
    toml = tmp_path / "fognode.toml"
    toml.write_text('[farm]\nid = "farm-7"\n')
    read = config.load(toml, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert read.secret("smtp-password") == "hush"
    with pytest.raises(ConfigError, match="credential db-writer is not in"):
        read.secret("db-writer")
    with pytest.raises(ConfigError, match="which is not set"):
        config.load(toml, {}).secret("smtp-password")


@pytest.mark.parametrize(
    ("span", "seconds"),
    [
        ("06:00-18:00", (21600, 64800)),
        ("22:00-05:30:15", (79200, 19815)),
        ("00:00-24:00", (0, 86400)),
    ],
)
def test_a_span_of_hours_is_read_as_seconds_of_the_day(span: str, seconds: tuple[int, int]) -> None:
    assert config.seconds_of(span) == seconds


def test_boards_of_the_network_are_named_and_its_port_has_an_address_and_no_default() -> None:
    board = {"id": "cab01", "link": "ethernet"}
    read = config.parse(GOOD | {"board": [board], "ethernet": {"host": "192.168.7.1"}})
    assert read.ethernet is not None
    assert (read.ethernet.port, read.boards[0].link) == (4711, "ethernet")
    assert config.parse(GOOD).ethernet is None
    with pytest.raises(ConfigError, match="host"):
        config.parse(GOOD | {"ethernet": {}})
    with pytest.raises(ConfigError, match=r"cab01.*\[ethernet\]"):
        config.parse(GOOD | {"board": [board]})


FENCE: dict[str, Any] = {
    "farm": {"id": "farm-7"},
    "board": [{"id": "rfid1"}, {"id": "gate1"}],
    "place": [{"id": "gate"}],
    "reader": [{"board": "rfid1", "port": "10.0.0.7:4001"}],
    "antenna": [{"board": "rfid1", "sensor": "A1", "place": "gate"}],
}


def test_antennas_of_a_reader_and_of_a_board_have_places() -> None:
    told = config.parse(FENCE)
    assert (told.readers[0].hold_s, told.readers[0].overlap) == (3, False)
    assert [(a.board, a.sensor, a.place) for a in told.antennas] == [("rfid1", "A1", "gate")]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"antenna": [{"board": "x", "sensor": "A1", "place": "gate"}]}, "no such [[board]]"),
        ({"antenna": [{"board": "rfid1", "sensor": "A1", "place": "x"}]}, "no such place"),
        ({"antenna": FENCE["antenna"] * 2}, "more than once"),
        ({"antenna": [{"board": "rfid1", "sensor": "A65", "place": "gate"}]}, "A1 to A64"),
        ({"antenna": [{"board": "gate1", "sensor": "C2", "place": "gate"}]}, "has no [[antenna]]"),
        ({"reader": [{"board": "x", "port": "/dev/ttyUSB3"}]}, "no such [[board]]"),
        ({"reader": [{"board": "rfid1", "port": "10.0.0.7"}]}, "does not match"),
    ],
)
def test_fence_that_cannot_be_is_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        config.parse(FENCE | changed)
