"""A photo when a cabinet is opened: taken at once, sealed and kept with its own event.

``photo_kept`` names the opening it is about (``about``), the camera (``by``) and the hash of
the sealed file (store/album.py).  An opening of which no picture could be had gets
``photo_missed``, with the reason; so does a picture that was there before, for a camera that
gives the same again pictures nothing.
"""

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence

from fognode import config
from fognode.boards.photo import Folder, Http, Source
from fognode.boards.pins import Ticks
from fognode.boards.v4l2 import V4l2
from fognode.config import Config
from fognode.errors import AwayError, RefusedError, StoreError
from fognode.events import Event, Json, Kind, Stored
from fognode.store.photos import Photos

FRESH_MS = 30_000  # what a camera sees later is not the opening any more
POLL_S = 0.5
NAMESPACE = uuid.UUID("5f0c7b52-6c1d-4a5e-9a0e-3d6a2f1b8c47")  # of the requests' ids

Commit = Callable[[Sequence[Event]], list[int]]
Loop = Callable[[threading.Event], None]


def source_of(told: config.Camera, ticks: Ticks) -> Source:
    """Return the camera that a configuration names; of one that is a board its line is it."""
    if told.source.startswith(("http://", "https://")):
        return Http(told.source, ticks)
    if told.source.startswith("/dev/"):
        return V4l2(told.source, ticks)
    return Folder(told.source, ticks)


class Photographer:
    """One camera; used on one thread."""

    def __init__(
        self,
        camera: config.Camera,
        source: Source,
        photos: Photos,
        commit: Commit,
        now_ms: Callable[[], int],
    ) -> None:
        """Begin at the end of the record: what was opened before is over."""
        self._camera, self._source, self._photos = camera, source, photos
        self._commit, self._now_ms = commit, now_ms
        self._cursor: int | None = None

    def pass_once(self) -> None:
        """Picture every opening that is told since the last call.

        Raises:
            StoreError: The database or the disk is away; the next call goes on from there.
            ConfigError: There is no credential vault-master.
        """
        reader = self._photos.reader
        if self._cursor is None:
            self._cursor = reader.head()[0]
        for told in reader.events(self._cursor, kinds=(Kind.OPEN_BOX,)):
            if told.text("cabinet") == self._camera.cabinet:
                self._picture(told)
            self._cursor = told.seq

    def _picture(self, opening: Stored) -> None:
        request = str(uuid.uuid5(NAMESPACE, f"{self._camera.id}/{opening.event_id}"))
        try:
            reason = self._keep(opening, request)
        except (AwayError, RefusedError) as error:
            reason = str(error)
        if reason:
            self._commit([self._missed(opening, request, reason)])

    def _keep(self, opening: Stored, request: str) -> str:
        """Keep a picture of an opening; return why there is none, "" when there is."""
        if self._photos.reader.by_origin(f"q/{request}") is not None:
            return ""  # kept before an answer that did not come
        if self._now_ms() - opening.happened_at_ms > FRESH_MS:
            return "it was told of too late"
        content = self._source.take(opening.happened_at_ms)
        facts: dict[str, Json] = {
            "about": opening.event_id,
            "by": self._camera.id,
            "purpose": "opening",
            "taken_at_ms": self._now_ms(),
        }
        kept = self._photos.add(content, facts, request)
        return "" if kept.is_new else f"the camera gave photo {kept.photo} again"

    def _missed(self, opening: Stored, request: str, reason: str) -> Event:
        facts: dict[str, Json] = {
            "camera": self._camera.id,
            "cabinet": self._camera.cabinet,
            "place": self._camera.cabinet,
            "about": opening.event_id,
            "reason": reason[:200],
        }
        origin = f"n/photo_missed/{request}"
        at_ms = opening.happened_at_ms
        return Event(kind=Kind.PHOTO_MISSED, origin=origin, happened_at_ms=at_ms, facts=facts)

    def loop(self, nudge: threading.Event) -> Loop:
        """Return the loop of its thread; ``nudge`` is set after every COMMIT."""

        def run(stop: threading.Event) -> None:
            while not stop.is_set():
                nudge.clear()
                with contextlib.suppress(StoreError):  # said once by the store thread
                    self.pass_once()
                nudge.wait(POLL_S)

        return run


def camera_sources(
    told: Config, boards: Mapping[str, Source]
) -> list[tuple[config.Camera, Source]]:
    """Return each camera; ``boards`` has those that are boards, by id."""
    return [(one, boards.get(one.id) or source_of(one, Ticks())) for one in told.cameras]


def camera_loops(
    cameras: Sequence[tuple[config.Camera, Source]],
    photos: Photos,
    commit: Commit,
    now_ms: Callable[[], int],
    nudges: list[threading.Event],
) -> Iterator[tuple[str, Loop]]:
    """Give name and loop of each camera's thread."""
    for camera, source in cameras:
        nudge = threading.Event()
        nudges.append(nudge)
        yield (
            f"camera-{camera.id}",
            Photographer(camera, source, photos, commit, now_ms).loop(nudge),
        )
