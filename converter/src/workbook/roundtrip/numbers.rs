//! Numbers and dates stay the numbers and dates they are.

use common::decimal;
use common::decimal::nearest_f64;
use proptest::prelude::*;

use super::*;

/// A decimal as the contract allows it in a column of so many places: at most 15 significant digits, and below 10^12
/// with eight places, 10^15 otherwise.
pub fn any_decimal(places: u32) -> impl Strategy<Value = Decimal> {
    let below: i64 = if places == 8 { 12 } else { 15 };
    let digits = (1..=15u32).prop_flat_map(|digits| 0..10_i64.pow(digits));
    let scale = 0..=places;
    (digits, scale, any::<bool>())
        .prop_map(|(digits, scale, negative)| {
            let value = Decimal::new(if negative { -digits } else { digits }, scale);
            decimal::parse(&value.to_string()).unwrap()
        })
        .prop_filter("too large", move |value| {
            value.abs() < Decimal::from(10_i64.pow(u32::try_from(below).unwrap()))
        })
}

fn any_currency() -> impl Strategy<Value = Currency> {
    proptest::sample::select(&["JPY", "USD", "KWD", "CLF"][..])
        .prop_map(|code| Currency::from_code(code).unwrap())
}

fn any_trade() -> impl Strategy<Value = Trade> {
    any_currency().prop_flat_map(|currency| {
        let amount = || any_decimal(currency.exponent());
        let of_security = (any_decimal(6), any_decimal(8), any_decimal(8));
        let amounts = (amount(), amount(), amount(), amount(), amount(), amount());
        (of_security, amounts).prop_map(
            move |((quantity, unit_price, fx_rate), (gross, interest, fees, tax, net, settled))| {
                Trade {
                    quantity,
                    unit_price,
                    currency,
                    fx_rate: Some(fx_rate),
                    gross_amount: gross,
                    accrued_interest: Some(interest),
                    foreign_fees: Some(fees),
                    withholding_tax: tax,
                    net_amount: net,
                    settlement_currency: Some(currency),
                    settlement_amount: Some(settled),
                    ..trade()
                }
            },
        )
    })
}

/// The number is the nearest double and has, printed with the 15 digits that a spreadsheet shows, the decimal's value.
fn expect_number(found: f64, wanted: Decimal) {
    assert_eq!(found.to_bits(), nearest_f64(wanted).to_bits(), "{wanted}");
    let nearest: f64 = wanted.to_string().parse().unwrap();
    assert_eq!(found.to_bits(), nearest.to_bits(), "{wanted}");
    let printed = format!("{found:.14e}");
    let read = Decimal::from_scientific(&printed).unwrap();
    assert_eq!(read, wanted, "{printed}");
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn numbers_are_the_nearest_and_have_fifteen_digits(trade in any_trade()) {
        let contents = Contents::of(trade);
        let written = contents.write();
        let trade = &contents.trades[0];
        for (heading, wanted) in [
            (Word::HeadQuantity, Some(trade.quantity)),
            (Word::HeadUnitPrice, Some(trade.unit_price)),
            (Word::HeadFxRate, trade.fx_rate),
            (Word::HeadGrossAmount, Some(trade.gross_amount)),
            (Word::HeadAccruedInterest, trade.accrued_interest),
            (Word::HeadForeignFees, trade.foreign_fees),
            (Word::HeadWithholdingTax, Some(trade.withholding_tax)),
            (Word::HeadNetAmount, Some(trade.net_amount)),
            (Word::HeadSettlementAmount, trade.settlement_amount),
        ] {
            let Some(Data::Float(found)) = written.below(Word::SheetTrades, heading, 0) else {
                panic!("{heading:?} is no number");
            };
            expect_number(*found, wanted.unwrap());
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar(
        year in prop_oneof![Just(1900), 1900..=9999_i16],
        month in 1..=12_i8,
        day in 1..=31_i8,
        settles in 0..=365_i64,
    ) {
        let trade_date = Date::new(year, month, day);
        prop_assume!(trade_date.is_ok());
        let trade_date = trade_date.unwrap();
        let settlement_date = trade_date.saturating_add(jiff::Span::new().days(settles));
        let contents = Contents::of(Trade { trade_date, settlement_date, ..trade() });
        let written = contents.write();
        for (heading, wanted) in [
            (Word::HeadTradeDate, trade_date),
            (Word::HeadSettlementDate, settlement_date),
        ] {
            let Some(Data::DateTime(found)) = written.below(Word::SheetTrades, heading, 0) else {
                panic!("{heading:?} is no date");
            };
            let (year, month, day, ..) = found.to_ymd_hms_milli();
            let found = format!("{year:04}-{month:02}-{day:02}");
            prop_assert_eq!(found, wanted.to_string());
        }
    }
}

/// A balance is computed and may have more digits than any amount that was read.
#[test]
fn a_computed_number_of_more_than_fifteen_digits_is_refused() {
    for (balance, kept) in [
        ("999999999999999", true),
        ("-99999999999999.9", true),
        ("0.100000000000000000", true),
        ("1000000000000000", false),
        ("-1000000000000001", false),
        ("10000000000000.001", false),
    ] {
        let movement = movement();
        let line = CashLine::Movement {
            movement,
            balance: Some(balance.parse().unwrap()),
        };
        let rows = channel_of(vec![line]);
        let section = Incoming::CashMovements(rows, CashOutline::default());
        let heading = heading("2026-10.trade.A1", account(Language::En));
        let styles = styles(&heading).unwrap();
        let written = write(&heading, &styles, vec![section], Vec::new());
        let refused = match written {
            Ok(_) => None,
            Err(WriteError::Failed(error)) => Some(error),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(refused.is_none(), kept, "{balance}: {refused:?}");
        if let Some(error) = refused {
            assert_eq!(error.cause(), "shape");
            let place = format!("Cash movements, cell H2: {balance} was computed");
            assert!(error.to_string().contains(&place), "{error}");
        }
    }
}
