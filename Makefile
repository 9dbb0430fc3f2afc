# The front door. Each target says what it does while it does it; the work is in scripts/ and in CMake.
.DEFAULT_GOAL := help
.PHONY: help run test check doctor demo chapter quiz exercise hint progress watch mine slides docs bench sanitize fuzz faults simulate soak coverage format lint new install package clean
MAKEFLAGS += --no-print-directory

PORT ?= 8888
DEMO ?=
CH ?=
EX ?=
ARGS ?=
IMPL ?=
SECONDS ?= 60
SEEDS ?= 1000
FIRST ?= 1
MINUTES ?= 60
PREFIX ?= /usr/local
# IMPL=mine: the servers on the layers that the reader has solved.
MINE = /usr/bin/python3 exercises/run.py mine
# These reject a wrong variable before anything is installed. Without Python, run.py looks EX up after the installation.
CHECK_EX = [ ! -x /usr/bin/python3 ] || /usr/bin/python3 exercises/run.py check "$(EX)"
CHECK_IMPL = $(if $(filter-out mine,$(IMPL)),echo "error: IMPL is '$(IMPL)'; there is only IMPL=mine" >&2; exit 2)
# $(call CHECK_NUMBER,NAME,KIND,LOWEST,HIGHEST), where KIND is "number" or "whole number".
CHECK_NUMBER = awk -- 'BEGIN { n = ARGV[1]; if (n ~ /^[0-9]+(\.[0-9]+)?$$/ && ("$(2)" == "number" || n !~ /\./) && n + 0 >= $(3) && n + 0 <= $(4)) exit; \
  print "error: $(1) is \047" n "\047, but must be a $(2) from $(3) to $(4)" >"/dev/stderr"; exit 2 }' "$($(1))"
CHECK_PORT = $(call CHECK_NUMBER,PORT,whole number,0,65535)
CHECK_FAULTS = awk -- 'BEGIN { for (i = 1; i < ARGC; ++i) if (ARGV[i] !~ /^--(prove|scenario=.+|every=[1-9][0-9]*|point=[0-9]+)$$/) { \
  print "error: ARGS has \047" ARGV[i] "\047; use --scenario=NAME, --every=N, --point=N or --prove" >"/dev/stderr"; exit 2 } }' $(ARGS)

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: ## install what is missing, build, and open the course at http://localhost:8888 (PORT=9000 for another port)
	@$(CHECK_PORT)
	@scripts/need.sh build
	@/usr/bin/python3 scripts/slides.py
	@scripts/demo.sh course --port=$(PORT)

test: ## install what is missing, build once, and run the tests: minutes (CH=03: one chapter; FRESH=1: also what passed before)
	@$(if $(CH),scripts/chapter.sh --check "$(CH)")
	@scripts/need.sh build $(if $(CH),test-chapter,test-build)
	@/usr/bin/python3 scripts/run_tests.py test $(if $(CH),--chapter $(CH)) $(if $(FRESH),--fresh)

check: ## prove everything that must hold: make test, then checkers, sanitizers, second compiler, optimised build, package
	@scripts/need.sh build test-build
	@/usr/bin/python3 scripts/run_tests.py check $(if $(FRESH),--fresh)

doctor: ## list what is missing or off on this machine; change nothing
	@scripts/doctor.sh

demo: ## build and run a demo: make demo DEMO=helloworld ARGS="--port=9000" (DEMO=chat IMPL=mine: chapter 08's, on your layers)
	@$(CHECK_IMPL)
	@$(if $(IMPL),$(if $(filter-out chat,$(or $(DEMO),none)),echo "error: IMPL=mine goes with DEMO=chat" >&2; exit 2),scripts/demo.sh --check "$(DEMO)")
	@scripts/need.sh build "demo-$(DEMO)"$(if $(IMPL), lessons exercises)
	@$(if $(IMPL),$(MINE) --only="$(DEMO)",scripts/demo.sh "$(DEMO)") $(ARGS)

chapter: ## build and run a chapter's server: make chapter CH=01 ARGS=threads PORT=9000
	@scripts/chapter.sh --check "$(CH)"
	@$(CHECK_PORT)
	@scripts/need.sh build lessons
	@scripts/chapter.sh "$(CH)" --port=$(PORT) $(ARGS)

quiz: ## ask a chapter's questions in the terminal: make quiz CH=01
	@/usr/bin/python3 scripts/quiz.py "$(CH)"

exercise: ## run an exercise's tests on your files: make exercise EX=01-1
	@$(CHECK_EX)
	@scripts/need.sh build lessons exercises
	@/usr/bin/python3 exercises/run.py exercise "$(EX)" || [ $$? -eq 3 ]  # 3: red, which is no error of make's

hint: ## show the next hint of an exercise: make hint EX=01-1
	@/usr/bin/python3 exercises/run.py hint "$(EX)"

progress: ## show which exercises are solved
	@/usr/bin/python3 exercises/run.py progress

watch: ## run make exercise again whenever you save: make watch EX=01-1
	@$(CHECK_EX)
	@scripts/need.sh build lessons exercises
	@/usr/bin/python3 exercises/run.py watch "$(EX)"

mine: ## build the servers of chapters 03 to 08 on the layers that you have solved, and run the tests of the grid on them
	@$(CHECK_IMPL)
	@scripts/need.sh build lessons exercises
	@$(MINE) || [ $$? -eq 3 ]  # 3: a server fails, which is no error of make's

slides: ## build the decks to build/slides/*.html; arrow keys turn pages, n shows the notes
	@/usr/bin/python3 scripts/slides.py

docs: ## write the reference of the public headers, with the guide, to build/docs/index.html
	@scripts/need.sh docs
	@/usr/bin/python3 scripts/reference.py

# What make bench measures: hello world, without and with other peers, what has a program of its own, or what experiment.py knows.
BENCH = $(if $(CH),$(or $(filter peers cluster growth goals,$(CH)),experiment),hello)
BENCH_hello = bench/hello_bench.py
BENCH_peers = bench/hello_bench.py --peers
BENCH_cluster = cluster/cluster_bench.py
BENCH_growth = bench/growth.py
BENCH_goals = bench/goals.py
BENCH_experiment = bench/experiment.py $(CH) $(if $(IMPL),--mine)
BUILD_hello = -DTORNADO_BUILD_BENCHES=ON
BUILD_goals = -DTORNADO_BUILD_BENCHES=ON
BUILD_peers = -DTORNADO_BUILD_BENCHES=ON raw_servers hold demo_helloworld
BUILD_cluster = demo_chat demo_websocket
BUILD_growth = -DTORNADO_BUILD_BENCHES=ON growth_server growth_local growth_load websocket_server websocket_load
BUILD_experiment = $$(/usr/bin/python3 tests/bench/experiment.py $(CH) --targets)

bench: ## install what is missing and measure hello world; CH=01: a chapter's experiment; CH=all: chapter 01 to final (IMPL=mine: and yours); CH=peers; CH=cluster; CH=growth; CH=goals
	@$(if $(filter-out all peers cluster growth goals,$(CH)),scripts/chapter.sh --check "$(CH)")
	@$(CHECK_IMPL)
	@$(if $(IMPL),$(if $(filter all,$(CH)),,echo "error: IMPL=mine goes with CH=all" >&2; exit 2))
	@scripts/need.sh build bench $(filter peers,$(CH)) $(if $(IMPL),lessons exercises)
	@$(if $(IMPL),$(MINE) --only=servers)
	@scripts/build.sh release $(BUILD_$(BENCH))
	@/usr/bin/python3 tests/$(BENCH_$(BENCH)) $(ARGS)

sanitize: ## run only the C++ tests, under AddressSanitizer, UBSan and ThreadSanitizer
	@scripts/need.sh build test-build check
	@/usr/bin/python3 scripts/run_tests.py --only asan --only clang-asan --only tsan

fuzz: ## feed made-up bytes to the parsers, and scripts to whole connections, SECONDS=60 to each (NAME=chunked: only to that one)
	@scripts/fuzz.sh --check $(SECONDS) $(NAME)
	@scripts/need.sh build tools
	@scripts/fuzz.sh $(SECONDS) $(NAME)

faults: ## make each system call of 15 scenarios, and of the chapters' servers, fail in each way its man page lists: minutes (ARGS="--scenario=upload" for one)
	@$(CHECK_FAULTS)
	@scripts/need.sh build test-build
	@scripts/build.sh debug fault_sweep $(if $(ARGS),,chapter_faults)
	@build/debug/tests/faults/fault_sweep $(ARGS)
	@$(if $(ARGS),,/usr/bin/python3 tests/faults/chapters.py)

simulate: ## run a server, its clients and their network in virtual time, SEEDS=1000 times (FIRST=4711: from this seed on)
	@$(call CHECK_NUMBER,SEEDS,whole number,1,1000000000)
	@$(call CHECK_NUMBER,FIRST,whole number,0,1000000000000000)
	@scripts/need.sh build test-build
	@scripts/build.sh debug simulation
	@build/debug/tests/simulation/simulation --seeds=$(SEEDS) --first=$(FIRST)

soak: ## load two servers for MINUTES=60, with hostile clients and renewed processes: memory and descriptors must stay flat
	@$(call CHECK_NUMBER,MINUTES,number,0.1,100000)
	@scripts/need.sh build test-build
	@scripts/build.sh debug wire_app
	@/usr/bin/python3 tests/soak/soak.py --minutes=$(MINUTES)

coverage: ## count the lines of final/src that the C++ tests run, room by room: minutes; fails below 95 %
	@scripts/need.sh build test-build coverage
	@/usr/bin/python3 scripts/coverage.py

format: ## format the C++ files
	@scripts/need.sh tools
	@scripts/format.sh

lint: ## run the project's checkers and clang-tidy
	@scripts/need.sh build tools
	@scripts/lint.sh

new: ## make a project of your own on the library: make new NAME=myapp (DIR=FOLDER, else ../myapp)
	@TORNADO_NEW_USAGE="Example: make new NAME=myapp DIR=../myapp" scripts/new.sh "$(NAME)" "$(or $(DIR),../$(NAME))"

install: ## build and install the library and its headers under PREFIX=/usr/local
	@scripts/need.sh build install
	@scripts/build.sh release tornado_install_files
	@cmake --install build/release --prefix "$(PREFIX)"

package: ## make the library's Debian package, in build/package
	@scripts/need.sh build new install
	@scripts/build.sh release tornado_install_files
	@cd build/release && cpack >../cpack.log || { cat ../cpack.log >&2; exit 1; }
	@sed -n 's/^CPack: - package: \(.*\) generated\.$$/Wrote \1/p' build/cpack.log

clean: ## remove build/
	rm -rf build
