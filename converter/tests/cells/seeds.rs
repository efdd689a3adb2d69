//! What the fuzz target began with and what it found once, so that it stays mended where nobody fuzzes.

use std::path::Path;

use crate::document::World;

#[test]
fn every_seed_is_shown_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/rows_to_workbook");
    let mut world = World::new();
    let mut shown = 0;
    for seed in std::fs::read_dir(seeds).unwrap() {
        let seed = seed.unwrap().path();
        let name = seed.file_name().unwrap().to_string_lossy().into_owned();
        let made = world.check(&std::fs::read(&seed).unwrap());
        // The name says which.
        assert_eq!(
            made.is_err(),
            name.starts_with("refused"),
            "{name}: {made:?}"
        );
        shown += u32::from(made.is_ok());
    }
    assert!(shown > 0, "no seed reaches a workbook");
}
