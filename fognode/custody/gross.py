"""What a weight says of one package in an opening: what is on record, and what differs from it."""

from fognode.custody import amounts, contents, losses
from fognode.custody.balances import TOLERANCE_G
from fognode.custody.containers import DIFFERENCE_U_G
from fognode.custody.judged import Books, Judged
from fognode.custody.packages import Package

DAY_MS = 86_400_000


def note(judged: Judged, package: Package, weight_g: int, at_ms: int) -> None:
    """Put a weight on record; the first one of a full package tells a tare nobody knew."""
    if package.full_by_label and not package.tare_g and weight_g > package.gross_g:
        package.tare_g = weight_g - package.gross_g  # what it weighs beyond its content
        package.tare_u_g = contents.label_u_g(package.gross_g)
    knows_tare = package.tare_g > 0
    if package.said_empty and knows_tare and weight_g > package.empty_g:
        text = f"{package.package} was declared empty and weighs {weight_g} g"
        over_g = weight_g - package.tare_g
        judged.find("weight_differs", text, package.package, delta_g=over_g, u_g=DIFFERENCE_U_G)
    package.gross_g, package.weighed, package.declared = weight_g, True, False
    package.said_empty = package.said_empty and not knows_tare
    judged.books.outings.weighed_at_ms[package.package] = at_ms


def expected_g(books: Books, package: Package, at_ms: int) -> int:
    """Return what a scale should show of a package by then, grams.

    The weight on record, and what people declared or counted of it since.
    """
    since_ms = books.outings.weighed_at_ms.get(package.package, 0)
    told = [*books.packages.restated.get(package.package, {}).values()]
    declared = books.outings.declared.get(package.package, ())
    told += [(one.at_ms, -one.grams) for one in declared if one.is_use]  # it was out: not booked
    return package.gross_g + sum(
        delta_g for held_ms, delta_g in told if since_ms < held_ms <= at_ms
    )


def off_g(books: Books, package: Package, weight_g: int, at_ms: int) -> int:
    """Return by how much a weight differs from the one expected; 0 = no more than a scale drifts.

    What was never weighed is compared with its label, as far as that can be off: once something
    of it was used that says nothing, and where nobody knows the tare only too little does.
    """
    if package.declared and not package.full_by_label:
        return 0
    if package.said_empty and weight_g > package.empty_g:
        return 0  # ``note`` tells of that
    weighed_at_ms = books.outings.weighed_at_ms.get(package.package, at_ms)
    span_ms = min(max(at_ms - weighed_at_ms, 0), DAY_MS)
    drift_g = package.gross_g * losses.DRIFT_PERMILLE * span_ms // (1000 * DAY_MS)
    differs_g = weight_g - expected_g(books, package, at_ms)
    if package.declared and not package.tare_g:
        differs_g = min(differs_g, 0)
    return differs_g if abs(differs_g) > TOLERANCE_G + drift_g + _label_u_g(package) else 0


def _label_u_g(package: Package) -> int:
    return contents.label_u_g(package.gross_g - package.tare_g) if package.declared else 0


def compare(judged: Judged, package: Package, weight_g: int, at_ms: int) -> None:
    """Compare a weight with the one on record: a scale may drift 2 % of it in a day."""
    differs_g = off_g(judged.books, package, weight_g, at_ms)
    if not differs_g:
        return
    known = "by its label" if package.declared else "is on record"
    expected = expected_g(judged.books, package, at_ms)
    text = f"{package.package} weighs {weight_g} g, {expected} g {known}"
    label_u_g = _label_u_g(package)
    u_g = amounts.uncertainty(amounts.WEIGHT_U_G, label_u_g) if label_u_g else DIFFERENCE_U_G
    judged.find("weight_differs", text, package.package, delta_g=differs_g, u_g=u_g)
