"""What is done with a declaration before it is kept."""

from functools import partial
from pathlib import Path

import pytest

from fognode.errors import RefusedError, StoreError
from fognode.events import Event, Json, Kind
from fognode.hashing import Stamp, freeze
from fognode.store.photos import Photos
from fognode.store.sealing import seal_request
from fognode.store.vault import Vault
from tests.store.conftest import House

ANA = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
FIELDS = {"name": "Ana S\u00e3o Jo\u00e3o"}
PERSON: dict[str, Json] = {"person": ANA, "alias": "Heron", "badge": "04A1B2C3"}


class Farm:
    """A record with one event, and a vault."""

    def __init__(self, house: House, folder: Path) -> None:
        self.path, self.writer = folder / "vault.db", house.writer()
        vault = partial(Vault, self.path, "0f" * 32)
        self.photos = Photos(folder, vault, house.reader, lambda *_: [], lambda: 1)
        self.count = 0
        self.keep("openBox", {})
        self.opening = house.reader.events()[0].event_id

    def keep(self, kind: str, facts: dict[str, Json]) -> None:
        self.count += 1
        stamp = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=1, clock_ok=True)
        origin = f"q/{self.count}"
        event = Event(kind=kind, origin=origin, happened_at_ms=1, facts=facts)
        self.writer.keep([freeze(event, stamp)])

    def vault(self) -> Vault:
        return self.photos.open_vault()


@pytest.fixture
def farm(sqlite_house: House, tmp_path: Path) -> Farm:
    return Farm(sqlite_house, tmp_path)


def test_names_are_sealed_and_other_declarations_left_alone(farm: Farm) -> None:
    kept = seal_request(farm.photos, Kind.PERSON_SET, {**PERSON, **FIELDS})
    assert farm.vault().open(ANA, str(kept.pop("sealed"))) == FIELDS
    assert kept == PERSON
    product: dict[str, Json] = {"gtin": "7891234567895", "name": "Glyphosate"}
    assert seal_request(farm.photos, Kind.PRODUCT_SET, product) == product


def test_broken_vault_hinders_nobody_but_persons(farm: Farm) -> None:
    farm.path.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    farm.path.chmod(0o600)
    facts: dict[str, Json] = {"package": "p", "destination": "centre", "by": ANA}
    assert seal_request(farm.photos, Kind.EXIT_DECLARED, facts) == facts
    with pytest.raises(StoreError):
        seal_request(farm.photos, Kind.PERSON_ERASED, {"person": ANA, "reason": "x"})


def test_a_person_under_a_hold_is_not_erased_until_it_is_lifted(farm: Farm) -> None:
    sealed = str(seal_request(farm.photos, Kind.PERSON_SET, {**PERSON, **FIELDS})["sealed"])
    hold: dict[str, Json] = {"about": ANA, "reason": "labour court 77", "by": "eve"}
    farm.keep(Kind.HOLD_SET, hold)
    erased: dict[str, Json] = {"person": ANA, "reason": "left the farm"}
    with pytest.raises(RefusedError, match=r"under a hold \(event 2, eve: labour court 77\)"):
        seal_request(farm.photos, Kind.PERSON_ERASED, erased)
    assert farm.vault().open(ANA, sealed) == FIELDS
    farm.keep(Kind.HOLD_LIFTED, hold)
    assert seal_request(farm.photos, Kind.PERSON_ERASED, erased) == erased
    assert farm.vault().open(ANA, sealed) is None


@pytest.mark.parametrize("kind", [Kind.HOLD_SET, Kind.HOLD_LIFTED])
def test_a_hold_must_name_something_that_is_there(farm: Farm, kind: str) -> None:
    hold: dict[str, Json] = {"about": farm.opening, "reason": "x", "by": "eve"}
    assert seal_request(farm.photos, kind, hold) == hold
    with pytest.raises(RefusedError, match="about = 'GLY-0O42' is no person, package, photo"):
        seal_request(farm.photos, kind, {**hold, "about": "GLY-0O42"})


def test_an_unknown_photo_is_not_erased(farm: Farm) -> None:
    with pytest.raises(RefusedError, match="the record has no photo"):
        seal_request(farm.photos, Kind.PHOTO_ERASED, {"photo": "00" * 32, "why": "x"})
