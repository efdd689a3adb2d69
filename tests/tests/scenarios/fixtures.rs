//! Small sources whose books balance, and what several scenarios ask about a world.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use common::contract::TRADES;
use common::statement::Period;
use serde_json::Value;
use tests::{Answer, Engine, Program, World};

/// The relations of the contract.
pub const RELATIONS: [&str; 5] = [
    "statement_accounts",
    "statement_trades",
    "statement_cash_movements",
    "statement_positions",
    "statement_cash_balances",
];

pub const PERIOD: &str = "2026-10";
/// The instant of every run, so that documents of two worlds have the same date of issue.
pub const AT: &str = "2026-11-02T09:00:00+09:00";

/// The files of a source.
pub struct Books {
    pub accounts: String,
    pub trades: String,
    pub movements: String,
    pub positions: String,
    pub balances: String,
}

impl Books {
    /// Accounts that each buy in every month, up to four times; with snapshots at the months' ends and before the first.
    pub fn of<'a>(accounts: impl IntoIterator<Item = &'a str>, months: &[&str]) -> Result<Self> {
        let periods = months
            .iter()
            .map(|month| month.parse::<Period>().map_err(Into::into))
            .collect::<Result<Vec<_>>>()?;
        let before = periods.first().context("no month")?.previous().last_day();
        let mut books = Self::empty();
        for (n, account) in accounts.into_iter().enumerate() {
            writeln!(
                books.accounts,
                "{account},No. {account},山田 太郎,ja,JPY,1,2020-01-01"
            )?;
            let (mut quantity, mut cash) = (100, 1_000_000);
            books.snapshot(account, &before.to_string(), quantity, cash)?;
            for (period, month) in periods.iter().zip(months) {
                for trade in 0..=n % 4 {
                    let trade_id = format!("T{month}-{trade}");
                    books.buy(
                        account,
                        &trade_id,
                        &format!("{month}-05"),
                        &format!("{month}-07"),
                    )?;
                    quantity += 100;
                    cash -= 1000;
                }
                books.snapshot(account, &period.last_day().to_string(), quantity, cash)?;
            }
        }
        Ok(books)
    }

    /// Accounts in October 2026 alone.
    pub fn of_october<'a>(accounts: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        Self::of(accounts, &[PERIOD])
    }

    /// The headers of the columns that the contract demands.
    pub fn empty() -> Self {
        let header = |columns: &str| format!("{columns}\n");
        Self {
            accounts: header(
                "account_id,account_no,holder_name,language,base_currency,electronic_delivery,opened_on",
            ),
            trades: header(
                "account_id,trade_id,trade_date,settlement_date,asset_class,security_code,security_name,side,custody,\
                 quantity,unit_price,price_unit,currency,gross_amount,commission,consumption_tax,withholding_tax,net_amount",
            ),
            movements: header(
                "account_id,movement_id,booked_on,kind,description,currency,amount,trade_id",
            ),
            positions: header(
                "account_id,as_of,asset_class,security_code,security_name,custody,quantity,price_unit,currency",
            ),
            balances: header("account_id,as_of,currency,amount"),
        }
    }

    /// A purchase for 1,000 yen, and the cash that pays it.
    pub fn buy(
        &mut self,
        account: &str,
        trade_id: &str,
        trade_date: &str,
        settlement_date: &str,
    ) -> Result<()> {
        writeln!(
            self.trades,
            "{account},{trade_id},{trade_date},{settlement_date},equity,130A,Ｖｅｒｉｔａｓ,buy,specific,100,10,1,JPY,1000,0,0,0,-1000"
        )?;
        writeln!(
            self.movements,
            "{account},M{trade_id},{settlement_date},trade,買付,JPY,-1000,{trade_id}"
        )?;
        Ok(())
    }

    /// What the account has at the end of a day.
    pub fn snapshot(&mut self, account: &str, as_of: &str, quantity: i64, cash: i64) -> Result<()> {
        writeln!(
            self.positions,
            "{account},{as_of},equity,130A,Ｖｅｒｉｔａｓ,specific,{quantity},1,JPY"
        )?;
        writeln!(self.balances, "{account},{as_of},JPY,{cash}")?;
        Ok(())
    }

    pub async fn load(&self, world: &World) -> Result<()> {
        world
            .load(&[
                ("statement_accounts", &self.accounts),
                ("statement_trades", &self.trades),
                ("statement_cash_movements", &self.movements),
                ("statement_positions", &self.positions),
                ("statement_cash_balances", &self.balances),
            ])
            .await
    }
}

/// `A001`, `A002`…
pub fn account_ids(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("A{n:03}")).collect()
}

/// A world's source of so many accounts in October 2026; each makes two documents.
pub async fn load_october(world: &World, accounts: usize) -> Result<()> {
    let ids = account_ids(accounts);
    Books::of_october(ids.iter().map(String::as_str))?
        .load(world)
        .await
}

/// Closes an account before October 2026, with nothing left in it.
pub async fn close(world: &World, account: &str) -> Result<()> {
    let emptied = [
        "statement_trades",
        "statement_cash_movements",
        "statement_positions",
        "statement_cash_balances",
    ]
    .map(|relation| format!("DELETE FROM {relation} WHERE account_id = '{account}'"));
    world
        .execute(&format!(
            "UPDATE statement_accounts SET closed_on = '2026-09-30' WHERE account_id = '{account}'; {}",
            emptied.join("; ")
        ))
        .await
}

/// The run of October 2026, with more arguments.
pub fn run_of<'a>(world: &World, arguments: impl IntoIterator<Item = &'a str>) -> Program {
    world.enqueuer(october(arguments))
}

/// The arguments of that run.
pub fn october<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    ["run", "--json", "--period", PERIOD, "--at", AT]
        .into_iter()
        .chain(arguments)
        .collect()
}

/// Writes a profile of a firm with these tables; its path.
pub fn profile(world: &World, tables: &str) -> Result<String> {
    let path = world.path(&format!("profile-{:08x}.toml", fastrand::u32(..)));
    let firm = "[firm]
name = { ja = \"青葉証券株式会社\", en = \"Aoba Securities\" }
registration = { ja = \"関東財務局長（金商）第1号\", en = \"Kinsho No. 1\" }
contact = { ja = \"03-1111-2222\", en = \"+81-3-1111-2222\" }
";
    std::fs::write(&path, format!("{firm}{tables}"))?;
    Ok(path.to_string_lossy().into_owned())
}

/// Runs October 2026 to its end.
pub async fn run_october(world: &World) -> Result<Answer> {
    run_of(world, []).run().await
}

/// A document of the period's status.
pub async fn document(world: &World, id: &str) -> Result<Value> {
    let status = world.status(PERIOD).await?;
    let documents = status["documents"]
        .as_array()
        .context("no documents in the status")?;
    documents
        .iter()
        .find(|document| document["document_id"] == id)
        .cloned()
        .with_context(|| format!("the status does not list {id}: {status}"))
}

/// What a `SELECT count(*)` answers.
pub async fn count(world: &World, query: &str) -> Result<u64> {
    let query = format!("SELECT CAST(({query}) AS text)");
    let rows = world.texts(&query).await?;
    let text = rows[0][0].clone().context("a count is null")?;
    Ok(text.parse()?)
}

/// How many documents converters work on; none as long as there is no ledger.
pub async fn running(world: &World) -> Result<u64> {
    let query = "SELECT count(*) FROM export_documents WHERE state = 'running'";
    Ok(count(world, query).await.unwrap_or_default())
}

/// Every attempt as `document_id number outcome`, in order.
pub async fn attempts(world: &World) -> Result<Vec<String>> {
    let rows = world
        .texts(
            "SELECT document_id, CAST(number AS text), COALESCE(outcome, 'without an end')
             FROM export_attempts ORDER BY document_id, started_at, number",
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "))
        .collect())
}

/// Empties the ledger and the store.
pub async fn forget(world: &World) -> Result<()> {
    // Without a ledger yet there is nothing to forget.
    let _ = world
        .execute(
            "DELETE FROM export_changes; DELETE FROM export_comparisons; DELETE FROM export_certificates;
             DELETE FROM export_unusable_ids; DELETE FROM export_attempts; DELETE FROM export_job_documents;
             DELETE FROM export_documents; DELETE FROM export_jobs; DELETE FROM export_runs",
        )
        .await;
    if world.store().exists() {
        std::fs::remove_dir_all(world.store())?;
    }
    Ok(())
}

/// The ledger and the store say the same: every published document is the file of its key, and there is no other.
pub async fn expect_ledger_agrees_with_store(world: &World) -> Result<()> {
    let ledger = world
        .texts(
            "SELECT object_key, sha256, CAST(bytes AS text) FROM export_documents WHERE state IN ('succeeded', 'superseded')",
        )
        .await?;
    let mut ledger: Vec<Vec<String>> = ledger
        .into_iter()
        .map(|row| row.into_iter().flatten().collect())
        .collect();
    ledger.sort();
    let store: Vec<Vec<String>> = world
        .published()?
        .into_iter()
        .map(|file| vec![file.key, file.sha256, file.bytes.to_string()])
        .collect();
    ensure!(
        ledger == store,
        "the ledger says\n{ledger:#?}\nthe directory\n{store:#?}"
    );
    Ok(())
}

/// What lies in the store unpublished.
pub fn partial_files(world: &World) -> Result<Vec<String>> {
    let directory = world.store().join(".partial");
    if !directory.exists() {
        return Ok(Vec::new());
    }
    std::fs::read_dir(directory)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// In the script of a converter: its source is down. Nobody listens on port 9.
pub const SOURCE_IS_DOWN: &str = "export SOURCE_DATABASE_URL=postgres://reader@127.0.0.1:9/firm";

/// The end of a lease that holds for longer than the test takes, as an expression.
pub const fn long_lease(world: &World) -> &'static str {
    match world.engine {
        Engine::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + 100000",
        Engine::Sqlite => "unixepoch() * 1000 + 100000",
    }
}

/// Demands a failure told in one line that holds all of `words`, and nothing on stdout.
pub fn expect_one_line(answer: Answer, code: i32, words: &[&str]) -> Result<()> {
    let answer = answer.expect(code)?;
    let stderr = &answer.stderr;
    ensure!(
        stderr.starts_with("enqueuer: ") && stderr.trim_end().lines().count() == 1,
        "not one line of the enqueuer:\n{stderr}"
    );
    for word in words {
        ensure!(stderr.contains(word), "{word:?} is missing in: {stderr}");
    }
    ensure!(answer.stdout.is_empty(), "stdout: {}", answer.stdout);
    Ok(())
}

/// From now on reading the trades' notes, which only converters do, takes about so many seconds per document. They stay empty.
pub async fn slow_down_trades(world: &World, seconds: u32) -> Result<()> {
    let pause = match world.engine {
        Engine::Postgres => {
            // `STABLE`, so that the planner leaves it out where nobody asks for the column.
            world
                .execute(
                    "CREATE FUNCTION pause(seconds double precision) RETURNS text STABLE LANGUAGE plpgsql
                     AS $$ BEGIN PERFORM pg_sleep(seconds); RETURN ''; END $$",
                )
                .await?;
            format!("(SELECT pause({seconds}))")
        }
        // SQLite cannot sleep; it can count.
        Engine::Sqlite => format!(
            "(SELECT CASE WHEN max(n) > 0 THEN '' END FROM (
                 WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {})
                 SELECT n FROM counter))",
            u64::from(seconds) * 2_000_000
        ),
    };
    replace_trades(world, "note", &format!("COALESCE(note, '') || {pause}")).await
}

/// Puts a view in the place of the trades, in which one column is an expression.
pub async fn replace_trades(world: &World, column: &str, expression: &str) -> Result<()> {
    let columns = TRADES
        .columns
        .iter()
        .map(|known| {
            if known.name == column {
                format!("{expression} AS {column}")
            } else {
                known.name.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(", ");
    world
        .execute(&format!(
            "ALTER TABLE statement_trades RENAME TO firm_trades;
             CREATE VIEW statement_trades AS SELECT {columns} FROM firm_trades"
        ))
        .await
}

/// Undoes [`replace_trades`].
pub async fn restore_trades(world: &World) -> Result<()> {
    world
        .execute("DROP VIEW statement_trades; ALTER TABLE firm_trades RENAME TO statement_trades")
        .await
}
