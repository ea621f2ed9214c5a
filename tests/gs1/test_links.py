"""Digital Links (requirement P34), against the official cases where they are present."""

from typing import Any

import pytest

from fognode.errors import CodeError
from fognode.gs1.elements import Element, raw
from fognode.gs1.links import parse_link, unescape
from tests.gs1 import vectors

# Options that fognode does not have: word names, short GTINs, unknown identifiers.
SKIP = (1438, 1440, 1449, 1459, 1469, 1484, 1494, 1635, 1767)
LABEL = [Element("01", "09521234000013"), Element("10", "L2406/B"), Element("21", "FZ7K")]


@pytest.mark.parametrize("args", vectors.cases("test_parseDLuri", SKIP))
def test_official_links(args: list[Any]) -> None:
    must, uri, wanted = args
    if not must:
        with pytest.raises(CodeError):
            parse_link(uri)
        return
    assert raw(parse_link(uri)) == vectors.gs(wanted)


@pytest.mark.parametrize("args", vectors.cases("test_URIunescape"))
def test_official_escapes(args: list[Any]) -> None:
    text, in_path, in_query = args
    assert unescape(text) == in_path
    assert unescape(text, plus=True) == in_query


def test_a_link_is_read_in_the_order_of_the_standard() -> None:
    link = "https://id.gs1.org/01/09521234000013/10/L2406%2FB/21/FZ7K?17=280630"
    assert parse_link(link) == [*LABEL, Element("17", "280630")]
