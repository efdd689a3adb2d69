//! 残高明細 / Holdings: what is held on the day of the closing snapshot.

use anyhow::Result;
use rust_decimal::Decimal;

use super::cash::{in_base, round};
use super::month::Month;
use super::table::{Cell, Column, Table, minor_unit};
use super::words::{self, ASSET_CLASSES, CUSTODIES, HOLDINGS, Language};
use crate::source::{Row, Source};

struct Line<'s> {
    position: &'s Row,
    language: Language,
}

pub fn table(source: &Source, month: &Month, account: &str, language: Language) -> Result<Table> {
    let base = source.account(account)?.text("base_currency")?;
    let positions = closing(source, month, account)?;
    let mut named_below = Vec::new();
    for position in &positions {
        if value_in_base(position, base)?.is_none() {
            named_below.push(format!(
                "{} {}",
                position.text("security_code")?,
                position.text("security_name")?
            ));
        }
    }
    if !positions.is_empty() {
        let for_reference = (
            "参考単価、評価額および評価損益は参考値です。税務申告にはご利用いただけません。",
            "Prices, market values and gains or losses are for reference and not for tax filing.",
        );
        named_below.push(language.pick(for_reference).to_owned());
    }
    let lines: Vec<Line> = positions
        .into_iter()
        .map(|position| Line { position, language })
        .collect();
    let table = Table::of(HOLDINGS, language, &columns(), &lines)?;
    Ok(Table {
        named_below,
        ..table
    })
}

/// Ordered by asset class, code and custody, each in the order of the statement.
pub fn closing<'s>(source: &'s Source, month: &Month, account: &str) -> Result<Vec<&'s Row>> {
    let mut ordered = Vec::new();
    for position in source.positions(account, month.positions.closing)? {
        let order = (
            words::rank(&ASSET_CLASSES, position.text("asset_class")?)?,
            position.text("security_code")?,
            words::rank(&CUSTODIES, position.text("custody")?)?,
            position.optional("market")?.unwrap_or_default(),
        );
        ordered.push((order, position));
    }
    ordered.sort_by_key(|(order, _)| *order);
    Ok(ordered.into_iter().map(|(_, position)| position).collect())
}

/// The market value: as the firm says, else quantity ÷ price unit × price; none without a price.
pub fn market_value(position: &Row) -> Result<Option<Decimal>> {
    if let Some(given) = position.optional_decimal("market_value")? {
        return Ok(Some(given));
    }
    let Some(price) = position.optional_decimal("price")? else {
        return Ok(None);
    };
    let factor = position
        .optional_decimal("price_factor")?
        .unwrap_or(Decimal::ONE);
    let value = position.decimal("quantity")? * price * factor / position.decimal("price_unit")?;
    let places = minor_unit(position.text("currency")?)?;
    Ok(Some(round(value, places)))
}

/// In the base currency; none without a price or a rate.
pub fn value_in_base(position: &Row, base: &str) -> Result<Option<Decimal>> {
    match market_value(position)? {
        Some(value) => in_base(position, value, base),
        None => Ok(None),
    }
}

fn columns<'s>() -> [Column<Line<'s>>; 12] {
    const CLASS_AND_CURRENCY: &[&str] = &["Asset class", "Currency"];
    [
        Column::new(("資産区分", "Asset class"), |l: &Line| {
            let class = words::asset_class(l.position.text("asset_class")?, l.language)?;
            Ok(Cell::text(class))
        }),
        Column::new(("銘柄コード", "Code"), |l| text(l, "security_code")),
        Column::new(("銘柄名", "Name"), |l| text(l, "security_name")),
        Column::new(("預り区分", "Custody"), |l| {
            let custody = words::custody(l.position.text("custody")?, l.language)?;
            Ok(Cell::text(custody))
        }),
        Column::new(("数量", "Quantity"), |l| number(l, "quantity")),
        Column::new(("平均取得単価", "Average cost"), |l| {
            number(l, "average_cost")
        }),
        Column::new(("参考単価", "Price"), |l| number(l, "price")),
        Column::new(("単価基準日", "Price date"), |l| {
            let date = l.position.optional_date("price_date")?;
            Ok(date.map_or(Cell::Empty, Cell::Date))
        }),
        Column::new(("通貨", "Currency"), |l| text(l, "currency")),
        Column::new(("為替レート", "FX rate"), |l| number(l, "fx_rate")),
        Column::new(("評価額", "Market value"), |l: &Line| {
            Ok(Cell::number(market_value(l.position)?))
        })
        .summed_by(CLASS_AND_CURRENCY),
        Column::new(("評価損益", "Unrealised gain/loss"), |l| {
            number(l, "unrealized_pl")
        })
        .summed_by(CLASS_AND_CURRENCY),
    ]
}

fn text(line: &Line, column: &str) -> Result<Cell> {
    Ok(Cell::text(line.position.text(column)?))
}

fn number(line: &Line, column: &str) -> Result<Cell> {
    Ok(Cell::number(line.position.optional_decimal(column)?))
}
