import pytest

from fognode.events import Json
from fognode.page.corrections import check_correction, corrected_by
from fognode.page.declared import Declaration
from tests.page.conftest import Farm

ID = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
RINSE: dict[str, Json] = {"package": "GLY-0043", "rinses": 2, "punctured": 1, "by": "p"}


def correction(event_id: str, **facts: Json) -> Declaration:
    told: dict[str, Json] = {"corrects": event_id, "reason": "x", "by": "p", **facts}
    return Declaration(request_id=ID, kind="correction_declared", facts=told)


def told(farm: Farm, kind: str, number: int, facts: dict[str, Json]) -> str:
    seq = farm.tell(kind, number, facts)
    return farm.reader.events(seq - 1, 1)[0].event_id


def test_correction_of_a_correction_leads_to_what_was_said_first(farm: Farm) -> None:
    first = told(farm, "rinse_declared", 1, RINSE)
    second = told(farm, "correction_declared", 2, dict(correction(first, withdraw=1).facts))
    found = corrected_by(farm.reader, second)
    assert found is not None
    assert [one.event_id for one in found] == [second, first]
    asked = correction(second, facts=RINSE)
    assert check_correction(farm.reader, asked) == asked


@pytest.mark.parametrize("named", ["", "x", "0" * 32])
def test_event_that_is_not_there_is_named(farm: Farm, named: str) -> None:
    assert corrected_by(farm.reader, named) is None
    with pytest.raises(ValueError, match="the record has no such event"):
        check_correction(farm.reader, correction(named, withdraw=1))


def test_second_correction_of_one_event_names_the_first(farm: Farm) -> None:
    first = told(farm, "rinse_declared", 1, RINSE)
    second = told(farm, "correction_declared", 2, dict(correction(first, withdraw=1).facts))
    with pytest.raises(ValueError, match=f"correct {second} instead"):
        check_correction(farm.reader, correction(first, withdraw=1))


def test_what_cannot_be_corrected_and_facts_of_another_kind_are_refused(farm: Farm) -> None:
    opened = told(farm, "openBox", 1, {"cabinet": "cab1"})
    with pytest.raises(ValueError, match="is openBox; correctable are"):
        check_correction(farm.reader, correction(opened, withdraw=1))
    rinsed = told(farm, "rinse_declared", 2, RINSE)
    facts = {name: value for name, value in RINSE.items() if name != "punctured"}
    with pytest.raises(ValueError, match="facts of a rinse_declared: missing facts: punctured"):
        check_correction(farm.reader, correction(rinsed, facts=facts))
