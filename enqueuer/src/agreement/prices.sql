-- The prices of a snapshot's day $1: per security, day of the price and price how many holdings have it. Groups, not rows: as many
-- as there are securities and prices, however many accounts hold them.
SELECT {columns} FROM (
    SELECT p.code, p.market, p.name, p.currency, p.day, p.price, p.unit, p.factor, count(*) AS holdings, min(p.account) AS example
    FROM (
        SELECT CAST(t.security_code AS text) AS code, CAST(COALESCE({market}, '') AS text) AS market,
               CASE WHEN COALESCE({market}, '') = '' THEN CAST(t.security_name AS text) ELSE '' END AS name,
               CAST(t.currency AS text) AS currency, COALESCE(CAST({price_date} AS text), CAST(t.as_of AS text)) AS day,
               {price} AS price, t.price_unit AS unit, {factor} AS factor, CAST(t.account_id AS text) AS account
        FROM statement_positions t
        WHERE t.as_of = date($1) AND {price} IS NOT NULL
    ) AS p
    GROUP BY p.code, p.market, p.name, p.currency, p.day, p.price, p.unit, p.factor
) AS t
ORDER BY t.code COLLATE {C}, t.market COLLATE {C}, t.name COLLATE {C}, t.currency COLLATE {C}, t.day
