# Every target does its own set-up on a machine with a Rust toolchain and make.

.PHONY: demo build images test image-test terraform-test supply-chain fuzz bench bench-docs kills mutants fmt lint lint-docs

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

# Every test, on every engine. Starts a PostgreSQL of its own, opens workbooks in LibreOffice and a dozen libraries, and holds AWS
# requests against AWS's own model of its services; installs Debian's packages for what is missing, and Python's and npm's below target/.
test:
	cargo build --workspace --locked
	tests/with-postgres.sh tests/with-office.sh tests/with-readers.sh tests/with-botocore.sh cargo test --workspace --locked

# The Terraform module, without AWS. Needs terraform 1.9 or newer; takes the provider from a filesystem mirror
# (TF_PLUGIN_MIRROR, or a usual place) or else from the registry, and installs jq, and its checkers below target/.
terraform-test:
	tests/terraform-test.sh

# Hostile rows, for a while. What it finds is in fuzz/artifacts; a copy in fuzz/seeds makes it a test of `make test`. Stable
# Rust will do without a sanitizer: there is no unsafe code to watch. Building takes some minutes the first time.
FUZZ_SECONDS ?= 60
fuzz:
	cargo fuzz --version || cargo install cargo-fuzz --locked
	mkdir -p fuzz/corpus/rows_to_workbook
	cd fuzz && cargo fuzz run --sanitizer none --codegen-units 16 rows_to_workbook corpus/rows_to_workbook seeds/rows_to_workbook -- \
		-dict=rows_to_workbook.dict -len_control=10 -max_total_time=$(FUZZ_SECONDS)

fmt:
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

lint:
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# Markdown, links, spelling, shell scripts, the CI workflow. Installs its programs below target/.
lint-docs:
	tests/lint-docs.sh

# What comes from others: advisories, licences, duplicates, sources and unused dependencies. Installs its programs below target/.
supply-chain:
	tests/supply-chain.sh

# How fast it is, beside other libraries in the same run: half an hour on two cores, or a part of it, PART=big, small, growth,
# figures, instructions or enqueue. bench-docs puts the figures into README.md and docs/speed.md, whose tables come from nowhere else.
# Installs Debian's packages for what it measures beside and with, and Python's below target/.
PART ?= all
bench bench-docs:
	cargo build --release --locked
	tests/with-postgres.sh tests/with-bench-peers.sh cargo bench -p tests --locked --bench month_end -- \
		$(if $(filter bench-docs,$@),--docs )$(PART)

# Enqueuers, sweeps and converters killed at random moments, with either database, on this machine and on AWS: KILLS of each, all
# from one seed. The suite does it with fewer. Takes five minutes.
KILLS ?= 300
KILLS_SEED ?= 20261201
kills:
	cargo build --workspace --locked
	TEST_KILLS=$(KILLS) TEST_KILLS_SEED=$(KILLS_SEED) tests/with-postgres.sh tests/with-botocore.sh \
		cargo test -p tests --locked --test scenarios killed_at_random_moments -- --nocapture --test-threads 2

# Breaks the gate's code in every way that cargo-mutants knows, and what the enqueuer finds out for rule `agreement`: each must fail a
# test. Takes ten minutes, and an hour more for the enqueuer, whose queries only scenarios see.
mutants:
	cargo mutants --version >/dev/null 2>&1 || cargo install --locked cargo-mutants
	cargo mutants -p converter -f 'converter/src/gate/**/*.rs' --output target -- --lib gate
	cargo mutants -p common -f common/src/agreement.rs --output target -- --lib agreement
	CARGO='$(CURDIR)/tests/cargo-with-programs.sh' tests/with-postgres.sh cargo-mutants mutants -p enqueuer \
		-f 'enqueuer/src/agreement/**/*.rs' --test-package enqueuer,tests --output target -- agreement

# Both images, and what is in them, and a month end in one: images/README.md.
images image-test:
	images/with-buildah.sh images/$(if $(filter images,$@),build,test).sh
