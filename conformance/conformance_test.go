package conformance

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/tensor/kernel"
)

const goldens = "testdata/goldens"

// mustFail names the cases that cannot be answered, with a part of the error that says so.
var mustFail = map[string]string{
	"format/extras/custom": "custom object", // a layer class of the author's own
}

// update writes the pages that tests compare anew: go test ./conformance -run Coverage -update.
var update = flag.Bool("update", false, "write docs/coverage.md as the registries and the goldens say it now")

// TestGoldens compares all answers that Keras gave with ours: interpreted op by op, and compiled at each level of CPU
// instructions that this machine has. Subtests are named as the files are: Goldens/conv/conv1d_causal_k3/interpreted.
func TestGoldens(t *testing.T) {
	cases, err := golden.Find(goldens)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 1000 {
		t.Fatalf("%d cases below %s; there should be about 1000", len(cases), goldens)
	}
	runAll(t, cases, "interpreted", golden.Interpreted)
	for _, level := range kernel.Levels() {
		reset := kernel.SetLevel(level)
		runAll(t, cases, fmt.Sprint(level), golden.Compiled)
		reset()
	}
}

// runAll runs the cases as subtests, as many at a time as there are CPUs. They are not left to t.Parallel: the level of CPU
// instructions is one for the process, so those of one level must be done before the next begins.
func runAll(t *testing.T, cases []golden.Case, way string, run golden.Runner) {
	var wg sync.WaitGroup
	work := make(chan golden.Case)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for c := range work {
				t.Run(c.Name+"/"+way, func(t *testing.T) { runCase(t, c, run) })
			}
		})
	}
	for _, c := range cases {
		work <- c
	}
	close(work)
	wg.Wait()
}

func runCase(t *testing.T, c golden.Case, run golden.Runner) {
	r := c.Run(run)
	if part, ok := mustFail[c.Name]; ok {
		if r.Status != "error" || !strings.Contains(r.Message, part) {
			t.Errorf("it should have failed with %q: %s %s", part, r.Status, r.Message)
		}
		return
	}
	if r.Status != "pass" {
		t.Errorf("%s: %s", r.Status, r.Message)
	}
}

// TestCoverageIsCurrent compares docs/coverage.md with what the registries and the goldens say now, and prints the totals.
func TestCoverageIsCurrent(t *testing.T) {
	const page = "../docs/coverage.md"
	cov, err := golden.ReadCoverage("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(cov.Totals())
	text := cov.Markdown()
	if *update {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), text); diff != "" {
		t.Errorf("docs/coverage.md is out of date; run go test ./conformance -run Coverage -update (-have +want):\n%s", diff)
	}
	for _, name := range cov.Missing() {
		t.Errorf("%s is neither supported nor refused with a reason", name)
	}
}

// TestPredictAllocatesNothing holds PredictInto to its promise on a whole model.
func TestPredictAllocatesNothing(t *testing.T) {
	for _, name := range []string{
		"graph/residual_blocks_by_layer_and_by_operator", "core/dense_basic", "graph/small_unet", "rnn/bidirectional_embedding_classifier",
		"rnn/gru_sequences_state", "rnn/conv_lstm2d", "attention/transformer_encoder_classifier",
	} {
		c := golden.Case{Name: name, Model: goldens + "/" + name + ".keras", Golden: goldens + "/" + name + ".npz"}
		m, inputs, err := c.Load()
		if err != nil {
			t.Fatal(err)
		}
		m.SetThreads(1)
		outputs, err := m.PredictAll(inputs...)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(20, func() {
			if err := m.PredictInto(outputs, inputs...); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a call", name, n)
		}
	}
}
