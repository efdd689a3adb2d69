-- The lowest and the highest price at which a security was bought and sold from $1 to $2. What an event moves has a price of its own.
SELECT {columns} FROM (
    SELECT CAST(t.security_code AS text) AS code, CAST(COALESCE({market}, '') AS text) AS market,
           CASE WHEN COALESCE({market}, '') = '' THEN CAST(t.security_name AS text) ELSE '' END AS name,
           CAST(t.currency AS text) AS currency, t.price_unit AS unit, {factor} AS factor,
           min(CAST(t.unit_price AS numeric)) AS lowest, max(CAST(t.unit_price AS numeric)) AS highest
    FROM statement_trades t
    WHERE t.{day} >= date($1) AND t.{day} <= date($2) AND t.side IN ('buy', 'sell') AND COALESCE({event}, '') = ''
      AND CAST(t.unit_price AS numeric) > 0
    GROUP BY 1, 2, 3, 4, 5, 6
) AS t
ORDER BY t.code COLLATE {C}, t.market COLLATE {C}, t.name COLLATE {C}, t.currency COLLATE {C}
