"""Which role may declare which kind of event on the page; an inspector reads and prints.

Master data, people, rights and corrections are the owner's; what happens to a package is told by
whoever had it in hands, owner or operator.  The command line on the node itself asks no role.
"""

from fognode.events import Kind

OWNER, OPERATOR = "owner", "operator"
OPERATORS = frozenset(
    {
        Kind.USE_DECLARED,
        Kind.SPILL_DECLARED,
        Kind.DISPOSAL_DECLARED,
        Kind.DEFECTIVE_DECLARED,
        Kind.PACKAGE_TARED,
        Kind.SCALE_CHECKED,
        Kind.STOCKTAKE_OPENED,
        Kind.STOCK_COUNTED,
        Kind.STOCKTAKE_CLOSED,
        Kind.TAG_BOUND,
        Kind.TAG_UNBOUND,
        Kind.DELIVERY_DECLARED,
        Kind.DELIVERY_CLOSED,
        Kind.EMPTY_DECLARED,
        Kind.RINSE_DECLARED,
        Kind.SEAL_DECLARED,
        Kind.EXIT_DECLARED,
        Kind.BATCH_DECLARED,
        Kind.RECEIPT_DECLARED,
        Kind.DISCREPANCY_EXPLAINED,
    }
)


def may_declare(role: str, kind: str) -> bool:
    """Tell whether a person of a role may declare a kind."""
    return role == OWNER or (role == OPERATOR and kind in OPERATORS)
