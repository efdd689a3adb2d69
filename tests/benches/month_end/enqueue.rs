//! Half a million documents, found, recorded and submitted to a Batch that accepts and runs nothing.

use std::time::Instant;

use anyhow::{Result, ensure};
use tests::batch::Operation;
use tests::cloud::Cloud;
use tests::{Engine, World};

use crate::report::{Report, Table, number};

const ACCOUNTS: u32 = 500_000;

/// Those with a trade and a balance document each. The others have nothing to report.
const ACTIVE: u32 = ACCOUNTS / 2;

pub async fn measure(report: Report) -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    create(&world).await?;
    let cloud = Cloud::with(&world, |definition| tests::batch::Definition {
        accept_only: true,
        ..definition
    })
    .await?;
    cloud.migrate().await?;
    let plan_seconds = plan(&cloud, 2 * ACTIVE).await?;
    let begin = Instant::now();
    let run = ["run", "--json", "--at", "2026-11-02T09:00:00+09:00"];
    let answer = cloud.enqueuer(run).run().await?.expect(0)?.json()?;
    let seconds = begin.elapsed().as_secs_f64();
    let documents = answer["submitted"].as_u64().unwrap_or_default();
    ensure!(
        documents == u64::from(2 * ACTIVE),
        "not every document was submitted: {answer}"
    );
    let submit_calls = cloud.batch.count(Operation::SubmitJob);
    // Now all of them are with Batch.
    plan(&cloud, 0).await?;
    drop(cloud);
    world.close().await?;
    let of = |command: &str| {
        let [accounts, documents] = [ACCOUNTS, 2 * ACTIVE].map(|count| number(count.into(), 0));
        format!("`enqueuer {command}`, {accounts} accounts, {documents} documents")
    };
    let mut table = Table::new(&["", "seconds", "SubmitJob calls"]);
    table.row(&[
        of("plan --deadline"),
        number(plan_seconds, 1),
        String::new(),
    ]);
    table.row(&[of("run"), number(seconds, 0), submit_calls.to_string()]);
    report.tell("enqueue", &table.finish())
}

/// Plans the run, one document per slot, with a deadline that it misses, so that everything is searched.
async fn plan(cloud: &Cloud<'_>, documents: u32) -> Result<f64> {
    let begin = Instant::now();
    let at = "2026-11-02T09:00:00+09:00";
    let plan = ["plan", "--json", "--at", at, "--deadline", "09:30"];
    let answer = cloud.enqueuer(plan).run().await?;
    let seconds = begin.elapsed().as_secs_f64();
    let answer = answer.expect(i32::from(documents > 0))?.json()?;
    ensure!(
        answer["documents"] == documents,
        "another number of documents is planned: {answer}"
    );
    Ok(seconds)
}

/// Accounts, half of them with one trade and one position each; `load` creates the relations with their indexes.
async fn create(world: &World) -> Result<()> {
    world
        .load(&[(
            "statement_accounts",
            "account_id,account_no,holder_name,language,base_currency,electronic_delivery,opened_on\n",
        )])
        .await?;
    world
        .execute(&format!(
            "INSERT INTO statement_accounts (account_id, account_no, holder_name, language, base_currency,
                 electronic_delivery, opened_on)
             SELECT 'A' || lpad(i::text, 6, '0'), i::text, '見本太郎', 'ja', 'JPY', 1, '2020-01-01'
             FROM generate_series(1, {ACCOUNTS}) i;
             INSERT INTO statement_trades (account_id, trade_id, trade_date, settlement_date, asset_class, security_code,
                 security_name, side, custody, quantity, unit_price, price_unit, currency, gross_amount, commission,
                 consumption_tax, withholding_tax, net_amount)
             SELECT 'A' || lpad(i::text, 6, '0'), 'T1', '2026-10-05', '2026-10-07', 'equity', '1301', '見本', 'buy',
                    'specific', 100, 10, 1, 'JPY', 1000, 0, 0, 0, -1000
             FROM generate_series(1, {ACTIVE}) i;
             INSERT INTO statement_positions (account_id, as_of, asset_class, security_code, security_name, custody, quantity,
                 price_unit, currency)
             SELECT 'A' || lpad(i::text, 6, '0'), '2026-10-31', 'equity', '1301', '見本', 'specific', 100, 1, 'JPY'
             FROM generate_series(1, {ACTIVE}) i;
             INSERT INTO statement_cash_balances (account_id, as_of, currency, amount)
             SELECT 'A' || lpad(i::text, 6, '0'), '2026-10-31', 'JPY', 1000 FROM generate_series(1, {ACTIVE}) i"
        ))
        .await?;
    world.execute("ANALYZE").await
}
