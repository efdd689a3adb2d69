//! What a trade settles for, its taxes and fees, and its rate: right ones are published without a word, whatever back offices write.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use calamine::Data;
use tests::{Workbook, World, on_every_engine};

use crate::fixtures::{Books, document, profile, run_of};

const COLUMNS: &str = "account_id,trade_id,trade_date,settlement_date,asset_class,security_code,security_name,side,custody,quantity,\
                       unit_price,price_unit,currency,fx_rate,gross_amount,accrued_interest,commission,foreign_fees,consumption_tax,\
                       withholding_tax,net_amount,settlement_currency,settlement_amount\n";

/// What a trade's row has from its asset class and from its side on, and what its refusal says; nothing = published.
struct Case {
    class: &'static str,
    rest: &'static str,
    says: &'static [&'static str],
}

const fn right(class: &'static str, rest: &'static str) -> Case {
    Case {
        class,
        rest,
        says: &[],
    }
}

const fn wrong(class: &'static str, rest: &'static str, says: &'static [&'static str]) -> Case {
    Case { class, rest, says }
}

/// An account per case, in English, with yen as its base currency.
async fn load(world: &World, cases: &[Case]) -> Result<()> {
    let mut books = Books::empty();
    COLUMNS.clone_into(&mut books.trades);
    for (n, Case { class, rest, .. }) in cases.iter().enumerate() {
        writeln!(books.accounts, "A{n},{n},Kei Aoba,en,JPY,1,2020-01-01")?;
        writeln!(
            books.trades,
            "A{n},T{n},2026-10-06,2026-10-08,{class},9001,Aoba,{rest}"
        )?;
    }
    books.load(world).await
}

/// Every case is published without a warning or refused by the rule, as it says.
async fn expect_all(world: &World, rule: &str, cases: &[Case]) -> Result<()> {
    load(world, cases).await?;
    let any_wrong = cases.iter().any(|case| !case.says.is_empty());
    let run = run_of(world, ["--kind", "trade"]).run().await?;
    run.expect(i32::from(any_wrong))?;
    for (n, case) in cases.iter().enumerate() {
        let found = document(world, &format!("2026-10.trade.A{n}")).await?;
        let error = found["error"].as_str().unwrap_or_default();
        if case.says.is_empty() {
            ensure!(
                found["state"] == "succeeded" && found["cause"].is_null(),
                "{}: {found}",
                case.rest
            );
        } else {
            ensure!(
                found["state"] == "failed" && found["cause"] == rule,
                "{}: {found}",
                case.rest
            );
        }
        for words in case.says {
            ensure!(
                error.contains(words),
                "{}: {words:?} is missing in: {error}",
                case.rest
            );
        }
    }
    Ok(())
}

on_every_engine! {
    async fn a_settlement_is_the_net_amount_or_about_that_by_the_rate(world: &World) {
        expect_all(world, "identity", &[
            // In one currency: equal, whether it is named or not.
            right("equity", "buy,specific,10,300,1,JPY,,3000,,20,,2,0,-3022,JPY,-3022"),
            right("equity", "buy,specific,10,300,1,JPY,,3000,,20,,2,0,-3022,,-3022"),
            right("equity", "buy,specific,10,300,1,JPY,,3000,,20,,2,0,-3022,JPY,"),
            wrong("equity", "buy,specific,10,300,1,JPY,,3000,,20,,2,0,-3022,JPY,-22",
                &["trade T3 of 2026-10-06 in 9001", "settlement_amount is -22 JPY", "net_amount is -3022 JPY", "a difference of 3000"]),
            wrong("equity", "buy,specific,10,300,1,JPY,,3000,,20,,2,0,-3022,,-3021", &["a difference of 1"]),
            // In yen by the rate, rounded up or down, and at the bank's own rate.
            right("equity", "buy,specific,10,30,1,USD,148.05,300.00,,1.00,,0.10,0,-301.10,JPY,-44577"),
            right("equity", "buy,specific,10,30,1,USD,148.05,300.00,,1.00,,0.10,0,-301.10,JPY,-44578"),
            right("equity", "buy,specific,10,30,1,USD,148.05,300.00,,1.00,,0.10,0,-301.10,JPY,-46000"),
            wrong("equity", "buy,specific,10,30,1,USD,148.05,300.00,,1.00,,0.10,0,-301.10,JPY,44578",
                &["settlement_amount is 44578 JPY", "net_amount is -301.1 USD", "the signs must agree"]),
            wrong("equity", "buy,specific,10,30,1,USD,148.05,300.00,,1.00,,0.10,0,-301.10,JPY,-301",
                &["at the rate of 148.05 makes -44577.855 JPY", "more than 5 %"]),
            // Without a rate, and in a third currency, the sign alone.
            right("equity", "sell,specific,10,30,1,USD,,300.00,,1.00,,0.10,0,298.90,JPY,44000"),
            right("equity", "sell,specific,10,30,1,USD,148.05,300.00,,1.00,,0.10,0,298.90,EUR,255.10"),
            wrong("equity", "sell,specific,10,30,1,USD,148.05,300.00,,1.00,,0.10,0,298.90,EUR,-255.10",
                &["settlement_amount is -255.1 EUR", "the signs must agree"]),
            // Nothing is paid for nothing.
            wrong("equity", "receipt,specific,10,0,1,USD,148.05,0,,0,,0,0,0,JPY,1", &["the signs must agree"]),
        ]).await
    }
}

on_every_engine! {
    async fn the_settlements_percentage_is_the_profiles(world: &World) {
        let rest = "buy,specific,10,30,1,USD,148,300.00,,0,,0,0,-300.00,JPY,-45000";
        load(world, &[right("equity", rest)]).await?;
        for (percent, code) in [("1", 1), ("2", 0)] {
            let file = profile(world, &format!("[tolerances]\nsettlement_rate_percent = {percent}\n"))?;
            let resubmit = ["resubmit", "--failed", "--period", "2026-10", "--reason", "another profile", "--yes"];
            if code == 1 {
                run_of(world, ["--kind", "trade"]).env("STATEMENT_PROFILE", &file).run().await?.expect(1)?;
                let found = document(world, "2026-10.trade.A0").await?;
                ensure!(found["error"].as_str().is_some_and(|error| error.contains("more than 1 %")), "{found}");
            } else {
                world.enqueuer(resubmit).env("STATEMENT_PROFILE", &file).run().await?.expect(0)?;
                ensure!(document(world, "2026-10.trade.A0").await?["state"] == "succeeded");
            }
        }
        Ok(())
    }
}

on_every_engine! {
    async fn every_tax_and_fee_that_is_printed_counts(world: &World) {
        expect_all(world, "identity", &[
            right("equity", "delivery,specific,10,0,1,JPY,,0,,2000,,200,0,-2200,,"),
            right("equity", "receipt,specific,10,0,1,JPY,,0,,2000,50,200,7,-2257,,"),
            // A cost that is taken over is no payment.
            right("equity", "receipt,specific,10,300,1,JPY,,3000,,0,,0,0,0,,"),
            wrong("equity", "delivery,specific,10,0,1,JPY,,0,,2000,,200,0,0,,",
                &["net_amount is 0 JPY", "−(fees + withholding tax) is -2200,", "a difference of 2200"]),
            wrong("equity", "receipt,specific,10,300,1,JPY,,3000,,0,,0,0,-3000,,", &["is 0, a difference of -3000"]),
            // Withholding tax of a purchase is printed, too.
            right("equity", "buy,specific,10,300,1,JPY,,3000,,20,,2,100,-3122,,"),
            wrong("equity", "buy,specific,10,300,1,JPY,,3000,,20,,2,100,-3022,,", &["is -3122, a difference of 100"]),
            wrong("equity", "sell,specific,10,300,1,JPY,,3000,,20,5,2,0,2978,,", &["is 2973, a difference of 5"]),
        ]).await
    }
}

on_every_engine! {
    async fn a_bond_traded_ex_dividend_has_negative_accrued_interest(world: &World) {
        expect_all(world, "identity", &[
            right("bond", "buy,general,5000,97.5,100,GBP,190,4875.00,-6.17,0,,0,0,-4868.83,,"),
            right("bond", "sell,general,5000,97.5,100,GBP,190,4875.00,-6.17,0,,0,0,4868.83,,"),
            wrong("bond", "buy,general,5000,97.5,100,GBP,190,4875.00,-6.17,0,,0,0,-4881.17,,",
                &["is -4868.83, a difference of -12.34"]),
        ]).await?;
        let published = world.published()?;
        let sheets = published
            .iter()
            .map(|file| Workbook::read(&file.path))
            .collect::<Result<Vec<_>>>()?;
        ensure!(sheets.len() == 2);
        for book in &sheets {
            let trades = book.sheet("Trades")?;
            ensure!(trades.says("Accrued interest"));
            ensure!(trades.cells.values().any(|cell| *cell == Data::Float(-6.17)), "{:?}", trades.cells);
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_rate_of_zero_is_refused_and_a_price_of_zero_is_one(world: &World) {
        expect_all(world, "shape", &[
            right("equity", "receipt,specific,10,0,1,USD,148,0,,0,,0,0,0,,"),
            wrong("equity", "buy,specific,10,30,1,USD,0,300.00,,0,,0,0,-300.00,,",
                &["statement_trades (account_id A1, trade_id T1), column fx_rate: 0 is not above zero"]),
        ]).await?;
        let mut books = Books::empty();
        let position = "specific,10,1";
        for (account, rate, price) in [("A1", "0", "30"), ("A2", "", "30"), ("A3", "148", "0")] {
            writeln!(books.accounts, "{account},1,Kei Aoba,en,JPY,1,2020-01-01")?;
            for day in ["2026-09-30", "2026-10-31"] {
                writeln!(books.positions, "{account},{day},equity,9001,Aoba,{position},USD,{price},{rate}")?;
            }
        }
        books.positions = books.positions.replacen("currency\n", "currency,price,fx_rate\n", 1);
        for (account, rate) in [("A4", "0"), ("A5", "")] {
            writeln!(books.accounts, "{account},1,Kei Aoba,en,JPY,1,2020-01-01")?;
            for day in ["2026-09-30", "2026-10-31"] {
                writeln!(books.balances, "{account},{day},USD,70.00,{rate}")?;
            }
        }
        books.balances = books.balances.replacen("amount\n", "amount,fx_rate\n", 1);
        books.load(world).await?;
        run_of(world, ["--kind", "balance"]).run().await?.expect(1)?;
        for (account, says) in [
            ("A1", Some(["as_of 2026-10-31", "security_code 9001", "column fx_rate: 0 is not above zero"])),
            ("A2", None),
            ("A3", None),
            ("A4", Some(["as_of 2026-10-31", "currency USD", "column fx_rate: 0 is not above zero"])),
            ("A5", None),
        ] {
            let found = document(world, &format!("2026-10.balance.{account}")).await?;
            let error = found["error"].as_str().unwrap_or_default();
            let state = if says.is_some() { "failed" } else { "succeeded" };
            ensure!(found["state"] == state, "{found}");
            ensure!(says.iter().flatten().all(|words| error.contains(words)), "{found}");
        }
        Ok(())
    }
}
