"""Versions of models: what one was learnt from, its file, and loading it without trust.

A model's identity is the hash of its ordered training rows, its parameters and its answers to
a fixed probe: the bytes skops writes differ from run to run (members are named by memory
address), so the hash of the file shows tampering only.
"""

import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy
import sklearn
import skops
import skops.io
from skops.io.exceptions import UntrustedTypesFoundException

from fognode.analysis.study import Study
from fognode.errors import TamperError
from fognode.events import RowValues
from fognode.hashing import same, sha256

# Types a file may hold beyond those skops trusts by itself.  Constants: asking the file which
# types it would like trusted is asking the thief.
TRUSTED: dict[str, list[str]] = {"sessions": [], "clusters": []}
LIBRARIES = (
    f"scikit-learn {sklearn.__version__}, numpy {numpy.__version__}, skops {skops.__version__}"
)
PROBES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model just made, as the table model_version tells it."""

    task: str
    algorithm: str
    window_from_ms: int
    window_to_ms: int
    row_count: int
    rows_sha256: str
    params: dict[str, Any]
    metrics: dict[str, Any]  # scores in permille
    probe_hash: str
    file_sha256: str  # "" = everything stands in params, there is no file
    status: str  # champion: beats its baseline; challenger: does not, and is not used

    def model_id(self, run: str) -> str:
        """Return the id of the row; its file carries task and run too."""
        return f"{self.task}/{run}/{self.status}"

    def row(self, study: Study) -> RowValues:
        """Return the values of the model_version row."""
        return {
            "id": self.model_id(study.run),
            "task": self.task,
            "algorithm": self.algorithm,
            "libraries": LIBRARIES,
            "window_from_ms": self.window_from_ms,
            "window_to_ms": self.window_to_ms,
            "row_count": self.row_count,
            "rows_sha256": self.rows_sha256,
            "params": json.dumps(self.params, sort_keys=True),
            "metrics": json.dumps(self.metrics, sort_keys=True),
            "probe_hash": self.probe_hash,
            "file_sha256": self.file_sha256,
            "status": self.status,
            "created_at_ms": study.now_ms,
        }


def permille(share: float) -> int:
    """Return a share as a whole number of thousandths."""
    return round(1000 * share)


def rows_hash(rows: Iterable[Sequence[object]]) -> str:
    """Return the SHA-256 of ordered training rows, one line of Python literals for each."""
    return sha256("".join(f"{tuple(row)!r}\n" for row in rows).encode()).hex()


def probe_rows(columns: int) -> list[list[float]]:
    """Return fixed, made-up rows on which two versions of a model can be compared."""
    return [[3 * math.sin(7 * row + column) for column in range(columns)] for row in range(PROBES)]


def probe_hash(answers: Any) -> str:
    """Return the SHA-256 of a model's answers to the probe, rounded to six places."""
    return sha256(json.dumps(numpy.round(answers, 6).tolist()).encode()).hex()


def model_file(folder: Path, task: str, run: str) -> Path:
    """Return where the model that ``run`` trained for ``task`` is kept."""
    return folder / f"{task}-{run}.skops"


def save_model(estimator: Any, path: Path) -> str:
    """Write a model so that it is whole or absent, mode 0600; return its SHA-256 in hex.

    On return it is on the disk.  The run may still die before its row is committed: then
    the file is an orphan that no row names, and nothing loads it.
    """
    content = skops.io.dumps(estimator)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return sha256(content).hex()


def load_model(version: RowValues, folder: Path) -> Any:
    """Load the model a model_version row names, and nothing else.

    Raises:
        ValueError: It was made with other library versions; train it again.
        TamperError: The file is gone, is not the one whose hash was kept, or holds types
            that no model of this task is made of.
    """
    named, libraries = str(version["id"]), str(version["libraries"])
    if libraries != LIBRARIES:
        raise ValueError(f"model {named} was made by {libraries}, not {LIBRARIES}")
    task, run, _ = named.split("/")
    path = model_file(folder, task, run)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TamperError(f"model file {path} cannot be read: {error.strerror}") from error
    # Hash first: nothing of a changed file is parsed.
    if not same(sha256(content).hex().encode(), str(version["file_sha256"]).encode()):
        raise TamperError(f"model file {path} is not the one that was written")
    try:
        return skops.io.loads(content, trusted=TRUSTED[task])
    except (UntrustedTypesFoundException, BadZipFile) as error:
        raise TamperError(f"model file {path} holds something foreign: {error}") from error


def check_stored(study: Study, task: str, rows_sha256: str) -> tuple[bool, str]:
    """Tell whether the newest model still serves these rows, and what is wrong if not.

    The second value is a sentence for the farmer, "" when there is nothing to tell.
    """
    version = study.versions.get(task, {})
    if version.get("rows_sha256") != rows_sha256:
        return False, ""
    try:
        load_model(version, study.models)
    except ValueError:
        return False, ""
    except TamperError:
        named = str(version["id"])
        return False, f" The file of model {named} was altered or lost; it was trained again."
    return True, ""
