"""Whose tag or badge was read: a package's, a person's, or nobody's."""

from fognode.custody import packages, people
from fognode.custody.draws import find
from fognode.custody.openings import Heard, Opening
from fognode.events import Json, Outcome, Stored

TAGS = frozenset({"tag_in", "tag_out"})
STRANGE = "unknown_tag"


def hear_whose(told: Stored, known: packages.State, named: people.State) -> Heard:
    """Return a reading with whose it is by what is known now.

    What was read before its package was declared is nobody's yet: custody/claims.py.
    """
    heard = Heard(told.happened_at_ms, told)
    if told.kind in TAGS:
        tag = told.text("tag")
        heard.person = named.holder(tag, heard.at_ms) if told.kind == "tag_in" else ""
        package = known.tagged(tag)
        if package and not heard.person and heard.at_ms >= package.received_at_ms:
            heard.package = package.package
    return heard


def is_strange(heard: Heard, known: packages.State) -> bool:
    """Tell whether a tag came that is on no package and nobody's badge."""
    told = heard.told
    return told.kind == "tag_in" and not heard.person and not known.tagged(told.text("tag"))


def stranger(opening: Opening | None, told: Stored, named: people.State) -> Outcome:
    """Return the discrepancy of a tag that belongs to nothing and nobody."""
    place, tag = told.text("place"), told.text("tag")
    facts: dict[str, Json] = {
        "opening": opening.opening if opening else "",
        "place": place,
        "tag": tag,
        "text": f"tag {tag} in {place} belongs to no package and no person",
    }
    rule = STRANGE
    if revoked := named.revoked.get(tag):
        text = f"revoked badge {tag} of {named.alias(revoked.person)} was shown in {place}"
        rule, facts["text"] = "badge_revoked_used", text
    # By its rule: should the tag become a package's, its reading may be what opens the cabinet.
    return find(told, rule, facts)
