-- The contract's views that read something by a function of the firm's: what such a function reads is not in the catalogue.
-- `{names}` are the relations' names.
WITH RECURSIVE reached (relation, oid) AS (
    SELECT r.name, CAST(to_regclass(quote_ident(r.name)) AS oid)
    FROM unnest(ARRAY[{names}]) AS r (name)
    WHERE to_regclass(quote_ident(r.name)) IS NOT NULL
    UNION
    SELECT reached.relation, d.refobjid
    FROM reached
    JOIN pg_rewrite AS w ON w.ev_class = reached.oid
    JOIN pg_depend AS d ON d.classid = CAST('pg_rewrite' AS regclass) AND d.objid = w.oid
                       AND d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid <> reached.oid
)
SELECT DISTINCT reached.relation
FROM reached
JOIN pg_rewrite AS w ON w.ev_class = reached.oid
JOIN pg_depend AS d ON d.classid = CAST('pg_rewrite' AS regclass) AND d.objid = w.oid
                   AND d.refclassid = CAST('pg_proc' AS regclass)
ORDER BY 1
