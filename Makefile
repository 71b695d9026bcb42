SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build tag test docs lint format check-onednn3

# What `make tag` runs: a model's file, or the name of a downloaded one, and what to listen to.
MODEL ?=
CLIP ?= Examples/alarm-then-siren.flac
# What `make test` runs; empty for all. No test needs testable imports, and without them tests and command share one build.
FILTER ?=

PUBLIC_TARGETS := EPANNs EPANNsGraph EPANNsAudio EPANNsModels EPANNsRuntime EPANNsHub
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

docs: setup ## Builds the documentation of every public target; a warning is an error
	swift package -c release generate-documentation --warnings-as-errors $(PUBLIC_TARGETS:%=--target %)

lint: ## Checks the format of all Swift files
	swift format lint --strict -r $(FORMATTED)

format: ## Formats all Swift files
	swift format -i -r $(FORMATTED)

check-onednn3: setup ## Runs the parity tests against oneDNN 3.2 from PyPI
	Tools/check-onednn3.sh
