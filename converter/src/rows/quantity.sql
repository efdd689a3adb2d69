-- One ordered stream of three kinds of rows, so that one line at a time is in memory. $1 is the account, $2 the day of the opening
-- snapshot, $3 that of the closing one. Codes are the same when their bytes are, whatever the columns' collations.
WITH held AS (
    SELECT t.account_id, {held_code} AS security_code, {positions_market} AS market, {held_custody} AS custody, t.security_name,
           CASE WHEN t.as_of = date($3) THEN 'closing' ELSE 'opening' END AS what, t.quantity,
           CAST(t.as_of AS text) AS made_on, CAST({price_date} AS text) AS counted_on
    FROM statement_positions t WHERE {is_holder} AND t.as_of IN (date($2), date($3))
),
held_in AS (
    SELECT security_code, custody, max(market COLLATE {C}) AS market,
           max(CASE WHEN market IS NULL THEN 1 ELSE 0 END) AS without_market
    FROM held GROUP BY security_code, custody
),
named_in AS (SELECT DISTINCT security_code, custody, market FROM held WHERE market IS NOT NULL),
markets AS (SELECT count(market) AS named FROM held),
traded AS (
    SELECT t.account_id, {traded_code} AS security_code, {trades_market} AS market, {traded_custody} AS custody,
           t.security_name, t.side, t.quantity,
           t.trade_date, t.settlement_date, t.trade_id
    FROM statement_trades t
    WHERE {is_trader} AND t.{moved_on} > date($2) AND t.{moved_on} <= date($3)
),
moved AS (
    SELECT account_id, security_code, COALESCE(market, '') AS market, custody, security_name, what, quantity,
           made_on, counted_on, '' AS trade_id
    FROM held
    UNION ALL
    -- A trade moves the holding of its market. Where that market has none, and a trade that names none, move the holding without
    -- a market, if there is one; a trade without a market else moves the holding there is. Where no holding of the account has a
    -- market, what neither snapshot holds has none, either.
    SELECT t.account_id, t.security_code,
           CASE WHEN m.named = 0 OR (h.without_market = 1 AND n.market IS NULL) THEN ''
                ELSE COALESCE(t.market, h.market, '') END,
           t.custody, t.security_name, t.side, t.quantity, CAST(t.trade_date AS text), CAST(t.settlement_date AS text), t.trade_id
    FROM traded t
    CROSS JOIN markets m
    LEFT JOIN held_in h ON h.security_code COLLATE {C} = t.security_code AND h.custody COLLATE {C} = t.custody
    LEFT JOIN named_in n ON n.security_code COLLATE {C} = t.security_code AND n.custody COLLATE {C} = t.custody
        AND n.market COLLATE {C} = t.market
)
SELECT {columns} FROM moved t
ORDER BY t.security_code COLLATE {C}, t.market COLLATE {C}, {custody_order},
         t.what COLLATE {C}, t.security_name COLLATE {C}, t.trade_id COLLATE {C},
         CAST(t.quantity AS text), t.made_on, t.counted_on
