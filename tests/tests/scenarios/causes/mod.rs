//! What passes by itself is never bad data: locks, ended sessions, poolers, proxies, shared databases and passwords.

mod locks;
mod migrations;
mod passwords;
mod pooler;
mod proxy;
mod states;
