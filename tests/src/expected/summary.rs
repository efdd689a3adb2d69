//! 概要 / Summary: whose document it is, and its key figures.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::cash::in_base;
use super::holdings::{self, market_value, value_in_base};
use super::month::Month;
use super::table::Cell;
use super::words::{ASSET_CLASSES, Language, SUMMARY, Words};
use super::{Kind, words};
use crate::source::{Row, Source};

/// The first sheet. Its layout is free; its lines are labels in column A with values from column B on.
#[derive(Debug)]
pub struct Summary {
    pub sheet: &'static str,
    pub title: &'static str,
    pub lines: Vec<Line>,
    /// The days of the chart: heading and rows of day, buys, sells. Empty without any.
    pub days: Vec<[Cell; 3]>,
    /// What the sentence that errors are to be reported at once contains.
    pub report_errors: &'static str,
}

#[derive(Debug)]
pub struct Line {
    pub label: String,
    /// From column B on.
    pub cells: Vec<Cell>,
}

struct Lines {
    language: Language,
    lines: Vec<Line>,
    days: Vec<[Cell; 3]>,
}

pub fn summary(
    source: &Source,
    month: &Month,
    kind: Kind,
    account: &str,
    issued_on: Date,
) -> Result<Summary> {
    let row = source.account(account)?;
    let language = Language::of(row.text("language")?)?;
    let mut lines = Lines {
        language,
        lines: Vec::new(),
        days: Vec::new(),
    };
    lines.text(("お名前", "Account holder"), row.text("holder_name")?);
    if let Some(address) = row.optional("postal_address")? {
        lines.text(("ご住所", "Address"), address);
    }
    lines.text(("口座番号", "Account number"), row.text("account_no")?);
    let separator = language.pick(("〜", "to"));
    let [first, last] = [month.first, month.last].map(|day| day.strftime("%Y/%m/%d"));
    lines.text(
        ("対象期間", "Period"),
        &format!("{first} {separator} {last}"),
    );
    let as_of = match kind {
        Kind::Trade => month.last,
        Kind::Balance => month.closing_day(),
    };
    lines.push(("作成基準日", "As of"), vec![Cell::Date(as_of)]);
    lines.push(("作成日", "Date of issue"), vec![Cell::Date(issued_on)]);
    lines.text(
        ("書類番号", "Document ID"),
        &month.document_id(kind, account),
    );
    match kind {
        Kind::Trade => trade_figures(&mut lines, source, month, account)?,
        Kind::Balance => balance_figures(&mut lines, source, month, account)?,
    }
    let title = match kind {
        Kind::Trade => ("取引明細書", "Trade statement"),
        Kind::Balance => ("残高明細書", "Balance statement"),
    };
    Ok(Summary {
        sheet: language.pick(SUMMARY),
        title: language.pick(title),
        lines: lines.lines,
        days: lines.days,
        report_errors: language.pick((
            "記載内容に誤りがある場合は速やかにご連絡ください",
            "at once",
        )),
    })
}

fn trade_figures(lines: &mut Lines, source: &Source, month: &Month, account: &str) -> Result<()> {
    let mut trades: Vec<&Row> = Vec::new();
    for trade in source.trades(account) {
        if month.contains(trade.date("trade_date")?) {
            trades.push(trade);
        }
    }
    let (mut buys, mut sells) = (0, 0);
    // By the day on which the trade was made, as the trades are listed.
    let mut days: BTreeMap<Date, (u32, u32)> = BTreeMap::new();
    for trade in &trades {
        let day = trade.date("trade_date")?;
        match trade.text("side")? {
            "buy" => {
                buys += 1;
                days.entry(day).or_default().0 += 1;
            }
            "sell" => {
                sells += 1;
                days.entry(day).or_default().1 += 1;
            }
            _ => {}
        }
    }
    lines.days(days);
    for (label, count) in [
        (("取引件数", "Number of trades"), trades.len()),
        (("うち買付", "of these buys"), buys),
        (("うち売付", "of these sells"), sells),
    ] {
        lines.push(label, vec![Cell::Number(count.into())]);
    }
    // Commission, taxes and net amount of each currency.
    let mut amounts: BTreeMap<&str, [Decimal; 3]> = BTreeMap::new();
    let mut settled = ByCurrency::new();
    let mut elsewhere = false;
    for trade in trades {
        let currency = trade.text("currency")?;
        let net = trade.decimal("net_amount")?;
        let [commission, tax, sum] = amounts.entry(currency).or_default();
        *commission += trade.decimal("commission")?;
        *tax += trade.decimal("consumption_tax")? + trade.decimal("withholding_tax")?;
        *sum += net;
        let settled_in = trade.optional("settlement_currency")?.unwrap_or(currency);
        elsewhere |= settled_in != currency;
        *settled.entry(settled_in).or_default() +=
            trade.optional_decimal("settlement_amount")?.unwrap_or(net);
    }
    let net_settlement = ("差引受渡金額", "Net settlement");
    let net_amount = ("受渡金額", "Net amount");
    for (currency, [commission, tax, net]) in amounts {
        lines.money(("手数料", "Commission"), currency, commission);
        lines.money(("税金等", "Taxes"), currency, tax);
        let label = if elsewhere {
            net_amount
        } else {
            net_settlement
        };
        lines.money(label, currency, net);
    }
    if elsewhere {
        lines.by_currency(net_settlement, settled);
    }
    Ok(())
}

fn balance_figures(lines: &mut Lines, source: &Source, month: &Month, account: &str) -> Result<()> {
    let base = source.account(account)?.text("base_currency")?;
    let mut total = Decimal::ZERO;
    let mut by_currency = ByCurrency::new();
    let mut by_class: BTreeMap<usize, Decimal> = BTreeMap::new();
    for position in holdings::closing(source, month, account)? {
        if let Some(value) = market_value(position)? {
            *by_currency.entry(position.text("currency")?).or_default() += value;
        }
        if let Some(value) = value_in_base(position, base)? {
            let class = words::rank(&ASSET_CLASSES, position.text("asset_class")?)?;
            *by_class.entry(class).or_default() += value;
            total += value;
        }
    }
    lines.money(("評価額合計", "Total valuation"), base, total);
    // With one currency alone the total says it.
    if by_currency.keys().any(|currency| *currency != base) {
        lines.by_currency(("通貨別評価額", "By currency"), by_currency);
    }
    for (class, value) in by_class {
        let mut cells = vec![Cell::Number(value), Cell::text(base)];
        if !total.is_zero() {
            cells.push(Cell::Number((value / total).round_dp(6)));
        }
        lines.push(ASSET_CLASSES[class].1, cells);
    }
    let mut cash_in_base = Some(Decimal::ZERO);
    for balance in source.balances(account, month.cash.closing)? {
        let amount = balance.decimal("amount")?;
        let label = lines.language.pick(("金銭残高", "Cash"));
        let label = match (balance.optional("pocket")?, lines.language) {
            (None | Some("deposit"), _) => label.to_owned(),
            (Some(pocket), Language::Ja) => format!("{label}（{pocket}）"),
            (Some(pocket), Language::En) => format!("{label} ({pocket})"),
        };
        let cells = vec![Cell::Number(amount), Cell::text(balance.text("currency")?)];
        lines.lines.push(Line { label, cells });
        cash_in_base = match (cash_in_base, in_base(balance, amount, base)?) {
            (Some(sum), Some(amount)) => Some(sum + amount),
            _ => None,
        };
    }
    let is_whole = month.positions.closing.is_some() && month.cash.closing.is_some();
    if let Some(cash) = cash_in_base.filter(|_| is_whole) {
        let label = ("評価額・金銭残高合計", "Valuation and cash");
        lines.money(label, base, total + cash);
    }
    Ok(())
}

type ByCurrency<'s> = BTreeMap<&'s str, Decimal>;

impl Lines {
    fn push(&mut self, label: Words, cells: Vec<Cell>) {
        self.lines.push(Line {
            label: self.language.pick(label).to_owned(),
            cells,
        });
    }

    fn text(&mut self, label: Words, text: &str) {
        self.push(label, vec![Cell::text(text)]);
    }

    fn money(&mut self, label: Words, currency: &str, amount: Decimal) {
        self.push(label, vec![Cell::Number(amount), Cell::text(currency)]);
    }

    fn days(&mut self, days: BTreeMap<Date, (u32, u32)>) {
        if days.is_empty() {
            return;
        }
        let words = [("日付", "Day"), ("買付", "Buy"), ("売付", "Sell")];
        self.days
            .push(words.map(|words| Cell::text(self.language.pick(words))));
        for (day, (buys, sells)) in days {
            let counts = [buys, sells].map(|count| Cell::Number(count.into()));
            let [buys, sells] = counts;
            self.days.push([Cell::Date(day), buys, sells]);
        }
    }

    fn by_currency(&mut self, label: Words, amounts: ByCurrency) {
        for (currency, amount) in amounts {
            self.money(label, currency, amount);
        }
    }
}
