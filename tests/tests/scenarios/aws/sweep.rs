//! What Batch loses, the sweep settles.
