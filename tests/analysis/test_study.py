from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from fognode.analysis import study as study_module
from fognode.analysis.findings import Finding
from fognode.analysis.study import gather_study
from fognode.config import Config, Farm
from fognode.events import RowValues, Stored

if TYPE_CHECKING:
    from tests.analysis.conftest import MadeFarm

RUN = "1790000000000"


class MadeReader:
    """Answers like store.reader.Reader, from a made farm; its head lags behind on wish."""

    def __init__(self, farm: MadeFarm, head: int) -> None:
        self.told, self.tables, self.last = farm.stored(), dict[str, list[RowValues]](), head

    def head(self) -> tuple[int, bytes]:
        return self.last, bytes(32)

    def events(self, after: int = 0, limit: int = 500, kinds: Sequence[str] = ()) -> list[Stored]:
        return [t for t in self.told if t.seq > after and (not kinds or t.kind in kinds)][:limit]

    def newest(self, limit: int, kinds: Sequence[str] = ()) -> list[Stored]:
        return [t for t in reversed(self.told) if t.kind in kinds][:limit]

    def rows(self, table: str, where: Any = None, order: str = "", limit: int = 500) -> Any:
        rows = self.tables.get(table, [])
        return [r for r in rows if all(r[k] == v for k, v in (where or {}).items())][:limit]


def test_all_pages_are_read_up_to_the_head(
    make_farm: Callable[..., MadeFarm], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_module, "PAGE", 7)
    farm = make_farm()
    farm.days(4)  # 8 takes, 1 delivery, 1 forced door
    whole = MadeReader(farm, len(farm.events))
    whole.tables["opening"] = [{"opening": "aa", "verdict": "normal"}]
    whole.tables["model_version"] = [
        {"task": "demand", "id": "newest"},
        {"task": "demand", "id": "older"},
    ]
    config = Config(farm=Farm(id="f", folder="/srv/f"))
    study = gather_study(whole, config, RUN)  # type: ignore[arg-type]  # answers like a Reader
    assert len(study.record.openings) == 10
    assert (study.verdicts, study.head_seq) == ({"aa": "normal"}, len(farm.events))
    assert study.versions == {"demand": {"task": "demand", "id": "newest"}}
    assert str(study.models) == "/srv/f/models"
    assert study.now_ms == 1_790_000_000_000
    behind = MadeReader(farm, len(farm.events) - 1)  # the last closing is not there yet
    assert len(gather_study(behind, config, RUN).record.openings) == 9  # type: ignore[arg-type]  # as above


def test_an_empty_record_can_be_studied(make_farm: Callable[..., MadeFarm]) -> None:
    farm = make_farm()
    farm.events.clear()
    reader = MadeReader(farm, 0)
    study = gather_study(reader, Config(farm=Farm(id="f")), RUN)  # type: ignore[arg-type]  # as above
    assert (study.first_at_ms, study.record.openings, study.said) == (0, (), {})


def test_only_what_was_not_said_last_is_news(make_farm: Callable[..., MadeFarm]) -> None:
    farm = make_farm()
    for text in ("first", "second"):
        farm.tell("prediction", 5, task="demand", gtin="1", text=text)
    farm.tell("prediction", 5, task="demand", gtin="2", text="other")
    farm.tell("correlation", 5, task="clusters", text="no habits")
    reader = MadeReader(farm, len(farm.events))
    study = gather_study(reader, Config(farm=Farm(id="f")), RUN)  # type: ignore[arg-type]  # as above

    def news(task: str, text: str, **more: str) -> bool:
        return study.is_news(Finding(task=task, number=1, text=text, enough=True, more=more))

    assert not news("demand", "second", gtin="1")
    assert news("demand", "first", gtin="1")
    assert news("demand", "second", gtin="2")
    assert not news("clusters", "no habits")
    assert news("sessions", "no habits")
