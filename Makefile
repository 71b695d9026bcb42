SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build install uninstall tag test cost parity zero-shot docs lint format check-onednn3 \
	check-snippets test-mpi test-sanitize

# What `make tag` runs: a model's file, or the name of a downloaded one, and what to listen to.
MODEL ?=
CLIP ?= Examples/alarm-then-siren.flac
# What `make test` runs; empty for all. No test needs testable imports, and without them tests and command share one build.
FILTER ?=

PUBLIC_TARGETS := EPANNs EPANNsCore EPANNsGraph EPANNsAudio EPANNsModels EPANNsRuntime EPANNsHub EPANNsData \
	EPANNsTraining EPANNsEvaluation EPANNsReports EPANNsPruning
FORMATTED := Package.swift Sources Tests Snippets $(wildcard Benchmarks)

help: ## Lists what there is to make
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: ## Installs the C libraries that are missing (apt-get), or says which ones
	@Tools/setup.sh

# Without symbols and debug sections: a fifth of the size, and nothing that a user needs.
STRIPPED := -Xlinker -s
# More for the build: FLAGS=--disable-default-traits leaves out the built-in model, --static-swift-stdlib makes a file
# that runs where Swift is not installed.
FLAGS ?=
BUILD := swift build -c release --product epanns $(STRIPPED) $(FLAGS)

build: setup ## Builds the command: .build/release/epanns
	$(BUILD)

# Where `make install` puts things; DESTDIR goes before it, for making packages.
PREFIX ?= /usr/local
DESTDIR ?=
bindir := $(DESTDIR)$(PREFIX)/bin
sharedir := $(DESTDIR)$(PREFIX)/share
COMPLETIONS := $(sharedir)/bash-completion/completions/epanns $(sharedir)/zsh/site-functions/_epanns \
	$(sharedir)/fish/vendor_completions.d/epanns.fish

install: ## Installs the command built by `make build`, with completions: make install [PREFIX=$$HOME/.local]
	@test -x .build/release/epanns || { echo 'Nothing is built yet: make build' >&2; exit 1; }
	@mkdir -p '$(bindir)' $(dir $(COMPLETIONS))
	install -m 755 .build/release/epanns '$(bindir)/epanns'
	@for shell in bash zsh fish; do \
		case $$shell in \
		bash) file='$(word 1,$(COMPLETIONS))' ;; zsh) file='$(word 2,$(COMPLETIONS))' ;; \
		fish) file='$(word 3,$(COMPLETIONS))' ;; esac; \
		.build/release/epanns --generate-completion-script $$shell > "$$file"; chmod 644 "$$file"; done
	@echo 'Installed $(PREFIX)/bin/epanns; completions for bash, zsh and fish lie in $(PREFIX)/share.'
	@case ":$$PATH:" in *':$(PREFIX)/bin:'*) ;; *) echo '$(PREFIX)/bin is not in PATH yet.' ;; esac

uninstall: ## Removes what `make install` put there
	rm -f '$(bindir)/epanns' $(COMPLETIONS)

tag: build ## Tags a clip: make tag MODEL=mn04_as_mAP_432.pt [CLIP=FILE]
	.build/release/epanns tag $(if $(MODEL),--model '$(MODEL)') '$(CLIP)'

test: setup ## Runs all tests, or some: make test [FILTER=LogMel]; EPANNS_TEST_DATA=FOLDER adds those on real data
	swift test -c release --disable-testable-imports $(if $(FILTER),--filter '$(FILTER)')

test-mpi: setup ## Runs the tests of several processes under mpirun: a build with the trait MPI, in .build-mpi
	@pkg-config --exists ompi-c && command -v mpirun >/dev/null \
		|| { echo 'Open MPI is missing: apt-get install libopenmpi-dev openmpi-bin' >&2; exit 1; }
	swift test -c release --disable-testable-imports --traits MPI --scratch-path .build-mpi \
		--filter '$(or $(FILTER),MPITests|WorkShareTests|SharedTrainingTests|CommunicatorTests|CoreShareTests|TagTests)'

test-sanitize: setup ## Runs the tests of readers and C code under the address sanitizer, in .build-sanitize
	Tools/test-sanitize.sh $(if $(FILTER),'$(FILTER)')

cost: build ## Prints parameters, operations and bytes of every architecture
	.build/release/epanns info

# The reference scripts need PyTorch: pip install -r Tools/reference/requirements.txt
PYTHON ?= python3
FULL_SIZE ?= .build/full-size

parity: build ## Compares full-size random-weight networks with PyTorch: make parity PYTHON=venv/bin/python
	test -f '$(FULL_SIZE)/index.json' || '$(PYTHON)' Tools/reference/full_size.py '$(FULL_SIZE)'
	'$(PYTHON)' Tools/reference/compare.py .build/release/epanns '$(FULL_SIZE)'

zero-shot: build ## Tags ESC-10 and counts: make zero-shot MODEL=mn04_as_mAP_432.pt ESC10=FOLDER PYTHON=…
	.build/release/epanns tag $(if $(MODEL),--model '$(MODEL)') --precision fp32 -k 527 --threshold 0 -f jsonl '$(ESC10)' > .build/esc10.jsonl
	'$(PYTHON)' Tools/reference/zero_shot.py .build/esc10.jsonl '$(ESC10)/esc10.csv' --map esc10 --minimum 0.95

docs: setup ## Builds the documentation of every public target; a warning is an error
	swift package -c release generate-documentation --warnings-as-errors $(PUBLIC_TARGETS:%=--target %)

SHELL_SCRIPTS = $(shell git ls-files '*.sh') .ci/run
PYTHON_SCRIPTS = $(shell git ls-files '*.py') $(shell git grep -l '^\#!.*python3' -- ':!*.py')

lint: ## Checks the format of all Swift files, the scripts for mistakes, and what comments and pages refer to
	Tools/check-references
	swift format lint --strict -r $(FORMATTED)
	@if command -v shellcheck >/dev/null; then shellcheck -x -P SCRIPTDIR $(SHELL_SCRIPTS); \
		else echo 'shellcheck is missing, shell scripts were not looked at: Tools/setup.sh --lint' >&2; fi
	@if command -v pyflakes3 >/dev/null; then pyflakes3 $(PYTHON_SCRIPTS); \
		else echo 'pyflakes3 is missing, Python scripts were not looked at: Tools/setup.sh --lint' >&2; fi

format: ## Formats all Swift files
	swift format -i -r $(FORMATTED)

check-snippets: ## Compiles the Swift code of the README and the documentation, against the release build that is there
	Tools/check-snippets

check-onednn3: setup ## Runs the parity tests against oneDNN 3.2 from PyPI
	Tools/check-onednn3.sh
