# Short names for what .ci/run does; "make" alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo install test lint invariants noasm arm race cross live all coverage kernels

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## an embedded model looks at embedded pictures
	go run ./tools/horn demo

install: ## puts horn on your path
	go install ./tools/horn

test: ## all tests
	.ci/run test

lint: ## gofmt, vet for three targets, staticcheck, the generated kernels
	.ci/run lint

invariants: ## tests with checks from inside: arenas, leases, counters, graphs after each pass
	.ci/run invariants

noasm: ## plain Go kernels, and each level of CPU instructions
	.ci/run noasm

arm: ## arm64 kernels under qemu
	.ci/run arm

race: ## the race detector
	.ci/run race

cross: ## builds for other systems and WebAssembly, tests of 32 bit
	.ci/run cross

live: ## compares with installed Keras and h5py
	.ci/run live

all: ## all of the above: what must pass before a change lands
	.ci/run

coverage: ## writes docs/coverage.md anew
	go test ./conformance -run Coverage -update

kernels: ## writes the assembly of tensor/kernel anew
	cd tools/kernelgen && go run . && go test .
