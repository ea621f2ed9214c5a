-- Run by root after the migrations, again and again: grants, triggers, views.
-- Triggers belong to the locked account <schema>_shadow, so nobody can run or change them
-- as that account; SESSION_USER() still names who wrote.

REVOKE ALL PRIVILEGES, GRANT OPTION FROM '${schema}_writer'@localhost, '${schema}_reader'@localhost
//
GRANT SELECT, TRIGGER ON `${pattern}`.* TO '${schema}_shadow'@localhost
//
GRANT INSERT ON `${pattern}\_audit`.* TO '${schema}_shadow'@localhost
//
-- What was refused is noted in an Aria table, where the note survives the rollback.
-- Its hash is that of any row: SHA-256 of canonical JSON (hashing.row_hash).
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost PROCEDURE `${schema}_audit`.refuse(
    verb VARCHAR(10), name VARCHAR(64), row_key VARCHAR(255))
BEGIN
    DECLARE note CHAR(36) DEFAULT UUID();
    DECLARE noted VARCHAR(32) DEFAULT SYSDATE(6);
    DECLARE who VARCHAR(128) DEFAULT SESSION_USER();
    INSERT INTO `${schema}_audit`.blocked (id, statement, table_name, row_key, db_user, at, hash)
    VALUES (note, verb, name, row_key, who, noted, UNHEX(SHA2(CONCAT(
        '{"at":', JSON_QUOTE(noted), ',"db_user":', JSON_QUOTE(who), ',"id":', JSON_QUOTE(note),
        ',"row_key":', JSON_QUOTE(row_key), ',"statement":', JSON_QUOTE(verb),
        ',"table_name":', JSON_QUOTE(name), '}'), 256)));
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 30003, MESSAGE_TEXT = 'this table is insert-only';
END
//
GRANT EXECUTE ON PROCEDURE `${schema}_audit`.refuse TO '${schema}_shadow'@localhost
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.event_check
BEFORE INSERT ON `${schema}`.event FOR EACH ROW
BEGIN
    -- BINARY(32) pads a shorter hash with zeros; the comparison catches that.
    IF OCTET_LENGTH(NEW.hash) <> 32
       OR NEW.hash <> UNHEX(SHA2(CONCAT(CHAR(1), NEW.prev_hash, NEW.body), 256)) THEN
        SIGNAL SQLSTATE '45000'
            SET MYSQL_ERRNO = 30001, MESSAGE_TEXT = 'hash does not match';
    END IF;
    IF (NEW.seq = 1 AND NEW.prev_hash <> REPEAT(CHAR(0), 32))
       OR (NEW.seq <> 1 AND NOT EXISTS (
           SELECT 1 FROM `${schema}`.event WHERE seq = NEW.seq - 1 AND hash = NEW.prev_hash)) THEN
        SIGNAL SQLSTATE '45000'
            SET MYSQL_ERRNO = 30002, MESSAGE_TEXT = 'prev_hash is not the last hash';
    END IF;
    IF NOT NEW.event_id <=> UNHEX(LEFT(SHA2(JSON_VALUE(NEW.body, '$$.origin'), 256), 32)) THEN
        SIGNAL SQLSTATE '45000'
            SET MYSQL_ERRNO = 30004, MESSAGE_TEXT = 'event_id does not match';
    END IF;
END
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.event_copy
AFTER INSERT ON `${schema}`.event FOR EACH ROW
INSERT INTO `${schema}_audit`.event_shadow
   (seq, event_id, body, prev_hash, hash, db_user, at)
VALUES
   (NEW.seq, NEW.event_id, NEW.body, NEW.prev_hash, NEW.hash, SESSION_USER(), SYSDATE(6))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.event_no_update
BEFORE UPDATE ON `${schema}`.event FOR EACH ROW
CALL `${schema}_audit`.refuse('UPDATE', 'event', OLD.seq)
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.event_no_delete
BEFORE DELETE ON `${schema}`.event FOR EACH ROW
CALL `${schema}_audit`.refuse('DELETE', 'event', OLD.seq)
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.mail_attempt_copy
AFTER INSERT ON `${schema}`.mail_attempt FOR EACH ROW
INSERT INTO `${schema}_audit`.mail_attempt_shadow
   (outbox_id, attempt, outcome, detail, at_ms, hash, db_user, at)
VALUES
   (NEW.outbox_id, NEW.attempt, NEW.outcome, NEW.detail, NEW.at_ms, NEW.hash, SESSION_USER(),
    SYSDATE(6))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.mail_attempt_no_update
BEFORE UPDATE ON `${schema}`.mail_attempt FOR EACH ROW
CALL `${schema}_audit`.refuse('UPDATE', 'mail_attempt', CONCAT(OLD.outbox_id, '/', OLD.attempt))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.mail_attempt_no_delete
BEFORE DELETE ON `${schema}`.mail_attempt FOR EACH ROW
CALL `${schema}_audit`.refuse('DELETE', 'mail_attempt', CONCAT(OLD.outbox_id, '/', OLD.attempt))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.chain_attempt_copy
AFTER INSERT ON `${schema}`.chain_attempt FOR EACH ROW
INSERT INTO `${schema}_audit`.chain_attempt_shadow
   (tx_hash, outbox_id, seq, nonce, raw, max_fee, tip, created_at_ms, hash, db_user, at)
VALUES
   (NEW.tx_hash, NEW.outbox_id, NEW.seq, NEW.nonce, NEW.raw, NEW.max_fee, NEW.tip,
    NEW.created_at_ms, NEW.hash, SESSION_USER(), SYSDATE(6))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.chain_attempt_no_update
BEFORE UPDATE ON `${schema}`.chain_attempt FOR EACH ROW
CALL `${schema}_audit`.refuse('UPDATE', 'chain_attempt', OLD.tx_hash)
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.chain_attempt_no_delete
BEFORE DELETE ON `${schema}`.chain_attempt FOR EACH ROW
CALL `${schema}_audit`.refuse('DELETE', 'chain_attempt', OLD.tx_hash)
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.partner_attempt_copy
AFTER INSERT ON `${schema}`.partner_attempt FOR EACH ROW
INSERT INTO `${schema}_audit`.partner_attempt_shadow
   (outbox_id, attempt, outcome, detail, at_ms, hash, db_user, at)
VALUES
   (NEW.outbox_id, NEW.attempt, NEW.outcome, NEW.detail, NEW.at_ms, NEW.hash, SESSION_USER(),
    SYSDATE(6))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.partner_attempt_no_update
BEFORE UPDATE ON `${schema}`.partner_attempt FOR EACH ROW
CALL `${schema}_audit`.refuse('UPDATE', 'partner_attempt', CONCAT(OLD.outbox_id, '/', OLD.attempt))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.partner_attempt_no_delete
BEFORE DELETE ON `${schema}`.partner_attempt FOR EACH ROW
CALL `${schema}_audit`.refuse('DELETE', 'partner_attempt', CONCAT(OLD.outbox_id, '/', OLD.attempt))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.gov_document_copy
AFTER INSERT ON `${schema}`.gov_document FOR EACH ROW
INSERT INTO `${schema}_audit`.gov_document_shadow
   (mov_id, exact_bytes, sha256, hash, db_user, at)
VALUES
   (NEW.mov_id, NEW.exact_bytes, NEW.sha256, NEW.hash, SESSION_USER(), SYSDATE(6))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.gov_document_no_update
BEFORE UPDATE ON `${schema}`.gov_document FOR EACH ROW
CALL `${schema}_audit`.refuse('UPDATE', 'gov_document', OLD.mov_id)
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.gov_document_no_delete
BEFORE DELETE ON `${schema}`.gov_document FOR EACH ROW
CALL `${schema}_audit`.refuse('DELETE', 'gov_document', OLD.mov_id)
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.gov_attempt_copy
AFTER INSERT ON `${schema}`.gov_attempt FOR EACH ROW
INSERT INTO `${schema}_audit`.gov_attempt_shadow
   (mov_id, attempt, outcome, protocol, detail, at_ms, hash, db_user, at)
VALUES
   (NEW.mov_id, NEW.attempt, NEW.outcome, NEW.protocol, NEW.detail, NEW.at_ms, NEW.hash,
    SESSION_USER(), SYSDATE(6))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.gov_attempt_no_update
BEFORE UPDATE ON `${schema}`.gov_attempt FOR EACH ROW
CALL `${schema}_audit`.refuse('UPDATE', 'gov_attempt', CONCAT(OLD.mov_id, '/', OLD.attempt))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.gov_attempt_no_delete
BEFORE DELETE ON `${schema}`.gov_attempt FOR EACH ROW
CALL `${schema}_audit`.refuse('DELETE', 'gov_attempt', CONCAT(OLD.mov_id, '/', OLD.attempt))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.model_version_copy
AFTER INSERT ON `${schema}`.model_version FOR EACH ROW
INSERT INTO `${schema}_audit`.model_version_shadow
   (id, task, algorithm, libraries, window_from_ms, window_to_ms, row_count, rows_sha256,
    params, metrics, probe_hash, file_sha256, status, created_at_ms, hash, db_user, at)
VALUES
   (NEW.id, NEW.task, NEW.algorithm, NEW.libraries, NEW.window_from_ms, NEW.window_to_ms,
    NEW.row_count, NEW.rows_sha256, NEW.params, NEW.metrics, NEW.probe_hash, NEW.file_sha256,
    NEW.status, NEW.created_at_ms, NEW.hash, SESSION_USER(), SYSDATE(6))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.model_version_no_update
BEFORE UPDATE ON `${schema}`.model_version FOR EACH ROW
CALL `${schema}_audit`.refuse('UPDATE', 'model_version', OLD.id)
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.model_version_no_delete
BEFORE DELETE ON `${schema}`.model_version FOR EACH ROW
CALL `${schema}_audit`.refuse('DELETE', 'model_version', OLD.id)
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.checkpoint_copy
AFTER INSERT ON `${schema}`.checkpoint FOR EACH ROW
INSERT INTO `${schema}_audit`.checkpoint_shadow
   (size, root, note, range_json, link, at_ms, hash, db_user, at)
VALUES
   (NEW.size, NEW.root, NEW.note, NEW.range_json, NEW.link, NEW.at_ms, NEW.hash,
    SESSION_USER(), SYSDATE(6))
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.checkpoint_no_update
BEFORE UPDATE ON `${schema}`.checkpoint FOR EACH ROW
CALL `${schema}_audit`.refuse('UPDATE', 'checkpoint', OLD.size)
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost TRIGGER `${schema}`.checkpoint_no_delete
BEFORE DELETE ON `${schema}`.checkpoint FOR EACH ROW
CALL `${schema}_audit`.refuse('DELETE', 'checkpoint', OLD.size)
//
-- Raw samples lie in a partition for each day (UTC).  To add and to drop one takes ALTER,
-- CREATE and DROP of the table, with which its days could also go unseen; so the writer has
-- none of them, and calls these two.
GRANT SELECT, INSERT, CREATE, ALTER, DROP ON `${schema}_state`.sample
   TO '${schema}_shadow'@localhost
//
-- Splits the partition into which the day falls: as a rule the last, and empty, one.  A day
-- that lies before others, as after a clock was wrong, is made as well.
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost
PROCEDURE `${schema}_state`.add_sample_day(day_number INT)
BEGIN
    DECLARE past BIGINT DEFAULT (day_number + 1) * 86400000;
    DECLARE above VARCHAR(64);
    DECLARE bound VARCHAR(40);
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.partitions
         WHERE table_schema = '${schema}_state' AND table_name = 'sample'
           AND partition_description = past) THEN
        SELECT partition_name,
               IF(partition_description = 'MAXVALUE', 'MAXVALUE',
                  CONCAT('(', partition_description, ')'))
          INTO above, bound FROM information_schema.partitions
         WHERE table_schema = '${schema}_state' AND table_name = 'sample'
           AND (partition_description = 'MAXVALUE'
                OR CAST(partition_description AS SIGNED) > past)
         ORDER BY partition_ordinal_position LIMIT 1;
        -- WAIT: who reads the table in a long transaction must not hold up the store.
        EXECUTE IMMEDIATE CONCAT(
            'ALTER TABLE `${schema}_state`.sample WAIT 1 REORGANIZE PARTITION ', above,
            ' INTO (PARTITION ',
            DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL day_number DAY), 'd%Y%m%d'),
            ' VALUES LESS THAN (', past, '), PARTITION ', above, ' VALUES LESS THAN ', bound, ')');
    END IF;
END
//
-- Drops the days that end at or before a time, but only once the record says that they go.
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost
PROCEDURE `${schema}_state`.drop_sample_days(before_at_ms BIGINT)
BEGIN
    DECLARE old TEXT DEFAULT (
        SELECT GROUP_CONCAT(partition_name) FROM information_schema.partitions
         WHERE table_schema = '${schema}_state' AND table_name = 'sample'
           AND partition_description <> 'MAXVALUE'
           AND CAST(partition_description AS SIGNED) <= before_at_ms);
    IF NOT EXISTS (
        SELECT 1 FROM `${schema}`.event WHERE event_id = UNHEX(LEFT(SHA2(
            CONCAT('n/samples_forgotten/', before_at_ms), 256), 32))) THEN
        SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 30006,
            MESSAGE_TEXT = 'the record does not say that these samples go';
    END IF;
    IF old IS NOT NULL THEN
        EXECUTE IMMEDIATE CONCAT('ALTER TABLE `${schema}_state`.sample WAIT 1 DROP PARTITION ',
            old);
    END IF;
END
//
GRANT EXECUTE ON PROCEDURE `${schema}_state`.add_sample_day TO '${schema}_shadow'@localhost
//
GRANT EXECUTE ON PROCEDURE `${schema}_state`.drop_sample_days TO '${schema}_shadow'@localhost
//
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost SQL SECURITY DEFINER
VIEW `${schema}`.chain_head AS
SELECT seq, hash FROM `${schema}`.event ORDER BY seq DESC LIMIT 1
//
-- What tier 1 delivered, with the reason of what was refused (requirement A38).
CREATE OR REPLACE DEFINER='${schema}_shadow'@localhost SQL SECURITY DEFINER
VIEW `${schema}`.staging AS
SELECT seq, kind, origin, happened_at_ms, kind = 'rejected' AS rejected,
       COALESCE(JSON_VALUE(body, '$$.facts.reason'), '') AS reason, hash
FROM `${schema}`.event WHERE origin LIKE 'b/%' OR kind = 'rejected'
//
GRANT INSERT ON `${schema}`.event TO '${schema}_writer'@localhost
//
GRANT INSERT ON `${schema}`.mail_attempt TO '${schema}_writer'@localhost
//
GRANT INSERT ON `${schema}`.chain_attempt TO '${schema}_writer'@localhost
//
GRANT INSERT ON `${schema}`.partner_attempt TO '${schema}_writer'@localhost
//
GRANT INSERT ON `${schema}`.gov_document TO '${schema}_writer'@localhost
//
GRANT INSERT ON `${schema}`.gov_attempt TO '${schema}_writer'@localhost
//
GRANT INSERT ON `${schema}`.model_version TO '${schema}_writer'@localhost
//
GRANT INSERT ON `${schema}`.checkpoint TO '${schema}_writer'@localhost
//
GRANT SELECT ON `${schema}`.chain_head TO '${schema}_writer'@localhost
//
GRANT SELECT, INSERT, UPDATE, DELETE ON `${pattern}\_state`.* TO '${schema}_writer'@localhost
//
GRANT EXECUTE ON PROCEDURE `${schema}_state`.add_sample_day TO '${schema}_writer'@localhost
//
GRANT EXECUTE ON PROCEDURE `${schema}_state`.drop_sample_days TO '${schema}_writer'@localhost
//
GRANT SELECT ON `${pattern}`.* TO '${schema}_reader'@localhost
//
GRANT SELECT ON `${pattern}\_audit`.* TO '${schema}_reader'@localhost
//
GRANT SELECT ON `${pattern}\_state`.* TO '${schema}_reader'@localhost
