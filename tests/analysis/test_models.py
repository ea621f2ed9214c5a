from __future__ import annotations

import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import skops.io
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression

from fognode.analysis.models import (
    LIBRARIES,
    check_stored,
    load_model,
    model_file,
    probe_hash,
    probe_rows,
    rows_hash,
    save_model,
)
from fognode.errors import TamperError
from fognode.events import RowValues
from fognode.hashing import sha256

if TYPE_CHECKING:
    from tests.analysis.conftest import MadeFarm

RUN = "1790000000000"


def kept(folder: Path) -> RowValues:
    estimator = LogisticRegression().fit([[0.0], [1.0]], ["a", "b"])
    digest = save_model(estimator, model_file(folder, "sessions", RUN))
    return {
        "id": f"sessions/{RUN}/champion",
        "libraries": LIBRARIES,
        "file_sha256": digest,
        "rows_sha256": "77",
    }


def test_a_kept_model_answers_as_before_and_is_for_the_owner_only(tmp_path: Path) -> None:
    version = kept(tmp_path / "models")
    path = model_file(tmp_path / "models", "sessions", RUN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert version["file_sha256"] == sha256(path.read_bytes()).hex()
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    model = load_model(version, tmp_path / "models")
    assert model.predict([[0.0], [1.0]]).tolist() == ["a", "b"]


def test_any_altered_byte_refuses_the_file(tmp_path: Path) -> None:
    version = kept(tmp_path)
    path = model_file(tmp_path, "sessions", RUN)
    content = path.read_bytes()
    for place in range(0, len(content), 97):
        broken = bytearray(content)
        broken[place] ^= 1
        path.write_bytes(broken)
        with pytest.raises(TamperError, match="not the one"):
            load_model(version, tmp_path)
    path.write_bytes(content)
    load_model(version, tmp_path)


def test_a_missing_file_is_a_loss(tmp_path: Path) -> None:
    version = kept(tmp_path)
    model_file(tmp_path, "sessions", RUN).unlink()
    with pytest.raises(TamperError, match="cannot be read"):
        load_model(version, tmp_path)


def test_other_library_versions_are_refused_before_the_file_is_read(tmp_path: Path) -> None:
    version = kept(tmp_path) | {"libraries": "scikit-learn 1.8.0, numpy 2.4.6, skops 0.16.0"}
    model_file(tmp_path, "sessions", RUN).unlink()
    with pytest.raises(ValueError, match="made by scikit-learn 1"):
        load_model(version, tmp_path)


def test_types_no_model_of_the_task_has_are_refused(tmp_path: Path) -> None:
    path = model_file(tmp_path, "sessions", RUN)
    content = skops.io.dumps(IsolationForest(random_state=0).fit([[0.0], [1.0]]))
    path.write_bytes(content)
    version = kept(tmp_path / "other") | {"file_sha256": sha256(content).hex()}
    with pytest.raises(TamperError, match="something foreign"):
        load_model(version, tmp_path)


class _Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    content = pickle.dumps(_Trap(tmp_path / "sprung"))
    model_file(tmp_path, "sessions", RUN).write_bytes(content)
    version = kept(tmp_path / "other") | {"file_sha256": sha256(content).hex()}
    with pytest.raises(TamperError, match="something foreign"):
        load_model(version, tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_rows_are_hashed_in_order() -> None:
    # printf "('a', 1.5)\n('b', 2)\n" | sha256sum
    assert rows_hash([("a", 1.5), ("b", 2)]) == (
        "0b67e1d039a2584ae0e065425bbc7afbef857db26b4615dd6aabd67f5b78eae9"
    )
    assert rows_hash([("b", 2), ("a", 1.5)]) != rows_hash([("a", 1.5), ("b", 2)])


def test_the_probe_is_fixed() -> None:
    assert probe_rows(2)[0] == [0.0, pytest.approx(2.524413)]  # 3 sin 1
    assert probe_hash([[0.1234561, 1]]) == probe_hash([[0.1234559, 1]])
    assert probe_hash([[0.123456, 1]]) != probe_hash([[0.123458, 1]])


def test_a_stored_model_serves_the_same_rows_only(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    version = kept(tmp_path / "models")
    study = make_farm().study(tmp_path, versions={"sessions": version})
    assert check_stored(study, "sessions", "77") == (True, "")
    assert check_stored(study, "sessions", "78") == (False, "")
    assert check_stored(study, "clusters", "77") == (False, "")
    model_file(study.models, "sessions", RUN).unlink()
    serves, trouble = check_stored(study, "sessions", "77")
    assert not serves
    assert f"sessions/{RUN}/champion was altered or lost" in trouble
