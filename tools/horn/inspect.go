package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
)

func (a *app) inspect() *cobra.Command {
	var flags modelFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "Show what is in a model file, also of a model that cannot be loaded",
		Long: `Shows what is in a model file, without reading its weights: format and Keras version, entries, inputs, outputs, every
variable with path, shape and type, the compile state, and every class that the model names: for those that are not
supported, why. It works, too, for models that cannot be loaded.`,
		Example: "  horn inspect digits.keras\n  horn inspect --json digits.keras",
		Args:    arguments(1, 1, "MODEL"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			return a.runInspect(args[0], flags, asJSON)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) runInspect(path string, flags modelFlags, asJSON bool) error {
	if err := isModelPath(path); err != nil {
		return err
	}
	info, err := kerasfile.Inspect(path, flags.options()...)
	if err != nil {
		return fail(path, err)
	}
	if asJSON {
		if err := printIndented(a.out, info); err != nil {
			return work(err)
		}
	} else {
		printInfo(a.out, path, info)
	}
	if info.Damaged {
		return failf(path, "is damaged: %s", info.Problems[len(info.Problems)-1])
	}
	if info.Wrong {
		return failf(path, "cannot be loaded: %s", info.Problems[0])
	}
	return nil
}

// printIndented writes JSON for people and programs alike.
func printIndented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func printInfo(w io.Writer, path string, info *kerasfile.Info) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-10s %s\n", label, printable(fmt.Sprintf(format, args...)))
	}
	line("file", "%s", path)
	format := info.Format
	if info.KerasVersion != "" {
		format += ", Keras " + info.KerasVersion
	}
	if info.DateSaved != "" {
		format += ", saved " + info.DateSaved
	}
	line("format", "%s", format)
	line("model", "%s %q", info.Class, info.Name)
	printPorts(line, "input", info.Inputs)
	printPorts(line, "output", info.Outputs)
	printCompile(line, info.Compile)

	if len(info.Entries) > 0 {
		fmt.Fprintf(w, "\nentries\n")
		t := &textTable{right: []bool{false, true, true}}
		for _, e := range info.Entries {
			packed := ""
			if e.Stored != e.Size {
				packed = fmt.Sprintf("stored as %d", e.Stored)
			}
			t.add(e.Name, fmt.Sprintf("%d bytes", e.Size), packed)
		}
		t.print(w)
	}
	fmt.Fprintf(w, "\nvariables\n")
	t := &textTable{}
	for _, v := range info.Variables {
		shape := "null"
		if v.Shape != nil {
			shape = formatPort(v.Shape)
		}
		t.add(v.Path, shape, v.DType, v.Variable)
	}
	t.print(w)

	fmt.Fprintf(w, "\nclasses\n")
	t = &textTable{right: []bool{false, true}}
	for _, c := range info.Classes {
		name := c.Class
		if c.Module != "" {
			name = c.Module + "." + c.Class
		}
		state := "supported"
		switch {
		case !c.Supported && c.Compile:
			state = "not supported (predictions do not need it): " + strings.Join(c.Reasons, "; ")
		case !c.Supported:
			state = "NOT SUPPORTED: " + strings.Join(c.Reasons, "; ")
		}
		t.add(name, fmt.Sprint(c.Count), state)
	}
	t.print(w)
	if len(info.Problems) > 0 {
		fmt.Fprintf(w, "\nproblems (the model cannot be loaded)\n")
		for i, p := range info.Problems {
			if i == maxProblems {
				fmt.Fprintf(w, "  and %d more (--json has all)\n", len(info.Problems)-i)
				break
			}
			fmt.Fprintf(w, "  %s\n", naming.Cut(oneLine(p)))
		}
	}
}

// maxProblems bounds how many problems people are shown.
const maxProblems = 200

func printPorts(line func(label, format string, args ...any), label string, ports []kerasfile.Port) {
	for _, p := range ports {
		shape := "shape unknown"
		if p.Shape != nil {
			shape = formatPort(p.Shape)
		}
		line(label, "%q %s %s", p.Name, shape, p.DType)
		label = ""
	}
}

// formatPort writes a shape as Python does; nil is None.
func formatPort[T any](shape []T) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = "None"
		if any(d) != nil {
			parts[i] = fmt.Sprint(d)
		}
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func printCompile(line func(label, format string, args ...any), c *kerasfile.Compile) {
	if c == nil {
		line("compiled", "no")
		return
	}
	line("compiled", "optimizer %s", named(c.Optimizer))
	line("", "loss %s", named(c.Loss))
	if c.Metrics != nil {
		line("", "metrics %s", named(c.Metrics))
	}
	if n := c.Params.Variables; n > 0 {
		line("", "%d optimizer variables", n)
	}
}

// named shortens serialized objects to the names of their classes.
func named(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = named(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *pyjson.Object:
		if class := v.String("class_name"); class != "" {
			if name, ok := v.Get("config").(string); ok {
				return name
			}
			return class
		}
		parts := make([]string, 0, v.Len())
		for _, k := range v.Keys() {
			parts = append(parts, k+": "+named(v.Get(k)))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return string(pyjson.Marshal(v))
}

// textTable is columns of text, indented.
type textTable struct {
	right []bool // columns that are aligned to the right
	rows  [][]string
	width []int
}

func (t *textTable) add(cells ...string) {
	for i, c := range cells {
		cells[i] = printable(c)
		if i == len(t.width) {
			t.width = append(t.width, 0)
		}
		t.width[i] = max(t.width[i], len([]rune(cells[i])))
	}
	t.rows = append(t.rows, cells)
}

func (t *textTable) print(w io.Writer) {
	if len(t.rows) == 0 {
		fmt.Fprintln(w, "  none")
	}
	for _, row := range t.rows {
		var b strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", t.width[i]-len([]rune(c)))
			b.WriteString("  ")
			if i < len(t.right) && t.right[i] {
				b.WriteString(pad + c)
			} else {
				b.WriteString(c + pad)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
