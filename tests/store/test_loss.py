"""What a database lacks is measured, and what can be saved is kept again; on both databases."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from fognode.config import Farm
from fognode.daemon.succession import Answer, Stopped, begin_log, end_log, rotate_key, stopped
from fognode.daemon.witness import Witness
from fognode.errors import RestoredError
from fognode.store.checkpoint import Checkpoint, Signer
from fognode.store.evidence import Evidence
from fognode.store.keyring import read_keyring
from fognode.store.loss import Loss, find_saved, measure_loss
from fognode.store.notary import Notary
from fognode.store.spool import Spool
from fognode.store.verify import verify
from fognode.store.worm import Worm
from tests.store.conftest import House, body
from tests.store.signing import SIGNER

SEED, LOG = "11" * 32, "fognode.farm-7"
OWN = Signer(LOG, SEED).verifier_key
BODIES = [body(count) for count in range(1, 14)]


@pytest.fixture
def behind(house: House, tmp_path: Path) -> Iterator[Stopped]:
    """Ten signed events; three more were signed, and the database has lost them."""
    folder = house.config.folder if house.is_sqlite else tmp_path / "n"
    config = replace(house.config, farm=Farm(id="farm-7", folder=str(folder)))
    with stopped(config) as record:
        record._writer.keep(BODIES[:10])
        record.sign_all(Signer(LOG, SEED))
        notary = Notary(Signer(LOG, SEED))
        notary.take(0, BODIES)
        Worm(record.folder, immutable=False).keep_note(13, notary.sign(0).note)
        with closing(Spool(folder / "spool", reserve_bytes=1)) as spool:
            spool.append(BODIES[8:12])
        yield record


def measured(record: Stopped, anchors: Sequence[Checkpoint] = ()) -> Loss:
    keys = read_keyring(record.reader, OWN)
    loss = measure_loss(record.reader, record.folder, keys, OWN, anchors)
    assert loss is not None
    return loss


def test_loss_is_measured_by_notes_and_anchors(behind: Stopped) -> None:
    loss = measured(behind)
    assert (loss.newest.size, loss.head, loss.kept, loss.count) == (13, 10, 10, 3)
    anchored = Checkpoint(log=LOG, size=20, root=bytes(32))
    assert measured(behind, [anchored]).count == 10
    other = Checkpoint(log=LOG, size=9, root=bytes(32))  # of other events than these
    assert measured(behind, [other]).kept == 0


def test_accepted_loss_verifies_and_the_old_key_leads_on(house: House, behind: Stopped) -> None:
    loss = measured(behind)
    saved = find_saved(behind.reader, behind.folder, behind.config.folder / "spool", loss)
    assert saved.bodies == (BODIES[10], BODIES[11])
    assert end_log(behind, SEED, loss, saved, Answer(by="ana", reason="test")) == 13
    with pytest.raises(RestoredError):
        Witness(behind.folder, behind.reader, Signer(LOG, SEED), immutable=False)
    size, aside = begin_log(behind, SEED)
    assert (size, aside is not None) == (13, True)
    evidence = Evidence(worm=behind.folder, verifier_key=OWN)
    assert verify(house.reader_engine, evidence) == []
    assert rotate_key(behind, SEED, "22" * 32, Answer()) == 14
    assert verify(house.reader_engine, evidence) == []


def test_nothing_signed_is_nothing_lost(house: House, tmp_path: Path) -> None:
    house.writer().keep([body(1)])
    keys = read_keyring(house.reader, SIGNER.verifier_key)
    folder = tmp_path / "none"
    assert measure_loss(house.reader, folder, keys, SIGNER.verifier_key) is None
