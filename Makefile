# `make` or `make help` lists what there is. Every target sets the machine up first (scripts/setup).
.DEFAULT_GOAL := help
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: ## Install what is missing: uv, the locked packages, Tesseract
	@./scripts/setup

.PHONY: setup-bench
setup-bench:
	@./scripts/setup --bench

# --- the product ---

.PHONY: run
run: setup ## Start the whole fleet on this machine; Ctrl-C stops it
	@$(BIN)/python -m automateiq_local run

.PHONY: demo
demo: setup ## Start the fleet and take the sample documents through it
	@$(BIN)/python -m automateiq_local demo

# --- checks ---

.PHONY: test
test: setup ## Run all tests
	$(BIN)/pytest

EASYOCR := .venv-easyocr

.PHONY: setup-easyocr
setup-easyocr:
	@./scripts/setup --easyocr

.PHONY: test-easyocr
test-easyocr: setup-easyocr ## Test the extra engine EasyOCR (installs 6 GB into an environment of its own)
	$(EASYOCR)/bin/pytest services/ai-ocr/tests/extras

.PHONY: train-easyocr
train-easyocr: setup-easyocr ## Train the small network that EasyOCR is tested with (half an hour)
	$(EASYOCR)/bin/python services/ai-ocr/training/easyocr/train.py

.PHONY: lint
lint: setup ## Check style, import rules and protos
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	cd protos && ../$(BIN)/buf lint && ../$(BIN)/buf breaking --against released.binpb

.PHONY: types
types: setup ## Check types (mypy, strict)
	$(BIN)/mypy libs/core/src $(wildcard services/*/src) deploy/local/src

.PHONY: protos
protos: setup ## Generate the stubs from the protos
	$(BIN)/python protos/scripts/generate.py

.PHONY: protos-release
protos-release: setup ## Take the protos as they are for what `make lint` compares with
	cd protos && ../$(BIN)/buf build -o released.binpb

.PHONY: settings
settings: setup ## Write the table of settings in docs/operations.md
	$(BIN)/python scripts/settings_table.py

# --- benchmarks; each ends with one line of JSON ---

.PHONY: bench-start
bench-start: setup-bench ## Time from start to all healthy, and idle memory
	@$(BIN)/python benchmarks/start

.PHONY: bench-gateway
bench-gateway: setup-bench ## A document read through the fleet beside a bare FastAPI program
	@$(BIN)/python benchmarks/gateway

.PHONY: bench-pipeline
bench-pipeline: setup-bench ## Documents processed a minute beside plain Tesseract
	@$(BIN)/python benchmarks/pipeline

.PHONY: bench-documents
bench-documents: setup-bench ## How well documents are read, beside plain engines and invoice2data
	@$(BIN)/python benchmarks/documents

.PHONY: bench-workers
bench-workers: setup-bench ## Recognition processes: throughput, a queue of 1,000 pages, memory over 500 documents
	@$(BIN)/python benchmarks/workers
# --- models ---

.PHONY: train-ranker
train-ranker: setup ## Train extraction's rankers and confidences (AUTOMATEIQ_BENCH_DATA: folder with docai/)
	@$(BIN)/python services/ai-ocr/training/ranker

# --- order ---

.PHONY: clean
clean: ## Delete what is built or cached; the local stack's data (.local) stays
	rm -rf build dist .venv .venv-easyocr .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage \
		benchmarks/.work
	find . -name __pycache__ -type d -not -path './.local/*' -prune -exec rm -rf {} +
