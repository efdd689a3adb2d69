-- The rates of a snapshot's day $1: per base currency, currency and rate how many rows have it.
SELECT {columns} FROM (
    SELECT r.base, r.currency, r.rate, count(*) AS found, min(r.account) AS example
    FROM (
        SELECT CAST(a.base_currency AS text) AS base, CAST(t.currency AS text) AS currency, {rate} AS rate,
               CAST(t.account_id AS text) AS account
        FROM {relation} t JOIN statement_accounts a ON {same_account}
        WHERE t.as_of = date($1) AND {rate} IS NOT NULL
    ) AS r
    GROUP BY r.base, r.currency, r.rate
) AS t
ORDER BY t.base COLLATE {C}, t.currency COLLATE {C}
