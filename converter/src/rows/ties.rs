//! A total order of rows, also where the gate lets an id occur twice.

use common::contract::Relation;
use common::profile::Rule;
use common::source::Source;

use crate::gate::Gate;

/// What an order by a unique id needs at its end where the gate lets an id occur twice: the same rows must be in the
/// same order every time. Elsewhere nothing, because a million rows would be sorted by it in vain.
pub fn ties(source: &Source, relation: &Relation, gate: &Gate) -> String {
    if gate.refuses(Rule::Shape) {
        String::new()
    } else {
        format!(", {}", source.catalog.select_list(relation))
    }
}
