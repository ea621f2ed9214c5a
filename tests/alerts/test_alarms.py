from fognode.events import Json
from tests.alerts.watch import Watch, rows_of


def test_texts_and_fingerprints_fit_their_columns(watch: Watch) -> None:
    facts: dict[str, Json] = {"chain": "public", "package": "P" * 200, "error": "E" * 5000}
    [row] = rows_of(watch.tell("ledger_failed", **facts), "alert")
    assert len(str(row.values["text"])) == 300
    assert len(str(row.values["fingerprint"])) == 120
