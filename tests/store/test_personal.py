"""What of a person is sealed and forgotten; the record stays as it is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fognode.config import Config, Farm
from fognode.errors import ConfigError
from fognode.events import Event, Json, Kind, Stored
from fognode.hashing import Stamp, freeze
from fognode.store.engines import open_engine
from fognode.store.personal import erase_again, personal_fields, seal_facts
from fognode.store.reader import Reader
from fognode.store.vault import Vault
from fognode.store.verify import verify
from fognode.store.writer import Writer
from tests.blank import lay_database
from tests.store.test_vault import ANA, EVE, FIELDS, MASTER


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.db"


@pytest.fixture
def vault(path: Path) -> Vault:
    return Vault(path, MASTER)


def test_declaration_keeps_its_plain_facts_and_hides_the_personal_ones(vault: Vault) -> None:
    plain: dict[str, Json] = {"person": ANA, "alias": "Heron", "badge": "04A1B2C3"}
    assert seal_facts(vault, Kind.PERSON_SET, plain) == plain
    kept = seal_facts(vault, Kind.PERSON_SET, {**plain, **FIELDS})
    sealed = kept.pop("sealed")
    assert kept == plain
    assert vault.open(ANA, str(sealed)) == FIELDS
    product: dict[str, Json] = {"gtin": "7891234567895", "name": "Glyphosate"}
    assert seal_facts(vault, Kind.PRODUCT_SET, product) == product  # a product's name is no secret


def test_without_a_master_key_only_personal_facts_are_refused(path: Path) -> None:
    plain: dict[str, Json] = {"person": ANA, "alias": "Heron", "badge": "04A1B2C3"}
    assert seal_facts(Vault(path), Kind.PERSON_SET, plain) == plain
    with pytest.raises(ConfigError):
        seal_facts(Vault(path), Kind.PERSON_SET, {**plain, "name": "Ana"})


class Record:
    """A real record in which people are declared as the daemon does it."""

    def __init__(self, config: Config, vault: Vault) -> None:
        self.vault = vault
        lay_database(config)
        self.engine, self.write = open_engine(config, "reader"), open_engine(config, "writer")
        self.reader = Reader(self.engine)
        self.writer = Writer(self.write, self.reader)

    def declare(self, kind: str, **facts: Json) -> None:
        number = self.reader.head()[0] + 1
        event = Event(
            kind=kind,
            origin=f"q/{number}",
            happened_at_ms=number,
            facts=seal_facts(self.vault, kind, facts),
        )
        stamp = Stamp(
            farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=number, clock_ok=True
        )
        self.writer.keep([freeze(event, stamp)])

    def told(self) -> list[Stored]:
        return self.reader.events()

    def close(self) -> None:
        self.writer.close()
        self.engine.dispose()
        self.write.dispose()


def test_after_erasing_the_record_verifies_and_not_a_byte_of_it_changed(
    tmp_path: Path, vault: Vault
) -> None:
    record = Record(Config(farm=Farm(id="farm-7", folder=str(tmp_path))), vault)
    try:
        record.declare(Kind.PERSON_SET, person=ANA, alias="Heron", badge="04A1B2C3", **FIELDS)
        record.declare(Kind.PERSON_SET, person=EVE, alias="Crane", badge="04A1B2C4", name="Eve")
        before = record.told()
        assert personal_fields(vault, before) == {ANA: FIELDS, EVE: {"name": "Eve"}}
        assert not any(value.encode() in one.body for one in before for value in FIELDS.values())
        record.declare(Kind.PERSON_ERASED, person=ANA, reason="left the farm")
        after = record.told()
        assert [one.body for one in after[:2]] == [one.body for one in before]
        assert after[2].facts == {"person": ANA, "reason": "left the farm"}
        assert verify(record.engine) == []
        assert personal_fields(vault, after) == {ANA: {}, EVE: {"name": "Eve"}}
        stored = b"".join(file.read_bytes() for file in tmp_path.glob("fognode.db*"))
        assert not any(value.encode() in stored for value in FIELDS.values())
    finally:
        record.close()


def test_restored_vault_forgets_again_what_the_record_says_is_erased(
    tmp_path: Path, vault: Vault, path: Path
) -> None:
    record = Record(Config(farm=Farm(id="farm-7", folder=str(tmp_path))), vault)
    try:
        record.declare(Kind.PERSON_SET, person=ANA, alias="Heron", badge="04A1B2C3", **FIELDS)
        backup = path.read_bytes()
        record.declare(Kind.PERSON_ERASED, person=ANA, reason="left the farm")
        path.write_bytes(backup)
        assert personal_fields(vault, record.told())[ANA] == FIELDS
        assert erase_again(vault, record.reader) == 1
        assert personal_fields(vault, record.told())[ANA] == {}
        assert erase_again(vault, record.reader) == 0
    finally:
        record.close()


def test_key_is_destroyed_before_the_event_tells_of_it(vault: Vault) -> None:
    sealed = vault.seal(ANA, FIELDS)
    kept: Callable[[], dict[str, Json]] = lambda: seal_facts(  # noqa: E731
        vault, Kind.PERSON_ERASED, {"person": ANA, "reason": "x"}
    )
    assert kept() == {"person": ANA, "reason": "x"}
    assert vault.open(ANA, sealed) is None
    assert kept() == {"person": ANA, "reason": "x"}  # after a crash in between: once more
