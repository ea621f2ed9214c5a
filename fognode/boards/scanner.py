"""A reader of bar codes and QR codes as a board: each scan becomes an event of its sensor B1.

The reader must send the AIM prefix, keep GS and end a scan with CR, LF or both.  A scan that
is no whole GS1 code becomes an event ``rejected`` that says why: nothing is guessed
(codes.py).  The same scan within 2 s counts once: people hold the trigger.

Best is a reader in USB-CDC mode, a serial port; one that plays a keyboard is keyboard.py.
"""

from fognode.boards.codes import MOST, encode_scan
from fognode.boards.reader_loop import ReaderLoop, Source
from fognode.boards.wired import WORKS, Sensor, Wired

SENSOR = Sensor(name="B1", type="code", unit="aim", period_ms=0)
KIND = "scanner"
SAME_MS = 2_000
PAUSE_MS = 50  # nobody scans faster; what comes sooner is noise and is only counted
UNENDED_MS = 1_000  # a scan that has no end by then never had one


class Scanner(ReaderLoop):
    """The loop of one code reader's thread."""

    def __init__(self, source: Source, board: Wired) -> None:
        super().__init__(source, board, (SENSOR.name,))
        self._rest_ms = 0  # when the last byte of what has no end came
        self._last: tuple[bytes, int] = (b"", -SAME_MS)  # scan and when, by the board's clock

    def _hear(self, piece: bytes) -> None:
        self._say(WORKS, "reader_back")
        ms = self.board.ms()
        if self._rest and not piece and ms - self._rest_ms >= UNENDED_MS:
            self._rest = b""
            self.board.bad_frames += 1
        if not piece:
            return
        self._rest_ms = ms
        *scans, rest = (self._rest + piece).replace(b"\n", b"\r").split(b"\r")
        self._rest = rest[: MOST + 1]  # one byte too many: it is refused, not cut to size
        for scan in scans:
            if scan:
                self._take(scan[: MOST + 1], ms)

    def _take(self, scan: bytes, ms: int) -> None:
        last, last_ms = self._last
        self._last = (scan, ms)
        if ms - last_ms < PAUSE_MS and scan != last:
            self.board.bad_frames += 1
        elif scan != last or ms - last_ms >= SAME_MS:
            self.board.happen(SENSOR.name, "scan", encode_scan(scan), ms)
