package live

import (
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/hornml/horn/internal/golden"
)

// TestSequencesAsInKeras draws recurrent and attention layers with random options, masks, states and lengths, has Keras run
// them, and compares, compiled and interpreted. HORN_LIVE_CASES and HORN_LIVE_SEED say how many of each kind, and which;
// failing cases are copied to the folder HORN_LIVE_KEEP, if it is set.
func TestSequencesAsInKeras(t *testing.T) {
	python := pythonWithKeras(t)
	number := func(name string, def int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
			return n
		}
		return def
	}
	count, seed := number("HORN_LIVE_CASES", 60), number("HORN_LIVE_SEED", 1)
	for _, kind := range []string{"recurrent", "attention"} {
		dir := t.TempDir()
		out, err := exec.Command(python, "sequence_cases.py", dir, kind, strconv.Itoa(count), strconv.Itoa(seed)).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", kind, err, out)
		}
		cases, err := golden.Find(dir)
		if err != nil || len(cases) != count {
			t.Fatalf("%d cases, %v", len(cases), err)
		}
		for _, c := range cases {
			for form, run := range map[string]golden.Runner{"compiled": golden.Compiled, "interpreted": golden.Interpreted} {
				r := c.Run(run)
				if r.Status == "pass" {
					continue
				}
				t.Errorf("%s %s: %s", c.Name, form, r.Message)
				if keep := os.Getenv("HORN_LIVE_KEEP"); keep != "" {
					_ = exec.Command("cp", c.Model, c.Golden, keep).Run()
				}
			}
		}
	}
}
