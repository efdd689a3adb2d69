# Every target does its own set-up on a machine with a Rust toolchain and make.

.PHONY: demo test bench build fmt lint mutants

# A month end of a thousand sample customers: SQLite, a local directory, local processes. Made anew each time, apart from
# whatever you loaded.
demo: export DATABASE_URL = sqlite://var/demo/statements.db
demo: export STORE_URL = file:var/demo/statements
demo:
	cargo build --profile demo --locked
	rm -rf var/demo
	target/demo/enqueuer demo

build:
	cargo build --release --locked

# Every test, on every engine. Starts a PostgreSQL of its own, opens workbooks in LibreOffice and openpyxl; installs
# Debian's packages for what is missing.
test:
	cargo build --workspace --locked
	tests/with-postgres.sh tests/with-office.sh cargo test --workspace --locked

fmt:
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# The figures of README: ratios within one run. Takes some minutes.
bench:
	cargo build --release --locked
	tests/with-postgres.sh cargo bench -p tests --locked

# Breaks the gate's code in every way that cargo-mutants knows: each must fail a test. Takes ten minutes.
mutants:
	cargo mutants --version >/dev/null 2>&1 || cargo install --locked cargo-mutants
	cargo mutants -p converter -f 'converter/src/gate/*.rs' --output target -- --lib gate
