package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/internal/golden"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/tensor"
)

func (a *app) verify() *cobra.Command {
	var v verifyCommand
	cmd := &cobra.Command{
		Use:   "verify MODEL GOLDEN.npz | verify --dir DIR",
		Short: "Compare the answers with Keras's",
		Long: `Compares the answers of this program with those of Keras. GOLDEN.npz has the inputs as input_0, input_1, ... and Keras's
answers as output_0, output_1, ...; with truth_0, truth_1, ..., the same computed in float64, it is judged by these. --dir
takes every X.npz beside an X.keras below a folder.`,
		Example: "  horn verify model.keras model.npz\n  horn verify --dir goldens",
		Args:    arguments(0, 2, "MODEL and GOLDEN.npz"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := v.check(); err != nil {
				return err
			}
			if (len(args) == 2) == (v.dir != "") || len(args) == 1 {
				return fmt.Errorf("expected: MODEL and GOLDEN.npz, or --dir DIR alone")
			}
			return v.run(a, args)
		},
	}
	v.register(cmd)
	cmd.Flags().StringVar(&v.dir, "dir", "", "verify all pairs of X.keras and X.npz below `DIR`")
	cmd.Flags().BoolVar(&v.json, "json", false, "print the result of each case as JSON")
	return cmd
}

type verifyCommand struct {
	modelFlags
	dir  string
	json bool
}

// verification is what --json prints.
type verification struct {
	Cases  []golden.Result `json:"cases"`
	Passed int             `json:"passed"`
	Failed int             `json:"failed"`
	Errors int             `json:"errors"`
}

func (v *verifyCommand) run(a *app, args []string) error {
	subject := v.dir
	var cases []golden.Case
	if v.dir != "" {
		var err error
		if cases, err = golden.Find(v.dir); err != nil {
			return fail(v.dir, err)
		}
		if len(cases) == 0 {
			return failf(v.dir, "has no X.keras with an X.npz beside it")
		}
	} else {
		subject = args[0]
		for _, f := range args {
			if err := isModelPath(f); err != nil {
				return err
			}
		}
		name := strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
		cases = []golden.Case{{Name: name, Model: args[0], Golden: args[1]}}
	}
	run := func(m *nn.Model, inputs []tensor.Any) ([]tensor.Any, error) {
		if v.threads > 0 {
			m.SetThreads(v.threads)
		}
		return golden.Compiled(m, inputs)
	}
	bar := a.progress(len(cases), "verifying")
	r := verification{Cases: []golden.Result{}}
	for _, c := range cases {
		result := runCase(c, run, &v.modelFlags)
		_ = bar.Add(1) // nothing depends on the bar
		switch result.Status {
		case "pass":
			r.Passed++
		case "fail":
			r.Failed++
		default:
			r.Errors++
		}
		r.Cases = append(r.Cases, result)
	}
	_ = bar.Close()
	if v.json {
		if err := printIndented(a.out, r); err != nil {
			return work(err)
		}
	} else {
		r.print(a)
	}
	if bad := r.Failed + r.Errors; bad > 0 && len(cases) == 1 {
		return failf(subject, "%s: %s", r.Cases[0].Status, describe(subject, caseError(r.Cases[0])))
	} else if bad > 0 {
		return failf(subject, "%d of %d cases do not pass: %d fail, %d have errors", bad, len(cases), r.Failed, r.Errors)
	}
	return nil
}

// runCase runs a case; whatever a model does, the others are still run.
func runCase(c golden.Case, run golden.Runner, flags *modelFlags) (r golden.Result) {
	defer func() {
		if p := recover(); p != nil {
			r = golden.Result{Name: c.Name, Status: "error", Message: fmt.Sprintf("internal error: %v", p)}
		}
		r.Message = oneLine(r.Message)
		// JSON has no infinity.
		r.MaxError, r.KerasError = math.Min(r.MaxError, math.MaxFloat64), math.Min(r.KerasError, math.MaxFloat64)
		if math.IsNaN(r.MaxError) {
			r.MaxError = math.MaxFloat64
		}
		if math.IsNaN(r.KerasError) {
			r.KerasError = math.MaxFloat64
		}
	}()
	return c.Run(run, flags.options()...)
}

func caseError(r golden.Result) error {
	if r.Err != nil {
		return r.Err
	}
	return fmt.Errorf("%s", r.Message)
}

func (r *verification) print(a *app) {
	for _, c := range r.Cases {
		switch {
		case c.Status == "pass" && len(r.Cases) == 1:
			fmt.Fprintf(a.out, "pass   %s   largest error %.3g, Keras's own %.3g\n", printable(c.Name), c.MaxError, c.KerasError)
		case c.Status != "pass":
			fmt.Fprintf(a.out, "%-5s  %s: %s\n", c.Status, printable(c.Name), c.Message)
		}
	}
	if len(r.Cases) > 1 {
		fmt.Fprintf(a.out, "%d passed, %d failed, %d errors\n", r.Passed, r.Failed, r.Errors)
	}
}
