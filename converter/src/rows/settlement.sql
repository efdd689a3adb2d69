-- $1 = the account; it proves what settles after $2 and up to $3.
SELECT {columns} FROM (
    -- The last day with a payment for trades that names none.
    SELECT '' AS trade_id, 0 AS part, '' AS row_id, CAST(max(t.booked_on) AS text) AS day, CAST(NULL AS text) AS kind,
           CAST(NULL AS text) AS currency, CAST(NULL AS text) AS amount,
           CAST(NULL AS text) AS settlement_currency, CAST(NULL AS text) AS settlement_amount
    FROM statement_cash_movements t
    WHERE {is_movement} AND t.booked_on <= date($3) AND t.kind = 'trade' AND COALESCE({movement_trade_id}, '') = ''
    UNION ALL
    -- What is to be settled.
    SELECT CAST(t.trade_id AS text), 1, CAST(t.trade_id AS text), CAST(t.settlement_date AS text), CAST(t.side AS text),
           CAST(t.currency AS text), CAST(t.net_amount AS text),
           CAST({settlement_currency} AS text), CAST({settlement_amount} AS text)
    FROM statement_trades t
    WHERE {is_trade} AND t.settlement_date > date($2) AND t.settlement_date <= date($3)
    UNION ALL
    -- Trades of another month that something of this one names.
    SELECT CAST(t.trade_id AS text), 1, CAST(t.trade_id AS text), CAST(t.settlement_date AS text), CAST(t.side AS text),
           CAST(t.currency AS text), CAST(t.net_amount AS text),
           CAST({settlement_currency} AS text), CAST({settlement_amount} AS text)
    FROM statement_trades t
    WHERE {is_trade} AND (t.settlement_date <= date($2) OR t.settlement_date > date($3))
      AND CAST(t.trade_id AS text) COLLATE {C} IN (
          SELECT CAST({movement_trade_id} AS text) FROM statement_cash_movements t
          WHERE {is_movement} AND t.booked_on > date($2) AND t.booked_on <= date($3))
    UNION ALL
    SELECT CAST({movement_trade_id} AS text), 2, CAST(t.movement_id AS text), CAST(t.booked_on AS text), CAST(t.kind AS text),
           CAST(t.currency AS text), CAST(t.amount AS text), CAST(NULL AS text), CAST(NULL AS text)
    FROM statement_cash_movements t
    WHERE {is_movement} AND t.booked_on > date($2) AND t.booked_on <= date($3) AND COALESCE({movement_trade_id}, '') <> ''
    UNION ALL
    -- Earlier movements of the same ids.
    SELECT CAST({movement_trade_id} AS text), 2, CAST(t.movement_id AS text), CAST(t.booked_on AS text), CAST(t.kind AS text),
           CAST(t.currency AS text), CAST(t.amount AS text), CAST(NULL AS text), CAST(NULL AS text)
    FROM statement_cash_movements t
    WHERE {is_movement} AND t.booked_on <= date($2) AND COALESCE({movement_trade_id}, '') <> ''
      AND CAST({movement_trade_id} AS text) COLLATE {C} IN (
          SELECT CAST(t.trade_id AS text) FROM statement_trades t
          WHERE {is_trade} AND t.settlement_date > date($2) AND t.settlement_date <= date($3)
          UNION ALL
          SELECT CAST({movement_trade_id} AS text) FROM statement_cash_movements t
          WHERE {is_movement} AND t.booked_on > date($2) AND t.booked_on <= date($3))
) AS t
ORDER BY t.trade_id COLLATE {C}, t.part, t.row_id COLLATE {C}, t.day, t.amount
