# What a developer and CI run. `make` lists the targets.
#
# The pattern `work` means every package of every module in go.work. `./...`
# at the root would silently leave the nested modules out.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c

FUZZTIME  ?= 60s
BENCH     ?= .
BENCHTIME ?= 1s
SOAKTIME  ?= 10m
LISTEN    ?= 127.0.0.1:8080

# Pinned here and not in a go.mod: a tool must not choose the versions that the
# modules of the workspace build with.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.1
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# The timeout holds on a machine that is several times slower. The race detector
# leaves out the standard library's hashes: proofs of work are most of what the
# tests compute, and take ten times as long when each byte of a hash is watched.
# The code that calls them is watched as ever.
go_test = go test -race -gcflags='crypto/internal/fips140/...=-race=false' -shuffle=on -count=1 -timeout=40m

# A command for every module, run in its folder and outside the workspace.
each_module = go list -m -f '{{.Dir}}' | while read -r dir; do \
	echo "GOWORK=off $(1)  \# in .$${dir\#"$$PWD"}"; (cd "$$dir" && GOWORK=off $(1) </dev/null); done

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: test
test: tools ## all tests of all modules; installs what they need and says so
	$(go_test) $$(go list work | grep -Ev '/e2e/(zoo|stacks|firefox)$$')
	@# Not e2e/stacks and e2e/firefox, which need more than these tools: make stacks, make firefox.
	@# The audits after the browsers: side by side each takes the other's time.
	$(go_test) ./e2e/zoo
	@$(call each_module,go build -o /dev/null ./...)

.PHONY: tools
tools: ## install what the tests need, if it is missing
	@scripts/tools.sh

.PHONY: lint
lint: ## gofmt, go vet, staticcheck, go mod tidy
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then printf 'not gofmt-ed:\n%s\n' "$$unformatted" >&2; exit 1; fi
	go vet work
	go run $(STATICCHECK) work
	@$(call each_module,go mod tidy -diff)

.PHONY: vuln
vuln: ## known vulnerabilities; needs the Go vulnerability database, or VULNDB=file:///its/copy
	@$(call each_module,go run $(GOVULNCHECK) $(if $(VULNDB),-db $(VULNDB)) ./...)

.PHONY: outdated
outdated: ## Go dependencies that are behind by more than a minor release; needs the module proxy
	go run ./scripts/outdated

.PHONY: words
words: ## how hard comments and docs are to read: free relatives and long sentences by area
	go run ./scripts/words

.PHONY: fuzz
fuzz: ## every fuzz test in turn, each for FUZZTIME (60s)
	@scripts/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: ## every benchmark, or those that match BENCH, each for BENCHTIME (1s)
	go test -run='^$$' -bench='$(BENCH)' -benchmem -benchtime=$(BENCHTIME) work

.PHONY: mutate
mutate: ## change one thing of the core at a time: do tests notice? Takes hours; FILE=ticket.go or SAMPLE=100 for less
	go run ./scripts/mutate -file '$(FILE)' -sample $(or $(SAMPLE),0) -seed $(or $(SEED),1)

.PHONY: soak
soak: ## ten minutes of mixed load on palisade serve, with reloads under way
	go run ./bench/soak -for $(SOAKTIME)

.PHONY: scrape
scrape: tools ## the scraper of the guide against Django and Flask behind the gateway, for ten minutes
	go test -count=1 -timeout=20m -v -run='^TestScraper$$' ./e2e -args -long

.PHONY: verdicts
verdicts: tools ## the checkers of the verdict in every language; needs Ruby, Rack, puma, WEBrick and a JDK too
	go test -count=1 -timeout=20m ./e2e/verdicts -args -full

.PHONY: zoo
zoo: tools ## the audit of every app of the zoo; daily a sample of six
	go test -count=1 -timeout=40m ./e2e/zoo -args -all

.PHONY: fronts
fronts: ## all front ends behind the gateway; writes docs/stacks.md
	@scripts/tools.sh fronts
	go test -count=1 -timeout=20m ./e2e/fronts -args -all -write

.PHONY: firefox
firefox: ## the gateway with Firefox in place of Chromium
	@scripts/tools.sh firefox
	go test -count=1 -timeout=20m ./e2e/firefox

.PHONY: signals
signals: ## browser automation and stand-ins for people at a form; writes docs/signals.md; RUNS (10 of each automation), CONTROLS (104): fewer do not show that people are spared
	@scripts/tools.sh signals
	@mkdir -p .tools/signals && rm -f .tools/signals/recording.jsonl
	go test -count=1 -timeout=0 -v -run='^TestSignals$$' ./e2e/signals -args -runs $(or $(RUNS),10) -controls $(or $(CONTROLS),104) -seed $(or $(SEED),1) -record ../../.tools/signals/recording.jsonl -write

.PHONY: stacks
stacks: ## the path readings of real servers behind the gateway
	@scripts/tools.sh stacks
	go test -count=1 -timeout=20m ./e2e/stacks

.PHONY: spellings
spellings: ## random spellings of a protected path, at real servers behind the gateway; SEED and SPELLINGS (5000 a server)
	@scripts/tools.sh stacks
	go test -count=1 -timeout=60m -run='RandomSpelling' ./e2e/stacks -args -random $(or $(SPELLINGS),5000) -seed $(or $(SEED),1)

.PHONY: floods
floods: ## whole floods of made-up proofs, then people; tokens that are sent many times at once
	go test -count=1 -timeout=20m -v -run='Flood|^TestReplayIsOneEffect$$' . -args -long

.PHONY: full
full: ## lint, outdated, test, zoo, fronts, firefox, signals, stacks, verdicts, floods, fuzz, bench, soak and scrape; says first how long that takes
	@fuzz=$$(scripts/fuzz.sh list | wc -l); bench=$$(grep -rh --include='*_test.go' '^func Benchmark' . | wc -l); \
	echo "full: lint, outdated, test, zoo, fronts, firefox, signals, stacks and verdicts take an hour and a half; then $$fuzz fuzz tests of $(FUZZTIME) each, $$bench benchmarks of $(BENCHTIME) or more each, and $(SOAKTIME) and 10m of load"
	@for target in lint outdated test zoo fronts firefox signals stacks spellings verdicts floods fuzz bench soak scrape; do $(MAKE) --no-print-directory $$target; done

.PHONY: demo
demo: ## the gateway before a small example site, at LISTEN (127.0.0.1:8080)
	go run ./cmd/palisade demo -listen $(LISTEN)

.PHONY: deps
deps: ## write testdata/deps.golden and NOTICE anew, after a dependency was added or dropped on purpose
	go test -count=1 -run='^(TestDependencies|TestNoticeNamesTheModules)$$' . -update-deps
