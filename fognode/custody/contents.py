"""What a package holds when it comes: by its weight, or by its label where nobody weighed it.

A farm needs no scale to receive: the content is then what the product's label says, as sure as
labels are, and stock is kept by what people declare.  The first weight measures it; a tare that
nobody told is learnt from that, while the package is full.
"""

from fognode.custody import amounts
from fognode.custody.balances import TOLERANCE_G
from fognode.custody.products import Product
from fognode.events import Json, Stored

# A label's content may be this much off.  Source: OIML R 87, tolerable deficiency from 1 kg on.
LABEL_U_PERMILLE = 15
Refusal = tuple[str, str]  # why, and the value it is for


def label_g(product: Product | None) -> int:
    """Return the grams in a full package by its label; 0 = unknown."""
    if product is None:
        return 0
    return product.content_g or amounts.grams(product.content_ml, product.density_g_per_l) or 0


def label_u_g(content_g: int) -> int:
    """Return how far off a label's content may be, grams."""
    return max(amounts.WEIGHT_U_G, content_g * LABEL_U_PERMILLE // 1000)


def find_wrong(told: Stored, product: Product) -> Refusal | None:
    """Return why a delivery does not say enough of what is in it, and the value it is for."""
    tare_g = tare_of(told, product)
    if told.number("tare_g") < 0:
        return "tare_g is below zero", told.text("tare_g")
    if not told.number("gross_g"):
        reason = "nobody weighed it, and what is in a full one is not known of its product"
        return None if label_g(product) else (reason, product.gtin)
    if not tare_g:
        return "gross_g says little without tare_g: tell both, or neither", told.text("tare_g")
    if told.number("gross_g") <= tare_g:
        return "gross_g is not above tare_g", told.text("gross_g")
    return None


def tare_of(told: Stored, product: Product) -> int:
    """Return what a package weighs when empty, as told or as its product's; 0 = unknown."""
    return told.number("tare_g") or product.tare_g


def facts_of(told: Stored, product: Product) -> dict[str, Json]:
    """Return what an entry says of the content: its weights, or content_g by the label."""
    tare_g = tare_of(told, product)
    facts: dict[str, Json] = {"tare_g": tare_g} if tare_g else {}
    if told.number("gross_g"):
        return {"gross_g": told.number("gross_g"), **facts}
    return {"content_g": label_g(product), **facts}


def slack_g(tare_u_g: int) -> int:
    """Return how far from its tare an empty package may weigh, grams; a learnt tare is unsure."""
    return TOLERANCE_G + tare_u_g
