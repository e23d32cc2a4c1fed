# Gridweave: one command a chore. `make demo` and `make test` set up everything they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# PROJ is compiled from source, hence a compiler, CMake and sqlite3; the browser and GDAL are for tests only.
BUILD_PACKAGES := cmake g++ make pkg-config sqlite3
TEST_PACKAGES := chromium gdal-bin fonts-dejavu-core
CARGO := cargo
BINARY := target/debug/gridweave
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path 'web/test-results/*' 2>/dev/null)

.PHONY: help demo test check bench bless packages test-packages web binary test-rust test-web test-browser fmt clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: binary ## build, make a synthetic district, serve it and print the address
	$(BINARY) demo

test: test-rust test-web test-browser ## all tests: Rust, web, browser

check: web/node_modules/.done web ## format, lints with warnings denied, docs without warnings, web lint and types
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --locked
	cd web && npm run lint && npm run types && npm run check:floor

bench: binary ## measure the engines beside their peers, and the start from nothing to an idle map
	$(CARGO) bench --profile dev --locked
	cd web && npm run bench:start

bless: binary ## accept what changed: the API description, the TypeScript types made from it, golden files
	$(BINARY) openapi > web/openapi.json
	cd web && npm run types:api
	GRIDWEAVE_BLESS=1 $(CARGO) test --locked --test golden

binary: packages web ## the program, with the web map inside
	$(CARGO) build --locked

web: web/dist/index.html ## the web map

web/dist/index.html: web/node_modules/.done $(WEB_SOURCES)
	cd web && npm run build

web/node_modules/.done: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

test-rust: test-packages web ## Rust tests; says how many ran and how many were skipped
	@set -o pipefail; mkdir -p target; \
	$(CARGO) test --locked -- --nocapture 2>&1 | tee target/test.log | grep -vE '^(test .* \.\.\. ok|$$)' ; status=$$?; \
	[ $$status -eq 0 ] || tail -60 target/test.log; \
	awk '/^test result:/ {p+=$$4; f+=$$6; i+=$$8} /^SKIPPED for lack/ {s+=1} \
	  END {printf "rust: %d passed, %d failed, %d ignored, %d skipped for lack of GRIDWEAVE_SHARED\n", p-s, f, i, s}' target/test.log; \
	exit $$status

test-web: web/node_modules/.done ## unit tests of the web map
	cd web && npm test

test-browser: test-packages binary ## the map in headless Chromium
	cd web && npm run test:browser

packages:
	@missing=""; for p in $(BUILD_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; $(call install)

test-packages: packages
	@missing=""; for p in $(TEST_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; $(call install)

# Says which system packages are missing and installs them; asks for the password only when it is not root already.
define install
	if [ -n "$$missing" ]; then \
	  echo "installing system packages:$$missing"; \
	  sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

fmt: ## format Rust and web sources
	$(CARGO) fmt
	cd web && npx prettier --write src e2e scripts >/dev/null

clean: ## remove what was built
	rm -rf target web/dist web/node_modules web/test-results
