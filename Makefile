# Targets for people. CI runs .ci/run, which does not need make.
TOOLS := go tool -modfile=tools/go.mod

.DEFAULT_GOAL := help
.PHONY: help run test lint generate verify bench soak fuzz

help: ## say what can be done here
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start the demo: a shop, a day of orders, a sample POS; stop it with Ctrl-C
	go run ./cmd/comanda demo

test: ## run all tests; they need nothing but Go and say what they skip
	go test ./...

lint: ## check formatting, vet, linters, the architecture rule
	@test -z "$$($(TOOLS) gofumpt -l . | tee /dev/stderr)"
	go vet ./...
	$(TOOLS) golangci-lint run ./...
	go test -run '^TestArchitecture' .

generate: ## write the generated files again
	go generate ./...

verify: ## check that generated files and go.mod are as they should be
	go generate ./...
	git diff --exit-code
	go mod tidy -diff
	go mod verify

bench: ## run the benchmarks that fit in a few minutes; bench/README.md tells the long ones
	go test -run '^$$' -bench . -benchtime 1s ./...
	go run ./bench -engines sqlite -brands 1 -period 2s -what ceilings,orders,burst,latency,tokens

soak: ## simulate 10,000 seeds of deliveries and 100 days of a restaurant, find every mistake that is built in, race for the last seat, use and cent a thousand times, then kill -9 a loaded server a thousand times on each engine: make soak SEEDS=500 DAYS=10 ROUNDS=50 KILLS=50
	COMANDA_SIM_SEEDS=$(or $(SEEDS),10000) go test -count=1 -timeout 0 -v -run '^TestSimulation$$' ./webhook
	COMANDA_MUTANTS=1 go test -count=1 -timeout 0 -v -run '^TestSimulationFindsMistakes$$' ./webhook
	for seed in $$(seq $(or $(DAYS),100)); do go run ./cmd/comanda simulate --orders 1000 --seed $$seed || exit 1; done
	COMANDA_RACE_ROUNDS=$(or $(ROUNDS),1000) go test -count=1 -timeout 0 -v -run '^TestRace' ./order/...
	COMANDA_SOAK_KILLS=$(or $(KILLS),1000) go test -count=1 -timeout 0 -v -run MinusNine ./test/crash
	COMANDA_SOAK=1 go test -count=1 -run '/codereuse' ./test/conformance

fuzz: ## fuzz every parser of outside bytes for a while each: make fuzz FUZZTIME=1m
	FUZZTIME=$(or $(FUZZTIME),30s) bash .ci/fuzz

.PHONY: shots
shots: ## write a picture of every page into shots/: phone and desk, light and dark
	COMANDA_SHOTS=$(CURDIR)/shots go test -count=1 -run '^TestEveryPageFits|^TestPagesFit|^TestAWebhookIsMade|^TestLogsLook|^TestBrandPagesLook|^TestAnAppGetsItsFirstToken|^TestWhatComesBetweenFits|^TestTheSandboxPageFits|^TestOperationsAreTriedOut' ./identity ./portal ./developers

.PHONY: scalar
SCALAR := 1.76.0
scalar: ## fetch the bundle of the API reference again: make scalar SCALAR=1.76.0
	folder=$$(mktemp -d) && cd $$folder && npm pack --silent @scalar/api-reference@$(SCALAR) >/dev/null && tar -xzf *.tgz package/dist/browser/standalone.js && \
		gzip -9nc package/dist/browser/standalone.js >$(CURDIR)/developers/assets/scalar.js.gz; rm -rf "$$folder"

.PHONY: vuln
vuln: ## look the dependencies up in the Go vulnerability database (needs the internet)
	$(TOOLS) govulncheck ./...
