"""Run by alembic: upgrade over the connection that fognode/store/prepare.py hands in.

There is no alembic.ini; fognode/store/prepare.py configures alembic in code.
"""

from alembic import context

connection = context.config.attributes["connection"]
# The version lies beside the events, in <schema>.alembic_version on MariaDB.
context.configure(
    connection=connection,
    target_metadata=None,
    version_table_schema=context.config.attributes["version_schema"],
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
