"""The serial line of a camera board: a board like any other, that also gives a picture when asked.

The line runs at 1 MBd, so its port is nobody else's.  The camera's thread asks by ``take``; the
line's thread sends the order, hears the picture and hands it over.  While a picture comes, the
board hears nothing; what was said to it meanwhile is said again.
"""

import contextlib
import queue
import threading
from collections.abc import Mapping

from fognode.boards import wire
from fognode.boards.link import Ground
from fognode.boards.picture import Picture, PictureSplitter, Wanted, gray_png
from fognode.boards.serial_port import SerialLink
from fognode.boards.told import Moment
from fognode.config import Camera
from fognode.errors import AwayError, FrameError

BAUD = 1_000_000
LIMIT_S = 6.0  # a frame begins within 2.0 s and takes 2.0 s
GIVE_UP_S = 1.0
SCHEME = "serial:"  # of a [[camera]] source
SENSOR, LIMIT = "P1", "picture"

Answer = tuple[int, Picture | str]  # number of the picture, and it or why there is none


class CameraLink(SerialLink):
    """The loop of one camera board's line, and its ``Source`` (photo.py)."""

    def __init__(self, port: str, board: str, ground: Ground) -> None:
        super().__init__(port, ground, BAUD)
        self._board = board
        self._pictures = PictureSplitter()
        self._splitter = self._pictures
        self._number = 0
        self._asked: queue.SimpleQueue[int] = queue.SimpleQueue()  # numbers not yet sent
        self._awaited: int | None = None  # number that was sent and not yet answered
        self._until_ms = 0  # by when it must be here
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()

    # --- the camera's thread -------------------------------------------------------------

    def take(self, since_ms: int) -> bytes:  # noqa: ARG002 - it pictures what is before it now
        """Return a picture of now as a PNG, 320 x 240 in grey.

        Raises:
            AwayError: There is none within ``LIMIT_S``, or it came damaged.
        """
        if not self.is_open:
            raise AwayError(f"camera board {self._board}: {self.port} is away")
        self._number = self._number % wire.U16 + 1
        self._asked.put(self._number)
        self._wake()
        answer = self._answer(self._number)
        if isinstance(answer, str):
            raise AwayError(f"camera board {self._board}: {answer}")
        return gray_png(answer)

    def _answer(self, number: int) -> Picture | str:
        with contextlib.suppress(queue.Empty):
            while True:
                # The line's thread gives up first, unless the port was lent to a command.
                told, answer = self._answers.get(timeout=LIMIT_S + GIVE_UP_S)
                if told == number:  # or of one that was given up before
                    return answer
        return "its line is not served"

    # --- the line's thread ---------------------------------------------------------------

    def _open(self) -> None:
        super()._open()
        self._pictures = PictureSplitter()
        self._splitter = self._pictures

    def _close(self) -> None:
        self._give("its port was lost")
        super()._close()

    def _turn(self, stop: threading.Event) -> None:
        super()._turn(stop)
        result = self._pictures.result
        if result is not None:
            self._give(result if isinstance(result, Picture) else f"no whole picture: {result}")
        elif self._awaited is not None and self._ground.clock.mono_ms() > self._until_ms:
            self._give(f"no picture within {LIMIT_S:.0f} s")

    def _next_order(self) -> bytes | None:
        number = 0
        with contextlib.suppress(queue.Empty):
            while True:  # the newest: the others were given up
                number = self._asked.get_nowait()
        return self._order(number) if number else super()._next_order()

    def _order(self, number: int) -> bytes | None:
        lane = self.lane
        self._awaited = number
        self._until_ms = self._ground.clock.mono_ms() + int(LIMIT_S * 1000)
        if lane is None or lane.hello is None or not lane.ready:
            self._give(f"nobody said hello on {self.port}")
            return None
        if lane.board != self._board or SENSOR not in lane.sensors:
            self._give(f"board {lane.board} of kind {lane.hello.kind} is on {self.port}")
            return None
        boot = lane.hello.boot
        self._pictures.expect(Wanted(board=lane.board, boot=boot, number=number))
        return wire.config(lane.board, boot, SENSOR, LIMIT, number)

    def _hear(self, told: wire.Frame | FrameError, at: Moment) -> None:
        super()._hear(told, at)
        if isinstance(told, wire.Refusal) and told.refused == "C":
            self._give(f"it refuses ({told.reason})")

    def _give(self, answer: Picture | str) -> None:
        """Answer the picture that is awaited, if one is, and listen to lines only."""
        if self._awaited is not None:
            self._answers.put((self._awaited, answer))
        self._awaited = None
        self._pictures.expect(None)


def camera_links(cameras: tuple[Camera, ...], ground: Ground) -> Mapping[str, CameraLink]:
    """Return the link of each camera that is a board, by the camera's id."""
    return {
        camera.id: CameraLink(camera.source.removeprefix(SCHEME), camera.board, ground)
        for camera in cameras
        if camera.source.startswith(SCHEME)
    }
