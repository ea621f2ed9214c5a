-- Run by root before the migrations, again and again: schemas and accounts.
-- The writing and the reading account stay locked until store/prepare.py gives them a password.

CREATE DATABASE IF NOT EXISTS `${schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
//
CREATE DATABASE IF NOT EXISTS `${schema}_audit` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
//
CREATE DATABASE IF NOT EXISTS `${schema}_state` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
//
CREATE USER IF NOT EXISTS '${schema}_writer'@localhost ACCOUNT LOCK
//
CREATE USER IF NOT EXISTS '${schema}_reader'@localhost ACCOUNT LOCK
//
CREATE USER IF NOT EXISTS '${schema}_migrator'@localhost ACCOUNT LOCK
//
-- Defines the triggers and views; nobody ever logs in as it.
CREATE USER IF NOT EXISTS '${schema}_shadow'@localhost ACCOUNT LOCK
//
-- In a grant on NAME.* an underscore stands for any letter, so the pattern escapes it.
-- No DROP, so it cannot TRUNCATE; no TRIGGER, so it cannot take the guards away.
GRANT CREATE, ALTER, INDEX, SELECT, INSERT ON `${pattern}`.* TO '${schema}_migrator'@localhost
//
GRANT CREATE, ALTER, INDEX, SELECT ON `${pattern}\_audit`.* TO '${schema}_migrator'@localhost
//
GRANT CREATE, ALTER, INDEX, SELECT, INSERT, UPDATE, DELETE ON `${pattern}\_state`.*
   TO '${schema}_migrator'@localhost
//
-- CREATE lets MariaDB accept a grant on a table that is not there yet.
GRANT CREATE, UPDATE, DELETE ON `${schema}`.alembic_version TO '${schema}_migrator'@localhost
