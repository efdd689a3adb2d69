//! Every word that a statement prints of itself, in both languages. A firm's profile may put its own in place of any.

use std::borrow::Cow;

use crate::statement::Language;

/// Declares the words: the variant, the key by which a profile overrides it, Japanese, English.
macro_rules! words {
    ($($variant:ident $key:literal $ja:literal $en:literal)*) => {
        /// A word or sentence of a statement. `{name}` in its text stands for a value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Word { $($variant),* }

        impl Word {
            /// All words, in the order in which the example profile lists them.
            pub const ALL: &'static [Word] = &[$(Word::$variant),*];

            /// The key by which a profile overrides it.
            pub const fn key(self) -> &'static str {
                match self { $(Word::$variant => $key),* }
            }

            /// The text when the profile has none of its own.
            pub const fn default_text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Word::$variant, Language::Ja) => $ja, (Word::$variant, Language::En) => $en),*
                }
            }
        }
    };
}

words! {
    TitleTrade "title.trade" "取引明細書" "Trade statement"
    TitleBalance "title.balance" "残高明細書" "Balance statement"

    SheetSummary "sheet.summary" "概要" "Summary"
    SheetTrades "sheet.trades" "取引明細" "Trades"
    SheetCashMovements "sheet.cash_movements" "入出金明細" "Cash movements"
    SheetHoldings "sheet.holdings" "残高明細" "Holdings"
    SheetCash "sheet.cash" "金銭残高" "Cash"
    SheetMovements "sheet.movements" "増減" "Movements"
    SheetUnsettledTrades "sheet.unsettled_trades" "未受渡取引" "Unsettled trades"

    Firm "summary.firm" "証券会社" "Firm"
    Registration "summary.registration" "登録番号" "Registration"
    Contact "summary.contact" "お問い合わせ先" "Contact"
    Holder "summary.holder" "お名前" "Account holder"
    Address "summary.address" "ご住所" "Address"
    AccountNumber "summary.account_number" "口座番号" "Account number"
    Period "summary.period" "対象期間" "Period"
    PeriodRange "summary.period_range" "{from} 〜 {to}" "{from} to {to}"
    AsOf "summary.as_of" "作成基準日" "As of"
    IssuedOn "summary.issued_on" "作成日" "Date of issue"
    DocumentId "summary.document_id" "書類番号" "Document ID"
    Correction "summary.correction"
        "訂正版（第{revision}版、{replaced_on}付 第{replaced}版を差替え）"
        "Corrected (revision {revision}, replaces revision {replaced} of {replaced_on})"
    CustomerNote "summary.customer_note" "訂正内容" "Note"
    Sample "summary.sample" "見本" "Sample"
    DraftMark "summary.draft_mark" "【下書き】" "(draft)"
    Draft "summary.draft" "下書き（未確定）" "Draft, not final"
    NotStatutory "summary.not_statutory" "法定書面ではありません" "Not a statutory document"
    KeyFigures "summary.key_figures" "主な数値" "Key figures"
    NumberOfTrades "summary.trades" "取引件数" "Number of trades"
    OfTheseBuys "summary.buys" "うち買付" "of these buys"
    OfTheseSells "summary.sells" "うち売付" "of these sells"
    Commission "summary.commission" "手数料" "Commission"
    Taxes "summary.taxes" "税金等" "Taxes"
    NetAmount "summary.net_amount" "受渡金額" "Net amount"
    NetSettlement "summary.net_settlement" "差引受渡金額" "Net settlement"
    TotalValuation "summary.total_valuation" "評価額合計" "Total valuation"
    ByCurrency "summary.by_currency" "通貨別評価額" "By currency"
    UnvaluedHoldings "summary.unvalued" "評価額合計に含まれない銘柄" "Holdings not in the valuation"
    Share "summary.share" "構成比" "Share"
    CashFigure "summary.cash" "金銭残高" "Cash"
    CashFigureOf "summary.cash_pocket" "金銭残高（{pocket}）" "Cash ({pocket})"
    ValuationAndCash "summary.valuation_and_cash" "評価額・金銭残高合計" "Valuation and cash"
    Details "summary.details" "明細" "Details"
    Rows "summary.rows" "{rows}件" "{rows} rows"
    ReportErrors "summary.report_errors"
        "記載内容に誤りがある場合は速やかにご連絡ください。"
        "Please report any error in this statement to us at once."

    ChartTrades "chart.trades" "日別の買付・売付件数" "Buys and sells per day"
    ChartTradesAlt "chart.trades_alt"
        "{from}から{to}までの日別の買付件数（合計{buys}件）と売付件数（合計{sells}件）の棒グラフ"
        "Column chart of the number of buys ({buys} in all) and sells ({sells} in all) per day from {from} to {to}"
    ChartAllocation "chart.allocation" "資産区分別の評価額" "Valuation by asset class"
    ChartAllocationAlt "chart.allocation_alt"
        "資産区分別の評価額（{currency}）の横棒グラフ：{shares}"
        "Bar chart of the valuation by asset class in {currency}: {shares}"
    ChartDay "chart.day" "日付" "Day"
    LogoAlt "chart.logo_alt" "{firm}のロゴ" "Logo of {firm}"

    Total "table.total" "合計" "Total"
    NoEntries "table.no_entries" "該当データがありません" "No entries in this period"
    ReferencePrices "table.reference_prices"
        "参考単価、評価額および評価損益は参考値です。税務申告にはご利用いただけません。"
        "Prices, market values and gains or losses are for reference and not for tax filing."
    Unvalued "table.unvalued"
        "参考単価または為替レートがないため評価額合計に含まれない銘柄：{names}"
        "Not in the total valuation, for want of a price or an FX rate: {names}"
    UnvaluedMore "table.unvalued_more" "{names} 他{more}銘柄" "{names} and {more} more"
    CashWithoutRate "table.cash_without_rate"
        "為替レートがないため合計に含まれない通貨：{names}"
        "Not in the total, for want of an FX rate: {names}"

    HeadTradeDate "trades.trade_date" "約定日" "Trade date"
    HeadTradeTime "trades.trade_time" "約定時刻" "Trade time"
    HeadSettlementDate "trades.settlement_date" "受渡日" "Settlement date"
    HeadSecurityCode "trades.security_code" "銘柄コード" "Code"
    HeadSecurityName "trades.security_name" "銘柄名" "Name"
    HeadMarket "trades.market" "市場" "Market"
    HeadSide "trades.side" "取引" "Side"
    HeadCustody "trades.custody" "預り区分" "Custody"
    HeadQuantity "trades.quantity" "数量" "Quantity"
    HeadUnitPrice "trades.unit_price" "単価" "Unit price"
    HeadCurrency "trades.currency" "通貨" "Currency"
    HeadFxRate "trades.fx_rate" "為替レート" "FX rate"
    HeadGrossAmount "trades.gross_amount" "約定代金" "Gross amount"
    HeadAccruedInterest "trades.accrued_interest" "経過利子" "Accrued interest"
    HeadForeignFees "trades.foreign_fees" "現地手数料" "Foreign fees"
    HeadCommission "trades.commission" "手数料" "Commission"
    HeadConsumptionTax "trades.consumption_tax" "消費税" "Consumption tax"
    HeadWithholdingTax "trades.withholding_tax" "譲渡益税等" "Withholding tax"
    HeadNetAmount "trades.net_amount" "受渡金額" "Net amount"
    HeadSettlementCurrency "trades.settlement_currency" "決済通貨" "Settlement currency"
    HeadSettlementAmount "trades.settlement_amount" "決済金額" "Settlement amount"
    HeadTradeId "trades.trade_id" "取引番号" "Trade ID"
    HeadNote "trades.note" "備考" "Note"

    CashMovementDate "cash_movements.date" "日付" "Date"
    CashMovementKind "cash_movements.kind" "区分" "Kind"
    CashMovementDescription "cash_movements.description" "摘要" "Description"
    CashMovementCurrency "cash_movements.currency" "通貨" "Currency"
    CashMovementPocket "cash_movements.pocket" "預り金区分" "Pocket"
    CashMovementIn "cash_movements.in" "入金額" "In"
    CashMovementOut "cash_movements.out" "出金額" "Out"
    CashMovementBalance "cash_movements.balance" "残高" "Balance"
    CashMovementGross "cash_movements.gross_amount" "税引前金額" "Gross amount"
    CashMovementIncomeTax "cash_movements.income_tax" "所得税" "Income tax"
    CashMovementLocalTax "cash_movements.local_tax" "住民税" "Local tax"
    CashMovementForeignTax "cash_movements.foreign_tax" "外国税" "Foreign tax"
    CashMovementFee "cash_movements.fee" "手数料" "Fee"
    CashMovementGrossCurrency "cash_movements.gross_currency" "税引前通貨" "Gross currency"
    OpeningBalance "cash_movements.opening" "前月末残高" "Opening balance"
    ClosingBalance "cash_movements.closing" "当月末残高" "Closing balance"

    HoldingAssetClass "holdings.asset_class" "資産区分" "Asset class"
    HoldingCode "holdings.security_code" "銘柄コード" "Code"
    HoldingName "holdings.security_name" "銘柄名" "Name"
    HoldingCustody "holdings.custody" "預り区分" "Custody"
    HoldingQuantity "holdings.quantity" "数量" "Quantity"
    HoldingAverageCost "holdings.average_cost" "平均取得単価" "Average cost"
    HoldingPrice "holdings.price" "参考単価" "Price"
    HoldingPriceDate "holdings.price_date" "単価基準日" "Price date"
    HoldingCurrency "holdings.currency" "通貨" "Currency"
    HoldingFxRate "holdings.fx_rate" "為替レート" "FX rate"
    HoldingMarketValue "holdings.market_value" "評価額" "Market value"
    HoldingUnrealizedPl "holdings.unrealized_pl" "評価損益" "Unrealised gain/loss"

    CashCurrency "cash.currency" "通貨" "Currency"
    CashPocket "cash.pocket" "預り金区分" "Pocket"
    CashAmount "cash.amount" "残高" "Amount"
    CashFxRate "cash.fx_rate" "為替レート" "FX rate"
    CashInBase "cash.base_amount" "基準通貨換算額" "In base currency"

    MovementCode "movements.security_code" "銘柄コード" "Code"
    MovementName "movements.security_name" "銘柄名" "Name"
    MovementMarket "movements.market" "市場" "Market"
    MovementCustody "movements.custody" "預り区分" "Custody"
    MovementOpening "movements.opening" "前回残高" "Opening"
    MovementBought "movements.bought" "買付" "Bought"
    MovementReceived "movements.received" "入庫" "Received"
    MovementSold "movements.sold" "売付" "Sold"
    MovementDelivered "movements.delivered" "出庫" "Delivered"
    MovementRedeemed "movements.redeemed" "償還" "Redeemed"
    MovementClosing "movements.closing" "今回残高" "Closing"

    SideBuy "side.buy" "買付" "Buy"
    SideSell "side.sell" "売付" "Sell"
    SideReceipt "side.receipt" "入庫" "Receipt"
    SideDelivery "side.delivery" "出庫" "Delivery"
    SideRedemption "side.redemption" "償還" "Redemption"
    SideWithEvent "side.with_event" "{side}（{event}）" "{side} ({event})"

    CustodySpecific "custody.specific" "特定" "Specific"
    CustodyGeneral "custody.general" "一般" "General"
    CustodyNisa "custody.nisa" "NISA" "NISA"
    CustodyNisaGrowth "custody.nisa_growth" "NISA成長" "NISA growth"
    CustodyNisaTsumitate "custody.nisa_tsumitate" "NISAつみたて" "NISA tsumitate"

    AssetEquity "asset_class.equity" "株式" "Equity"
    AssetEtf "asset_class.etf" "ETF" "ETF"
    AssetFund "asset_class.fund" "投信" "Fund"
    AssetBond "asset_class.bond" "債券" "Bond"
    AssetOther "asset_class.other" "その他" "Other"

    KindDeposit "cash_kind.deposit" "入金" "Deposit"
    KindWithdrawal "cash_kind.withdrawal" "出金" "Withdrawal"
    KindTrade "cash_kind.trade" "受渡金" "Trade"
    KindDividend "cash_kind.dividend" "配当金・分配金" "Dividend"
    KindInterest "cash_kind.interest" "利金・利息" "Interest"
    KindRedemption "cash_kind.redemption" "償還金" "Redemption"
    KindFee "cash_kind.fee" "手数料" "Fee"
    KindTax "cash_kind.tax" "税金" "Tax"
    KindRefund "cash_kind.refund" "還付金" "Refund"
    KindExchange "cash_kind.exchange" "為替" "Exchange"
    KindOther "cash_kind.other" "その他" "Other"

    PocketDeposit "pocket.deposit" "預り金" "Deposit"
}

impl Word {
    /// The word of a profile's key.
    pub fn of_key(key: &str) -> Option<Self> {
        Word::ALL.iter().copied().find(|word| word.key() == key)
    }
}

/// The words of one language, as the profile has them.
#[derive(Debug, Clone)]
pub struct Wording(Vec<Cow<'static, str>>);

impl Wording {
    /// The words of a language without a firm's own.
    pub fn of(language: Language) -> Self {
        Self(
            Word::ALL
                .iter()
                .map(|word| Cow::Borrowed(word.default_text(language)))
                .collect(),
        )
    }

    pub fn get(&self, word: Word) -> &str {
        &self.0[word as usize]
    }

    /// The text with its `{name}`s replaced.
    pub fn fill(&self, word: Word, values: &[(&str, &str)]) -> String {
        let mut filled = String::new();
        let mut rest = self.get(word);
        while let Some((before, name, after)) = next_placeholder(rest) {
            filled.push_str(before);
            // What was filled in is not looked at again: a customer's text may hold braces.
            let value = values.iter().find(|(known, _)| *known == name);
            filled.push_str(value.map_or("", |(_, value)| value));
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    pub(super) fn set(&mut self, word: Word, text: String) {
        self.0[word as usize] = Cow::Owned(text);
    }
}

/// Splits a text at its first `{name}`.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// The names of a text's placeholders, sorted.
pub(super) fn placeholders(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = next_placeholder(rest) {
        names.push(name);
        rest = after;
    }
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_word_has_a_key_of_its_own_and_the_same_placeholders_in_both_languages() {
        let keys: BTreeSet<_> = Word::ALL.iter().map(|word| word.key()).collect();
        assert_eq!(keys.len(), Word::ALL.len());
        for word in Word::ALL {
            assert_eq!(
                placeholders(word.default_text(Language::Ja)),
                placeholders(word.default_text(Language::En)),
                "{}",
                word.key()
            );
            assert_eq!(Word::of_key(word.key()), Some(*word));
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let wording = Wording::of(Language::En);
        let filled = wording.fill(
            Word::SideWithEvent,
            &[("side", "Buy"), ("event", "{side} & more")],
        );
        assert_eq!(filled, "Buy ({side} & more)");
    }
}
