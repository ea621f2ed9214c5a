"""What a story is told in: what happens (acts.py), and what the farm says it made of it."""

from fognode.events import Json, Kind, Stored
from tests.scenarios.acts import BADGES, BAG_GTIN, GTIN, PEOPLE, STONE, Acts
from tests.scenarios.endings import check_ending

__all__ = ["BAG_GTIN", "GTIN", "PEOPLE", "STONE", "Story", "peopled", "stocked"]


class Story(Acts):
    """One farm, what happens on it, and what fognode says of it."""

    # --- what fognode says -------------------------------------------------------------------

    def sentences(self, cabinet: str = "") -> list[str]:
        """Return what is said of each opening since the story began, in order of time."""
        return [
            str(row["sentence"])
            for row in self._rows("opening", "opened_at_ms")
            if int(row["opened_at_ms"] or 0) >= self._begun_ms
            and row["verdict"] not in {"withdrawn", "open"}
            and cabinet in {"", row["cabinet"]}
        ]

    def says(self, sentence: str) -> bool:
        """Tell whether this is the newest opening's sentence; another one fails by its words."""
        told = self.sentences()[-1:]
        assert told == [sentence], f"it says {told}"
        return True

    def session(self, package: str) -> str:
        """Return the sentence of a package's newest custody session."""
        found = [r for r in self._rows("custody", "out_at_ms") if r["package"] == package]
        return str([row for row in found if row["state"] != "withdrawn"][-1]["sentence"])

    def stock(self, package: str) -> int:
        """Return the grams that are in a package."""
        return int(str(self._row("stock", package)["net_g"]))

    def place(self, package: str) -> str:
        """Return where a package is: a place, or the state of one that is in none."""
        row = self._row("stock", package)
        return str(row["place"] or row["state"])

    def alerts(self) -> list[tuple[str, ...]]:
        """Return rule, severity and state of every alert there ever was, sorted."""
        return self._told("alert", "rule", "severity", "state")

    def discrepancies(self) -> list[tuple[str, ...]]:
        """Return rule, package and state of every discrepancy there ever was, sorted."""
        return self._told("discrepancy", "rule", "package", "state")

    def _told(self, table: str, *columns: str) -> list[tuple[str, ...]]:
        return sorted(tuple(str(row[name]) for name in columns) for row in self._rows(table))

    def mails(self) -> list[str]:
        """Return the rules of all alerts that a mail is owed about, sorted."""
        told = [self.house.reader.event(str(r["event_id"])) for r in self._rows("mail_outbox")]
        alerts = [event for event in told if event and event.kind == Kind.SENSOR_ALERT]
        return sorted(alert.text("rule") for alert in alerts)

    def points(self, package: str) -> int:
        """Return the points of a package, once both ledgers have settled."""
        self.house.settle_ledgers()
        rows = self.house.reader.rows("points", {"package": package})
        return sum(int(str(row["points"])) for row in rows)

    def events(self, kind: str, **facts: Json) -> list[Stored]:
        """Return the stored events of a kind that have these facts."""
        told = self.house.reader.events(limit=10_000, kinds=[kind])
        return [e for e in told if all(e.facts.get(name) == v for name, v in facts.items())]

    def refusals(self) -> list[str]:
        """Return why requests were not accepted, in order."""
        return [event.text("reason") for event in self.events(Kind.REJECTED)]

    def end(self) -> None:
        """Let everything settle; then check what holds at the end of every story."""
        self.wait(30)
        self.house.settle_ledgers()
        check_ending(self.house)


def peopled(story: Story) -> None:
    """Make three persons and two products known; J. may authorise others."""
    for name, person in PEOPLE.items():
        more: dict[str, Json] = {"role": "owner", "may_authorise": 1} if name == "J." else {}
        story.declare("person_set", person=person, alias=name, badge=BADGES[name], **more)
    product: dict[str, Json] = {"gtin": GTIN, "name": "Glyphosate 480", "packaging": "rigid"}
    story.declare("product_set", **product, density_g_per_l=1170)


def stocked(story: Story) -> None:
    """GLY-0042, 5,840 g, stands in cab-1 since last evening; it is 06:12."""
    peopled(story)
    story.deliver("GLY-0042")
    with story.opening():
        story.put("GLY-0042", 5840)
    story.at("06:12")
    story.begin()
