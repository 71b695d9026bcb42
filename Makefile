SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build tag test cost parity zero-shot docs lint format check-onednn3 test-mpi

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

build: setup ## Builds the command: .build/release/epanns
	swift build -c release --product epanns

tag: build ## Tags a clip: make tag MODEL=mn04_as_mAP_432.pt [CLIP=FILE]
	.build/release/epanns tag $(if $(MODEL),--model '$(MODEL)') '$(CLIP)'

test: setup ## Runs all tests, or some: make test [FILTER=LogMel]; EPANNS_TEST_DATA=FOLDER adds those on real data
	swift test -c release --disable-testable-imports $(if $(FILTER),--filter '$(FILTER)')

test-mpi: setup ## Runs the tests of several processes under mpirun: a build with the trait MPI, in .build-mpi
	@pkg-config --exists ompi-c && command -v mpirun >/dev/null \
		|| { echo 'Open MPI is missing: apt-get install libopenmpi-dev openmpi-bin' >&2; exit 1; }
	swift test -c release --disable-testable-imports --traits MPI --scratch-path .build-mpi \
		--filter '$(or $(FILTER),MPITests|WorkShareTests|SharedTrainingTests|CommunicatorTests|CoreShareTests|TagTests)'

cost: build ## Prints parameters, operations and bytes of every architecture
	.build/release/epanns info

# The reference scripts need PyTorch: pip install -r Tools/reference/requirements.txt
PYTHON ?= python3
FULL_SIZE ?= .build/full-size

parity: build ## Compares full-size random-weight networks with PyTorch: make parity PYTHON=venv/bin/python
	test -f '$(FULL_SIZE)/index.json' || '$(PYTHON)' Tools/reference/full_size.py '$(FULL_SIZE)'
	'$(PYTHON)' Tools/reference/compare.py .build/release/epanns '$(FULL_SIZE)'

zero-shot: build ## Tags ESC-10 and counts: make zero-shot MODEL=mn04_as_mAP_432.pt ESC10=FOLDER PYTHON=…
	.build/release/epanns tag $(if $(MODEL),--model '$(MODEL)') --precision fp32 -k 527 -f jsonl '$(ESC10)' > .build/esc10.jsonl
	'$(PYTHON)' Tools/reference/zero_shot.py .build/esc10.jsonl '$(ESC10)/esc10.csv' --map esc10 --minimum 0.95

docs: setup ## Builds the documentation of every public target; a warning is an error
	swift package -c release generate-documentation --warnings-as-errors $(PUBLIC_TARGETS:%=--target %)

lint: ## Checks the format of all Swift files, and what comments and pages refer to
	Tools/check-references
	swift format lint --strict -r $(FORMATTED)

format: ## Formats all Swift files
	swift format -i -r $(FORMATTED)

check-onednn3: setup ## Runs the parity tests against oneDNN 3.2 from PyPI
	Tools/check-onednn3.sh
