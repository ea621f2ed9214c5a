"""How much is in a package: content by weight, volume by density, and how sure that is.

    net  = gross - tare with lid                 grams
    ml   = net x 1000 / density in g per l       millilitres
    used = gross out - gross in                  grams, +- sqrt(u_out^2 + u_in^2)

Whole numbers only; halves are rounded up.  gal is the US gallon.

Source: NIST Handbook 44, appendix C (gallon); JCGM 100:2008, 5.1.2 (uncertainty of a
difference of independent readings).
"""

from math import isqrt

MICROLITRES_PER_GALLON = 3_785_411_784  # 10^-3 of a microlitre: 3.785411784 l exactly
WEIGHT_U_G = 20  # uncertainty of one settled weight of the cabinet's scale, grams
COUNTED_BELOW = 3  # a content below so many uncertainties is counted, not weighed


def net_g(gross_g: int, tare_g: int) -> int:
    """Return the content in grams; below zero when the package weighs less than its tare."""
    return gross_g - tare_g


def millilitres(content_g: int, density_g_per_l: int) -> int | None:
    """Return a content as millilitres; None when the density is unknown (0)."""
    if density_g_per_l <= 0:
        return None
    return _rounded(content_g * 1000, density_g_per_l)


def grams(content_ml: int, density_g_per_l: int) -> int | None:
    """Return millilitres as grams; None when the density is unknown (0)."""
    if density_g_per_l <= 0:
        return None
    return _rounded(content_ml * density_g_per_l, 1000)


def uncertainty(*parts_g: int) -> int:
    """Return the uncertainty of a sum or difference of independent readings, rounded."""
    return root(sum(part * part for part in parts_g))


def root(square: int) -> int:
    """Return the square root, rounded to the nearest: of 800 g2 it is 28 g."""
    below = isqrt(square)
    return below if square - below * below <= below else below + 1


def is_countable_only(content_g: int, u_g: int = WEIGHT_U_G) -> bool:
    """Tell whether a content is too small to be weighed: it is counted instead."""
    return 0 < content_g < COUNTED_BELOW * u_g


def _rounded(number: int, by: int) -> int:
    return (2 * number + by) // (2 * by)


def litres_text(content_g: int, density_g_per_l: int, u_g: int) -> str:
    """Return what a page says of a content: 4.73 l (1.249 US gal) +- 17 ml.

    In grams only, and said so, when the density is unknown (0).
    """
    content_ml = millilitres(abs(content_g), density_g_per_l)
    if content_ml is None:
        return f"{grams_text(content_g, u_g)}, volume unknown"
    sign = "-" if content_g < 0 else ""
    u_ml = _rounded(u_g * 1000, density_g_per_l)
    # From the grams, and not from millilitres that are rounded already.
    exact = _rounded(abs(content_g) * 10**12, density_g_per_l * MICROLITRES_PER_GALLON)
    gallons = _point(exact, 3)
    return f"{sign}{_point((content_ml + 5) // 10, 2)} l ({sign}{gallons} US gal) +- {u_ml} ml"


def grams_text(content_g: int, u_g: int) -> str:
    """Return a mass as a page says it: 5.53 kg +- 20 g."""
    sign = "-" if content_g < 0 else ""
    return f"{sign}{_point((abs(content_g) + 5) // 10, 2)} kg +- {u_g} g"


def _point(number: int, decimals: int) -> str:
    whole, part = divmod(number, 10**decimals)
    return f"{whole}.{part:0{decimals}d}"
