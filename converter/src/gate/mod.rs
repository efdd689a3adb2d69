//! The gate: nothing is published that is not the account's own or does not add up. A refusal is an error of class
//! `Data`, whose cause is the rule; its message names the exact break.

pub mod identity;
pub mod ownership;
pub mod positions;
pub mod shape;
