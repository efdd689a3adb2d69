-- What holders of some securities had in the snapshot of $1 and have in that of $2.
SELECT {columns} FROM (
    SELECT CAST(b.security_code AS text) AS code, CAST(COALESCE({market_before}, '') AS text) AS market,
           CAST(b.security_name AS text) AS name, CAST(b.currency AS text) AS currency,
           b.quantity AS before, a.quantity AS after
    FROM statement_positions b
    JOIN statement_positions a ON {same_account} AND a.security_code = b.security_code
         AND a.custody = b.custody AND a.currency = b.currency
         AND COALESCE({market_after}, '') = COALESCE({market_before}, '')
    WHERE b.as_of = date($1) AND a.as_of = date($2) AND b.security_code IN ({codes})
) AS t
