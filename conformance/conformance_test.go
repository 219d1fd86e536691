package conformance

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/kernel"
)

const goldens = "testdata/goldens"

// mustFail names the cases that cannot be answered, with a part of the error that says so.
var mustFail = map[string]string{
	"format/extras/custom": "custom object", // a layer class of the author's own
}

// TestGoldens compares all answers that Keras gave with ours: interpreted op by op, and compiled at each level of CPU
// instructions that this machine has.
func TestGoldens(t *testing.T) {
	cases, err := Find(goldens)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 1000 {
		t.Fatalf("%d cases below %s; there should be about 1000", len(cases), goldens)
	}
	t.Run("interpreted", func(t *testing.T) { runAll(t, cases, Interpreted) })
	for _, level := range kernel.Levels() {
		t.Run(fmt.Sprint("compiled/", level), func(t *testing.T) {
			defer kernel.SetLevel(level)()
			runAll(t, cases, Compiled)
		})
	}
}

// runAll runs the cases on two workers and shows, in one diff, what is not as it should be.
func runAll(t *testing.T, cases []Case, run Runner) {
	want, got := map[string]string{}, map[string]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	work := make(chan Case)
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for c := range work {
				r := c.Run(run)
				outcome := r.Status
				if part, ok := mustFail[c.Name]; ok {
					outcome = "pass"
					if r.Status != "error" || !strings.Contains(r.Message, part) {
						outcome = "should have failed: " + r.Status + " " + r.Message
					}
				} else if r.Status != "pass" {
					outcome += ": " + r.Message
				}
				mu.Lock()
				want[c.Name], got[c.Name] = "pass", outcome
				mu.Unlock()
			}
		}()
	}
	for _, c := range cases {
		work <- c
	}
	close(work)
	wg.Wait()
	bad := map[string]string{}
	none := map[string]string{}
	for name, outcome := range got {
		if outcome != want[name] {
			bad[name] = outcome
		}
	}
	if diff := cmp.Diff(none, bad); diff != "" {
		t.Errorf("%d of %d cases do not pass (-want +got):\n%s", len(bad), len(cases), diff)
	}
	t.Logf("%d of %d cases pass", len(cases)-len(bad), len(cases))
}

// TestCoverageIsCurrent compares docs/coverage.md with what the registries and the goldens say now, and prints the totals.
func TestCoverageIsCurrent(t *testing.T) {
	cov, err := ReadCoverage("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(cov.Totals())
	text := cov.Markdown()
	if os.Getenv("HORN_UPDATE") != "" {
		if err := os.WriteFile("../docs/coverage.md", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("../docs/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), text); diff != "" {
		t.Errorf("docs/coverage.md is out of date; run HORN_UPDATE=1 go test ./conformance -run Coverage (-have +want):\n%s", diff)
	}
	for _, e := range cov.Layers {
		if e.Status == missing {
			t.Errorf("keras.layers.%s is neither supported nor refused with a reason", e.Name)
		}
	}
	for _, e := range cov.Ops {
		if e.Status == missing {
			t.Errorf("keras.src.ops.%s is neither supported nor refused with a reason", e.Name)
		}
	}
	for _, m := range cov.Objects {
		for _, e := range m.Entries {
			if e.Status == missing {
				t.Errorf("keras.%s.%s is neither supported nor refused with a reason", m.Name, e.Name)
			}
		}
	}
}

func TestCompare(t *testing.T) {
	f := func(v ...float32) tensor.Any { return tensor.FromSlice(v) }
	d := func(v ...float64) tensor.Any { return tensor.FromSlice(v) }
	nan, inf := float32(nan()), float32(infinity())
	for name, c := range map[string]struct {
		ours, output, truth tensor.Any
		half                tensor.DType
		pass                bool
	}{
		"equal":                 {ours: f(1, 2), output: f(1, 2), pass: true},
		"within 1e-5":           {ours: f(1.000009), output: f(1), pass: true},
		"beyond 1e-5":           {ours: f(1.00002), output: f(1)},
		"1e-5 of large values":  {ours: f(100.0009), output: f(100), pass: true},
		"8 times Keras's error": {ours: f(1.00007), output: f(1.00001), truth: d(1), pass: true},
		"9 times Keras's error": {ours: f(1.00009), output: f(1.00001), truth: d(1)},
		"floor of 2e-6":         {ours: f(1.0000019), output: f(1), truth: d(1), pass: true},
		"NaN in place":          {ours: f(nan), output: f(nan), pass: true},
		"NaN out of place":      {ours: f(1), output: f(nan)},
		"infinity in place":     {ours: f(inf), output: f(inf), pass: true},
		"minus infinity":        {ours: f(-inf), output: f(inf)},
		"other shape":           {ours: f(1, 2), output: f(1)},
		"other type":            {ours: f(1), output: d(1)},
		"float16 policy":        {ours: f(1.007), output: f(1), half: tensor.Float16, pass: true},
		"integers":              {ours: tensor.FromSlice([]int32{1, 2}), output: tensor.FromSlice([]int32{1, 3})},
		"strings":               {ours: tensor.FromSlice([]string{"a"}), output: tensor.FromSlice([]string{"a"}), pass: true},
	} {
		if got := Compare(c.ours, c.output, c.truth, c.half); (got.Problem == "") != c.pass {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func nan() float64      { z := 0.0; return z / z }
func infinity() float64 { z := 0.0; return 1 / z }

// TestPredictAllocatesNothing holds PredictInto to its promise on a whole model.
func TestPredictAllocatesNothing(t *testing.T) {
	for _, name := range []string{"graph/residual_blocks_by_layer_and_by_operator", "core/dense_basic", "graph/small_unet", "rnn/bidirectional_embedding_classifier", "rnn/gru_sequences_state", "rnn/conv_lstm2d", "attention/transformer_encoder_classifier"} {
		c := Case{Name: name, Model: goldens + "/" + name + ".keras", Golden: goldens + "/" + name + ".npz"}
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
