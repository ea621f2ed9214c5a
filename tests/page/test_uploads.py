"""How long a body may be is decided before it is read."""

import pytest
from waitress.adjustments import Adjustments

from fognode.page.uploads import IN_MEMORY, LIMITS, channel_class

LARGE = 8 * 1024 * 1024
PHOTOS = "/api/v1/photos"


def refused(path: str, length: int, token: str = "t", offered: str = "Bearer t") -> bool:
    """Tell whether a request is refused by its headers alone."""
    parser = channel_class(token).parser_class(Adjustments(**LIMITS))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {offered}\r\n"
    parser.received(f"{head}Content-Length: {length}\r\n\r\n".encode())
    return parser.error is not None


@pytest.mark.parametrize(
    ("path", "length", "offered", "wanted"),
    [
        (PHOTOS, LARGE, "Bearer t", False),
        (PHOTOS + "?id=7", LARGE, "Bearer t", False),
        (PHOTOS, LARGE + 1, "Bearer t", True),
        (PHOTOS, 65_535, "Bearer x", False),  # the application answers 401
        (PHOTOS, LARGE, "Bearer x", True),
        (PHOTOS, LARGE, "", True),
        ("/api/v1/requests", 65_535, "Bearer t", False),
        ("/api/v1/requests", LARGE, "Bearer t", True),
        (PHOTOS + "/", LARGE, "Bearer t", True),
    ],
)
def test_only_pictures_of_who_has_the_token_may_be_long(
    path: str, length: int, offered: str, wanted: bool
) -> None:
    assert refused(path, length, offered=offered) == wanted


def test_without_a_token_nobody_may_send_long_bodies() -> None:
    assert refused(PHOTOS, LARGE, token="", offered="Bearer ")


def test_one_request_that_may_be_long_leaves_the_limits_of_the_next_alone() -> None:
    limits = Adjustments(**LIMITS)
    made = channel_class("t")
    for path, wanted in ((PHOTOS, False), ("/", True)):
        parser = made.parser_class(limits)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
        parser.received(f"{head}Content-Length: {LARGE}\r\n\r\n".encode())
        assert (parser.error is not None) == wanted


def test_a_body_sent_in_pieces_of_unknown_length_is_cut_off_too() -> None:
    parser = channel_class("t").parser_class(Adjustments(**LIMITS))
    parser.received(
        b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for _ in range(70):
        parser.received(b"400\r\n" + bytes(1024) + b"\r\n")
    assert parser.error is not None


def test_no_picture_is_ever_buffered_in_a_file() -> None:
    assert LIMITS["inbuf_overflow"] == LIMITS["outbuf_overflow"] == IN_MEMORY > LARGE


@pytest.mark.parametrize(
    ("length", "offered", "wanted"),
    [(1_048_576, "Bearer t", False), (1_048_577, "Bearer t", True), (70_000, "", True)],
)
def test_an_invoice_file_may_have_a_mebibyte(length: int, offered: str, wanted: bool) -> None:
    assert refused("/api/v1/invoices?by=a", length, offered=offered) == wanted
