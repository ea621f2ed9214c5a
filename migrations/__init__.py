"""Schema of the database: forward only (alembic), and root's SQL for MariaDB."""
