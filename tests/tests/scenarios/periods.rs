//! Which period a run is of, and that running again finds nothing due.

use anyhow::Result;
use tests::{World, on_every_engine};

/// One account with a trade on each side of a year boundary.
async fn load_year_boundary(world: &World) -> Result<()> {
    let accounts = "account_id,account_no,holder_name,language,base_currency,electronic_delivery,opened_on\n\
                    A1,0001,山田太郎,ja,JPY,1,2020-01-01\n";
    let trade = |id: &str, date: &str| {
        format!(
            "A1,{id},{date},{date},equity,130A,Ｖｅｒｉｔａｓ,buy,specific,100,10,1,JPY,1000,0,0,0,-1000\n"
        )
    };
    let trades = "account_id,trade_id,trade_date,settlement_date,asset_class,security_code,security_name,side,custody,\
                  quantity,unit_price,price_unit,currency,gross_amount,commission,consumption_tax,withholding_tax,net_amount\n"
        .to_owned()
        + &trade("T1", "2026-12-31")
        + &trade("T2", "2027-01-01");
    world
        .load(&[
            ("statement_accounts", accounts),
            ("statement_trades", &trades),
        ])
        .await
}

on_every_engine! {
    async fn a_clock_of_another_zone_changes_nothing(world: &World) {
        load_year_boundary(world).await?;
        // 2027-01-01 00:30 in Tokyo: December is complete there, whatever the machine's zone says.
        let run = |zone: &str| {
            world.enqueuer(["run", "--json", "--at", "2026-12-31T15:30:00Z"]).env("TZ", zone)
        };
        let first = run("America/Los_Angeles").run().await?.expect(0)?.json()?;
        assert_eq!(first["period"], "2026-12");
        assert_eq!((first["due"].as_u64(), first["succeeded"].as_u64()), (Some(1), Some(1)), "{first}");
        // The same event delivered twice.
        let again = run("Asia/Kolkata").run().await?.expect(0)?.json()?;
        assert_eq!((again["due"].as_u64(), again["succeeded"].as_u64()), (Some(0), Some(0)), "{again}");
        let keys: Vec<String> = world.published()?.into_iter().map(|file| file.key).collect();
        assert_eq!(keys, ["2026-12/trade/A1/2026-12.trade.A1.xlsx"]);

        let january = world.enqueuer(["run", "--json", "--period", "2027-01", "--at", "2027-02-01T00:00:00+09:00"]).run().await?.expect(0)?.json()?;
        assert_eq!(january["succeeded"], 1);
        Ok(())
    }
}
