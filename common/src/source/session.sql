-- What the source's sessions are set to, and who says so. The driver itself asks for UTC, which hides what the role has set: its own
-- settings are looked up, those for this database first. `{url}` and `{business}` are literals.
SELECT set_config('TimeZone', COALESCE({url}, own.zone, {business}), true),
       CASE WHEN {url} IS NOT NULL THEN 'url' WHEN own.zone IS NOT NULL THEN 'role' ELSE 'business' END,
       CAST(EXISTS (SELECT FROM pg_policy) AS text)
FROM (SELECT (
        SELECT substr(setting, strpos(setting, '=') + 1)
        FROM pg_db_role_setting AS s, unnest(s.setconfig) AS u (setting)
        WHERE setting ILIKE 'timezone=%'
          AND s.setrole = CAST(quote_ident(session_user) AS regrole)
          AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        ORDER BY s.setdatabase DESC LIMIT 1) AS zone) AS own
