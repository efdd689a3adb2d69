//! Rule 3, cash: per currency and pocket, the opening snapshot and the movements after it up to the closing snapshot make
//! the closing snapshot.

use common::Result;
use common::currency::Currency;
use common::profile::Rule;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Gate;
use crate::rows::cash::CashBalance;
use crate::rows::opening::Opening;

/// The roll-forward of a document's cash, added up as its movements go by.
#[derive(Debug)]
pub struct CashRoll {
    opening: Opening,
    closing: Option<Date>,
    /// There are as many as an account has currencies and pockets.
    pockets: Vec<Pocket>,
    /// Movements that no snapshot proves.
    after_closing: u64,
}

/// One currency and pocket.
#[derive(Debug)]
struct Pocket {
    currency: Currency,
    name: Box<str>,
    opening: Decimal,
    moved: Decimal,
    closing: Decimal,
}

impl CashRoll {
    /// Balances are those of the opening snapshot, if there is one, and of the closing one.
    pub fn new(
        opening: Opening,
        opening_balances: &[CashBalance],
        closing: Option<Date>,
        closing_balances: &[CashBalance],
    ) -> Self {
        let mut roll = Self {
            opening,
            closing,
            pockets: Vec::new(),
            after_closing: 0,
        };
        for balance in opening_balances {
            roll.pocket(balance.currency, &balance.pocket).opening += balance.amount;
        }
        for balance in closing_balances {
            roll.pocket(balance.currency, &balance.pocket).closing += balance.amount;
        }
        roll
    }

    /// A movement after the opening snapshot.
    pub fn add(&mut self, currency: Currency, pocket: &str, booked_on: Date, amount: Decimal) {
        if self.closing.is_some_and(|closing| booked_on > closing) {
            self.after_closing += 1;
        } else {
            self.pocket(currency, pocket).moved += amount;
        }
    }

    /// Checks every pocket, and says what no snapshot proves.
    pub fn check(mut self, gate: &mut Gate) -> Result<()> {
        let rule = Rule::Cash;
        if self.pockets.is_empty() && self.after_closing == 0 {
            // No cash is shown: there is nothing to prove.
            return Ok(());
        }
        let Some(closing) = self.closing else {
            gate.not_proven(rule, "the period has no closing snapshot of cash");
            return Ok(());
        };
        let since = match self.opening {
            Opening::Unknown => {
                let why =
                    "there is no snapshot of cash before the period, and the account is older";
                gate.not_proven(rule, why);
                return Ok(());
            }
            Opening::Snapshot(as_of) => format!(" of {as_of}"),
            Opening::Nothing => String::new(),
        };
        self.pockets
            .sort_by(|a, b| (a.currency, &a.name).cmp(&(b.currency, &b.name)));
        for pocket in &self.pockets {
            let Pocket {
                currency,
                name,
                opening,
                moved,
                closing: held,
            } = pocket;
            let expected = opening + moved;
            if *held == expected {
                continue;
            }
            gate.broken(
                rule,
                format!(
                    "{currency}, pocket {name}: opening{since} {opening} + movements {moved} = {expected}, but the closing \
                     snapshot of {closing} holds {held}, a difference of {}",
                    held - expected
                ),
            )?;
        }
        if self.after_closing > 0 {
            let movements = self.after_closing;
            gate.not_proven(
                rule,
                &format!("{movements} movements after the closing snapshot of {closing}"),
            );
        }
        Ok(())
    }

    fn pocket(&mut self, currency: Currency, name: &str) -> &mut Pocket {
        let same = |pocket: &Pocket| pocket.currency == currency && *pocket.name == *name;
        // Movements come pocket by pocket: the newest one is looked at first.
        let index = self.pockets.iter().rposition(same).unwrap_or_else(|| {
            self.pockets.push(Pocket {
                currency,
                name: name.into(),
                opening: Decimal::ZERO,
                moved: Decimal::ZERO,
                closing: Decimal::ZERO,
            });
            self.pockets.len() - 1
        });
        &mut self.pockets[index]
    }
}

#[cfg(test)]
mod tests {
    use common::profile::Policies;
    use common::statement::parse_date;

    use super::*;

    const OPENED: &str = "2026-09-30";
    const CLOSED: &str = "2026-10-30";

    fn day(text: &str) -> Date {
        parse_date(text).unwrap()
    }

    fn jpy() -> Currency {
        Currency::from_code("JPY").unwrap()
    }

    fn balance(currency: &str, pocket: &str, amount: i64) -> CashBalance {
        CashBalance {
            currency: Currency::from_code(currency).unwrap(),
            pocket: pocket.into(),
            amount: amount.into(),
            fx_rate: None,
        }
    }

    /// What the gate says of the movements of yen in the deposit pocket.
    fn checked(
        opening: Opening,
        opened_with: &[CashBalance],
        closed_with: Option<&[CashBalance]>,
        movements: &[(&str, i64)],
    ) -> Result<Option<String>> {
        let closing = closed_with.map(|_| day(CLOSED));
        let closed_with = closed_with.unwrap_or_default();
        let mut roll = CashRoll::new(opening, opened_with, closing, closed_with);
        for (booked_on, amount) in movements {
            roll.add(jpy(), "deposit", day(booked_on), (*amount).into());
        }
        let mut gate = Gate::new(Policies::default());
        roll.check(&mut gate)?;
        Ok(gate.into_warning().map(|warning| warning.text))
    }

    fn snapshot() -> Opening {
        Opening::Snapshot(day(OPENED))
    }

    #[test]
    fn opening_and_movements_make_the_closing_balance() {
        let said = checked(
            snapshot(),
            &[balance("JPY", "deposit", 1000), balance("USD", "mrf", 5)],
            Some(&[balance("JPY", "deposit", 1150), balance("USD", "mrf", 5)]),
            &[("2026-10-01", 200), ("2026-10-30", -50)],
        );
        assert_eq!(said.unwrap(), None);
    }

    #[test]
    fn a_break_names_both_sides_and_the_difference() {
        let refused = checked(
            snapshot(),
            &[balance("JPY", "deposit", 1000)],
            Some(&[balance("JPY", "deposit", 1149)]),
            &[("2026-10-01", 150)],
        )
        .unwrap_err();
        assert_eq!(refused.cause(), "cash");
        assert_eq!(
            refused.to_string(),
            "JPY, pocket deposit: opening of 2026-09-30 1000 + movements 150 = 1150, but the closing snapshot of \
             2026-10-30 holds 1149, a difference of -1"
        );
    }

    #[test]
    fn a_pocket_that_only_one_side_has_is_checked_too() {
        for (opened_with, closed_with) in [
            (vec![balance("JPY", "mrf", 7)], vec![]),
            (vec![], vec![balance("JPY", "mrf", 7)]),
            (vec![balance("JPY", "a", 7)], vec![balance("JPY", "b", 7)]),
            (vec![balance("JPY", "a", 7)], vec![balance("USD", "a", 7)]),
        ] {
            let refused = checked(snapshot(), &opened_with, Some(&closed_with), &[]);
            assert!(refused.is_err(), "{opened_with:?} {closed_with:?}");
        }
        let moved_only = checked(snapshot(), &[], Some(&[]), &[("2026-10-01", 1)]);
        assert!(moved_only.is_err());
        // An account that is not older than the period began with nothing.
        let begun = checked(
            Opening::Nothing,
            &[],
            Some(&[balance("JPY", "deposit", 1)]),
            &[("2026-10-01", 1)],
        );
        assert_eq!(begun.unwrap(), None);
    }

    #[test]
    fn what_no_snapshot_proves_is_said() {
        let closed_with = [balance("JPY", "deposit", 9)];
        let said = checked(Opening::Unknown, &[], Some(&closed_with), &[]).unwrap();
        assert!(said.unwrap().contains("the account is older"));
        let said = checked(snapshot(), &[], None, &[("2026-10-01", 1)]).unwrap();
        assert!(said.unwrap().contains("no closing snapshot"));
        let nothing_shown = checked(Opening::Unknown, &[], None, &[]).unwrap();
        assert_eq!(nothing_shown, None);
        let late = [("2026-10-31", 1), ("2026-10-31", 2)];
        let said = checked(snapshot(), &closed_with, Some(&closed_with), &late).unwrap();
        assert_eq!(
            said.unwrap(),
            "cash: not proven: 2 movements after the closing snapshot of 2026-10-30"
        );
    }
}
