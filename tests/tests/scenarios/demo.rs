//! The demo's month end: every document that must exist does, every cell says what the source says, and only the
//! planted troubles fail.

use anyhow::{Result, bail, ensure};
use jiff::civil::date;
use tests::{Audit, Source, World, on_every_engine};

on_every_engine! {
    async fn every_cell_of_the_demo_is_the_sources(world: &World) {
        world
            .enqueuer(["demo", "--accounts", "200", "--seed", "7", "--at", "2026-11-05T00:00:00Z"])
            // As users run it: on a busy machine its largest document takes longer than a test's short lease.
            .without("LEASE_SECONDS")
            .run()
            .await?
            .expect(0)?;
        let source = Source::read(world).await?;
        names_are_awkward(&source)?;
        let audit = Audit {
            world,
            source: &source,
            period: "2026-10",
            issued_on: date(2026, 11, 5),
            failing: &[
                ("2026-10.balance.A0005", "positions"),
                ("2026-10.trade.A0009", "identity"),
            ],
        };
        let audited = audit.run().await?;
        // A sample without these would prove nothing about them.
        ensure!(audited.documents > 350 && audited.rows > 10_000, "{audited:?}");
        for seen in [
            "取引明細: 経過利子",
            "取引明細: 現地手数料",
            "取引明細: 決済金額",
            "Trades: Accrued interest",
            "入出金明細: 税引前金額",
            "入出金明細: 外国税",
            "Cash movements: In",
            "残高明細: 評価額",
            "金銭残高: 為替レート",
            "増減: 買付",
            "未受渡取引: 約定日",
            "[取引明細]",
            "[Unsettled trades]",
        ] {
            ensure!(audited.seen.contains(seen), "the sample has no {seen}");
        }
        closed_account_is_excused(world).await?;

        let published = world.published()?;
        let again = world
            .enqueuer(["run", "--json", "--period", "2026-10"])
            .run()
            .await?
            .expect(0)?
            .json()?;
        ensure!(again["due"] == 0 && again["submitted"] == 0, "{again}");
        ensure!(world.published()? == published, "the second run changed what is published");
        expect_changed(world, &[]).await?;
        the_audit_can_fail(world, audit).await?;
        // Of the changes of the audit a name is none.
        let changed = [
            "2026-10.balance.A0001",
            "2026-10.balance.A0007",
            "2026-10.trade.A0001",
            "2026-10.trade.A0003",
            "2026-10.trade.A0007",
        ];
        expect_changed(world, &changed).await
    }
}

/// Demands that the certificate compared every published document with the source, and which ones it names.
async fn expect_changed(world: &World, documents: &[&str]) -> Result<()> {
    let certificate = ["certificate", "--period", "2026-10", "--json"];
    let answer = world.enqueuer(certificate).run().await?.expect(1)?.json()?;
    let rows = &answer["rows"];
    let published = world.published()?.len() as u64;
    ensure!(
        rows["compared"] == published && rows["incomparable"] == 0,
        "{answer}"
    );
    let named = rows["documents"].as_array().into_iter().flatten();
    let mut named: Vec<_> = named
        .filter_map(|document| document["document_id"].as_str())
        .collect();
    named.sort_unstable();
    ensure!(named == documents, "{named:?}");
    Ok(())
}

/// The planted names are in the source as they were planted.
fn names_are_awkward(source: &Source) -> Result<()> {
    for (account, part) in [
        ("A0002", "=HYPERLINK(\""),
        ("A0004", "\u{2764}\u{fe0f}"),
        ("A0007", "\"Bob\" ‘Robert’ <b>&amp;</b>"),
        ("A0011", "\u{7}\t太郎\n"),
        ("A0016", "<r><t>x</t></r>"),
    ] {
        let name = source.account(account)?.text("holder_name")?;
        ensure!(name.contains(part), "{account} is called {name:?}");
    }
    let long = source.account("A0018")?.text("holder_name")?;
    ensure!(long.chars().count() == 200, "A0018 is called {long:?}");
    Ok(())
}

/// Changes the source after the fact, one value per document: the audit must see every one.
async fn the_audit_can_fail(world: &World, audit: Audit<'_>) -> Result<()> {
    let blind = Audit {
        failing: &[],
        ..audit
    };
    ensure!(
        blind.run().await.is_err(),
        "failed documents pass for published ones"
    );
    world
        .execute(
            "UPDATE statement_accounts SET holder_name = holder_name || '.' WHERE account_id = 'A0002';
             UPDATE statement_trades SET note = 'changed' WHERE account_id = 'A0001' AND trade_id =
                 (SELECT max(trade_id) FROM statement_trades WHERE account_id = 'A0001');
             UPDATE statement_cash_movements SET description = 'changed' WHERE account_id = 'A0003' AND movement_id =
                 (SELECT max(movement_id) FROM statement_cash_movements WHERE account_id = 'A0003');
             UPDATE statement_positions SET price_date = '2026-10-02' WHERE account_id = 'A0001' AND security_code =
                 (SELECT max(security_code) FROM statement_positions WHERE account_id = 'A0001' AND as_of = '2026-10-31');
             UPDATE statement_cash_balances SET amount = '1' WHERE account_id = 'A0007' AND currency = 'JPY'
                 AND as_of = '2026-10-31'",
        )
        .await?;
    let source = Source::read(world).await?;
    let changed = Audit {
        source: &source,
        ..audit
    };
    let Err(told) = changed.run().await else {
        bail!("the audit sees none of the changes");
    };
    let told = format!("{told:#}");
    for seen in [
        "2026-10.trade.A0002 概要!お名前",
        "2026-10.balance.A0002 概要!お名前",
        "2026-10.trade.A0001 取引明細!",
        "2026-10.trade.A0003 入出金明細!C",
        "2026-10.balance.A0001 残高明細!H",
        "2026-10.balance.A0007 Cash!C2",
        "2026-10.balance.A0007 Summary!Cash",
    ] {
        ensure!(told.contains(seen), "{seen} is not among {told}");
    }
    Ok(())
}

/// The account that closed before the period is excused from both kinds, and no other is.
async fn closed_account_is_excused(world: &World) -> Result<()> {
    let status = world.status("2026-10").await?;
    let excused: Vec<(&str, &str)> = status["documents"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|document| document["state"] == "excused")
        .filter_map(|document| {
            Some((
                document["document_id"].as_str()?,
                document["cause"].as_str()?,
            ))
        })
        .collect();
    ensure!(
        excused.len() == 2
            && excused.contains(&("2026-10.balance.A0012", "closed_before_period"))
            && excused.contains(&("2026-10.trade.A0012", "closed_before_period")),
        "{excused:?}"
    );
    Ok(())
}
