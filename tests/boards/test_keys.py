"""Where the keys of Ethernet boards come from."""

import pytest

from fognode.boards.keys import allowed_keys, read_master
from fognode.errors import ConfigError


def test_only_an_enrolled_board_has_a_key() -> None:
    key_of = allowed_keys(read_master(bytes(range(32)).hex()), lambda board: board == "cab01")
    assert key_of("cab01") == bytes.fromhex("322f1a1114415c5df85de2cae5c5064a")
    assert key_of("cab02") is None


@pytest.mark.parametrize("text", ["", "00" * 31, "00" * 33, "zz" * 32])
def test_master_that_is_no_key_stops_the_start(text: str) -> None:
    with pytest.raises(ConfigError, match="64 hex digits"):
        read_master(text)
