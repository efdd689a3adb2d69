-- Accounts of which rule settlement leaves out something of what settles after $1 and up to $2.
SELECT CAST(count(*) AS bigint) FROM (
    -- A payment for trades names none: days are netted.
    SELECT {account_id} AS account_id FROM statement_cash_movements t
    WHERE t.booked_on > date($1) AND t.booked_on <= date($2) AND t.kind = 'trade' AND COALESCE({named}, '') = ''
    UNION
    -- A trade is to be paid, and no payment names it: delivery versus payment elsewhere, or forgotten. Sets, and no subquery per trade,
    -- for which SQLite would have no index. A payment earlier than all of these trades is none of theirs.
    SELECT s.account_id FROM (
        SELECT {account_id} AS account_id, {id_of_trade} AS trade_id FROM statement_trades t
        WHERE t.settlement_date > date($1) AND t.settlement_date <= date($2) AND t.side IN ('buy', 'sell', 'redemption')
          AND CAST(t.net_amount AS numeric) <> 0
        EXCEPT
        SELECT {account_id}, {named_bytes} FROM statement_cash_movements t
        WHERE t.booked_on <= date($2) AND COALESCE({named}, '') <> '' AND t.kind NOT IN ('tax', 'fee', 'refund', 'exchange')
          AND t.booked_on >= (
              SELECT min(t.trade_date) FROM statement_trades t
              WHERE t.settlement_date > date($1) AND t.settlement_date <= date($2))
    ) AS s
) AS u
