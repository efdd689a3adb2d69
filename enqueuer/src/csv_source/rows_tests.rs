use std::io;

use common::Class;
use common::contract::{ACCOUNTS, CASH_BALANCES, TRADES};
use encoding_rs::SHIFT_JIS;

use super::*;

const BALANCES: &str = "account_id,as_of,currency,pocket,amount,fx_rate";
const ACCOUNT_COLUMNS: &str = "account_id,account_no,holder_name,postal_address,language,base_currency,electronic_delivery,opened_on";

fn read(relation: &'static Relation, bytes: &[u8], encoding: Encoding) -> Result<Vec<Row>> {
    let mut rows = Rows::open(bytes, format!("{}.csv", relation.name), relation, encoding)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next_row()? {
        all.push(row);
    }
    Ok(all)
}

fn balances(text: &str) -> Result<Vec<Row>> {
    read(&CASH_BALANCES, text.as_bytes(), Encoding::Utf8)
}

fn refusal(result: Result<Vec<Row>>) -> String {
    let error = result.unwrap_err();
    assert_eq!(
        (error.class(), error.cause()),
        (Class::Data, "load"),
        "{error}"
    );
    assert!(!error.to_string().contains('\n'), "{error}");
    error.to_string()
}

fn row(values: &[&str]) -> Row {
    values
        .iter()
        .map(|value| (!value.is_empty()).then(|| (*value).to_owned()))
        .collect()
}

#[test]
fn columns_come_in_any_order_and_optional_ones_may_be_absent() {
    let text = "amount,currency,as_of,account_id\n-12.30,JPY,2026-10-31,A1\n0,USD,2026-10-31,A1\n";
    assert_eq!(
        balances(text).unwrap(),
        [
            row(&["A1", "2026-10-31", "JPY", "", "-12.30", ""]),
            row(&["A1", "2026-10-31", "USD", "", "0", ""])
        ]
    );
}

#[test]
fn empty_is_null_and_a_header_alone_is_an_empty_table() {
    assert_eq!(
        balances(&format!("{BALANCES}\r\nA1,2026-10-31,JPY,\"\",5,")).unwrap(),
        [row(&["A1", "2026-10-31", "JPY", "", "5", ""])]
    );
    assert!(balances(BALANCES).unwrap().is_empty());
}

#[test]
fn a_mark_of_utf8_is_skipped() {
    assert_eq!(
        balances(&format!("\u{feff}{BALANCES}\nA1,2026-10-31,JPY,,5,\n"))
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        balances(&format!("\u{feff}\"account_id\"{}\n", &BALANCES[10..]))
            .unwrap()
            .len(),
        0
    );
    let marked = format!("\u{feff}{BALANCES}\n");
    let error = refusal(read(&CASH_BALANCES, marked.as_bytes(), Encoding::Cp932));
    assert!(
        error.starts_with("statement_cash_balances.csv line 1: ")
            && error.contains("--encoding utf-8"),
        "{error}"
    );
    let error = refusal(read(&CASH_BALANCES, b"\xff\xfea\0c\0", Encoding::Utf8));
    assert!(error.contains("UTF-16"), "{error}");
}

#[test]
fn the_header_must_be_the_contracts() {
    let all = "account_id, as_of, currency, pocket, amount, fx_rate";
    for (header, expected) in [
        (
            "",
            format!("line 1: the file is empty: its first row must name {all}"),
        ),
        (
            "account_id,as_of,curency,amount",
            format!(
                "line 1, column 3: \"curency\" is not in the contract, whose columns are {all}"
            ),
        ),
        (
            "account_id,as_of,currency,amount,",
            "line 1, column 5: \"\" is not in the contract".to_owned(),
        ),
        (
            "account_id,as_of,currency,amount,as_of",
            "line 1, column 5: as_of is named twice".to_owned(),
        ),
        (
            "\n\naccount_id,pocket,amount",
            format!("line 3: the header lacks as_of, currency; the contract's columns are {all}"),
        ),
        (
            "account_id;as_of;currency;amount",
            "line 1, column 1: \"account_id;as_of;".to_owned(),
        ),
    ] {
        let error = refusal(balances(header));
        assert!(
            error.starts_with("statement_cash_balances.csv ") && error.contains(&expected),
            "{error}"
        );
    }
}

#[test]
fn errors_name_file_line_and_column() {
    let header = "account_id,trade_id,trade_date,settlement_date,asset_class,security_code,security_name,side,custody,\
                  quantity,unit_price,price_unit,currency,gross_amount,commission,consumption_tax,withholding_tax,net_amount";
    let good = "A1,T1,2026-10-01,2026-10-03,equity,7203,トヨタ,buy,nisa,100,2500,1,JPY,250000,0,0,0,-250000";
    let bad = good.replace("2026-10-01", "2026-13-01");
    let read = |text: String| read(&TRADES, text.as_bytes(), Encoding::Utf8);
    assert_eq!(read(format!("{header}\n{good}\n")).unwrap().len(), 1);
    assert_eq!(
        refusal(read(format!("{header}\n{good}\n{bad}\n"))),
        "statement_trades.csv line 3, column trade_date: \"2026-13-01\" is not a date: write YYYY-MM-DD"
    );
    let unnamed = good.replace("トヨタ", "");
    assert_eq!(
        refusal(read(format!("{header}\n{unnamed}\n"))),
        "statement_trades.csv line 2, column security_name: the value is empty, and this column needs one"
    );
}

#[test]
fn lines_are_those_of_the_file() {
    for newline in ["\n", "\r\n"] {
        let text = [
            BALANCES,
            "A1,2026-10-31,JPY,\"two",
            "lines\",5,",
            "",
            "A1,2026-10-31,JPY,,x,",
            "",
        ]
        .join(newline);
        let error = refusal(balances(&text));
        assert!(
            error.contains("line 5, column amount: \"x\""),
            "{newline:?}: {error}"
        );
    }
}

#[test]
fn a_row_with_too_few_or_many_fields_is_named() {
    for (line, count) in [("A1,2026-10-31,JPY", 3), ("A1,2026-10-31,JPY,,1,000,", 7)] {
        let error = refusal(balances(&format!("{BALANCES}\n{line}\n")));
        assert!(
            error.starts_with(&format!(
                "statement_cash_balances.csv line 2: the row has {count} fields, the header has 6"
            )),
            "{error}"
        );
    }
}

#[test]
fn no_row_vanishes_in_a_broken_quotation() {
    let rows = "A1,2026-10-31,JPY,\"x,1,\nA2,2026-10-31,JPY,\"y\",1,\n";
    let error = refusal(balances(&format!("{BALANCES}\n{rows}")));
    assert!(error.contains("line 2: a quoted value goes on"), "{error}");
    let error = refusal(balances(&format!(
        "{BALANCES}\nA1,2026-10-31,JPY,,1,\"\nA2,2026-10-31,JPY,,1,\n"
    )));
    assert!(
        error.contains("line 2: a quotation mark opens a value and is never closed"),
        "{error}"
    );
    // An earlier fault is reported first.
    let error = refusal(balances(&format!("{BALANCES}\nA1,x,JPY,,1,\n{rows}")));
    assert!(error.contains("line 2, column as_of"), "{error}");
}

#[test]
fn shift_jis_is_read_when_asked_for() {
    let text = format!("{ACCOUNT_COLUMNS}\nA1,1,\"表, ソ\"\"ー\"\"\n能\",十,ja,JPY,1,2020-01-01\n");
    let (bytes, _, unmappable) = SHIFT_JIS.encode(&text);
    assert!(!unmappable);
    let rows = read(&ACCOUNTS, &bytes, Encoding::Cp932).unwrap();
    assert_eq!(rows[0][2].as_deref(), Some("表, ソ\"ー\"\n能"));
    assert_eq!(
        rows,
        read(&ACCOUNTS, text.as_bytes(), Encoding::Utf8).unwrap()
    );

    let error = refusal(read(&ACCOUNTS, &bytes, Encoding::Utf8));
    assert!(
        error.contains("line 2, column holder_name: the value is not UTF-8;"),
        "{error}"
    );
    assert!(error.contains("--encoding cp932"), "{error}");

    let error = refusal(read(&ACCOUNTS, "口座\n".as_bytes(), Encoding::Utf8));
    assert!(
        error.contains("line 1, column 1: \"口座\" is not in the contract"),
        "{error}"
    );
}

#[test]
fn utf8_read_as_shift_jis_is_refused() {
    for name in ["三菱", "トヨタ太郎"] {
        let text = format!("{ACCOUNT_COLUMNS}\nA1,1,{name},,ja,JPY,1,2020-01-01\n");
        let error = refusal(read(&ACCOUNTS, text.as_bytes(), Encoding::Cp932));
        assert!(
            error.contains("line 2") && error.contains("--encoding utf-8"),
            "{error}"
        );
    }
}

#[test]
fn an_unreadable_file_is_no_fault_of_the_data() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk on fire"))
        }
    }
    for healthy in ["", BALANCES] {
        let input = io::Read::chain(healthy.as_bytes(), Broken);
        let error = match Rows::open(
            input,
            "statement_cash_balances.csv".to_owned(),
            &CASH_BALANCES,
            Encoding::Utf8,
        ) {
            Ok(mut rows) => rows.next_row().unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.class(), Class::Config);
        assert!(
            error
                .chain()
                .contains("statement_cash_balances.csv cannot be read: disk on fire"),
            "{}",
            error.chain()
        );
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let valid =
        format!("\u{feff}{BALANCES}\r\nA1,2026-10-31,JPY,\"a\"\"\nb\",-5.10,1\r\n").into_bytes();
    for encoding in [Encoding::Utf8, Encoding::Cp932] {
        for position in 0..valid.len() {
            for byte in [0, b'"', b',', b'\n', b'\r', 0x81, 0xff] {
                let mut bytes = valid.clone();
                bytes[position] = byte;
                let _ = read(&CASH_BALANCES, &bytes, encoding);
                let _ = read(&CASH_BALANCES, &bytes[..position], encoding);
            }
        }
    }
}
