//! Rows of the source → workbook: bad data or a workbook that shows every text and number of its rows, never a panic.

#![no_main]

#[path = "../document/mod.rs"]
mod document;

use std::cell::RefCell;

use document::World;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

fuzz_target!(|input: &[u8]| {
    // Bad data is a good answer, too.
    let _ = WORLD.with_borrow_mut(|world| world.check(input));
});
