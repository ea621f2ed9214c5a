"""What a code reader scanned, between its port, the wire and an event's facts.

Pure.  On the wire a scan is percent-encoded (RFC 3986, 2.1): frames carry neither GS (0x1D)
nor the signs ``$ * , #``.  The event keeps it so, whole, beside what the GS1 package reads.
"""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from fognode.errors import CodeError, MeaningError
from fognode.events import Json
from fognode.gs1.elements import bracketed
from fognode.gs1.scans import label_of, read_scan, year_of

MOST = 256  # bytes of a scan
PLAIN = "!\"&'()+-./:;<=>?@[\\]^_`{|}~"  # signs that stand for themselves; % does not
ENCODED = re.compile(r"(?:[!\"&-)+\x2d-~]|%[0-9A-F]{2})+")


def encode_scan(scan: bytes) -> str:
    """Return a scan as it stands on the wire."""
    return quote_from_bytes(scan, safe=PLAIN)


def scan_facts(value: str, happened_at_ms: int) -> dict[str, Json]:
    """Return the facts of a scan: itself, its elements, and what a label says of a package.

    ``gtin``, ``serial``, ``lot`` and ``expires_on`` stand only where the label tells them.

    Raises:
        MeaningError: It is no whole GS1 code with its AIM prefix; nothing is guessed.
    """
    scan = unquote_to_bytes(value)
    if not ENCODED.fullmatch(value) or len(scan) > MOST:
        raise MeaningError(f"scan {value[:40]} is not 1 to {MOST} bytes, percent-encoded")
    try:
        elements = read_scan(scan.decode("ascii"))
        told: dict[str, Json] = {"scan": value, "elements": bracketed(elements)}
        if any(element.ai == "01" for element in elements):
            label = label_of(elements, year_of(happened_at_ms))
            told |= {name: text for name, text in label._asdict().items() if text}
            told["elements"] = bracketed(elements)
    except (CodeError, UnicodeDecodeError) as error:
        raise MeaningError(f"scan cannot be read: {error}") from error
    return told
