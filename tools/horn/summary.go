package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/report"
)

func (a *app) summary() *cobra.Command {
	var flags modelFlags
	var o report.SummaryOptions
	cmd := &cobra.Command{
		Use:   "summary MODEL",
		Short: "Print Keras's summary table of a model",
		Long: "Prints Keras's summary table: layers with output shapes and parameters, what they are connected to, totals. No weights are\n" +
			"read. The table is as wide as the terminal allows (in a pipe as $COLUMNS, or 80).",
		Example: "  horn summary digits.keras",
		Args:    arguments(1, 1, "MODEL"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			if o.LineLength < 0 {
				return fmt.Errorf("--width %d: a positive number is expected", o.LineLength)
			}
			if o.LineLength > maxWidth {
				return fmt.Errorf("--width %d: at most %d columns are possible", o.LineLength, maxWidth)
			}
			return a.runSummary(args[0], flags, o)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&o.ExpandNested, "expand-nested", false, "list the layers of models inside the model, too")
	cmd.Flags().BoolVar(&o.ShowTrainable, "show-trainable", false, "show which layers training changes")
	cmd.Flags().IntVar(&o.LineLength, "width", 0, "width of the table in columns (default what Keras takes)")
	return cmd
}

// maxWidth is more than any terminal has.
const maxWidth = 10_000

func (a *app) runSummary(path string, flags modelFlags, o report.SummaryOptions) error {
	m, err := a.load(path, flags, kerasfile.WithoutWeights())
	if err != nil {
		return err
	}
	info, err := kerasfile.Inspect(path, flags.options()...)
	if err != nil {
		return fail(path, err)
	}
	if info.Compile != nil && info.Compile.Params.Variables > 0 {
		o.Optimizer = &report.ParamCount{Params: info.Compile.Params.Params, Bytes: info.Compile.Params.Bytes}
	}
	// As Python's shutil.get_terminal_size: the environment, then the terminal.
	o.Columns, _ = strconv.Atoi(os.Getenv("COLUMNS"))
	if o.Columns <= 0 {
		o.Columns, _ = isTerminal(os.Stdout)
	}
	if err := report.Summary(a.out, m, o); err != nil && o.LineLength > 0 {
		return fmt.Errorf("--width %d: %w", o.LineLength, err)
	} else if err != nil {
		return work(err)
	}
	return nil
}
