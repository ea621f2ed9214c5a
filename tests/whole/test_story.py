"""The story of one package, end to end (requirements A1, A8, A33, A41-A46, A64, A92, A104-A106)."""

import json
from email.message import EmailMessage

import pytest
from lxml import etree

from fognode.config import load
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.tables import LOGS
from fognode.store.verify import verify
from fognode.trial import story
from fognode.trial.ending import missing_at_the_end
from fognode.trial.farm import Farm

pytestmark = pytest.mark.whole


def test_a_package_lives_from_the_boards_sensor_to_both_ledgers_and_the_page(farm: Farm) -> None:
    farm.start()
    told: list[str] = []
    story.tell(farm, told.append)
    assert missing_at_the_end(farm) == []
    check_events(farm)
    check_openings(farm)
    check_store(farm)
    check_mail(farm)
    check_ledgers(farm)
    check_documents(farm)
    check_page(farm)
    check_tables(farm)


def check_events(farm: Farm) -> None:
    """Table 4: door opening, package handling by all sensors, movement by RFID."""
    kinds = {event["kind"] for event in farm.events()}
    assert kinds >= {
        "light_open",
        "light_close",
        "tag_in",
        "tag_out",
        "weight_take",
        "weight_put",
        "vibration_shake",
        "newProductEntry",
        "openBox",
        "handleProduct",
        "sensorAlert",
        "emptyPackageExit",
        "sendToBlockchain",
        "package_moved",
    }
    assert len(farm.events("newProductEntry")) == 1
    opened, closed = farm.events("light_open"), farm.events("openBox")
    assert len(opened) == len(closed)  # A116: the count of openings equals the truth


def check_openings(farm: Farm) -> None:
    used = farm.events("handleProduct")
    actions = [event["facts"]["action"] for event in used]
    assert actions == ["stored", "used", "used", "out"]
    assert abs(used[1]["facts"]["used_g"] - story.USED_G) <= 5  # the scale's noise, in grams
    assert used[1]["facts"]["person"] == story.PERSON
    sentences = " ".join(event["facts"]["sentence"] for event in farm.events("box_closed"))
    assert story.ALIAS in sentences
    assert "1.84 kg" in sentences


def check_store(farm: Farm) -> None:
    """Chain, ids, hashes and shadow, recomputed from the stored bytes."""
    engine = open_engine(load(farm.config_path, farm.environment), "reader")
    reader = Reader(engine)
    assert verify(engine) == []
    assert reader.count("event_shadow") == reader.count("event") == reader.head()[0]
    assert all(reader.count(f"{log.name}_shadow") == reader.count(log.name) for log in LOGS)
    engine.dispose()


def check_mail(farm: Farm) -> None:
    mails = [mail for mail in farm.mail.mails() if "cab-2" in str(mail)]
    assert mails
    assert isinstance(mails[0], EmailMessage)
    assert mails[0]["To"] == "manager@farm.example"
    assert farm.events("mail_sent")


def check_ledgers(farm: Farm) -> None:
    """The same history on both chains; the public one has nothing per visit."""
    final = [event["facts"] for event in farm.events("ledger_final")]
    kinds = {
        name: [facts["kind"] for facts in final if facts["chain"] == name]
        for name in ("private", "public")
    }
    assert kinds["private"] == [1, 1004, 102, 1003, 1003, 103, 104, 1001, 200]
    assert kinds["public"] == [1, 102, 103, 104, 200]
    hashes = {name: {f["data_hash"] for f in final if f["chain"] == name} for name in kinds}
    assert hashes["public"] < hashes["private"]
    for chain in (farm.chains.private, farm.chains.public):
        with chain.token() as (w3, token):
            assert token.functions.balanceOf(farm.chains.centre.address).call() == 1
            minted = token.events.Registered().get_logs(from_block=chain.deploy_block)
            assert len(minted) == 1  # A66: no second mint
            for facts in (facts for facts in final if facts["chain"] == chain.name):
                assert w3.eth.get_transaction_receipt(facts["tx_hash"])["status"] == 1


def check_documents(farm: Farm) -> None:
    """A68, A69, A72-A83: JSON to the partner, XML with the twelve fields to the authority."""
    told = [json.loads(path.read_text()) for path in farm.partners.taken("json")]
    assert {step["kind"] for step in told} >= {1, 102, 103, 104, 200}
    assert all(len(step["fields"]) == 12 for step in told)
    documents = farm.partners.taken("xml")
    assert documents
    text = documents[0].read_text()
    assert etree.fromstring(text.encode()).tag.endswith("AgroMov")
    assert story.GTIN in text
    assert story.ALIAS not in text
    assert farm.events("document_accepted")


def check_page(farm: Farm) -> None:
    for path, words in (
        ("", ("cab-1", "cab-2", "6")),
        ("packages", (story.PACKAGE,)),
        ("alerts", ("cab-2",)),
        ("sensors", ("cab01", "gate01", "seen")),
        ("ledgers", ("private", "public", "0x")),
        ("points", (story.PACKAGE, "6 points", "0x")),
        ("record", ("openBox", "ledger_final")),
    ):
        status, text = farm.get(path)
        assert status == 200
        for word in words:
            assert word in text, f"/{path} does not show {word}"
    status, health = farm.get("healthz")
    assert status == 200
    assert json.loads(health)


def check_tables(farm: Farm) -> None:
    """What the tables hold is what the events make of them, row by row and hash by hash."""
    farm.stop_daemon()
    told = farm.command("rebuild", "--check")
    assert "the tables hold what the events make of them" in told, told
