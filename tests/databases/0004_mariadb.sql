
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;

CREATE DATABASE /*!32312 IF NOT EXISTS*/ `first` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */;

USE `first`;
DROP TABLE IF EXISTS `alembic_version`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `alembic_version` (
  `version_num` varchar(32) NOT NULL,
  PRIMARY KEY (`version_num`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `alembic_version` WRITE;
/*!40000 ALTER TABLE `alembic_version` DISABLE KEYS */;
INSERT INTO `alembic_version` VALUES
('0004');
/*!40000 ALTER TABLE `alembic_version` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `chain_attempt`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `chain_attempt` (
  `tx_hash` varchar(66) NOT NULL,
  `outbox_id` varchar(120) NOT NULL,
  `seq` bigint(20) NOT NULL,
  `nonce` bigint(20) NOT NULL,
  `raw` text NOT NULL,
  `max_fee` varchar(80) NOT NULL,
  `tip` varchar(80) NOT NULL,
  `created_at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`tx_hash`),
  KEY `chain_attempt_step` (`outbox_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `chain_attempt` WRITE;
/*!40000 ALTER TABLE `chain_attempt` DISABLE KEYS */;
/*!40000 ALTER TABLE `chain_attempt` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.chain_attempt_copy
AFTER INSERT ON `first`.chain_attempt FOR EACH ROW
INSERT INTO `first_audit`.chain_attempt_shadow
   (tx_hash, outbox_id, seq, nonce, raw, max_fee, tip, created_at_ms, hash, db_user, at)
VALUES
   (NEW.tx_hash, NEW.outbox_id, NEW.seq, NEW.nonce, NEW.raw, NEW.max_fee, NEW.tip,
    NEW.created_at_ms, NEW.hash, SESSION_USER(), SYSDATE(6)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.chain_attempt_no_update
BEFORE UPDATE ON `first`.chain_attempt FOR EACH ROW
CALL `first_audit`.refuse('UPDATE', 'chain_attempt', OLD.tx_hash) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.chain_attempt_no_delete
BEFORE DELETE ON `first`.chain_attempt FOR EACH ROW
CALL `first_audit`.refuse('DELETE', 'chain_attempt', OLD.tx_hash) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
DROP TABLE IF EXISTS `chain_head`;
/*!50001 DROP VIEW IF EXISTS `chain_head`*/;
SET @saved_cs_client     = @@character_set_client;
SET character_set_client = utf8mb4;
/*!50001 CREATE VIEW `chain_head` AS SELECT
 NULL AS `seq`,
 NULL AS `hash` */;
SET character_set_client = @saved_cs_client;
DROP TABLE IF EXISTS `checkpoint`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `checkpoint` (
  `size` bigint(20) NOT NULL,
  `root` binary(32) NOT NULL,
  `note` text NOT NULL,
  `range_json` text NOT NULL,
  `link` binary(32) NOT NULL,
  `at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`size`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `checkpoint` WRITE;
/*!40000 ALTER TABLE `checkpoint` DISABLE KEYS */;
INSERT INTO `checkpoint` VALUES
(2,0x9B11405E753A4CC8FA94511945C83E58334627199EA67C109ADFE8DBDA336F84,'fognode.example/farm-7\n2\nmxFAXnU6TMj6lFEZRcg+WDNGJxmepnwQmt/o29ozb4Q=\n\n— fognode.example/farm-7 EhrI4YtZwwRF2V5r5Mjo7AtDIoU5x8jZFRBRvXuUWmJHYDohc+rnJNUACgyCj3NBrTtf/Sk/Kp/78Uz9SVz01MWpngE=\n','[\"9b11405e753a4cc8fa94511945c83e58334627199ea67c109adfe8dbda336f84\"]',0xACE65073ED6F894154E6E397DFA3DC833262BDB6907D75CAA4E16775DED56EE9,1,0x72BCB3F814C2AF8007C9D9395C261B443CAD5831F3B750F24B28B5ACE6C78F86);
/*!40000 ALTER TABLE `checkpoint` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.checkpoint_copy
AFTER INSERT ON `first`.checkpoint FOR EACH ROW
INSERT INTO `first_audit`.checkpoint_shadow
   (size, root, note, range_json, link, at_ms, hash, db_user, at)
VALUES
   (NEW.size, NEW.root, NEW.note, NEW.range_json, NEW.link, NEW.at_ms, NEW.hash,
    SESSION_USER(), SYSDATE(6)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.checkpoint_no_update
BEFORE UPDATE ON `first`.checkpoint FOR EACH ROW
CALL `first_audit`.refuse('UPDATE', 'checkpoint', OLD.size) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.checkpoint_no_delete
BEFORE DELETE ON `first`.checkpoint FOR EACH ROW
CALL `first_audit`.refuse('DELETE', 'checkpoint', OLD.size) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
DROP TABLE IF EXISTS `event`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `event` (
  `seq` bigint(20) unsigned NOT NULL,
  `event_id` binary(16) NOT NULL,
  `body` mediumtext NOT NULL,
  `prev_hash` binary(32) NOT NULL,
  `hash` binary(32) NOT NULL,
  `kind` varchar(40) GENERATED ALWAYS AS (json_value(`body`,'$.kind')) VIRTUAL,
  `origin` varchar(120) GENERATED ALWAYS AS (json_value(`body`,'$.origin')) VIRTUAL,
  `happened_at_ms` bigint(20) GENERATED ALWAYS AS (json_value(`body`,'$.happened_at_ms')) VIRTUAL,
  `about` varchar(64) GENERATED ALWAYS AS (if(json_contains_path(`body`,'one','$.facts.package','$.facts.about','$.facts.corrects'),left(coalesce(json_value(`body`,'$.facts.package'),json_value(`body`,'$.facts.about'),json_value(`body`,'$.facts.corrects')),64),NULL)) VIRTUAL,
  PRIMARY KEY (`seq`),
  UNIQUE KEY `event_id` (`event_id`),
  UNIQUE KEY `prev_hash` (`prev_hash`),
  KEY `event_kind` (`kind`),
  KEY `event_happened` (`happened_at_ms`),
  KEY `event_about` (`about`),
  CONSTRAINT `CONSTRAINT_1` CHECK (json_valid(`body`))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `event` WRITE;
/*!40000 ALTER TABLE `event` DISABLE KEYS */;
INSERT INTO `event` VALUES
(1,0x13C61F0B4DBAC55B1E26B7445599F1ED,'{\"board_ms\":123456,\"boot_id\":\"5f3a9c0e\",\"clock_ok\":1,\"facts\":{\"light_counts\":859,\"sensor\":\"L1\"},\"farm\":\"farm-7\",\"happened_at_ms\":1795241520123,\"kind\":\"light_open\",\"mono_ms\":86400171,\"origin\":\"b/cab01/17/42\",\"recorded_at_ms\":1795241520171,\"v\":1}',0x0000000000000000000000000000000000000000000000000000000000000000,0x35521EDCA00105A914E4F009C55C0A1AD6A275B26FD7A592729E348CC0C6C38E,'light_open','b/cab01/17/42',1795241520123,NULL),
(2,0x2B3A20D0CD5B63073F56D991FC96C00C,'{\"boot_id\":\"5f3a9c0e\",\"clock_ok\":1,\"facts\":{\"place\":\"Armário 1\"},\"farm\":\"farm-7\",\"happened_at_ms\":1795241520123,\"kind\":\"openBox\",\"mono_ms\":86400190,\"origin\":\"r/open_box/13c61f0b4dbac55b1e26b7445599f1ed/1\",\"recorded_at_ms\":1795241520190,\"rule_v\":1,\"v\":1}',0x35521EDCA00105A914E4F009C55C0A1AD6A275B26FD7A592729E348CC0C6C38E,0xACE65073ED6F894154E6E397DFA3DC833262BDB6907D75CAA4E16775DED56EE9,'openBox','r/open_box/13c61f0b4dbac55b1e26b7445599f1ed/1',1795241520123,NULL);
/*!40000 ALTER TABLE `event` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.event_check
BEFORE INSERT ON `first`.event FOR EACH ROW
BEGIN
    -- BINARY(32) pads a shorter hash with zeros; the comparison catches that.
    IF OCTET_LENGTH(NEW.hash) <> 32
       OR NEW.hash <> UNHEX(SHA2(CONCAT(CHAR(1), NEW.prev_hash, NEW.body), 256)) THEN
        SIGNAL SQLSTATE '45000'
            SET MYSQL_ERRNO = 30001, MESSAGE_TEXT = 'hash does not match';
    END IF;
    IF (NEW.seq = 1 AND NEW.prev_hash <> REPEAT(CHAR(0), 32))
       OR (NEW.seq <> 1 AND NOT EXISTS (
           SELECT 1 FROM `first`.event WHERE seq = NEW.seq - 1 AND hash = NEW.prev_hash)) THEN
        SIGNAL SQLSTATE '45000'
            SET MYSQL_ERRNO = 30002, MESSAGE_TEXT = 'prev_hash is not the last hash';
    END IF;
    IF NOT NEW.event_id <=> UNHEX(LEFT(SHA2(JSON_VALUE(NEW.body, '$.origin'), 256), 32)) THEN
        SIGNAL SQLSTATE '45000'
            SET MYSQL_ERRNO = 30004, MESSAGE_TEXT = 'event_id does not match';
    END IF;
END 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.event_copy
AFTER INSERT ON `first`.event FOR EACH ROW
INSERT INTO `first_audit`.event_shadow
   (seq, event_id, body, prev_hash, hash, db_user, at)
VALUES
   (NEW.seq, NEW.event_id, NEW.body, NEW.prev_hash, NEW.hash, SESSION_USER(), SYSDATE(6)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.event_no_update
BEFORE UPDATE ON `first`.event FOR EACH ROW
CALL `first_audit`.refuse('UPDATE', 'event', OLD.seq) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.event_no_delete
BEFORE DELETE ON `first`.event FOR EACH ROW
CALL `first_audit`.refuse('DELETE', 'event', OLD.seq) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
DROP TABLE IF EXISTS `gov_attempt`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `gov_attempt` (
  `mov_id` varchar(60) NOT NULL,
  `attempt` bigint(20) NOT NULL,
  `outcome` varchar(20) NOT NULL,
  `protocol` varchar(40) NOT NULL,
  `detail` varchar(300) NOT NULL,
  `at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`mov_id`,`attempt`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `gov_attempt` WRITE;
/*!40000 ALTER TABLE `gov_attempt` DISABLE KEYS */;
/*!40000 ALTER TABLE `gov_attempt` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.gov_attempt_copy
AFTER INSERT ON `first`.gov_attempt FOR EACH ROW
INSERT INTO `first_audit`.gov_attempt_shadow
   (mov_id, attempt, outcome, protocol, detail, at_ms, hash, db_user, at)
VALUES
   (NEW.mov_id, NEW.attempt, NEW.outcome, NEW.protocol, NEW.detail, NEW.at_ms, NEW.hash,
    SESSION_USER(), SYSDATE(6)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.gov_attempt_no_update
BEFORE UPDATE ON `first`.gov_attempt FOR EACH ROW
CALL `first_audit`.refuse('UPDATE', 'gov_attempt', CONCAT(OLD.mov_id, '/', OLD.attempt)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.gov_attempt_no_delete
BEFORE DELETE ON `first`.gov_attempt FOR EACH ROW
CALL `first_audit`.refuse('DELETE', 'gov_attempt', CONCAT(OLD.mov_id, '/', OLD.attempt)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
DROP TABLE IF EXISTS `gov_document`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `gov_document` (
  `mov_id` varchar(60) NOT NULL,
  `exact_bytes` mediumblob NOT NULL,
  `sha256` binary(32) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`mov_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `gov_document` WRITE;
/*!40000 ALTER TABLE `gov_document` DISABLE KEYS */;
/*!40000 ALTER TABLE `gov_document` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.gov_document_copy
AFTER INSERT ON `first`.gov_document FOR EACH ROW
INSERT INTO `first_audit`.gov_document_shadow
   (mov_id, exact_bytes, sha256, hash, db_user, at)
VALUES
   (NEW.mov_id, NEW.exact_bytes, NEW.sha256, NEW.hash, SESSION_USER(), SYSDATE(6)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.gov_document_no_update
BEFORE UPDATE ON `first`.gov_document FOR EACH ROW
CALL `first_audit`.refuse('UPDATE', 'gov_document', OLD.mov_id) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.gov_document_no_delete
BEFORE DELETE ON `first`.gov_document FOR EACH ROW
CALL `first_audit`.refuse('DELETE', 'gov_document', OLD.mov_id) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
DROP TABLE IF EXISTS `mail_attempt`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `mail_attempt` (
  `outbox_id` varchar(120) NOT NULL,
  `attempt` bigint(20) NOT NULL,
  `outcome` varchar(20) NOT NULL,
  `detail` varchar(300) NOT NULL,
  `at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`outbox_id`,`attempt`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `mail_attempt` WRITE;
/*!40000 ALTER TABLE `mail_attempt` DISABLE KEYS */;
/*!40000 ALTER TABLE `mail_attempt` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.mail_attempt_copy
AFTER INSERT ON `first`.mail_attempt FOR EACH ROW
INSERT INTO `first_audit`.mail_attempt_shadow
   (outbox_id, attempt, outcome, detail, at_ms, hash, db_user, at)
VALUES
   (NEW.outbox_id, NEW.attempt, NEW.outcome, NEW.detail, NEW.at_ms, NEW.hash, SESSION_USER(),
    SYSDATE(6)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.mail_attempt_no_update
BEFORE UPDATE ON `first`.mail_attempt FOR EACH ROW
CALL `first_audit`.refuse('UPDATE', 'mail_attempt', CONCAT(OLD.outbox_id, '/', OLD.attempt)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.mail_attempt_no_delete
BEFORE DELETE ON `first`.mail_attempt FOR EACH ROW
CALL `first_audit`.refuse('DELETE', 'mail_attempt', CONCAT(OLD.outbox_id, '/', OLD.attempt)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
DROP TABLE IF EXISTS `model_version`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `model_version` (
  `id` varchar(60) NOT NULL,
  `task` varchar(40) NOT NULL,
  `algorithm` varchar(80) NOT NULL,
  `libraries` varchar(120) NOT NULL,
  `window_from_ms` bigint(20) NOT NULL,
  `window_to_ms` bigint(20) NOT NULL,
  `row_count` bigint(20) NOT NULL,
  `rows_sha256` varchar(64) NOT NULL,
  `params` text NOT NULL,
  `metrics` text NOT NULL,
  `probe_hash` varchar(64) NOT NULL,
  `file_sha256` varchar(64) NOT NULL,
  `status` varchar(20) NOT NULL,
  `created_at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `model_version` WRITE;
/*!40000 ALTER TABLE `model_version` DISABLE KEYS */;
/*!40000 ALTER TABLE `model_version` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.model_version_copy
AFTER INSERT ON `first`.model_version FOR EACH ROW
INSERT INTO `first_audit`.model_version_shadow
   (id, task, algorithm, libraries, window_from_ms, window_to_ms, row_count, rows_sha256,
    params, metrics, probe_hash, file_sha256, status, created_at_ms, hash, db_user, at)
VALUES
   (NEW.id, NEW.task, NEW.algorithm, NEW.libraries, NEW.window_from_ms, NEW.window_to_ms,
    NEW.row_count, NEW.rows_sha256, NEW.params, NEW.metrics, NEW.probe_hash, NEW.file_sha256,
    NEW.status, NEW.created_at_ms, NEW.hash, SESSION_USER(), SYSDATE(6)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.model_version_no_update
BEFORE UPDATE ON `first`.model_version FOR EACH ROW
CALL `first_audit`.refuse('UPDATE', 'model_version', OLD.id) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.model_version_no_delete
BEFORE DELETE ON `first`.model_version FOR EACH ROW
CALL `first_audit`.refuse('DELETE', 'model_version', OLD.id) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
DROP TABLE IF EXISTS `partner_attempt`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `partner_attempt` (
  `outbox_id` varchar(120) NOT NULL,
  `attempt` bigint(20) NOT NULL,
  `outcome` varchar(20) NOT NULL,
  `detail` varchar(300) NOT NULL,
  `at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`outbox_id`,`attempt`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `partner_attempt` WRITE;
/*!40000 ALTER TABLE `partner_attempt` DISABLE KEYS */;
/*!40000 ALTER TABLE `partner_attempt` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.partner_attempt_copy
AFTER INSERT ON `first`.partner_attempt FOR EACH ROW
INSERT INTO `first_audit`.partner_attempt_shadow
   (outbox_id, attempt, outcome, detail, at_ms, hash, db_user, at)
VALUES
   (NEW.outbox_id, NEW.attempt, NEW.outcome, NEW.detail, NEW.at_ms, NEW.hash, SESSION_USER(),
    SYSDATE(6)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.partner_attempt_no_update
BEFORE UPDATE ON `first`.partner_attempt FOR EACH ROW
CALL `first_audit`.refuse('UPDATE', 'partner_attempt', CONCAT(OLD.outbox_id, '/', OLD.attempt)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`first_shadow`@`localhost`*/ /*!50003 TRIGGER `first`.partner_attempt_no_delete
BEFORE DELETE ON `first`.partner_attempt FOR EACH ROW
CALL `first_audit`.refuse('DELETE', 'partner_attempt', CONCAT(OLD.outbox_id, '/', OLD.attempt)) 
*/;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
DROP TABLE IF EXISTS `staging`;
/*!50001 DROP VIEW IF EXISTS `staging`*/;
SET @saved_cs_client     = @@character_set_client;
SET character_set_client = utf8mb4;
/*!50001 CREATE VIEW `staging` AS SELECT
 NULL AS `seq`,
 NULL AS `kind`,
 NULL AS `origin`,
 NULL AS `happened_at_ms`,
 NULL AS `rejected`,
 NULL AS `reason`,
 NULL AS `hash` */;
SET character_set_client = @saved_cs_client;

CREATE DATABASE /*!32312 IF NOT EXISTS*/ `first_audit` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */;

USE `first_audit`;
DROP TABLE IF EXISTS `blocked`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `blocked` (
  `id` varchar(36) NOT NULL,
  `statement` varchar(10) NOT NULL,
  `table_name` varchar(64) NOT NULL,
  `row_key` varchar(255) NOT NULL,
  `db_user` varchar(128) NOT NULL,
  `at` varchar(32) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=Aria DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin PAGE_CHECKSUM=1;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `blocked` WRITE;
/*!40000 ALTER TABLE `blocked` DISABLE KEYS */;
/*!40000 ALTER TABLE `blocked` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `chain_attempt_shadow`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `chain_attempt_shadow` (
  `tx_hash` varchar(66) NOT NULL,
  `outbox_id` varchar(120) NOT NULL,
  `seq` bigint(20) NOT NULL,
  `nonce` bigint(20) NOT NULL,
  `raw` text NOT NULL,
  `max_fee` varchar(80) NOT NULL,
  `tip` varchar(80) NOT NULL,
  `created_at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  `db_user` varchar(128) NOT NULL,
  `at` varchar(32) NOT NULL,
  PRIMARY KEY (`tx_hash`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `chain_attempt_shadow` WRITE;
/*!40000 ALTER TABLE `chain_attempt_shadow` DISABLE KEYS */;
/*!40000 ALTER TABLE `chain_attempt_shadow` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `checkpoint_shadow`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `checkpoint_shadow` (
  `size` bigint(20) NOT NULL,
  `root` binary(32) NOT NULL,
  `note` text NOT NULL,
  `range_json` text NOT NULL,
  `link` binary(32) NOT NULL,
  `at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  `db_user` varchar(128) NOT NULL,
  `at` varchar(32) NOT NULL,
  PRIMARY KEY (`size`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `checkpoint_shadow` WRITE;
/*!40000 ALTER TABLE `checkpoint_shadow` DISABLE KEYS */;
INSERT INTO `checkpoint_shadow` VALUES
(2,0x9B11405E753A4CC8FA94511945C83E58334627199EA67C109ADFE8DBDA336F84,'fognode.example/farm-7\n2\nmxFAXnU6TMj6lFEZRcg+WDNGJxmepnwQmt/o29ozb4Q=\n\n— fognode.example/farm-7 EhrI4YtZwwRF2V5r5Mjo7AtDIoU5x8jZFRBRvXuUWmJHYDohc+rnJNUACgyCj3NBrTtf/Sk/Kp/78Uz9SVz01MWpngE=\n','[\"9b11405e753a4cc8fa94511945c83e58334627199ea67c109adfe8dbda336f84\"]',0xACE65073ED6F894154E6E397DFA3DC833262BDB6907D75CAA4E16775DED56EE9,1,0x72BCB3F814C2AF8007C9D9395C261B443CAD5831F3B750F24B28B5ACE6C78F86,'first_writer@localhost','2026-11-22 06:27:15.985716');
/*!40000 ALTER TABLE `checkpoint_shadow` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `event_shadow`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `event_shadow` (
  `seq` bigint(20) unsigned NOT NULL,
  `event_id` binary(16) NOT NULL,
  `body` mediumtext NOT NULL,
  `prev_hash` binary(32) NOT NULL,
  `hash` binary(32) NOT NULL,
  `db_user` varchar(128) NOT NULL,
  `at` varchar(32) NOT NULL,
  PRIMARY KEY (`seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `event_shadow` WRITE;
/*!40000 ALTER TABLE `event_shadow` DISABLE KEYS */;
INSERT INTO `event_shadow` VALUES
(1,0x13C61F0B4DBAC55B1E26B7445599F1ED,'{\"board_ms\":123456,\"boot_id\":\"5f3a9c0e\",\"clock_ok\":1,\"facts\":{\"light_counts\":859,\"sensor\":\"L1\"},\"farm\":\"farm-7\",\"happened_at_ms\":1795241520123,\"kind\":\"light_open\",\"mono_ms\":86400171,\"origin\":\"b/cab01/17/42\",\"recorded_at_ms\":1795241520171,\"v\":1}',0x0000000000000000000000000000000000000000000000000000000000000000,0x35521EDCA00105A914E4F009C55C0A1AD6A275B26FD7A592729E348CC0C6C38E,'first_writer@localhost','2026-11-22 06:27:15.984542'),
(2,0x2B3A20D0CD5B63073F56D991FC96C00C,'{\"boot_id\":\"5f3a9c0e\",\"clock_ok\":1,\"facts\":{\"place\":\"Armário 1\"},\"farm\":\"farm-7\",\"happened_at_ms\":1795241520123,\"kind\":\"openBox\",\"mono_ms\":86400190,\"origin\":\"r/open_box/13c61f0b4dbac55b1e26b7445599f1ed/1\",\"recorded_at_ms\":1795241520190,\"rule_v\":1,\"v\":1}',0x35521EDCA00105A914E4F009C55C0A1AD6A275B26FD7A592729E348CC0C6C38E,0xACE65073ED6F894154E6E397DFA3DC833262BDB6907D75CAA4E16775DED56EE9,'first_writer@localhost','2026-11-22 06:27:15.985045');
/*!40000 ALTER TABLE `event_shadow` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `gov_attempt_shadow`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `gov_attempt_shadow` (
  `mov_id` varchar(60) NOT NULL,
  `attempt` bigint(20) NOT NULL,
  `outcome` varchar(20) NOT NULL,
  `protocol` varchar(40) NOT NULL,
  `detail` varchar(300) NOT NULL,
  `at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  `db_user` varchar(128) NOT NULL,
  `at` varchar(32) NOT NULL,
  PRIMARY KEY (`mov_id`,`attempt`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `gov_attempt_shadow` WRITE;
/*!40000 ALTER TABLE `gov_attempt_shadow` DISABLE KEYS */;
/*!40000 ALTER TABLE `gov_attempt_shadow` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `gov_document_shadow`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `gov_document_shadow` (
  `mov_id` varchar(60) NOT NULL,
  `exact_bytes` mediumblob NOT NULL,
  `sha256` binary(32) NOT NULL,
  `hash` binary(32) NOT NULL,
  `db_user` varchar(128) NOT NULL,
  `at` varchar(32) NOT NULL,
  PRIMARY KEY (`mov_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `gov_document_shadow` WRITE;
/*!40000 ALTER TABLE `gov_document_shadow` DISABLE KEYS */;
/*!40000 ALTER TABLE `gov_document_shadow` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `mail_attempt_shadow`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `mail_attempt_shadow` (
  `outbox_id` varchar(120) NOT NULL,
  `attempt` bigint(20) NOT NULL,
  `outcome` varchar(20) NOT NULL,
  `detail` varchar(300) NOT NULL,
  `at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  `db_user` varchar(128) NOT NULL,
  `at` varchar(32) NOT NULL,
  PRIMARY KEY (`outbox_id`,`attempt`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `mail_attempt_shadow` WRITE;
/*!40000 ALTER TABLE `mail_attempt_shadow` DISABLE KEYS */;
/*!40000 ALTER TABLE `mail_attempt_shadow` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `model_version_shadow`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `model_version_shadow` (
  `id` varchar(60) NOT NULL,
  `task` varchar(40) NOT NULL,
  `algorithm` varchar(80) NOT NULL,
  `libraries` varchar(120) NOT NULL,
  `window_from_ms` bigint(20) NOT NULL,
  `window_to_ms` bigint(20) NOT NULL,
  `row_count` bigint(20) NOT NULL,
  `rows_sha256` varchar(64) NOT NULL,
  `params` text NOT NULL,
  `metrics` text NOT NULL,
  `probe_hash` varchar(64) NOT NULL,
  `file_sha256` varchar(64) NOT NULL,
  `status` varchar(20) NOT NULL,
  `created_at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  `db_user` varchar(128) NOT NULL,
  `at` varchar(32) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `model_version_shadow` WRITE;
/*!40000 ALTER TABLE `model_version_shadow` DISABLE KEYS */;
/*!40000 ALTER TABLE `model_version_shadow` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `partner_attempt_shadow`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `partner_attempt_shadow` (
  `outbox_id` varchar(120) NOT NULL,
  `attempt` bigint(20) NOT NULL,
  `outcome` varchar(20) NOT NULL,
  `detail` varchar(300) NOT NULL,
  `at_ms` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  `db_user` varchar(128) NOT NULL,
  `at` varchar(32) NOT NULL,
  PRIMARY KEY (`outbox_id`,`attempt`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `partner_attempt_shadow` WRITE;
/*!40000 ALTER TABLE `partner_attempt_shadow` DISABLE KEYS */;
/*!40000 ALTER TABLE `partner_attempt_shadow` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
/*!50003 DROP PROCEDURE IF EXISTS `refuse` */;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
DELIMITER ;;
CREATE DEFINER=`first_shadow`@`localhost` PROCEDURE `refuse`(
    verb VARCHAR(10), name VARCHAR(64), row_key VARCHAR(255))
BEGIN
    DECLARE note CHAR(36) DEFAULT UUID();
    DECLARE noted VARCHAR(32) DEFAULT SYSDATE(6);
    DECLARE who VARCHAR(128) DEFAULT SESSION_USER();
    INSERT INTO `first_audit`.blocked (id, statement, table_name, row_key, db_user, at, hash)
    VALUES (note, verb, name, row_key, who, noted, UNHEX(SHA2(CONCAT(
        '{"at":', JSON_QUOTE(noted), ',"db_user":', JSON_QUOTE(who), ',"id":', JSON_QUOTE(note),
        ',"row_key":', JSON_QUOTE(row_key), ',"statement":', JSON_QUOTE(verb),
        ',"table_name":', JSON_QUOTE(name), '}'), 256)));
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 30003, MESSAGE_TEXT = 'this table is insert-only';
END
;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;

CREATE DATABASE /*!32312 IF NOT EXISTS*/ `first_state` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */;

USE `first_state`;
DROP TABLE IF EXISTS `alert`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `alert` (
  `alert` varchar(32) NOT NULL,
  `rule` varchar(40) NOT NULL,
  `fingerprint` varchar(120) NOT NULL,
  `severity` varchar(10) NOT NULL,
  `place` varchar(40) NOT NULL,
  `text` varchar(300) NOT NULL,
  `state` varchar(20) NOT NULL,
  `occurrences` bigint(20) NOT NULL,
  `first_at_ms` bigint(20) NOT NULL,
  `last_at_ms` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`alert`),
  KEY `alert_state` (`state`,`last_at_ms`),
  KEY `alert_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `alert` WRITE;
/*!40000 ALTER TABLE `alert` DISABLE KEYS */;
/*!40000 ALTER TABLE `alert` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `badge`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `badge` (
  `held` varchar(32) NOT NULL,
  `badge` varchar(20) NOT NULL,
  `person` varchar(40) NOT NULL,
  `from_at_ms` bigint(20) NOT NULL,
  `to_at_ms` bigint(20) NOT NULL,
  `reason` varchar(200) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`held`),
  KEY `badge_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `badge` WRITE;
/*!40000 ALTER TABLE `badge` DISABLE KEYS */;
/*!40000 ALTER TABLE `badge` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `batch`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `batch` (
  `batch` varchar(60) NOT NULL,
  `destination` varchar(120) NOT NULL,
  `carrier` varchar(120) NOT NULL,
  `units` bigint(20) NOT NULL,
  `rinsed` bigint(20) NOT NULL,
  `left_at_ms` bigint(20) NOT NULL,
  `receipt` varchar(40) NOT NULL,
  `centre` varchar(120) NOT NULL,
  `received_on` varchar(10) NOT NULL,
  `washed` bigint(20) NOT NULL,
  `unwashed` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`batch`),
  KEY `batch_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `batch` WRITE;
/*!40000 ALTER TABLE `batch` DISABLE KEYS */;
/*!40000 ALTER TABLE `batch` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `board`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `board` (
  `board` varchar(8) NOT NULL,
  `boot` bigint(20) NOT NULL,
  `count` bigint(20) NOT NULL,
  `kind` varchar(40) NOT NULL,
  `version` varchar(40) NOT NULL,
  `last_event_at_ms` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`board`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `board` WRITE;
/*!40000 ALTER TABLE `board` DISABLE KEYS */;
/*!40000 ALTER TABLE `board` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `chain_guard`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `chain_guard` (
  `chain` varchar(20) NOT NULL,
  `chain_id` bigint(20) NOT NULL,
  `genesis_hash` varchar(66) NOT NULL,
  `contract` varchar(42) NOT NULL,
  `code_hash` varchar(64) NOT NULL,
  `last_final_number` bigint(20) NOT NULL,
  `last_final_hash` varchar(66) NOT NULL,
  `state` varchar(10) NOT NULL,
  `reason` varchar(300) NOT NULL,
  `head_number` bigint(20) NOT NULL,
  `updated_at_ms` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`chain`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `chain_guard` WRITE;
/*!40000 ALTER TABLE `chain_guard` DISABLE KEYS */;
/*!40000 ALTER TABLE `chain_guard` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `chain_outbox`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `chain_outbox` (
  `id` varchar(120) NOT NULL,
  `chain` varchar(20) NOT NULL,
  `event_id` varchar(32) NOT NULL,
  `package` varchar(60) NOT NULL,
  `token_id` varchar(64) NOT NULL,
  `seq` bigint(20) NOT NULL,
  `method` varchar(20) NOT NULL,
  `kind` bigint(20) NOT NULL,
  `args_json` text NOT NULL,
  `data_hash` varchar(64) NOT NULL,
  `sender` varchar(42) NOT NULL,
  `depends_on` varchar(120) NOT NULL,
  `state` varchar(20) NOT NULL,
  `nonce` bigint(20) NOT NULL,
  `gas_limit` bigint(20) NOT NULL,
  `tries` bigint(20) NOT NULL,
  `next_try_at_ms` bigint(20) NOT NULL,
  `block_number` bigint(20) NOT NULL,
  `block_hash` varchar(66) NOT NULL,
  `tx_hash` varchar(66) NOT NULL,
  `last_push_at_ms` bigint(20) NOT NULL,
  `error_code` varchar(40) NOT NULL,
  `error_text` varchar(300) NOT NULL,
  `created_at_ms` bigint(20) NOT NULL,
  `updated_at_ms` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `chain_outbox_step` (`chain`,`event_id`),
  KEY `chain_outbox_due` (`chain`,`state`,`next_try_at_ms`),
  KEY `chain_outbox_newest` (`chain`,`created_at_ms`),
  KEY `chain_outbox_package` (`package`,`created_at_ms`),
  KEY `chain_outbox_token` (`token_id`),
  KEY `chain_outbox_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `chain_outbox` WRITE;
/*!40000 ALTER TABLE `chain_outbox` DISABLE KEYS */;
/*!40000 ALTER TABLE `chain_outbox` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `counter`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `counter` (
  `scale` varchar(20) NOT NULL,
  `count` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`scale`),
  KEY `counter_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `counter` WRITE;
/*!40000 ALTER TABLE `counter` DISABLE KEYS */;
/*!40000 ALTER TABLE `counter` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `crop_rule`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `crop_rule` (
  `rule` varchar(220) NOT NULL,
  `gtin` varchar(14) NOT NULL,
  `crop` varchar(60) NOT NULL,
  `valid_from` varchar(10) NOT NULL,
  `phi_days` bigint(20) NOT NULL,
  `rei_hours` bigint(20) NOT NULL,
  `max_dose_ml_per_ha` bigint(20) NOT NULL,
  `source` varchar(200) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`rule`),
  KEY `crop_rule_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `crop_rule` WRITE;
/*!40000 ALTER TABLE `crop_rule` DISABLE KEYS */;
/*!40000 ALTER TABLE `crop_rule` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `cursor`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `cursor` (
  `follower` varchar(40) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`follower`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `cursor` WRITE;
/*!40000 ALTER TABLE `cursor` DISABLE KEYS */;
/*!40000 ALTER TABLE `cursor` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `custody`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `custody` (
  `session` varchar(32) NOT NULL,
  `package` varchar(60) NOT NULL,
  `person` varchar(40) NOT NULL,
  `authorised_by` varchar(40) NOT NULL,
  `out_cabinet` varchar(40) NOT NULL,
  `out_opening` varchar(32) NOT NULL,
  `out_at_ms` bigint(20) NOT NULL,
  `in_cabinet` varchar(40) NOT NULL,
  `in_opening` varchar(32) NOT NULL,
  `in_at_ms` bigint(20) NOT NULL,
  `used_g` bigint(20) NOT NULL,
  `u_g` bigint(20) NOT NULL,
  `declared_g` bigint(20) NOT NULL,
  `state` varchar(20) NOT NULL,
  `sentence` varchar(600) NOT NULL,
  `sure_permille` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`session`),
  KEY `custody_changed` (`as_of_seq`),
  KEY `custody_package` (`package`,`out_at_ms`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `custody` WRITE;
/*!40000 ALTER TABLE `custody` DISABLE KEYS */;
/*!40000 ALTER TABLE `custody` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `deadline`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `deadline` (
  `package` varchar(60) NOT NULL,
  `due_on` varchar(10) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`package`),
  KEY `deadline_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `deadline` WRITE;
/*!40000 ALTER TABLE `deadline` DISABLE KEYS */;
/*!40000 ALTER TABLE `deadline` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `discrepancy`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `discrepancy` (
  `discrepancy` varchar(32) NOT NULL,
  `opening` varchar(32) NOT NULL,
  `rule` varchar(40) NOT NULL,
  `text` varchar(300) NOT NULL,
  `state` varchar(20) NOT NULL,
  `found_at_ms` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  `package` varchar(60) NOT NULL DEFAULT '',
  `person` varchar(40) NOT NULL DEFAULT '',
  `delta_g` bigint(20) NOT NULL DEFAULT 0,
  `u_g` bigint(20) NOT NULL DEFAULT 0,
  `closed_by` varchar(40) NOT NULL DEFAULT '',
  `reason` varchar(40) NOT NULL DEFAULT '',
  `explanation` varchar(300) NOT NULL DEFAULT '',
  `closed_at_ms` bigint(20) NOT NULL DEFAULT 0,
  `escalated_at_ms` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`discrepancy`),
  KEY `discrepancy_state` (`state`,`found_at_ms`),
  KEY `discrepancy_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `discrepancy` WRITE;
/*!40000 ALTER TABLE `discrepancy` DISABLE KEYS */;
/*!40000 ALTER TABLE `discrepancy` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `expected`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `expected` (
  `expected` varchar(80) NOT NULL,
  `invoice` varchar(60) NOT NULL,
  `gtin` varchar(14) NOT NULL,
  `name` varchar(120) NOT NULL,
  `lot` varchar(40) NOT NULL,
  `expires_on` varchar(10) NOT NULL,
  `quantity` varchar(30) NOT NULL,
  `unit` varchar(20) NOT NULL,
  `wanted` bigint(20) NOT NULL,
  `confirmed` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`expected`),
  KEY `expected_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `expected` WRITE;
/*!40000 ALTER TABLE `expected` DISABLE KEYS */;
/*!40000 ALTER TABLE `expected` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `finding`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `finding` (
  `finding` varchar(32) NOT NULL,
  `task` varchar(40) NOT NULL,
  `kind` varchar(40) NOT NULL,
  `text` varchar(600) NOT NULL,
  `model` varchar(60) NOT NULL,
  `found_at_ms` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`finding`),
  KEY `finding_newest` (`task`,`found_at_ms`),
  KEY `finding_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `finding` WRITE;
/*!40000 ALTER TABLE `finding` DISABLE KEYS */;
/*!40000 ALTER TABLE `finding` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `gov_outbox`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `gov_outbox` (
  `id` varchar(120) NOT NULL,
  `regulator` varchar(40) NOT NULL,
  `event_id` varchar(32) NOT NULL,
  `mov_id` varchar(60) NOT NULL,
  `state` varchar(20) NOT NULL,
  `tries` bigint(20) NOT NULL,
  `next_try_at_ms` bigint(20) NOT NULL,
  `protocol` varchar(40) NOT NULL,
  `last_error` varchar(300) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `gov_outbox_due` (`state`,`as_of_seq`),
  KEY `gov_outbox_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `gov_outbox` WRITE;
/*!40000 ALTER TABLE `gov_outbox` DISABLE KEYS */;
/*!40000 ALTER TABLE `gov_outbox` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `invoice`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `invoice` (
  `invoice` varchar(60) NOT NULL,
  `sha256` varchar(64) NOT NULL,
  `supplier` varchar(120) NOT NULL,
  `issued_on` varchar(10) NOT NULL,
  `prescriptions` varchar(300) NOT NULL,
  `state` varchar(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`invoice`),
  KEY `invoice_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `invoice` WRITE;
/*!40000 ALTER TABLE `invoice` DISABLE KEYS */;
/*!40000 ALTER TABLE `invoice` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `mail_outbox`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `mail_outbox` (
  `id` varchar(120) NOT NULL,
  `event_id` varchar(32) NOT NULL,
  `person` varchar(60) NOT NULL,
  `channel` varchar(20) NOT NULL,
  `message_id` varchar(120) NOT NULL,
  `due_at_ms` bigint(20) NOT NULL,
  `tries` bigint(20) NOT NULL,
  `state` varchar(20) NOT NULL,
  `next_try_at_ms` bigint(20) NOT NULL,
  `last_error` varchar(300) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `mail_outbox_due` (`state`,`due_at_ms`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `mail_outbox` WRITE;
/*!40000 ALTER TABLE `mail_outbox` DISABLE KEYS */;
/*!40000 ALTER TABLE `mail_outbox` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `movement`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `movement` (
  `movement` varchar(32) NOT NULL,
  `package` varchar(60) NOT NULL,
  `gtin` varchar(14) NOT NULL,
  `what` varchar(20) NOT NULL,
  `delta_g` bigint(20) NOT NULL,
  `net_g` bigint(20) NOT NULL,
  `u_g` bigint(20) NOT NULL,
  `source` varchar(10) NOT NULL,
  `place` varchar(40) NOT NULL,
  `person` varchar(40) NOT NULL,
  `reason` varchar(200) NOT NULL,
  `cause` varchar(32) NOT NULL,
  `at_ms` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`movement`),
  KEY `movement_changed` (`as_of_seq`),
  KEY `movement_package` (`package`,`at_ms`),
  KEY `movement_gtin` (`gtin`,`at_ms`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `movement` WRITE;
/*!40000 ALTER TABLE `movement` DISABLE KEYS */;
/*!40000 ALTER TABLE `movement` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `opening`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `opening` (
  `opening` varchar(32) NOT NULL,
  `cabinet` varchar(40) NOT NULL,
  `person` varchar(40) NOT NULL,
  `opened_at_ms` bigint(20) NOT NULL,
  `closed_at_ms` bigint(20) NOT NULL,
  `delta_g` bigint(20) NOT NULL,
  `packages_out` varchar(300) NOT NULL,
  `packages_in` varchar(300) NOT NULL,
  `verdict` varchar(40) NOT NULL,
  `sentence` varchar(600) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  `authorised_by` varchar(40) NOT NULL DEFAULT '',
  `sure_permille` bigint(20) NOT NULL DEFAULT 0,
  `declared_g` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`opening`),
  KEY `opening_newest` (`opened_at_ms`),
  KEY `opening_cabinet` (`cabinet`,`opened_at_ms`),
  KEY `opening_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `opening` WRITE;
/*!40000 ALTER TABLE `opening` DISABLE KEYS */;
/*!40000 ALTER TABLE `opening` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `package`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `package` (
  `package` varchar(60) NOT NULL,
  `gtin` varchar(14) NOT NULL,
  `serial` varchar(40) NOT NULL,
  `lot` varchar(40) NOT NULL,
  `expires_on` varchar(10) NOT NULL,
  `invoice` varchar(60) NOT NULL,
  `tag` varchar(24) NOT NULL,
  `packaging` varchar(20) NOT NULL,
  `source` varchar(120) NOT NULL,
  `site` varchar(40) NOT NULL,
  `gross_g` bigint(20) NOT NULL,
  `tare_g` bigint(20) NOT NULL,
  `state` bigint(20) NOT NULL,
  `holder` varchar(40) NOT NULL,
  `out_since_at_ms` bigint(20) NOT NULL,
  `received_at_ms` bigint(20) NOT NULL,
  `token_id` varchar(64) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`package`),
  KEY `package_state` (`state`,`out_since_at_ms`),
  KEY `package_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `package` WRITE;
/*!40000 ALTER TABLE `package` DISABLE KEYS */;
/*!40000 ALTER TABLE `package` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `partner_outbox`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `partner_outbox` (
  `id` varchar(120) NOT NULL,
  `partner` varchar(40) NOT NULL,
  `event_id` varchar(32) NOT NULL,
  `document` text NOT NULL,
  `state` varchar(20) NOT NULL,
  `tries` bigint(20) NOT NULL,
  `next_try_at_ms` bigint(20) NOT NULL,
  `last_error` varchar(300) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `partner_outbox_due` (`state`,`as_of_seq`),
  KEY `partner_outbox_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `partner_outbox` WRITE;
/*!40000 ALTER TABLE `partner_outbox` DISABLE KEYS */;
/*!40000 ALTER TABLE `partner_outbox` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `person`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `person` (
  `person` varchar(40) NOT NULL,
  `alias` varchar(60) NOT NULL,
  `badge` varchar(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  `role` varchar(20) NOT NULL DEFAULT '',
  `licence_until` varchar(10) NOT NULL DEFAULT '',
  `least_class` bigint(20) NOT NULL DEFAULT 0,
  `cabinets` varchar(200) NOT NULL DEFAULT '',
  `may_authorise` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`person`),
  KEY `person_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `person` WRITE;
/*!40000 ALTER TABLE `person` DISABLE KEYS */;
/*!40000 ALTER TABLE `person` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `points`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `points` (
  `entry` varchar(80) NOT NULL,
  `package` varchar(60) NOT NULL,
  `step` varchar(20) NOT NULL,
  `points` bigint(20) NOT NULL,
  `private_tx` varchar(66) NOT NULL,
  `public_tx` varchar(66) NOT NULL,
  `earned_at_ms` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`entry`),
  KEY `points_step` (`step`,`points`),
  KEY `points_newest` (`earned_at_ms`),
  KEY `points_package` (`package`),
  KEY `points_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `points` WRITE;
/*!40000 ALTER TABLE `points` DISABLE KEYS */;
/*!40000 ALTER TABLE `points` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `prescription`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `prescription` (
  `prescription` varchar(30) NOT NULL,
  `professional` varchar(60) NOT NULL,
  `gtin` varchar(14) NOT NULL,
  `crop` varchar(60) NOT NULL,
  `area_m2` bigint(20) NOT NULL,
  `dose_ml_per_ha` bigint(20) NOT NULL,
  `phi_days` bigint(20) NOT NULL,
  `valid_until` varchar(10) NOT NULL,
  `invoice` varchar(60) NOT NULL,
  `unit` varchar(2) NOT NULL,
  `limit_amount` bigint(20) NOT NULL,
  `bought_amount` bigint(20) NOT NULL,
  `used_amount` bigint(20) NOT NULL,
  `u_amount` bigint(20) NOT NULL,
  `bought_verdict` varchar(20) NOT NULL,
  `used_verdict` varchar(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`prescription`),
  KEY `prescription_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `prescription` WRITE;
/*!40000 ALTER TABLE `prescription` DISABLE KEYS */;
/*!40000 ALTER TABLE `prescription` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `product`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `product` (
  `gtin` varchar(14) NOT NULL,
  `name` varchar(120) NOT NULL,
  `registration` varchar(60) NOT NULL,
  `packaging` varchar(20) NOT NULL,
  `density_g_per_l` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  `active` varchar(120) NOT NULL DEFAULT '',
  `hazard_class` bigint(20) NOT NULL DEFAULT 0,
  `hazards` varchar(200) NOT NULL DEFAULT '',
  `first_aid` varchar(600) NOT NULL DEFAULT '',
  `guarded` bigint(20) NOT NULL DEFAULT 0,
  `content_g` bigint(20) NOT NULL DEFAULT 0,
  `content_ml` bigint(20) NOT NULL DEFAULT 0,
  `tare_g` bigint(20) NOT NULL DEFAULT 0,
  `warn_level_g` bigint(20) NOT NULL DEFAULT 0,
  `lead_days` bigint(20) NOT NULL DEFAULT 0,
  `opened_life_days` bigint(20) NOT NULL DEFAULT 0,
  `needs_witness` bigint(20) NOT NULL DEFAULT 0,
  `cost_cents` bigint(20) NOT NULL DEFAULT 0,
  `hours` varchar(60) NOT NULL DEFAULT '',
  PRIMARY KEY (`gtin`),
  KEY `product_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `product` WRITE;
/*!40000 ALTER TABLE `product` DISABLE KEYS */;
/*!40000 ALTER TABLE `product` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `review`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `review` (
  `opening` varchar(32) NOT NULL,
  `verdict` varchar(20) NOT NULL,
  `text` varchar(300) NOT NULL,
  `reviewed_by` varchar(40) NOT NULL,
  `reviewed_at_ms` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`opening`),
  KEY `review_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `review` WRITE;
/*!40000 ALTER TABLE `review` DISABLE KEYS */;
/*!40000 ALTER TABLE `review` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `sample`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `sample` (
  `board` varchar(8) NOT NULL,
  `at_ms` bigint(20) NOT NULL,
  `board_ms` bigint(20) NOT NULL,
  `boot` bigint(20) NOT NULL,
  `readings` varchar(100) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`board`,`at_ms`,`board_ms`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
 PARTITION BY RANGE (`at_ms`)
(PARTITION `d20261121` VALUES LESS THAN (1795305600000) ENGINE = InnoDB,
 PARTITION `later` VALUES LESS THAN MAXVALUE ENGINE = InnoDB);
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `sample` WRITE;
/*!40000 ALTER TABLE `sample` DISABLE KEYS */;
INSERT INTO `sample` VALUES
('cab01',1795241520123,124500,17,'L1=859,D1=415,W1=420013',0xDE5B80ABFB1DA6C7D29500E8FE8CE7445186000A28069B3DAECDB418251AEEC1);
/*!40000 ALTER TABLE `sample` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `stock`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `stock` (
  `package` varchar(60) NOT NULL,
  `gtin` varchar(14) NOT NULL,
  `place` varchar(40) NOT NULL,
  `state` varchar(20) NOT NULL,
  `gross_g` bigint(20) NOT NULL,
  `tare_g` bigint(20) NOT NULL,
  `tare_with_lid` bigint(20) NOT NULL,
  `net_g` bigint(20) NOT NULL,
  `u_g` bigint(20) NOT NULL,
  `opened_on` varchar(10) NOT NULL,
  `effective_expiry` varchar(10) NOT NULL,
  `counted_only` bigint(20) NOT NULL,
  `doubted` bigint(20) NOT NULL,
  `weighed` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`package`),
  KEY `stock_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `stock` WRITE;
/*!40000 ALTER TABLE `stock` DISABLE KEYS */;
/*!40000 ALTER TABLE `stock` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `stock_total`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `stock_total` (
  `gtin` varchar(14) NOT NULL,
  `net_g` bigint(20) NOT NULL,
  `u_g` bigint(20) NOT NULL,
  `packages` bigint(20) NOT NULL,
  `warn_level_g` bigint(20) NOT NULL,
  `low` bigint(20) NOT NULL,
  `value_cents` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`gtin`),
  KEY `stock_total_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `stock_total` WRITE;
/*!40000 ALTER TABLE `stock_total` DISABLE KEYS */;
/*!40000 ALTER TABLE `stock_total` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `stocktake`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `stocktake` (
  `stocktake` varchar(60) NOT NULL,
  `cabinet` varchar(40) NOT NULL,
  `person` varchar(40) NOT NULL,
  `opened_at_ms` bigint(20) NOT NULL,
  `closed_at_ms` bigint(20) NOT NULL,
  `expected` bigint(20) NOT NULL,
  `counted` bigint(20) NOT NULL,
  `differences` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`stocktake`),
  KEY `stocktake_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `stocktake` WRITE;
/*!40000 ALTER TABLE `stocktake` DISABLE KEYS */;
/*!40000 ALTER TABLE `stocktake` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `supplier`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `supplier` (
  `supplier` varchar(40) NOT NULL,
  `name` varchar(120) NOT NULL,
  `cnpj` varchar(14) NOT NULL,
  `on_chain` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`supplier`),
  KEY `supplier_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `supplier` WRITE;
/*!40000 ALTER TABLE `supplier` DISABLE KEYS */;
/*!40000 ALTER TABLE `supplier` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `tag_binding`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `tag_binding` (
  `binding` varchar(32) NOT NULL,
  `tag` varchar(24) NOT NULL,
  `package` varchar(60) NOT NULL,
  `from_at_ms` bigint(20) NOT NULL,
  `to_at_ms` bigint(20) NOT NULL,
  `bound_by` varchar(40) NOT NULL,
  `reason` varchar(200) NOT NULL,
  `unbound_by` varchar(40) NOT NULL,
  `unbound_reason` varchar(200) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`binding`),
  KEY `tag_binding_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `tag_binding` WRITE;
/*!40000 ALTER TABLE `tag_binding` DISABLE KEYS */;
/*!40000 ALTER TABLE `tag_binding` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `way_back`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `way_back` (
  `package` varchar(60) NOT NULL,
  `route` varchar(10) NOT NULL,
  `shown` varchar(30) NOT NULL,
  `photo` varchar(64) NOT NULL,
  `prepared_at_ms` bigint(20) NOT NULL,
  `left_at_ms` bigint(20) NOT NULL,
  `batch` varchar(60) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`package`),
  KEY `way_back_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `way_back` WRITE;
/*!40000 ALTER TABLE `way_back` DISABLE KEYS */;
/*!40000 ALTER TABLE `way_back` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `work_order`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `work_order` (
  `work_order` varchar(40) NOT NULL,
  `person` varchar(40) NOT NULL,
  `package` varchar(60) NOT NULL,
  `gtin` varchar(14) NOT NULL,
  `place` varchar(40) NOT NULL,
  `from_at_ms` bigint(20) NOT NULL,
  `until_at_ms` bigint(20) NOT NULL,
  `ordered_by` varchar(40) NOT NULL,
  `given_at_ms` bigint(20) NOT NULL,
  `as_of_seq` bigint(20) NOT NULL,
  `hash` binary(32) NOT NULL,
  PRIMARY KEY (`work_order`),
  KEY `work_order_changed` (`as_of_seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `work_order` WRITE;
/*!40000 ALTER TABLE `work_order` DISABLE KEYS */;
/*!40000 ALTER TABLE `work_order` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
/*!50003 DROP PROCEDURE IF EXISTS `add_sample_day` */;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
DELIMITER ;;
CREATE DEFINER=`first_shadow`@`localhost` PROCEDURE `add_sample_day`(day_number INT)
BEGIN
    DECLARE past BIGINT DEFAULT (day_number + 1) * 86400000;
    DECLARE above VARCHAR(64);
    DECLARE bound VARCHAR(40);
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.partitions
         WHERE table_schema = 'first_state' AND table_name = 'sample'
           AND partition_description = past) THEN
        SELECT partition_name,
               IF(partition_description = 'MAXVALUE', 'MAXVALUE',
                  CONCAT('(', partition_description, ')'))
          INTO above, bound FROM information_schema.partitions
         WHERE table_schema = 'first_state' AND table_name = 'sample'
           AND (partition_description = 'MAXVALUE'
                OR CAST(partition_description AS SIGNED) > past)
         ORDER BY partition_ordinal_position LIMIT 1;
        -- WAIT: who reads the table in a long transaction must not hold up the store.
        EXECUTE IMMEDIATE CONCAT(
            'ALTER TABLE `first_state`.sample WAIT 1 REORGANIZE PARTITION ', above,
            ' INTO (PARTITION ',
            DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL day_number DAY), 'd%Y%m%d'),
            ' VALUES LESS THAN (', past, '), PARTITION ', above, ' VALUES LESS THAN ', bound, ')');
    END IF;
END
;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' */ ;
/*!50003 DROP PROCEDURE IF EXISTS `drop_sample_days` */;
/*!50003 SET @saved_cs_client      = @@character_set_client */ ;
/*!50003 SET @saved_cs_results     = @@character_set_results */ ;
/*!50003 SET @saved_col_connection = @@collation_connection */ ;
/*!50003 SET character_set_client  = utf8mb4 */ ;
/*!50003 SET character_set_results = utf8mb4 */ ;
/*!50003 SET collation_connection  = utf8mb4_bin */ ;
DELIMITER ;;
CREATE DEFINER=`first_shadow`@`localhost` PROCEDURE `drop_sample_days`(before_at_ms BIGINT)
BEGIN
    DECLARE old TEXT DEFAULT (
        SELECT GROUP_CONCAT(partition_name) FROM information_schema.partitions
         WHERE table_schema = 'first_state' AND table_name = 'sample'
           AND partition_description <> 'MAXVALUE'
           AND CAST(partition_description AS SIGNED) <= before_at_ms);
    IF NOT EXISTS (
        SELECT 1 FROM `first`.event WHERE event_id = UNHEX(LEFT(SHA2(
            CONCAT('n/samples_forgotten/', before_at_ms), 256), 32))) THEN
        SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 30006,
            MESSAGE_TEXT = 'the record does not say that these samples go';
    END IF;
    IF old IS NOT NULL THEN
        EXECUTE IMMEDIATE CONCAT('ALTER TABLE `first_state`.sample WAIT 1 DROP PARTITION ',
            old);
    END IF;
END
;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;
/*!50003 SET character_set_client  = @saved_cs_client */ ;
/*!50003 SET character_set_results = @saved_cs_results */ ;
/*!50003 SET collation_connection  = @saved_col_connection */ ;

USE `first`;
/*!50001 DROP VIEW IF EXISTS `chain_head`*/;
/*!50001 SET @saved_cs_client          = @@character_set_client */;
/*!50001 SET @saved_cs_results         = @@character_set_results */;
/*!50001 SET @saved_col_connection     = @@collation_connection */;
/*!50001 SET character_set_client      = utf8mb4 */;
/*!50001 SET character_set_results     = utf8mb4 */;
/*!50001 SET collation_connection      = utf8mb4_bin */;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`first_shadow`@`localhost` SQL SECURITY DEFINER */
/*!50001 VIEW `chain_head` AS select `event`.`seq` AS `seq`,`event`.`hash` AS `hash` from `event` order by `event`.`seq` desc limit 1 */;
/*!50001 SET character_set_client      = @saved_cs_client */;
/*!50001 SET character_set_results     = @saved_cs_results */;
/*!50001 SET collation_connection      = @saved_col_connection */;
/*!50001 DROP VIEW IF EXISTS `staging`*/;
/*!50001 SET @saved_cs_client          = @@character_set_client */;
/*!50001 SET @saved_cs_results         = @@character_set_results */;
/*!50001 SET @saved_col_connection     = @@collation_connection */;
/*!50001 SET character_set_client      = utf8mb4 */;
/*!50001 SET character_set_results     = utf8mb4 */;
/*!50001 SET collation_connection      = utf8mb4_bin */;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`first_shadow`@`localhost` SQL SECURITY DEFINER */
/*!50001 VIEW `staging` AS select `event`.`seq` AS `seq`,`event`.`kind` AS `kind`,`event`.`origin` AS `origin`,`event`.`happened_at_ms` AS `happened_at_ms`,`event`.`kind` = 'rejected' AS `rejected`,coalesce(json_value(`event`.`body`,'$.facts.reason'),'') AS `reason`,`event`.`hash` AS `hash` from `event` where `event`.`origin` like 'b/%' or `event`.`kind` = 'rejected' */;
/*!50001 SET character_set_client      = @saved_cs_client */;
/*!50001 SET character_set_results     = @saved_cs_results */;
/*!50001 SET collation_connection      = @saved_col_connection */;

USE `first_audit`;

USE `first_state`;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

