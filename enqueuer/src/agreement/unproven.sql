-- Accounts of which rule settlement proves nothing of what settles after $1 and up to $2.
SELECT CAST(count(*) AS bigint) FROM (
    -- A payment for trades names none: days are netted.
    SELECT t.account_id FROM statement_cash_movements t
    WHERE t.booked_on > date($1) AND t.booked_on <= date($2) AND t.kind = 'trade' AND COALESCE({trade_id}, '') = ''
    UNION
    -- Trades are to be paid, and no payment is booked: delivery versus payment elsewhere.
    SELECT s.account_id FROM (
        SELECT DISTINCT t.account_id FROM statement_trades t
        WHERE t.settlement_date > date($1) AND t.settlement_date <= date($2) AND t.side IN ('buy', 'sell', 'redemption')
    ) AS s
    WHERE NOT EXISTS (
        SELECT 1 FROM statement_cash_movements m
        WHERE {same_account} AND m.booked_on > date($1) AND m.booked_on <= date($2)
          AND m.kind IN ('trade', 'redemption'))
) AS u
