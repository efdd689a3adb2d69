//! In which order size classes are submitted.

use std::collections::VecDeque;

/// AWS Batch's limit of an array job's children.
pub const MAX_SLOTS: u32 = 10_000;

/// What is to be submitted, in lines: a size class, packed or not.
///
/// Batch begins jobs in the order of their submission. As long as only processors are scarce, the heaviest class goes first and whole.
/// Where connections are counted, every converter takes the same number of them whatever its class, so that one class would have the whole
/// database for hours: there the lines take turns, each with its class's share of the converters that run at a time, until one is left.
pub struct Turns<T> {
    lines: VecDeque<T>,
    /// Slots of a job while lines take turns.
    share: Option<u32>,
}

impl<T> Turns<T> {
    /// Lines, the heaviest first. `converters`: so many run at a time, where connections are counted.
    pub fn new(
        lines: impl IntoIterator<Item = T>,
        classes: usize,
        converters: Option<u32>,
    ) -> Self {
        let classes = u32::try_from(classes).unwrap_or(u32::MAX).max(1);
        Self {
            lines: lines.into_iter().collect(),
            share: converters.map(|converters| (converters / classes).clamp(1, MAX_SLOTS)),
        }
    }

    /// Whose turn it is, and how many slots its job may have.
    pub fn next(&mut self) -> Option<(T, u32)> {
        let line = self.lines.pop_front()?;
        let share = self.share.filter(|_| !self.lines.is_empty());
        Some((line, share.unwrap_or(MAX_SLOTS)))
    }

    /// There may be more of this line.
    pub fn again(&mut self, line: T) {
        match self.share {
            Some(_) => self.lines.push_back(line),
            None => self.lines.push_front(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs as classes and slots, of so many documents per class, a slot each.
    fn jobs(documents: [u32; 3], converters: Option<u32>) -> Vec<(usize, u32)> {
        let lines = documents.into_iter().enumerate();
        let mut turns = Turns::new(lines, documents.len(), converters);
        let mut jobs = Vec::new();
        while let Some(((class, left), most)) = turns.next() {
            let slots = left.min(most);
            if slots > 0 {
                jobs.push((class, slots));
                turns.again((class, left - slots));
            }
        }
        jobs
    }

    #[test]
    fn the_heaviest_class_is_submitted_first_and_whole() {
        let expected = [(0, 7), (1, 10_000), (1, 5), (2, 20)];
        assert_eq!(jobs([7, 10_005, 20], None), expected);
    }

    #[test]
    fn where_connections_are_counted_classes_take_turns_until_one_is_left() {
        let expected = [
            (0, 3),
            (1, 3),
            (2, 3),
            (0, 2),
            (1, 1),
            (2, 3),
            (2, 10_000),
            (2, 94),
        ];
        assert_eq!(jobs([5, 4, 10_100], Some(10)), expected);
        // Fewer converters than classes: still one after the other.
        assert_eq!(jobs([2, 1, 0], Some(1)), [(0, 1), (1, 1), (0, 1)]);
    }
}
