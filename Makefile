# Entente: every check a change must pass is `make test`.
GO ?= go
# The packages of a partial run: make unit PKG=./internal/fold/...
PKG ?= ./...
FUZZTIME ?= 20s
BENCHTIME ?= 1s

export PATH := $(CURDIR)/.bin:$(PATH)

.PHONY: test check unit build run demo bench fuzz interop generate lint fmt tools clean help

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: tools ## everything: generated code, format, vet, lint, all tests with the race detector, browser and accessibility tests
	@scripts/check-generated.sh
	@scripts/check-format.sh
	$(GO) vet ./...
	@scripts/lint.sh
	@scripts/unit.sh $(PKG)

unit: ## the Go tests alone (PKG=./internal/x/... for some of them)
	@scripts/unit.sh $(PKG)

tools: ## install what the tests need and a new machine lacks
	@scripts/tools.sh

generate: ## regenerate the committed generated code
	@scripts/generate.sh

fmt: ## format Go and templ sources
	gofmt -w $$(git ls-files '*.go' | grep -v '_templ\.go$$')
	@scripts/templ.sh fmt .

lint: ## golangci-lint, at the pinned version
	@scripts/lint.sh

build: ## one static binary: ./entente
	CGO_ENABLED=0 $(GO) build -trimpath -o entente ./cmd/entente

run demo: ## three nodes on this machine: portal, Mexico, United States
	$(GO) run ./cmd/entente demo

bench: ## the benchmarks, as ratios to their yardsticks, against the targets
	@BENCHTIME=$(BENCHTIME) scripts/bench.sh $(PKG)

fuzz: ## every fuzz test for FUZZTIME (20s) each
	@FUZZTIME=$(FUZZTIME) scripts/fuzz.sh $(PKG)

interop: ## hold the program against OASIS's schemas and examples, and stock clients (ENTENTE_CONFORMANCE)
	@scripts/interop.sh

clean: ## remove what the scripts built
	rm -rf .bin entente dist
