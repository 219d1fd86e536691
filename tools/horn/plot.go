package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/report"
)

func (a *app) plot() *cobra.Command {
	var flags modelFlags
	var o report.PlotOptions
	var output string
	cmd := &cobra.Command{
		Use:   "plot MODEL -o FILE",
		Short: "Draw the graph of a model",
		Long: "Draws the graph of a model: its layers with classes and output shapes, and how they are connected. FILE ends in .svg (a\n" +
			"picture), .dot (for Graphviz) or .mmd (for Mermaid).",
		Example: "  horn plot digits.keras -o digits.svg",
		Args:    arguments(1, 1, "MODEL"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			if output == "" {
				return fmt.Errorf("-o FILE is missing")
			}
			kind := ending(output)
			if !slices.Contains([]string{".svg", ".dot", ".mmd"}, kind) {
				return fmt.Errorf("-o %s: the name has to end in .svg, .dot or .mmd", output)
			}
			m, err := a.load(args[0], flags, kerasfile.WithoutWeights())
			if err != nil {
				return err
			}
			return fail(output, a.writeFile(output, args, func(w io.Writer) error { return report.Plot(w, m, kind[1:], o) }))
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "the `FILE` to write")
	cmd.Flags().BoolVar(&o.ExpandNested, "expand-nested", false, "draw the layers of models inside the model, too")
	cmd.Flags().BoolVar(&o.LeftToRight, "left-to-right", false, "draw from left to right instead of from top to bottom")
	return cmd
}
