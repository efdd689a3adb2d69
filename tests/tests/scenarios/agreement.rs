//! Prices and rates on which the source disagrees, told before the first document, and held against each.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::{World, on_every_engine};

use crate::fixtures::{AT, Books, PERIOD, document, profile, run_of};

const POSITIONS: &str = "account_id,as_of,asset_class,security_code,security_name,market,custody,quantity,price,price_date,price_unit,\
                         currency,fx_rate\n";
const BALANCES: &str = "account_id,as_of,currency,amount,fx_rate\n";

/// Three accounts without a movement, and what they hold: lines without the account, of all three or of one.
struct Holdings<'a> {
    all: &'a [&'a str],
    of_one: &'a [(&'a str, &'a str)],
    cash: &'a [(&'a str, &'a str)],
    trades: &'a str,
}

const NOTHING: Holdings = Holdings {
    all: &[],
    of_one: &[],
    cash: &[],
    trades: "",
};

const ACCOUNTS: [&str; 3] = ["A001", "A002", "A003"];

impl Holdings<'_> {
    async fn load(&self, world: &World) -> Result<()> {
        let mut books = Books::empty();
        POSITIONS.clone_into(&mut books.positions);
        BALANCES.clone_into(&mut books.balances);
        for account in ACCOUNTS {
            let line = format!("{account},No. {account},山田 太郎,ja,JPY,1,2020-01-01\n");
            books.accounts.push_str(&line);
            for line in self.all {
                writeln!(books.positions, "{account},{line}")?;
            }
        }
        for (account, line) in self.of_one {
            writeln!(books.positions, "{account},{line}")?;
        }
        for (account, line) in self.cash {
            writeln!(books.balances, "{account},{line}")?;
        }
        if !self.trades.is_empty() {
            books.trades = books.trades.replacen("side,", "side,event,", 1) + self.trades;
        }
        books.load(world).await
    }

    /// What `plan` finds.
    async fn findings(&self, world: &World) -> Result<Vec<String>> {
        self.load(world).await?;
        found(world).await
    }
}

/// What `plan` finds in what is loaded.
async fn found(world: &World) -> Result<Vec<String>> {
    let plan = ["plan", "--json", "--period", PERIOD, "--at", AT];
    let answer = world.enqueuer(plan).run().await?.expect(0)?;
    let answer: Value = serde_json::from_str(&answer.stdout)?;
    let kept = answer["findings"]["kept"]
        .as_array()
        .context("no findings")?;
    let says = kept
        .iter()
        .filter_map(|says| Some(says.as_str()?.to_owned()));
    Ok(says.collect())
}

on_every_engine! {
    async fn what_disagrees_is_found(world: &World) {
        let share = "2026-10-30,equity,130A,Ｖｅｒｉｔａｓ,東証,specific,100,1000,2026-10-30,1,JPY,";
        let before = "2026-09-30,equity,130A,Ｖｅｒｉｔａｓ,東証,specific,100,1000,2026-09-30,1,JPY,";
        let dollars = "2026-10-30,equity,AAPL,Apple,NASDAQ,general,5,200,2026-10-30,1,USD,152.5";
        for (holdings, says) in [
            (
                Holdings { all: &["2026-10-30,equity,130A,Ｖｅｒｉｔａｓ,東証,general,1,1000.0,2026-10-30,1,JPY,"],
                           of_one: &[("A001", share), ("A002", &share.replace(",1000,", ",10000,"))], ..NOTHING },
                "130A (東証) on 2026-10-30: price 1000 JPY in 4 holdings, but 10000 in 1 holding (e.g. account A002)",
            ),
            (
                Holdings { all: &[before, &share.replace(",1000,", ",3000,")], ..NOTHING },
                "130A (東証): price 1000 JPY in the snapshot of 2026-09-30, but 3000 in that of 2026-10-30, without an event",
            ),
            (
                Holdings { all: &[dollars], of_one: &[("A003", "2026-10-30,equity,MSFT,Microsoft,NASDAQ,general,5,400,,1,USD,0.0065")], ..NOTHING },
                "statement_positions of 2026-10-30: rate of USD in JPY is 152.5, but more than 1 % off in 1 row, such as 0.0065 of account A003, \
                 which looks like the inverse",
            ),
            (
                Holdings { cash: &[("A001", "2026-10-30,USD,5,150"), ("A002", "2026-10-30,USD,5,150.00"), ("A003", "2026-10-30,USD,5,155")], ..NOTHING },
                "statement_cash_balances of 2026-10-30: rate of USD in JPY is 150, but more than 1 % off in 1 row, such as 155 of account A003",
            ),
            (
                Holdings { cash: &[("A001", "2026-09-30,USD,5,150"), ("A001", "2026-10-30,USD,5,0.0067")], ..NOTHING },
                "rate of USD in JPY was 150 in the snapshot of 2026-09-30 and is 0.0067 in that of 2026-10-30",
            ),
            (
                Holdings { all: &[share], trades: "A001,T1,2026-10-05,2026-10-07,equity,130A,Ｖｅｒｉｔａｓ,buy,,specific,1,10,1,JPY,10,0,0,0,-10\n", ..NOTHING },
                "",
            ),
        ] {
            let found = holdings.findings(world).await?;
            if says.is_empty() {
                // Without a market the trade is of another security.
                ensure!(found.is_empty(), "{found:?}");
                continue;
            }
            ensure!(found.len() == 1 && found[0].contains(says), "{says}: {found:?}");
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_price_factor_is_part_of_the_price(world: &World) {
        let held = |day: &str| format!("{day},bond,B1,物価連動,店頭,general,100,100,,100,JPY,");
        Holdings { all: &[&held("2026-09-30"), &held("2026-10-30")], ..NOTHING }.load(world).await?;
        let set = async |factor: &str, which: &str| {
            let closing = "WHERE as_of = '2026-10-30'";
            world.execute(&format!("UPDATE statement_positions SET price_factor = {factor} {closing} {which}")).await
        };
        set("'1.02'", "").await?;
        assert_eq!(found(world).await?, [""; 0]);
        set("'3'", "").await?;
        let says = found(world).await?;
        ensure!(says.len() == 1 && says[0].contains("price 100 per 100 JPY in the snapshot of 2026-09-30, but 300 per 100"), "{says:?}");
        set("NULL", "").await?;
        set("'1.5'", "AND account_id = 'A002'").await?;
        let says = found(world).await?;
        ensure!(says.len() == 1 && says[0].contains("price 100 per 100 JPY in 2 holdings, but 150 per 100 in 1 holding"), "{says:?}");
        Ok(())
    }
}

on_every_engine! {
    async fn right_prices_and_rates_pass_quietly(world: &World) {
        let share = "2026-10-30,equity,130A,Ｖｅｒｉｔａｓ,東証,specific,500,200,2026-10-30,1,JPY,";
        let split = "A001,T1,2026-10-05,2026-10-05,equity,130A,Ｖｅｒｉｔａｓ,receipt,split,specific,400,0,1,JPY,0,0,0,0,0\n";
        for holdings in [
            // Two markets, two names of a code without one, two days, one price in several words, a price of nothing.
            Holdings {
                all: &[share],
                of_one: &[
                    ("A001", "2026-10-30,equity,130A,Ｖｅｒｉｔａｓ,ＪＮＸ,specific,1,5000,2026-10-30,1,JPY,"),
                    ("A001", "2026-10-30,other,1,甲,,specific,1,10,,1,JPY,"),
                    ("A002", "2026-10-30,other,1,乙,,specific,1,9999,,1,JPY,"),
                    ("A001", "2026-10-30,fund,F,投信,,specific,1,12345,,10000,JPY,"),
                    ("A002", "2026-10-30,fund,F,投信,,specific,1,1.2345,,1,JPY,"),
                    ("A003", "2026-10-30,fund,F,投信,,specific,1,12345.00,2026-10-29,10000,JPY,"),
                    ("A001", "2026-10-30,other,Z,紙屑,,specific,1,0,,1,JPY,"),
                    ("A002", "2026-09-30,other,Z,紙屑,,specific,1,0,,1,JPY,"),
                ],
                ..NOTHING
            },
            // A split with an event, and one that only the holdings show.
            Holdings {
                all: &[share],
                of_one: &[("A001", "2026-09-30,equity,130A,Ｖｅｒｉｔａｓ,東証,specific,100,1000,2026-09-30,1,JPY,")],
                trades: split,
                ..NOTHING
            },
            Holdings {
                all: &[share, "2026-09-30,equity,130A,Ｖｅｒｉｔａｓ,東証,specific,100,1000,2026-09-30,1,JPY,"],
                ..NOTHING
            },
            Holdings {
                cash: &[("A001", "2026-10-30,USD,5,152.5"), ("A002", "2026-10-30,USD,5,152.50"), ("A003", "2026-10-30,USD,5,153.9"),
                        ("A001", "2026-10-30,EUR,5,165"), ("A001", "2026-09-30,USD,5,140")],
                ..NOTHING
            },
        ] {
            let found = holdings.findings(world).await?;
            ensure!(found.is_empty(), "{found:?}");
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_run_tells_once_and_refuses_only_who_holds_it(world: &World) {
        let share = |price: &str| format!("2026-10-30,equity,130A,Ｖｅｒｉｔａｓ,東証,specific,100,{price},2026-10-30,1,JPY,");
        let (right, wrong) = (share("1000"), share("10000"));
        let other = "2026-10-30,equity,131A,Ｚ,東証,specific,100,7,2026-10-30,1,JPY,";
        let holdings = Holdings {
            of_one: &[("A001", &right), ("A002", &wrong), ("A003", other)],
            ..NOTHING
        };
        holdings.load(world).await?;
        // Opening snapshots are not there: positions are not proven, which is none of this rule's.
        let run = |policy: &str| -> Result<tests::Program> {
            let file = profile(world, &format!("[gate]\nagreement = \"{policy}\"\npositions = \"off\"\n"))?;
            let run = run_of(world, ["--kind", "balance"]).env("STATEMENT_PROFILE", &file);
            // Its answer tells, too; the log has the alert for whoever asks.
            Ok(run.env("LOG", "info"))
        };
        let answer = run("warn")?.run().await?.expect(0)?;
        let told: Value = serde_json::from_str(&answer.stdout)?;
        ensure!(told["findings"]["count"] == 1, "{told}");
        ensure!(answer.stderr.matches("prices or rates of the source disagree, 1 in all").count() == 1, "{}", answer.stderr);
        // As many holdings have the one price as the other: the lower one is taken for the usual one.
        for (account, cause) in [("A001", Value::Null), ("A002", "agreement".into()), ("A003", Value::Null)] {
            let found = document(world, &format!("2026-10.balance.{account}")).await?;
            ensure!(found["state"] == "succeeded" && found["cause"] == cause, "{found}");
        }
        world.execute("DELETE FROM export_attempts; DELETE FROM export_job_documents; DELETE FROM export_documents").await?;
        std::fs::remove_dir_all(world.store())?;
        let answer = run("block")?.run().await?.expect(1)?;
        // Told already; nothing new is found.
        ensure!(!answer.stderr.contains("disagree, 1 in all"), "{}", answer.stderr);
        for (account, state) in [("A001", "failed"), ("A002", "failed"), ("A003", "succeeded")] {
            let found = document(world, &format!("2026-10.balance.{account}")).await?;
            ensure!(found["state"] == state, "{found}");
            ensure!(state != "failed" || found["cause"] == "agreement", "{found}");
        }
        // The mended source is looked at anew.
        world.execute("UPDATE statement_positions SET price = '1000' WHERE account_id = 'A002'").await?;
        let file = profile(world, "[gate]\nagreement = \"block\"\npositions = \"off\"\n")?;
        world
            .enqueuer(["resubmit", "--failed", "--period", PERIOD, "--at", AT, "--reason", "mended"])
            .env("STATEMENT_PROFILE", &file)
            .run().await?.expect(0)?;
        for account in ACCOUNTS {
            let found = document(world, &format!("2026-10.balance.{account}")).await?;
            ensure!(found["state"] == "succeeded" && found["cause"].is_null(), "{found}");
        }
        Ok(())
    }
}

on_every_engine! {
    async fn accounts_whose_settlement_is_not_proven_are_counted_once(world: &World) {
        let mut books = Books::of_october(["A001", "A002", "A003"])?;
        // One is netted, one is paid for elsewhere.
        books.movements = books
            .movements
            .lines()
            .filter(|line| !line.starts_with("A003"))
            .map(|line| if line.starts_with("A001") { line.replace(",-1000,T2026-10-0", ",-1000,") } else { line.to_owned() } + "\n")
            .collect();
        books.balances = books.balances.replace("A003,2026-10-31,JPY,997000", "A003,2026-10-31,JPY,1000000");
        books.load(world).await?;
        let answer = run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        let told: Value = serde_json::from_str(&answer.stdout)?;
        ensure!(told["findings"]["settlement_not_proven"] == 2 && told["findings"]["count"] == 0, "{told}");
        for account in ACCOUNTS {
            let found = document(world, &format!("2026-10.trade.{account}")).await?;
            ensure!(found["state"] == "succeeded" && found["cause"].is_null(), "{found}");
        }
        let plan = world.enqueuer(["plan", "--period", PERIOD, "--at", AT]).run().await?.expect(0)?;
        ensure!(plan.stdout.contains("Settlement is not proven of 2 accounts"), "{}", plan.stdout);
        Ok(())
    }
}

on_every_engine! {
    async fn a_blank_is_no_event_and_no_market(world: &World) {
        let now = "2026-10-30,other,1,甲,,specific,100,3000,2026-10-30,1,JPY,";
        let before = "2026-09-30,other,1,甲,,specific,100,1000,2026-09-30,1,JPY,";
        let holdings = Holdings {
            all: &[now, before],
            trades: "A001,T1,2026-10-05,2026-10-07,other,1,甲,buy,,specific,1,9999,1,JPY,9999,0,0,0,-9999\n",
            ..NOTHING
        };
        holdings.load(world).await?;
        world.execute(
            "UPDATE statement_trades SET event = ' ';
             UPDATE statement_positions SET market = ' ' WHERE account_id = 'A002';
             UPDATE statement_positions SET market = '\u{3000}', price = '30000' WHERE account_id = 'A003' AND as_of = '2026-10-30'",
        ).await?;
        let says = found(world).await?;
        for words in ["price 3000 JPY in 2 holdings, but 30000 in 1", "without an event", "traded at 9999 JPY"] {
            ensure!(says.iter().any(|says| says.contains(words)), "{words} is missing in {says:?}");
        }
        ensure!(says.len() == 3, "{says:?}");
        // The row is one of the security that is told.
        run_of(world, ["--kind", "balance"]).run().await?;
        let of_one = document(world, "2026-10.balance.A003").await?;
        ensure!(of_one.to_string().contains("price 30000, others have 3000"), "{of_one}");
        Ok(())
    }
}

on_every_engine! {
    /// One of two trades is paid: the other is not compared, and somebody must hear of it.
    async fn a_trade_that_no_payment_names_is_told(world: &World) {
        let mut books = Books::of_october(["A001", "A002"])?;
        books.buy("A001", "T9", "2026-10-12", "2026-10-14")?;
        books.movements = books.movements.replace("A001,MT9,2026-10-14,trade,", "A001,MT9,2026-10-14,fee,");
        books.balances = books.balances.replace("A001,2026-10-31,JPY,999000", "A001,2026-10-31,JPY,998000");
        // Of another account, of another case, or paid before the opening snapshot.
        books.movements.push_str("A002,M8,2026-10-09,trade,買付,JPY,-5,T9\nA002,M9,2026-10-09,trade,取消,JPY,5,T9\n\
                                  A001,M8,2026-10-09,trade,買付,JPY,-5,t9\nA001,M9,2026-10-09,trade,取消,JPY,5,t9\n");
        books.load(world).await?;
        let not_proven = async || -> Result<Value> {
            let plan = ["plan", "--json", "--period", PERIOD, "--at", AT];
            let answer = world.enqueuer(plan).run().await?.expect(0)?;
            let answer: Value = serde_json::from_str(&answer.stdout)?;
            Ok(answer["findings"]["settlement_not_proven"].clone())
        };
        ensure!(not_proven().await? == 1);
        world.execute("UPDATE statement_cash_movements SET kind = 'trade' WHERE movement_id = 'MT9'").await?;
        ensure!(not_proven().await? == 0);
        Ok(())
    }
}
