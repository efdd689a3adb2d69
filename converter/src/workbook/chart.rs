//! The summary's chart, drawn from the summary's own cells. Each says in an alternative text what it shows, and can be
//! read without colour.

use common::decimal::nearest_f64;
use common::profile::Word;
use common::statement::Language;
use rust_decimal::Decimal;
use rust_xlsxwriter::{
    Chart, ChartDataLabel, ChartDataLabelPosition, ChartFont, ChartFormat, ChartLegendPosition,
    ChartLine, ChartPatternFill, ChartPatternFillType, ChartSolidFill, Color,
};

use super::Heading;
use super::holdings::HoldingFigures;
use super::labels;
use super::style::{Styles, font_name};
use super::summary::{DAY_COLUMNS, LABEL_COLUMN, Rows, VALUE_COLUMN, day};
use super::trades::TradeFigures;
use crate::rows::codes::AssetClass;

const GRID_GREY: Color = Color::RGB(0x00D0_D4DA);
const TEXT_GREY: Color = Color::RGB(0x0040_4040);

/// The number of buys and sells per day, from the rows of the days.
pub fn trades(
    heading: &Heading,
    figures: &TradeFigures,
    styles: &Styles,
    Rows { first, last }: Rows,
) -> Chart {
    let words = heading.words();
    let sheet = words.get(Word::SheetSummary);
    let accent = Color::RGB(styles.accent);
    let solid = ChartFormat::new()
        .set_solid_fill(ChartSolidFill::new().set_color(accent))
        .clone();
    let hatched = ChartFormat::new()
        .set_pattern_fill(
            ChartPatternFill::new()
                .set_pattern(ChartPatternFillType::DiagonalStripesWideUpwards)
                .set_foreground_color(accent)
                .set_background_color(Color::White),
        )
        .set_border(ChartLine::new().set_color(accent).set_width(0.75))
        .clone();
    let mut chart = Chart::new_column();
    let (days, buys, sells) = DAY_COLUMNS;
    for (column, name, mut format) in [
        (buys, Word::SideBuy, solid),
        (sells, Word::SideSell, hatched),
    ] {
        chart
            .add_series()
            .set_name(words.get(name))
            .set_categories((sheet, first, days, last, days))
            .set_values((sheet, first, column, last, column))
            .set_format(&mut format)
            .set_gap(60)
            .set_overlap(0);
    }
    let most = figures.days.values().map(|day| day.buys.max(day.sells));
    let most = most.max().unwrap_or_default();
    let period = heading.document.period;
    let days_of_month = figures.days.keys().all(|day| period.contains(*day));
    chart
        .x_axis()
        .set_text_axis(true)
        .set_num_format(if days_of_month { "d" } else { "m/d" })
        .set_font(&font(words.language, 9));
    if figures.days.len() > 16 {
        chart.x_axis().set_label_interval(2);
    }
    if days_of_month {
        let month = period.first_day().strftime("%Y/%m").to_string();
        let axis = chart.x_axis();
        axis.set_name(&month)
            .set_name_font(&font(words.language, 9));
    }
    chart
        .y_axis()
        .set_min(0)
        .set_major_unit(unit(most))
        .set_num_format("#,##0")
        .set_font(&font(words.language, 9))
        .set_major_gridlines_line(ChartLine::new().set_color(GRID_GREY).set_width(0.5));
    chart
        .legend()
        .set_position(ChartLegendPosition::Bottom)
        .set_font(&font(words.language, 9));
    let (from, to) = (day(period.first_day()), day(period.last_day()));
    let (buys, sells) = (figures.buys.to_string(), figures.sells.to_string());
    let alt = words.fill(
        Word::ChartTradesAlt,
        &[
            ("from", &from),
            ("to", &to),
            ("buys", &buys),
            ("sells", &sells),
        ],
    );
    finish(
        &mut chart,
        words.get(Word::ChartTrades),
        &alt,
        words.language,
    );
    chart
}

/// The valuation by asset class in the base currency, from the rows of the classes; none without a positive value.
pub fn allocation(
    heading: &Heading,
    figures: &HoldingFigures,
    styles: &Styles,
    Rows { first, last }: Rows,
) -> Option<Chart> {
    let words = heading.words();
    let base = heading.account.base_currency;
    let largest = figures.by_class.values().copied().max()?;
    if largest <= Decimal::ZERO {
        return None;
    }
    let sheet = words.get(Word::SheetSummary);
    let accent = Color::RGB(styles.accent);
    // Few bars are no thicker than many.
    let gap = match last - first {
        0 => 300,
        1 => 120,
        _ => 60,
    };
    let mut chart = Chart::new_bar();
    chart
        .add_series()
        .set_categories((sheet, first, LABEL_COLUMN, last, LABEL_COLUMN))
        .set_values((sheet, first, VALUE_COLUMN, last, VALUE_COLUMN))
        .set_format(ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(accent)))
        .set_gap(gap)
        .set_data_label(
            ChartDataLabel::new()
                .show_value()
                .set_position(ChartDataLabelPosition::OutsideEnd)
                .set_num_format(styles.amount_format(base))
                .set_font(&font(words.language, 9)),
        );
    // Of a bar chart the library calls the values' axis x. The first class stands on top.
    chart
        .y_axis()
        .set_reverse()
        .set_font(&font(words.language, 10));
    let values = chart.x_axis();
    values.set_hidden(true).set_major_gridlines(false);
    if figures
        .by_class
        .values()
        .all(|value| *value >= Decimal::ZERO)
    {
        // Bars that begin elsewhere would show other proportions.
        values.set_min(0);
        // Room for the number at the end of the longest bar.
        values.set_max(nearest_f64(largest) * 1.25);
    }
    chart.legend().set_hidden();
    let shares: Vec<String> = AssetClass::ALL
        .into_iter()
        .filter_map(|class| {
            let share = figures.by_class.get(&class)?.checked_div(figures.total)?;
            let percent = (share * Decimal::ONE_HUNDRED).round_dp(1);
            Some(format!(
                "{} {percent}%",
                words.get(labels::asset_class(class))
            ))
        })
        .collect();
    let shares = shares.join(match words.language {
        Language::Ja => "、",
        Language::En => ", ",
    });
    let values = [("currency", base.code()), ("shares", &shares)];
    let alt = words.fill(Word::ChartAllocationAlt, &values);
    let title = match words.language {
        Language::Ja => format!("{}（{base}）", words.get(Word::ChartAllocation)),
        Language::En => format!("{} ({base})", words.get(Word::ChartAllocation)),
    };
    finish(&mut chart, &title, &alt, words.language);
    Some(chart)
}

fn finish(chart: &mut Chart, title: &str, alt: &str, language: Language) {
    let title_font = font(language, 11).set_bold().clone();
    chart.title().set_name(title).set_font(&title_font);
    chart
        .chart_area()
        .set_format(ChartFormat::new().set_border(ChartLine::new().set_color(GRID_GREY)));
    chart.set_alt_text(alt);
}

fn font(language: Language, size: u32) -> ChartFont {
    let mut font = ChartFont::new();
    font.set_name(font_name(language))
        .set_size(size)
        .set_color(TEXT_GREY)
        .unset_bold();
    font
}

/// The step of an axis of whole numbers, with six lines at most.
fn unit(most: u32) -> u32 {
    let steps = (0..).flat_map(|power| [1, 2, 5].map(|step| step * 10_u32.saturating_pow(power)));
    steps
        .take(28)
        .find(|step| most <= step.saturating_mul(6))
        .unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_step_by_whole_numbers() {
        for (most, step) in [
            (0, 1),
            (1, 1),
            (6, 1),
            (7, 2),
            (12, 2),
            (13, 5),
            (31, 10),
            (1_000_000, 200_000),
        ] {
            assert_eq!(unit(most), step, "{most}");
        }
    }
}
