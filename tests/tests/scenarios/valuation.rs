//! Rule `value`, and what a dividend pays: on every engine, through the real programs, whatever scale a database pads its decimals to.

use anyhow::{Context, Result, ensure};
use tests::{Workbook, World, on_every_engine};

use crate::fixtures::{document, forget, load_october, profile, run_of};
use crate::gate::{BALANCE, Break, TRADE, expect_warning, warnings};

/// Sets columns of the account's trade of 100 shares at 10 yen each.
async fn set_trade(world: &World, columns: &str) -> Result<()> {
    world
        .execute(&format!("UPDATE statement_trades SET {columns}"))
        .await
}

/// Sets columns of the 200 shares that are held in the end.
async fn set_holding(world: &World, columns: &str) -> Result<()> {
    world
        .execute(&format!(
            "UPDATE statement_positions SET {columns} WHERE as_of = '2026-10-31'"
        ))
        .await
}

on_every_engine! {
    async fn a_gross_amount_that_is_not_quantity_times_price(world: &World) {
        load_october(world, 1).await?;
        set_trade(world, "unit_price = '10000.00'").await?;
        let says = [
            "trade T2026-10-0 of 2026-10-05 in 130A: gross_amount is 1000 JPY",
            "unit_price 10000 × quantity 100 ÷ price_unit 1 is 1000000, a difference of -999000",
        ];
        Break { rule: "value", document: TRADE, says: &says }.expect_policies(world).await
    }
}

on_every_engine! {
    async fn a_market_value_that_is_not_quantity_times_price(world: &World) {
        load_october(world, 1).await?;
        set_holding(world, "price = '12', market_value = '2400000000'").await?;
        let says = ["position 130A (specific) of 2026-10-31: market_value is 2400000000 JPY", "is 2400, a difference of 2399997600"];
        Break { rule: "value", document: BALANCE, says: &says }.expect_policies(world).await
    }
}

on_every_engine! {
    async fn a_result_that_is_not_what_price_and_cost_make(world: &World) {
        load_october(world, 1).await?;
        set_holding(world, "price = '12', average_cost = '10', unrealized_pl = '-999999'").await?;
        let says = ["unrealized_pl is -999999 JPY", "(price 12 − average_cost 10) × quantity 200 ÷ price_unit 1 is 400"];
        Break { rule: "value", document: BALANCE, says: &says }.expect_policies(world).await
    }
}

on_every_engine! {
    async fn a_price_factor_of_nothing_makes_nothing_of_a_price(world: &World) {
        load_october(world, 1).await?;
        set_holding(world, "price = '12', price_factor = '0'").await?;
        run_of(world, ["--kind", "balance"]).run().await?.expect(1)?;
        let found = document(world, BALANCE).await?;
        ensure!(found["cause"] == "shape" && found.to_string().contains("price_factor: 0 is not above zero"), "{found}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_rate_of_the_base_currency_in_itself(world: &World) {
        load_october(world, 1).await?;
        set_holding(world, "fx_rate = '152.3'").await?;
        let says = ["position 130A (specific) of 2026-10-31: fx_rate is 152.3", "in itself is 1, a difference of 151.3"];
        Break { rule: "value", document: BALANCE, says: &says }.expect_policies(world).await?;
        set_holding(world, "fx_rate = '1'").await?;
        world.execute("UPDATE statement_cash_balances SET fx_rate = '1.1' WHERE as_of = '2026-10-31'").await?;
        let says = ["cash balance in JPY of 2026-10-31: fx_rate is 1.1", "a difference of 0.1"];
        Break { rule: "value", document: BALANCE, says: &says }.expect_policies(world).await
    }
}

on_every_engine! {
    async fn what_back_offices_write_passes_without_a_warning(world: &World) {
        load_october(world, 1).await?;
        for trade in [
            // Sixty at 10 and forty at 10.01, cut off; a fund per 10,000 bought for 1,000 yen; a bond per 100; a pool of which half is left.
            "unit_price = '10.004'",
            "asset_class = 'fund', unit_price = '283490', price_unit = '10000', quantity = '35'",
            "asset_class = 'bond', unit_price = '100', price_unit = '100', quantity = '1000'",
            "price_factor = '0.5', quantity = '2000'",
        ] {
            set_trade(world, trade).await?;
            forget(world).await?;
            run_of(world, ["--kind", "trade"]).run().await?.expect(0)?;
            let found = document(world, TRADE).await?;
            expect_warning(&found, None, &[]).with_context(|| trade.to_owned())?;
        }
        load_october(world, 1).await?;
        for holding in [
            "price = '12', market_value = '2400', average_cost = '10', unrealized_pl = '400'",
            "price = '12.3', market_value = '2460', average_cost = '10', unrealized_pl = '559'",
            "asset_class = 'fund', price = '28349', price_unit = '10000', market_value = '566', average_cost = '28345', unrealized_pl = '0'",
            "market_value = '567', unrealized_pl = '-1'",
            "currency = 'USD', price = '12.34', price_unit = '1', market_value = '2468.99', unrealized_pl = '999', cost_currency = 'JPY'",
            "price = NULL",
            "currency = 'JPY', cost_currency = NULL, price = '98.5', price_unit = '100', asset_class = 'bond', price_factor = '1.5', average_cost = NULL, \
             market_value = '296', accrued_interest = NULL, unrealized_pl = NULL",
            "market_value = '396', accrued_interest = '100'",
        ] {
            set_holding(world, holding).await?;
            let [_, balance] = warnings(world).await?;
            expect_warning(&balance, None, &[]).with_context(|| holding.to_owned())?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn what_we_compute_has_the_factor_in_it(world: &World) {
        load_october(world, 1).await?;
        set_holding(world, "price = '12', price_factor = '0.375'").await?;
        run_of(world, ["--kind", "balance"]).run().await?.expect(0)?;
        let path = world.published()?.pop().context("nothing is published")?.path;
        let workbook = Workbook::read(&path)?;
        let holdings = workbook.sheet("残高明細")?;
        ensure!(holdings.cells.values().any(|cell| *cell == 900.0), "{:?}", holdings.cells);
        Ok(())
    }
}

/// A dividend of 10,000 in the currency, 8,766 of which are paid.
async fn pay_dividend(world: &World, currency: &str, paid: &str) -> Result<()> {
    load_october(world, 1).await?;
    world
        .execute(&format!(
            "INSERT INTO statement_cash_movements (account_id, movement_id, booked_on, kind, description, currency, amount,
                 gross_amount, income_tax, local_tax, foreign_tax, fee)
             VALUES ('A001', 'D1', '2026-10-20', 'dividend', '配当金', '{currency}', '{paid}', '10000', '1000', '200', '30', '4');
             UPDATE statement_cash_balances SET amount = amount + {paid} WHERE as_of = '2026-10-31' AND currency = '{currency}';
             INSERT INTO statement_cash_balances (account_id, as_of, currency, amount)
             SELECT 'A001', '2026-10-31', '{currency}', '{paid}' WHERE '{currency}' <> 'JPY'"
        ))
        .await
}

on_every_engine! {
    async fn a_dividend_is_what_taxes_and_fee_leave(world: &World) {
        pay_dividend(world, "USD", "8796").await?;
        let says = ["cash movement D1 of 2026-10-20 (dividend): amount is 8796 USD", "− fee 4 is 8766, a difference of 30"];
        Break { rule: "identity", document: TRADE, says: &says }.expect_policies(world).await?;
        // The base currency's foreign tax may be for information; a gross amount in another currency is not compared.
        for (currency, paid, set) in [
            ("USD", "8766", "fee = 4"),
            ("JPY", "8766", "fee = 4"),
            ("JPY", "8796", "fee = 4"),
            ("JPY", "8796", "gross_currency = 'USD', gross_amount = '66.66'"),
        ] {
            pay_dividend(world, currency, paid).await?;
            world.execute(&format!("UPDATE statement_cash_movements SET {set} WHERE movement_id = 'D1'")).await?;
            let [trade, _] = warnings(world).await?;
            expect_warning(&trade, None, &[]).with_context(|| format!("{currency} {paid} {set}"))?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn a_fee_and_a_gross_amount_of_another_currency_are_shown(world: &World) {
        pay_dividend(world, "JPY", "8796").await?;
        world.execute("UPDATE statement_cash_movements SET gross_currency = 'USD', gross_amount = '66.66' WHERE movement_id = 'D1'").await?;
        let kept = "[columns]\ncash_movements = [\"date\", \"currency\", \"in\", \"out\", \"balance\", \"gross_amount\"]\n";
        for (tables, is_shown) in [("", true), (kept, false)] {
            forget(world).await?;
            let file = profile(world, tables)?;
            run_of(world, ["--kind", "trade"]).env("STATEMENT_PROFILE", &file).run().await?.expect(0)?;
            let path = world.published()?.pop().context("nothing is published")?.path;
            let workbook = Workbook::read(&path)?;
            let movements = workbook.sheet("入出金明細")?;
            let shows = |value: f64| movements.cells.values().any(|cell| *cell == value);
            // Where the firm leaves its currency out, the amount is nothing.
            ensure!(shows(66.66) == is_shown && shows(4.0) == is_shown, "{tables:?}: {:?}", movements.cells);
            ensure!(movements.says("税引前通貨") == is_shown && movements.says("手数料") == is_shown, "{:?}", movements.cells);
        }
        Ok(())
    }
}
