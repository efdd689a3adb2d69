//! Cash movements and the trades that they name, through the real programs.

use anyhow::{Result, ensure};
use tests::{Engine, World, on_every_engine};

use crate::fixtures::{Books, document, forget, run_of};

const TRADE: &str = "2026-10.trade.A001";

/// Books of one account that buys once for 1,000 yen, with more trades and movements. What more there is moves no cash in all, or the
/// closing balance says so.
struct Month<'a> {
    trades: &'a str,
    movements: &'a str,
    /// In the place of the purchase's own movement.
    instead: Option<&'a str>,
    closing: &'a str,
}

const PLAIN: Month = Month {
    trades: "",
    movements: "",
    instead: None,
    closing: "999000",
};

/// Securities that are delivered for a fee of 11 yen.
const DELIVERY: &str = "A001,T9,2026-10-06,2026-10-08,equity,130A,Ｖｅｒｉｔａｓ,delivery,specific,2,10,1,JPY,20,10,1,0,-11\n";

impl Month<'_> {
    async fn load(&self, world: &World) -> Result<()> {
        let mut books = Books::of_october(["A001"])?;
        if let Some(instead) = self.instead {
            let own = "A001,MT2026-10-0,2026-10-07,trade,買付,JPY,-1000,T2026-10-0\n";
            ensure!(books.movements.contains(own), "{}", books.movements);
            books.movements = books.movements.replace(own, instead);
        }
        books.trades.push_str(self.trades);
        books.movements.push_str(self.movements);
        books.balances = books.balances.replace("999000", self.closing);
        books.load(world).await
    }

    /// Published without a word.
    async fn expect_quiet(&self, world: &World) -> Result<()> {
        self.load(world).await?;
        let answer = run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        let found = document(world, TRADE).await?;
        ensure!(
            found["state"] == "succeeded" && found["cause"].is_null(),
            "{}: {found} {}",
            self.movements,
            answer.stderr
        );
        world
            .execute("DELETE FROM export_attempts; DELETE FROM export_job_documents; DELETE FROM export_documents")
            .await?;
        std::fs::remove_dir_all(world.store())?;
        Ok(())
    }

    async fn expect_refused(&self, world: &World, says: &[&str]) -> Result<()> {
        self.load(world).await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(1)?;
        let found = document(world, TRADE).await?;
        ensure!(found["cause"] == "settlement", "{found}");
        let error = found["error"].as_str().unwrap_or_default();
        for words in says {
            ensure!(error.contains(words), "{words:?} is missing in: {error}");
        }
        world
            .execute("DELETE FROM export_attempts; DELETE FROM export_job_documents; DELETE FROM export_documents")
            .await
    }
}

on_every_engine! {
    async fn movements_that_do_not_make_the_trade_are_refused(world: &World) {
        // The cash of each month adds up: no other rule sees it.
        for (month, says) in [
            (
                Month {
                    instead: Some("A001,M1,2026-10-07,trade,買付,JPY,-900,T2026-10-0\nA001,M2,2026-10-07,withdrawal,出金,JPY,-100,\n"),
                    ..PLAIN
                },
                ["trade T2026-10-0 settled on 2026-10-07: net_amount is -1000 JPY", "(M1) sum to -900 JPY, a difference of 100"],
            ),
            // Paid once before the opening snapshot, and again.
            (
                Month { movements: "A001,M0,2026-09-29,trade,買付,JPY,-1000,T2026-10-0\n", ..PLAIN },
                ["net_amount is -1000 JPY", "(M0, MT2026-10-0) sum to -2000 JPY, a difference of -1000"],
            ),
            // A trade of September that October pays a second time.
            (
                Month {
                    trades: "A001,T9,2026-09-01,2026-09-03,equity,130A,Ｖｅｒｉｔａｓ,buy,specific,5,10,1,JPY,50,0,0,0,-50\n",
                    movements: "A001,M8,2026-09-03,trade,買付,JPY,-50,T9\nA001,M9,2026-10-03,trade,買付,JPY,-50,T9\n",
                    closing: "998950",
                    ..PLAIN
                },
                ["trade T9 settled on 2026-09-03: net_amount is -50 JPY", "(M8, M9) sum to -100 JPY"],
            ),
            (
                Month { movements: "A001,M9,2026-10-09,trade,買付,JPY,-7,t2026-10-0\n", closing: "998993", ..PLAIN },
                ["trade_id t2026-10-0: statement_trades has no such trade", "(M9) sum to -7 JPY instead of 0"],
            ),
            (
                Month { trades: DELIVERY, movements: "A001,M9,2026-10-08,fee,出庫手数料,JPY,-10,T9\n", closing: "998990", ..PLAIN },
                ["trade T9 settled on 2026-10-08: net_amount is -11 JPY", "(M9) sum to -10 JPY, a difference of 1"],
            ),
        ] {
            month.expect_refused(world, &says).await?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn what_back_offices_write_passes_quietly(world: &World) {
        let bought = |id: &str, dates: &str, net: &str| format!(
            "A001,{id},{dates},equity,130A,Ｖｅｒｉｔａｓ,buy,specific,5,10,1,JPY,50,10,1,0,{net}\n"
        );
        let another = bought("T9", "2026-10-06,2026-10-08", "-61");
        let unsettled = bought("T9", "2026-10-30,2026-11-03", "-61");
        let september = bought("T9", "2026-09-29,2026-10-01", "-61");
        for month in [
            PLAIN,
            // A day that is netted.
            Month {
                trades: &another,
                instead: Some("A001,M1,2026-10-08,trade,差引,JPY,-1061,\nA001,M2,2026-10-08,fee,手数料,JPY,0,T9\n"),
                closing: "998939",
                ..PLAIN
            },
            // Paid for elsewhere; a blank is no id.
            Month { trades: &another, movements: "A001,M2,2026-10-08,fee,手数料,JPY,-11,T9\n", closing: "998989", ..PLAIN },
            // Fees apart, in two parts, cancelled and booked again.
            Month {
                trades: &another,
                movements: "A001,M1,2026-10-08,trade,買付,JPY,-30,T9\nA001,M2,2026-10-09,trade,買付,JPY,-20,T9\n\
                            A001,M3,2026-10-08,fee,手数料,JPY,-10,T9\nA001,M4,2026-10-08,tax,消費税,JPY,-1,T9\n\
                            A001,M5,2026-10-06,trade,買付,JPY,-99,T8\nA001,M6,2026-10-09,trade,取消,JPY,99,T8\n",
                closing: "998939",
                ..PLAIN
            },
            Month { trades: DELIVERY, movements: "A001,M9,2026-10-08,fee,出庫手数料,JPY,-11,T9\n", closing: "998989", ..PLAIN },
            // Settled in November, with a part paid already.
            Month { trades: &unsettled, movements: "A001,M1,2026-10-30,trade,買付,JPY,-30,T9\n", closing: "998970", ..PLAIN },
            // Bought in September, settled in October.
            Month { trades: &september, movements: "A001,M1,2026-10-01,trade,買付,JPY,-61,T9\n", closing: "998939", ..PLAIN },
            Month { trades: &september, movements: "A001,M1,2026-09-29,trade,買付,JPY,-61,T9\n", ..PLAIN },
        ] {
            month.expect_quiet(world).await?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn an_absent_trade_id_proves_nothing(world: &World) {
        let mut books = Books::of_october(["A001"])?;
        books.movements = books.movements.replace(",amount,trade_id", ",amount").replace("-1000,T2026-10-0", "-1000");
        books.load(world).await?;
        run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
        let found = document(world, TRADE).await?;
        ensure!(found["state"] == "succeeded" && found["cause"].is_null(), "{found}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_blank_names_no_trade_and_states_no_settlement(world: &World) {
        for blank in ["", " ", "\u{3000}"] {
            let mut books = Books::of_october(["A001"])?;
            books.trades = books.trades.replacen(",net_amount", ",net_amount,settlement_currency,settlement_amount", 1);
            books.trades = books.trades.replace(",-1000\n", ",-1000,,\n");
            books.movements.push_str("A001,M9,2026-10-09,deposit,入金,JPY,5,T9\n");
            books.balances = books.balances.replace("999000", "999005");
            books.load(world).await?;
            // A decimal can be blank in SQLite alone.
            let amount = match world.engine {
                Engine::Sqlite => format!(", settlement_amount = '{blank}'"),
                Engine::Postgres => String::new(),
            };
            world.execute(&format!(
                "UPDATE statement_cash_movements SET trade_id = '{blank}' WHERE movement_id = 'M9';
                 UPDATE statement_trades SET settlement_currency = '{blank}'{amount}"
            )).await?;
            let answer = run_of(world, ["--kind", "trade"]).run().await?;
            let found = document(world, TRADE).await?;
            ensure!(
                found["state"] == "succeeded" && found["cause"].is_null(),
                "{blank:?}: {found} {}",
                answer.stderr
            );
            world.enqueuer(["check"]).run().await?.expect(0)?;
            forget(world).await?;
        }
        Ok(())
    }
}
