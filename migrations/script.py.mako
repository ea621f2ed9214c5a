"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Change the schema, one DDL statement per step: MariaDB cannot roll DDL back."""
    ${upgrades if upgrades else "op.execute('...')"}
