"""One writer at a time, on both databases."""

import pytest

from fognode.errors import StoreError
from tests.store.conftest import B1, House


def test_a_second_writer_is_refused_until_the_first_lets_go(house: House) -> None:
    first = house.writer()
    with pytest.raises(StoreError, match="another fognode"):
        house.writer()
    first.close()
    assert house.writer().keep([B1]) == [1]
