-- The lowest and the highest rate of trades from $1 to $2, per base currency and currency.
SELECT {columns} FROM (
    SELECT CAST(a.base_currency AS text) AS base, CAST(t.currency AS text) AS currency,
           min(CAST({rate} AS numeric)) AS lowest, max(CAST({rate} AS numeric)) AS highest
    FROM statement_trades t JOIN statement_accounts a ON {same_account}
    WHERE t.{day} >= date($1) AND t.{day} <= date($2) AND CAST({rate} AS numeric) > 0
    GROUP BY 1, 2
) AS t
ORDER BY t.base COLLATE {C}, t.currency COLLATE {C}
