//! The gate's rules through the real programs: blocked, let pass with a warning, or not looked at, as the profile says.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::{World, on_every_engine};

use crate::fixtures::{
    Books, document, expect_ledger_agrees_with_store, forget, load_october, partial_files, profile,
    run_of,
};

pub const TRADE: &str = "2026-10.trade.A001";
pub const BALANCE: &str = "2026-10.balance.A001";

/// A rule, how the source breaks it, and what a refusal must say.
pub struct Break<'a> {
    pub rule: &'a str,
    pub document: &'a str,
    pub says: &'a [&'a str],
}

impl Break<'_> {
    /// Runs the account under each policy. Only the broken document may be touched by it.
    pub async fn expect_policies(&self, world: &World) -> Result<()> {
        for policy in ["block", "warn", "off"] {
            let found = self.run_under(world, policy).await?;
            let state = if policy == "block" {
                "failed"
            } else {
                "succeeded"
            };
            let cause = if policy == "off" {
                Value::Null
            } else {
                self.rule.into()
            };
            ensure!(
                found["state"] == state && found["cause"] == cause,
                "{} = {policy}: {found}",
                self.rule
            );
            let error = found["error"].as_str().unwrap_or_default();
            for words in self.says.iter().filter(|_| policy != "off") {
                ensure!(
                    error.contains(words),
                    "{policy}: {words:?} is missing in: {error}"
                );
            }
            ensure!(policy != "off" || error.is_empty(), "{found}");
            assert_eq!(partial_files(world)?, Vec::<String>::new());
            expect_ledger_agrees_with_store(world).await?;
        }
        Ok(())
    }

    /// A month of the account from a ledger and a store without a past.
    async fn run_under(&self, world: &World, policy: &str) -> Result<Value> {
        forget(world).await?;
        let file = profile(world, &format!("[gate]\n{} = \"{policy}\"\n", self.rule))?;
        let kind = self.document.split('.').nth(1).context("a kind")?;
        let run = run_of(world, ["--account", "A001", "--kind", kind]);
        let code = i32::from(policy == "block");
        let answer = run
            .env("STATEMENT_PROFILE", &file)
            // Here alerts are lines of the log.
            .env("LOG", "info")
            .run()
            .await?
            .expect(code)?;
        let alerted = answer.stderr.contains("published with a warning");
        ensure!(alerted == (policy == "warn"), "{policy}: {}", answer.stderr);
        let amounts = self
            .says
            .iter()
            .find(|words| answer.stderr.contains(*words));
        ensure!(
            amounts.is_none(),
            "{amounts:?} is in the log: {}",
            answer.stderr
        );
        let logged = format!("rule=\"{}\"", self.rule);
        ensure!(
            answer.stderr.contains(&logged) == (policy == "warn"),
            "{policy}: {}",
            answer.stderr
        );
        if policy != "off" {
            let status = world.enqueuer(["status"]).run().await?.expect(0)?.stdout;
            for words in self.says.iter().chain([&self.rule]) {
                ensure!(status.contains(words), "{words:?} is missing in: {status}");
            }
        }
        document(world, self.document).await
    }
}

/// The one trade is paid with so much.
async fn pay(world: &World, yen: i64) -> Result<()> {
    world
        .execute(&format!(
            "UPDATE statement_cash_movements SET amount = '-{yen}';
             UPDATE statement_cash_balances SET amount = '{}' WHERE as_of = '2026-10-31'",
            1_000_000 - yen
        ))
        .await
}

on_every_engine! {
    async fn identity(world: &World) {
        load_october(world, 1).await?;
        // What the trade says is what was paid: no other rule sees it.
        world.execute("UPDATE statement_trades SET net_amount = '-1001'").await?;
        pay(world, 1001).await?;
        let says = [
            "trade T2026-10-0 of 2026-10-05 in 130A", "net_amount is -1001 JPY", "is -1000, a difference of -1",
        ];
        Break { rule: "identity", document: TRADE, says: &says }.expect_policies(world).await
    }
}

on_every_engine! {
    async fn positions(world: &World) {
        load_october(world, 1).await?;
        world.execute("UPDATE statement_positions SET quantity = '199' WHERE as_of = '2026-10-31'").await?;
        let says = [
            "security 130A (specific): opening 100 + bought 100", "= 200, but the closing snapshot holds 199",
            "a difference of -1",
        ];
        Break { rule: "positions", document: BALANCE, says: &says }.expect_policies(world).await
    }
}

on_every_engine! {
    async fn cash(world: &World) {
        load_october(world, 1).await?;
        world.execute("UPDATE statement_cash_balances SET amount = '999001' WHERE as_of = '2026-10-31'").await?;
        let says = [
            "JPY, pocket deposit: opening of 2026-09-30 1000000 + movements -1000 = 999000",
            "the closing snapshot of 2026-10-31 holds 999001, a difference of 1",
        ];
        for document in [TRADE, BALANCE] {
            Break { rule: "cash", document, says: &says }.expect_policies(world).await?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn shape(world: &World) {
        load_october(world, 1).await?;
        world.execute("UPDATE statement_trades SET settlement_date = '2026-10-04'").await?;
        let says = ["trade T2026-10-0: settlement_date 2026-10-04 is before trade_date 2026-10-05"];
        Break { rule: "shape", document: TRADE, says: &says }.expect_policies(world).await
    }
}

on_every_engine! {
    async fn signs(world: &World) {
        load_october(world, 1).await?;
        world.execute("UPDATE statement_trades SET commission = '-10', net_amount = '-990'").await?;
        pay(world, 990).await?;
        let says = ["statement_trades (account_id A001, trade_id T2026-10-0), column commission: -10 is negative"];
        Break { rule: "shape", document: TRADE, says: &says }.expect_policies(world).await
    }
}

on_every_engine! {
    async fn what_cannot_be_shown_is_refused_under_every_policy(world: &World) {
        load_october(world, 1).await?;
        world.execute("UPDATE statement_trades SET side = 'swap'").await?;
        let broken = Break { rule: "shape", document: TRADE, says: &[] };
        forget(world).await?;
        let file = profile(world, "[gate]\nshape = \"off\"\n")?;
        let run = run_of(world, ["--kind", "trade"]).env("STATEMENT_PROFILE", &file);
        run.run().await?.expect(1)?;
        let refused = document(world, broken.document).await?;
        assert_eq!((&refused["state"], &refused["cause"]), (&"failed".into(), &"shape".into()), "{refused}");
        Ok(())
    }
}

/// Both documents of the account, after a run in which none failed.
pub async fn warnings(world: &World) -> Result<[Value; 2]> {
    forget(world).await?;
    run_of(world, []).run().await?.expect(0)?;
    Ok([
        document(world, TRADE).await?,
        document(world, BALANCE).await?,
    ])
}

pub fn expect_warning(document: &Value, cause: Option<&str>, words: &[&str]) -> Result<()> {
    let error = document["error"].as_str().unwrap_or_default();
    ensure!(
        document["state"] == "succeeded" && document["cause"].as_str() == cause,
        "{document}"
    );
    for word in words {
        ensure!(error.contains(word), "{word:?} is missing in: {document}");
    }
    Ok(())
}

on_every_engine! {
    async fn what_cannot_be_proven_is_published_with_a_warning(world: &World) {
        load_october(world, 1).await?;
        for document in warnings(world).await? {
            expect_warning(&document, None, &[])?;
        }
        // Without snapshots before the period an older account proves nothing.
        world.execute(
            "DELETE FROM statement_positions WHERE as_of < '2026-10-01';
             DELETE FROM statement_cash_balances WHERE as_of < '2026-10-01'",
        ).await?;
        let [trade, balance] = warnings(world).await?;
        let cash = "cash: not proven: there is no snapshot of cash before the period, and the account is older";
        expect_warning(&trade, Some("cash"), &[cash])?;
        let positions = "positions: not proven: there is no snapshot of positions before the period";
        expect_warning(&balance, Some("positions+cash"), &[cash, positions])?;
        // An account that was opened in the period began with nothing, which does not make what it has.
        world.execute("UPDATE statement_accounts SET opened_on = '2026-10-01'").await?;
        forget(world).await?;
        run_of(world, []).run().await?.expect(1)?;
        assert_eq!(document(world, TRADE).await?["cause"], "cash");
        world.execute(
            "UPDATE statement_positions SET quantity = '100'; UPDATE statement_cash_balances SET amount = '-1000'",
        ).await?;
        for document in warnings(world).await? {
            expect_warning(&document, None, &[])?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn what_lies_after_the_closing_snapshot_is_not_proven(world: &World) {
        let mut books = Books::of_october(["A001"])?;
        books.balances = books.balances.replace("2026-10-31", "2026-10-30");
        books.buy("A001", "late", "2026-10-29", "2026-10-31")?;
        books.positions = books.positions.replace("2026-10-31", "2026-10-30");
        books.load(world).await?;
        let [trade, balance] = warnings(world).await?;
        let late = "cash: not proven: 1 movements after the closing snapshot of 2026-10-30";
        expect_warning(&trade, Some("cash"), &[late])?;
        // The balance statement is of the snapshot's day: nothing in it lies after it.
        expect_warning(&balance, None, &[])
    }
}

on_every_engine! {
    async fn the_position_basis_is_the_profiles(world: &World) {
        // Bought on the 30th, settled in November: in the holdings by trade date, not yet by settlement date.
        let mut books = Books::of_october(["A001"])?;
        books.trades.push_str(
            "A001,T9,2026-10-30,2026-11-02,equity,130A,Ｖｅｒｉｔａｓ,buy,specific,50,10,1,JPY,500,0,0,0,-500\n",
        );
        books.load(world).await?;
        for (basis, held) in [("settlement_date", "200"), ("trade_date", "250")] {
            forget(world).await?;
            world.execute(&format!("UPDATE statement_positions SET quantity = '{held}' WHERE as_of = '2026-10-31'")).await?;
            let run = |basis: &str| -> Result<tests::Program> {
                // Keys of the top stand before the first table.
                let file = world.path("basis.toml");
                let firm = std::fs::read_to_string(profile(world, "")?)?;
                std::fs::write(&file, format!("position_basis = \"{basis}\"\n{firm}"))?;
                Ok(run_of(world, ["--kind", "balance"]).env("STATEMENT_PROFILE", &file.to_string_lossy()))
            };
            run(basis)?.run().await?.expect(0)?;
            expect_warning(&document(world, BALANCE).await?, None, &[])?;
            let other = if basis == "trade_date" { "settlement_date" } else { "trade_date" };
            forget(world).await?;
            run(other)?.run().await?.expect(1)?;
            assert_eq!(document(world, BALANCE).await?["cause"], "positions");
        }
        Ok(())
    }
}

on_every_engine! {
    async fn rows_that_only_prove_a_balance_are_held_to_the_contract_too(world: &World) {
        let another = |trade_id: &str, dates: &str, side: &str, quantity: &str| {
            format!("A001,{trade_id},{dates},equity,130A,Ｖｅｒｉｔａｓ,{side},specific,{quantity},10,1,JPY,0,0,0,0,0\n")
        };
        let days = "2026-10-06,2026-10-08";
        let movement = "A001,M8,2026-10-09,other,again,JPY,1000,\nA001,M9,2026-10-09,other,back,JPY,-1000,\n";
        let twice = "DROP INDEX statement_trades_unique; UPDATE statement_trades SET trade_id = 'T7' WHERE trade_id = 'T8'";
        let moved_twice = "DROP INDEX statement_cash_movements_unique;
            UPDATE statement_cash_movements SET movement_id = 'M8' WHERE movement_id = 'M9'";
        // Each adds up as before, or no rule but this would see it.
        for (trades, movements, spoil, says) in [
            (another("T7", days, "receipt", "7") + &another("T8", days, "receipt", "-7"), "", "", "-7 is not above zero"),
            (another("T7", "2026-10-09,2026-10-08", "receipt", "7") + &another("T8", days, "delivery", "7"), "", "",
             "trade T7: settlement_date 2026-10-08 is before trade_date 2026-10-09"),
            (another("T7", days, "receipt", "7") + &another("T8", days, "delivery", "7"), "", twice, "trade_id \"T7\" occurs 2 times"),
            (String::new(), movement, moved_twice, "movement_id \"M8\" occurs 2 times"),
            (String::new(), "", "UPDATE statement_positions SET price_date = '2026-10-01' WHERE as_of = '2026-09-30'",
             "position 130A: price_date 2026-10-01 is after as_of 2026-09-30"),
        ] {
            let mut books = Books::of_october(["A001"])?;
            books.trades.push_str(&trades);
            books.movements.push_str(movements);
            forget(world).await?;
            books.load(world).await?;
            if !spoil.is_empty() {
                world.execute(spoil).await?;
            }
            run_of(world, ["--kind", "balance"]).run().await?.expect(1)?;
            let refused = document(world, BALANCE).await?;
            ensure!(refused["cause"] == "shape", "{refused}");
            ensure!(refused["error"].as_str().is_some_and(|error| error.contains(says)), "{says}: {refused}");
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_relation_without_snapshots_is_not_proven(world: &World) {
        load_october(world, 1).await?;
        world.execute("DELETE FROM statement_positions").await?;
        let [_, balance] = warnings(world).await?;
        let why = "positions: not proven: the account has trades, but the period has no closing snapshot of positions";
        expect_warning(&balance, Some("positions"), &[why])?;
        load_october(world, 1).await?;
        world.execute("DELETE FROM statement_cash_balances").await?;
        let [trade, balance] = warnings(world).await?;
        expect_warning(&trade, Some("cash"), &["no closing snapshot of cash"])?;
        let why = "cash: not proven: the account has movements, but the period has no closing snapshot of cash";
        expect_warning(&balance, Some("cash"), &[why])
    }
}

on_every_engine! {
    async fn markets_that_no_holding_has_do_not_split_a_security(world: &World) {
        let mut books = Books::of_october(["A001"])?;
        books.trades = books.trades.replacen("side,", "market,side,", 1).replace(",buy,", ",東証,buy,");
        // Bought on one market and sold on another within the month.
        books.trades.push_str(
            "A001,T8,2026-10-06,2026-10-08,equity,9999,Ｘ,東証,buy,specific,5,0,1,JPY,0,0,0,0,0\n\
             A001,T9,2026-10-13,2026-10-15,equity,9999,Ｘ,JNX,sell,specific,5,0,1,JPY,0,0,0,0,0\n",
        );
        books.load(world).await?;
        for document in warnings(world).await? {
            expect_warning(&document, None, &[])?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_policy_does_not_change_the_digest_of_the_source(world: &World) {
        load_october(world, 1).await?;
        run_of(world, []).run().await?.expect(0)?;
        for rule in ["identity", "positions", "cash", "shape", "value", "settlement", "agreement"] {
            let file = profile(world, &format!("[gate]\n{rule} = \"off\"\n"))?;
            for document in [TRADE, BALANCE] {
                let verified = world
                    .converter(["--document", document, "--verify"])
                    .env("STATEMENT_PROFILE", &file)
                    .run().await?.expect(65)?;
                ensure!(verified.stderr.contains("the source is the same, the profile changed"), "{rule}: {verified:?}");
            }
        }
        Ok(())
    }
}

on_every_engine! {
    async fn rows_that_occur_twice_and_may_are_in_the_same_order_every_time(world: &World) {
        let file = profile(world, "[gate]\nshape = \"warn\"\npositions = \"warn\"\n")?;
        let mut made = Vec::new();
        for quantities in [["40", "60"], ["60", "40"]] {
            forget(world).await?;
            load_october(world, 1).await?;
            let twice = quantities.map(|quantity| format!(
                "INSERT INTO statement_positions (account_id, as_of, asset_class, security_code, security_name, custody,
                     quantity, price_unit, currency)
                 SELECT account_id, as_of, asset_class, 'X1', security_name, custody, '{quantity}', price_unit, currency
                 FROM statement_positions WHERE as_of = '2026-10-31' AND security_code = '130A'"
            ));
            world.execute(&format!("DROP INDEX IF EXISTS statement_positions_unique; {}", twice.join(";"))).await?;
            run_of(world, ["--kind", "balance"]).env("STATEMENT_PROFILE", &file).run().await?.expect(0)?;
            let found = document(world, BALANCE).await?;
            ensure!(found["cause"] == "positions+shape", "{found}");
            made.push(found["sha256"].clone());
        }
        ensure!(made[0] == made[1] && made[0].is_string(), "{made:?}");
        Ok(())
    }
}
