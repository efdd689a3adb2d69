-- Which relations of the source row-level security may filter, by the table below and the role as which that is read.
-- `{names}` are the relations' names.
WITH RECURSIVE reached (relation, oid, role) AS (
    -- the contract's relations, read as whoever asks
    SELECT r.name, CAST(to_regclass(quote_ident(r.name)) AS oid), CAST(CAST(quote_ident(current_user) AS regrole) AS oid)
    FROM unnest(ARRAY[{names}]) AS r (name)
    WHERE to_regclass(quote_ident(r.name)) IS NOT NULL
    UNION
    -- what their views read: as the view's owner, or as whoever asks where the view says so
    SELECT reached.relation, d.refobjid,
           CASE WHEN EXISTS (SELECT FROM pg_options_to_table(v.reloptions) AS o
                             WHERE o.option_name = 'security_invoker' AND CAST(o.option_value AS boolean))
                THEN CAST(CAST(quote_ident(current_user) AS regrole) AS oid) ELSE v.relowner END
    FROM reached
    JOIN pg_class AS v ON v.oid = reached.oid AND v.relkind = 'v'
    JOIN pg_rewrite AS w ON w.ev_class = v.oid
    JOIN pg_depend AS d ON d.classid = CAST('pg_rewrite' AS regclass) AND d.objid = w.oid
                       AND d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid <> v.oid
),
-- tables whose policies hold for the role: neither a superuser's, nor one that bypasses them, nor the owner's
filtered AS (
    SELECT DISTINCT reached.relation, reached.role, c.oid
    FROM reached
    JOIN pg_class AS c ON c.oid = reached.oid AND c.relkind IN ('r', 'p') AND c.relrowsecurity
    JOIN pg_roles AS r ON r.oid = reached.role AND NOT r.rolsuper AND NOT r.rolbypassrls
    WHERE c.relforcerowsecurity OR NOT pg_has_role(reached.role, c.relowner, 'USAGE')
),
-- the policies by which the role reads
policies AS (
    SELECT f.relation, f.role, f.oid, p.polname, p.polpermissive,
           pg_get_expr(p.polqual, p.polrelid) = 'true' AS shows_all
    FROM filtered AS f
    JOIN pg_policy AS p ON p.polrelid = f.oid AND p.polcmd IN ('r', '*')
    WHERE EXISTS (SELECT FROM unnest(p.polroles) AS m (role)
                  WHERE CASE m.role WHEN 0 THEN true ELSE pg_has_role(f.role, m.role, 'USAGE') END)
)
SELECT f.relation, CAST(CAST(f.oid AS regclass) AS text), quote_ident(CAST(pg_get_userbyid(f.role) AS text)),
       -- a policy that shows all rows, which no restrictive one takes back
       (SELECT CAST(min(CAST(p.polname AS text)) AS text) FROM policies AS p
        WHERE (p.relation, p.role, p.oid) = (f.relation, f.role, f.oid) AND p.polpermissive AND p.shows_all
          AND NOT EXISTS (SELECT FROM policies AS n
                          WHERE (n.relation, n.role, n.oid) = (f.relation, f.role, f.oid) AND NOT n.polpermissive))
FROM filtered AS f
ORDER BY 1, 2, 3
