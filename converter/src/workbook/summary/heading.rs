//! The top of the summary: title, notices, whose document it is, and who issued it.

use common::profile::{LegalStatus, Word};
use jiff::civil::Date;
use rust_xlsxwriter::{Worksheet, XlsxError};

use super::super::Heading;
use super::grid::{Grid, LABEL, LAST, RIGHT, RIGHT_VALUE, SHARE, VALUE};

/// Pixels of the title's row, which the logo stands in, too.
const TITLE_HEIGHT: u32 = 56;
/// Pixels between blocks.
const SPACER: u32 = 10;
/// The box that a logo is fitted into.
const LOGO_WIDTH: f64 = 220.0;
const LOGO_HEIGHT: f64 = 46.0;

/// Places the top block. Returns the row below it.
pub fn place(grid: &mut Grid, heading: &Heading) -> u32 {
    let title = heading.title();
    grid.height(0, TITLE_HEIGHT);
    grid.text((0, LABEL), RIGHT, title, &grid.looks.title);
    grid.blank((0, RIGHT_VALUE), LAST, &grid.looks.title);
    grid.height(1, SPACER);
    let mut row = notices(grid, heading, 2);
    if row > 2 {
        grid.height(row, SPACER);
        row += 1;
    }
    let row = addressee(grid, heading, row);
    firm(grid, heading, row).max(document(grid, heading, row))
}

/// What must not be overlooked. Returns the row below.
fn notices(grid: &mut Grid, heading: &Heading, mut row: u32) -> u32 {
    let (words, looks) = (grid.words, grid.looks);
    let mut notice = |text: String| {
        grid.text((row, LABEL), LAST, text, &looks.notice);
        row += 1;
    };
    if heading.is_draft {
        notice(words.get(Word::Draft).to_owned());
    }
    if heading.profile.is_sample {
        notice(words.get(Word::Sample).to_owned());
    }
    if heading.profile.legal_status == LegalStatus::Reference {
        notice(words.get(Word::NotStatutory).to_owned());
    }
    if let Some(correction) = &heading.correction {
        let revision = heading.document.revision;
        let values = [
            ("revision", revision.to_string()),
            ("replaced", revision.saturating_sub(1).to_string()),
            ("replaced_on", day(correction.replaced_on)),
        ];
        notice(
            words.fill(
                Word::Correction,
                &values
                    .each_ref()
                    .map(|(name, value)| (*name, value.as_str())),
            ),
        );
        if let Some(note) = &correction.customer_note {
            grid.field((row, LABEL), LAST, Word::CustomerNote, note);
            row += 1;
        }
    }
    row
}

/// Whose document it is: names and addresses may be long, and have the whole width. Returns the row below.
fn addressee(grid: &mut Grid, heading: &Heading, mut row: u32) -> u32 {
    let account = &heading.account;
    for (word, text) in [
        (Word::Holder, Some(&account.holder_name)),
        (Word::Address, account.postal_address.as_ref()),
    ] {
        if let Some(text) = text {
            grid.field((row, LABEL), LAST, word, &**text);
            row += 1;
        }
    }
    row
}

/// Which document it is. Returns the row below.
fn document(grid: &mut Grid, heading: &Heading, row: u32) -> u32 {
    let (words, looks) = (grid.words, grid.looks);
    let document = &heading.document;
    let (from, to) = (
        day(document.period.first_day()),
        day(document.period.last_day()),
    );
    let period = words.fill(Word::PeriodRange, &[("from", &from), ("to", &to)]);
    let number = &*heading.account.account_no;
    grid.field((row, LABEL), SHARE, Word::AccountNumber, number);
    grid.field((row + 1, LABEL), SHARE, Word::Period, period);
    for (row, word, date) in [
        (row + 2, Word::AsOf, heading.as_of),
        (row + 3, Word::IssuedOn, heading.issued_on),
    ] {
        grid.text((row, LABEL), LABEL, words.get(word), &looks.label_top);
        grid.date((row, VALUE), date, &looks.value_date);
    }
    grid.field(
        (row + 4, LABEL),
        SHARE,
        Word::DocumentId,
        document.to_string(),
    );
    row + 5
}

/// Who issued it. Returns the row below.
fn firm(grid: &mut Grid, heading: &Heading, row: u32) -> u32 {
    let firm = &heading.profile.firm;
    let language = grid.words.language;
    for (row, word, text) in [
        (row, Word::Firm, &firm.name),
        (row + 1, Word::Registration, &firm.registration),
        (row + 2, Word::Contact, &firm.contact),
    ] {
        grid.field((row, RIGHT), LAST, word, text.pick(language));
    }
    row + 3
}

/// The firm's logo, in the corner opposite the title.
pub fn write_logo(sheet: &mut Worksheet, grid: &Grid, heading: &Heading) -> Result<(), XlsxError> {
    let Some(logo) = &grid.styles.logo else {
        return Ok(());
    };
    let name = heading.profile.firm.name.pick(grid.words.language);
    let alt = grid.words.fill(Word::LogoAlt, &[("firm", name)]);
    // In pixels of the sheet; a logo's own are smaller or larger by its resolution.
    let (width, height) = (
        logo.width() * 96.0 / logo.width_dpi(),
        logo.height() * 96.0 / logo.height_dpi(),
    );
    let scale = (LOGO_WIDTH / width).min(LOGO_HEIGHT / height).min(1.0);
    let (width, height) = (pixels(width * scale), pixels(height * scale));
    let logo = logo.clone();
    let logo = logo.set_scale_width(scale).set_scale_height(scale);
    let left = grid.pixels(LABEL, LAST).saturating_sub(width + 2);
    // Above the title's rule.
    let top = (TITLE_HEIGHT - 6).saturating_sub(height) / 2;
    sheet.insert_image_with_offset(0, 0, &logo.set_alt_text(alt), left, top)?;
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "fitted into the logo's box"
)]
fn pixels(size: f64) -> u32 {
    size.ceil().clamp(0.0, LOGO_WIDTH) as u32
}

pub fn day(date: Date) -> String {
    date.strftime("%Y/%m/%d").to_string()
}
