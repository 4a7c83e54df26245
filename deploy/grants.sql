-- Accounts of Tongban on MariaDB; run as administrator after every migration:
--   mariadb tongban < deploy/grants.sql
-- The accounts themselves are made once, with passwords of your own:
--   CREATE USER tongban_owner@'%' IDENTIFIED BY '...';   -- runs migrations
--   CREATE USER tongban_app@'%' IDENTIFIED BY '...';     -- API and worker
--   CREATE USER tongban_backup@'%' IDENTIFIED BY '...';  -- mariadb-dump
GRANT ALL ON tongban.* TO tongban_owner@'%';
GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT ON tongban.* TO tongban_backup@'%';
GRANT RELOAD, BINLOG MONITOR ON *.* TO tongban_backup@'%';

-- History is only ever added to; an audit entry gets its seal afterwards, nothing else changes.
DELIMITER //
BEGIN NOT ATOMIC
  FOR one IN (
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'tongban' AND table_type = 'BASE TABLE'
  ) DO
    EXECUTE IMMEDIATE CONCAT(
      'GRANT ',
      CASE one.name
        WHEN 'audit_entries' THEN 'SELECT, INSERT, UPDATE (seal)'
        WHEN 'transitions' THEN 'SELECT, INSERT'
        ELSE 'SELECT, INSERT, UPDATE, DELETE'
      END,
      ' ON tongban.`', one.name, '` TO tongban_app@''%'''
    );
  END FOR;
END //
DELIMITER ;
