//! `check` finds in one pass what would fail documents: in the data, in the types and in the rights.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{Answer, Engine, World, on_every_engine};

use crate::fixtures::{
    Books, PERIOD, RELATIONS, document, load_october, replace_trades, restore_trades, run_october,
    run_of,
};

/// The problems of `check --json` by their subjects.
async fn problems(world: &World) -> Result<Vec<(String, String)>> {
    let answer: Answer = world.enqueuer(["check", "--json"]).run().await?;
    let answer = answer.json()?;
    let checks = answer["checks"].as_array().context("no checks")?;
    Ok(checks
        .iter()
        .filter(|check| check["ok"] == false)
        .map(|check| {
            let text = |field: &str| check[field].as_str().unwrap_or_default().to_owned();
            (text("check"), text("problem"))
        })
        .collect())
}

/// Expects one problem of each subject, with these words, and no other.
async fn expect_problems(world: &World, expected: &[(&str, &[&str])]) -> Result<()> {
    let found = problems(world).await?;
    for (subject, words) in expected {
        let problem = found
            .iter()
            .find(|(of, problem)| of == subject && problem.contains(words[0]))
            .with_context(|| format!("{subject}: {} is missing in {found:#?}", words[0]))?;
        for word in *words {
            ensure!(
                problem.1.contains(word),
                "{word:?} is missing in {problem:?}"
            );
        }
    }
    ensure!(found.len() == expected.len(), "{found:#?}");
    Ok(())
}

/// A source without keys and without types that refuse anything, as views have none.
async fn load_loose(world: &World) -> Result<()> {
    let mut books = Books::of_october(["A001", "A002", "A003"])?;
    books.positions = books
        .positions
        .replacen("price_unit", "price,price_unit", 1);
    books.positions = books.positions.replace(",1,JPY", ",10,1,JPY");
    books.balances = books.balances.replacen("amount", "amount,fx_rate", 1);
    // Every line but the heading.
    books.balances = books.balances.replace('\n', ",1\n");
    books.balances = books.balances.replacen("fx_rate,1", "fx_rate", 1);
    books.load(world).await?;
    for relation in RELATIONS {
        world
            .execute(&format!(
                "CREATE TABLE plain AS SELECT * FROM {relation}; DROP TABLE {relation}; ALTER TABLE plain RENAME TO {relation}"
            ))
            .await?;
    }
    Ok(())
}

on_every_engine! {
    async fn right_books_pass(world: &World) {
        load_loose(world).await?;
        expect_problems(world, &[]).await?;
        run_october(world).await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn everything_that_would_fail_a_document_is_found_in_one_pass(world: &World) {
        load_loose(world).await?;
        world.execute(
            "UPDATE statement_accounts SET language = 'fr', holder_name = ' \u{200B}', electronic_delivery = 2 WHERE account_id = 'A002';
             UPDATE statement_accounts SET base_currency = 'YEN', account_no = '' WHERE account_id = 'A003';
             UPDATE statement_trades SET side = 'byu', quantity = '0', gross_amount = '1000.5', commission = '-1' WHERE account_id = 'A003';
             UPDATE statement_trades SET custody = 'ISA', net_amount = NULL, unit_price = '1234567890.1234567' WHERE account_id = 'A002';
             UPDATE statement_trades SET settlement_date = '2026-10-01' WHERE account_id = 'A001';
             UPDATE statement_cash_movements SET kind = 'divi', movement_id = 'M1', currency = 'JPN' WHERE account_id = 'A003';
             UPDATE statement_positions SET price = '0.123456789', security_code = '' WHERE account_id = 'A001' AND as_of = '2026-10-31';
             UPDATE statement_positions SET account_id = 'A 2' WHERE account_id = 'A002' AND as_of = '2026-10-31';
             UPDATE statement_cash_balances SET fx_rate = '0', amount = '1000000000000000' WHERE account_id = 'A001';
             UPDATE statement_trades SET price_factor = '0' WHERE account_id = 'A003'",
        ).await?;
        expect_problems(world, &[
            ("statement_accounts.language", &["has an unknown code in 1 row", "\"fr\" (account_id A002)", "ja, en"]),
            ("statement_accounts.holder_name", &["is blank in 1 row", "account_id A002"]),
            ("statement_accounts.electronic_delivery", &["has an unknown code in 1 row", "\"2\"", "0, 1"]),
            ("statement_accounts.base_currency", &["is no currency in 1 row", "\"YEN\"", "ISO 4217"]),
            ("statement_accounts.account_no", &["is blank in 1 row", "account_id A003"]),
            ("statement_trades.side", &["has an unknown code in 3 rows", "\"byu\" (3 rows, first account_id A003, trade_id T2026-10-0)", "buy, sell"]),
            ("statement_trades.quantity", &["is not above zero in 3 rows"]),
            ("statement_trades.price_factor", &["is not above zero in 3 rows"]),
            ("statement_trades.gross_amount", &["has too many decimals in 3 rows", "1000.5"]),
            ("statement_trades.commission", &["is negative in 3 rows"]),
            ("statement_trades.custody", &["has an unknown code in 2 rows", "\"ISA\"", "nisa_growth"]),
            ("statement_trades.net_amount", &["is null in 2 rows", "fill it"]),
            ("statement_trades.unit_price", &["has more than 15 significant digits in 2 rows"]),
            ("statement_trades.settlement_date", &["contradicts trade_date in 1 row", "account_id A001"]),
            ("statement_cash_movements.kind", &["has an unknown code in 3 rows", "\"divi\""]),
            ("statement_cash_movements.currency", &["is no currency in 3 rows", "\"JPN\""]),
            ("statement_cash_movements", &["account_id A003, movement_id M1 occurs 3 times", "unique"]),
            ("statement_positions.price", &["has too many decimals in 1 row"]),
            ("statement_positions.security_code", &["is blank in 1 row"]),
            ("statement_positions.account_id", &["is unusable in 1 row", "\"A 2\"", "as_of 2026-10-31", "letters, digits"]),
            ("statement_cash_balances.fx_rate", &["is not above zero in 2 rows"]),
            ("statement_cash_balances.amount", &["is too large in 2 rows"]),
        ]).await
    }
}

on_every_engine! {
    async fn what_an_absent_text_stands_for_tells_no_rows_apart(world: &World) {
        load_loose(world).await?;
        world.execute(
            "INSERT INTO statement_cash_balances (account_id, as_of, currency, amount, fx_rate, pocket)
             SELECT account_id, as_of, currency, amount, fx_rate, 'deposit' FROM statement_cash_balances
             WHERE account_id = 'A001' AND as_of = '2026-10-31';
             INSERT INTO statement_positions (account_id, as_of, asset_class, security_code, security_name, market, custody, quantity,
                                              price, price_unit, currency)
             SELECT account_id, as_of, asset_class, security_code, security_name, ' ', custody, quantity, price, price_unit, currency
             FROM statement_positions WHERE account_id = 'A001' AND as_of = '2026-10-31'",
        ).await?;
        expect_problems(world, &[
            ("statement_cash_balances", &["account_id A001", "currency JPY, pocket deposit occurs 2 times"]),
            ("statement_positions", &["account_id A001", "occurs 2 times"]),
        ]).await
    }
}

on_every_engine! {
    async fn failures_are_grouped_by_cause_and_column(world: &World) {
        load_october(world, 4).await?;
        let spoilt = "CASE account_id WHEN 'A001' THEN 'byu' WHEN 'A002' THEN 'slel' ELSE side END";
        replace_trades(world, "side", spoilt).await?;
        world.execute("UPDATE firm_trades SET unit_price = '-10' WHERE account_id = 'A003'").await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(1)?;
        let status = world.status(PERIOD).await?;
        let causes: Vec<Value> = status["causes"].as_array().context("no causes")?.clone();
        assert_eq!(causes, [
            json!({"state": "failed", "cause": "shape", "column": "statement_trades.side", "documents": 2, "example": "2026-10.trade.A001"}),
            json!({"state": "failed", "cause": "shape", "column": "statement_trades.unit_price", "documents": 1, "example": "2026-10.trade.A003"}),
        ]);
        assert_eq!(document(world, "2026-10.trade.A002").await?["column"], "statement_trades.side");
        let told = world.enqueuer(["status"]).run().await?.expect(0)?.stdout;
        ensure!(told.contains("2 documents failed, cause shape, column statement_trades.side; e.g. 2026-10.trade.A001"), "{told}");
        ensure!(told.contains("1 document failed, cause shape, column statement_trades.unit_price; e.g. 2026-10.trade.A003"), "{told}");

        // Corrected, nothing is left of it.
        restore_trades(world).await?;
        world.execute("UPDATE statement_trades SET unit_price = '10'").await?;
        world.enqueuer(["resubmit", "--failed", "--period", PERIOD, "--cause", "shape", "--reason", "corrected", "--at", crate::fixtures::AT])
            .run().await?.expect(0)?;
        let status = world.status(PERIOD).await?;
        assert_eq!(status["causes"], json!([]));
        ensure!(document(world, "2026-10.trade.A002").await?["column"].is_null());
        Ok(())
    }
}

/// Domains over the contract's types, over one another, and with conditions.
const DOMAINS: &str = "
    CREATE DOMAIN key_text AS varchar(64) CHECK (VALUE <> '');
    CREATE DOMAIN account_key AS key_text;
    CREATE DOMAIN business_day AS date;
    CREATE DOMAIN flag AS smallint;
    CREATE DOMAIN exact AS numeric(24, 8);
    CREATE DOMAIN money_amount AS exact NOT NULL;
    ALTER TABLE statement_accounts ALTER COLUMN account_id TYPE account_key, ALTER COLUMN opened_on TYPE business_day,
        ALTER COLUMN electronic_delivery TYPE flag;
    ALTER TABLE statement_trades ALTER COLUMN account_id TYPE account_key, ALTER COLUMN trade_date TYPE business_day,
        ALTER COLUMN market TYPE key_text, ALTER COLUMN net_amount TYPE money_amount, ALTER COLUMN quantity TYPE exact;
    ALTER TABLE statement_positions ALTER COLUMN account_id TYPE account_key, ALTER COLUMN as_of TYPE business_day,
        ALTER COLUMN market TYPE key_text;
    ALTER TABLE statement_cash_balances ALTER COLUMN amount TYPE money_amount, ALTER COLUMN pocket TYPE key_text";

#[tokio::test]
async fn a_domain_is_the_type_below_it() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 2).await?;
    world.execute(DOMAINS).await?;
    world.enqueuer(["check"]).run().await?.expect(0)?;
    run_october(&world).await?.expect(0)?;
    assert_eq!(world.published()?.len(), 4);
    world
        .execute(
            "CREATE DOMAIN loose_amount AS double precision;
             CREATE DOMAIN looser_amount AS loose_amount;
             CREATE DOMAIN instant AS timestamptz;
             ALTER TABLE statement_trades ALTER COLUMN gross_amount TYPE looser_amount;
             ALTER TABLE statement_cash_movements ALTER COLUMN booked_on TYPE instant",
        )
        .await?;
    expect_problems(
        &world,
        &[
            (
                "statement_trades.gross_amount",
                &[
                    "is of type looser_amount, a domain over double precision",
                    "numeric",
                ],
            ),
            (
                "statement_cash_movements.booked_on",
                &[
                    "is of type instant, a domain over timestamp with time zone",
                    "date",
                ],
            ),
        ],
    )
    .await?;
    let refused = run_october(&world).await?.expect(78)?;
    ensure!(
        refused
            .stderr
            .contains("looser_amount, a domain over double precision"),
        "{refused:?}"
    );
    world.close().await
}

#[tokio::test]
async fn missing_rights_are_one_line_that_grants_them() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 1).await?;
    let role = format!("reader_{:08x}", fastrand::u32(..));
    world
        .execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'reader'; GRANT SELECT ON statement_accounts TO {role}"
        ))
        .await?;
    let (scheme, rest) = world
        .database_url()
        .split_once("://")
        .context("no scheme")?;
    let (_, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    let url = format!("{scheme}://{role}:reader@{host}");
    let check = |world: &World| {
        world
            .enqueuer(["check"])
            .env("SOURCE_DATABASE_URL", &url)
            .run()
    };
    let told = check(&world).await?.expect(78)?.stdout;
    let grant = format!(
        "GRANT SELECT ON public.statement_trades, public.statement_cash_movements, public.statement_positions, \
         public.statement_cash_balances TO {role};"
    );
    ensure!(told.contains(&grant), "{grant} is missing in {told}");
    ensure!(told.matches("WRONG").count() == 1, "{told}");
    world.execute(&grant).await?;
    check(&world).await?.expect(0)?;
    // What lies in a schema that may not be used looks as if it were not there.
    world
        .execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
        .await?;
    let told = check(&world).await?.expect(78)?.stdout;
    let grant = format!(
        "GRANT USAGE ON SCHEMA public TO {role}; GRANT SELECT ON public.statement_accounts,"
    );
    ensure!(told.contains(&grant), "{grant} is missing in {told}");
    ensure!(told.matches("WRONG").count() == 1, "{told}");
    world
        .execute(&format!("GRANT USAGE ON SCHEMA public TO {role}"))
        .await?;
    check(&world).await?.expect(0)?;
    world
        .execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await?;
    world.close().await
}

on_every_engine! {
    /// What a run takes for an account that is open, or of unknown age, is no deviation.
    async fn dates_of_accounts_that_stand_for_none_pass(world: &World) {
        load_loose(world).await?;
        world.execute(
            "UPDATE statement_accounts SET opened_on = '0001-01-01', closed_on = '9999-12-31' WHERE account_id = 'A001';
             UPDATE statement_accounts SET opened_on = '1899-12-30' WHERE account_id = 'A002';
             UPDATE statement_accounts SET opened_on = '-infinity', closed_on = 'infinity' WHERE account_id = 'A003'",
        ).await?;
        expect_problems(world, &[]).await?;
        run_october(world).await?.expect(0)?;
        // Closed before the calendar begins, or opened never.
        world.execute(
            "UPDATE statement_accounts SET closed_on = '1800-01-01' WHERE account_id = 'A001';
             UPDATE statement_accounts SET opened_on = 'infinity' WHERE account_id = 'A002'",
        ).await?;
        expect_problems(world, &[("statement_accounts.opened_on", &["is no date in 1 row", "account_id A002"])]).await
    }
}

/// `SQLite`'s dates are text.
#[tokio::test]
async fn a_date_of_zeros_fails_its_account_and_not_the_month() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    load_loose(&world).await?;
    world
        .execute(
            "UPDATE statement_accounts SET closed_on = '' WHERE account_id = 'A001';
             UPDATE statement_accounts SET opened_on = '0000-00-00' WHERE account_id = 'A002'",
        )
        .await?;
    let of_a002 = ["is no date in 1 row", "\"0000-00-00\" (account_id A002)"];
    expect_problems(&world, &[("statement_accounts.opened_on", &of_a002)]).await?;
    run_october(&world).await?.expect(1)?;
    for (account, state) in [
        ("A001", "succeeded"),
        ("A002", "failed"),
        ("A003", "succeeded"),
    ] {
        let found = document(&world, &format!("2026-10.trade.{account}")).await?;
        ensure!(found["state"] == state, "{found}");
    }
    Ok(())
}

/// `PostgreSQL` has days without an end, which are in no period.
#[tokio::test]
async fn a_row_of_no_day_stops_the_run() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    for (relation, column, value) in [
        ("statement_trades", "trade_date", "-infinity"),
        ("statement_trades", "settlement_date", "infinity"),
        ("statement_cash_movements", "booked_on", "infinity"),
        ("statement_positions", "as_of", "-infinity"),
        ("statement_cash_balances", "as_of", "20261-10-31"),
    ] {
        load_october(&world, 1).await?;
        world
            .execute(&format!(
                "UPDATE {relation} SET {column} = '{value}' WHERE {column} > '2026-10-01'"
            ))
            .await?;
        let run = run_of(&world, []).run().await?.expect(65)?;
        for words in [
            relation,
            column,
            value,
            "is not a date, so that its row would be in no period",
        ] {
            ensure!(run.stderr.contains(words), "{words}: {}", run.stderr);
        }
    }
    Ok(())
}
