package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/ops"
	"github.com/hornml/horn/nn/report"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// branches is a model with a layer that is called twice, an operation, and a model inside.
func branches() *nn.Model {
	x := nn.Input([]int{-1, 4}, nn.Args{"name": "x"})
	shared := layers.NewDense(4, nn.Args{"name": "shared"})
	inner := must(nn.NewSequential(nn.NewInputLayer([]int{-1, 4}), layers.NewDense(2, nn.Args{"name": "deep"}), layers.NewActivation("relu")))
	layer.SetName(inner, "inner")
	once := shared.On(x)
	sum := layers.NewAdd(nn.Args{"name": "sum"}).On([]*nn.KerasTensor{shared.On(once), once})
	halved := must(ops.Apply("numpy", "Multiply", nil, sum, 0.5))
	return must(nn.NewModel(x, []*nn.KerasTensor{inner.On(halved), sum}, nn.Args{"name": "branches"}))
}

// cells are the rows of a summary's table without its lines.
func cells(t *testing.T, m *nn.Model, o report.SummaryOptions) (rows []string, totals []string) {
	t.Helper()
	var b bytes.Buffer
	if err := report.Summary(&b, m, o); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "│"):
			var row []string
			for _, c := range strings.Split(strings.Trim(line, "│"), "│") {
				row = append(row, strings.TrimSpace(c))
			}
			rows = append(rows, strings.Join(row, " | "))
		case strings.Contains(line, "params:"):
			totals = append(totals, line)
		}
	}
	return rows, totals
}

func TestSummaryOfBranches(t *testing.T) {
	rows, totals := cells(t, branches(), report.SummaryOptions{LineLength: 140})
	want := []string{
		"x (InputLayer) | (None, None, 4) | 0 | -",
		"shared (Dense) | (None, None, 4) | 20 | x[0][0], shared[0][0]",
		"sum (Add) | (None, None, 4) | 0 | shared[1][0], shared[0][0]",
		"multiply (Multiply) | (None, None, 4) | 0 | sum[0][0]",
		"inner (Sequential) | (None, None, 2) | 10 | multiply[0][0]",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("%s\nnot\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(totals, []string{"Total params: 30 (120.00 B)", "Trainable params: 30 (120.00 B)", "Non-trainable params: 0 (0.00 B)"}) {
		t.Errorf("%q", totals)
	}
}

func TestSummaryOptions(t *testing.T) {
	m := branches()
	m.Layer("inner/deep").SetTrainable(false)
	rows, totals := cells(t, m,
		report.SummaryOptions{LineLength: 170, ExpandNested: true, ShowTrainable: true, Optimizer: &report.ParamCount{Params: 2, Bytes: 8}})
	for _, want := range []string{
		"x (InputLayer) | (None, None, 4) | 0 | - | -",
		"shared (Dense) | (None, None, 4) | 20 | x[0][0], shared[0][0] | Y",
		"inner (Sequential) | (None, None, 2) | 10 | multiply[0][0] | Y",
		"└ deep (Dense) | (None, None, 2) | 10 | - | N",
		"└ activation (Activation) | (None, None, 2) | 0 | - | -",
	} {
		if !slices.Contains(rows, want) {
			t.Errorf("%q is not in\n%s", want, strings.Join(rows, "\n"))
		}
	}
	if !slices.Contains(totals, "Total params: 32 (128.00 B)") || !slices.Contains(totals, "Non-trainable params: 10 (40.00 B)") ||
		!slices.Contains(totals, "Optimizer params: 2 (8.00 B)") {
		t.Errorf("%q", totals)
	}
	if err := report.Summary(io.Discard, m, report.SummaryOptions{LineLength: 10}); err == nil ||
		!strings.Contains(err.Error(), "too narrow") {
		t.Errorf("%v", err)
	}
	// A model that is not built has nothing to show yet.
	unbuilt := must(nn.NewSequential(layers.NewDense(3)))
	if rows, _ := cells(t, unbuilt, report.SummaryOptions{}); !slices.Equal(rows, []string{"dense (Dense) | ? | 0 (unbuilt)"}) {
		t.Errorf("%q", rows)
	}
}

// TestNarrowTable wraps and cuts what is too long, and keeps every line as wide as the terminal.
func TestNarrowTable(t *testing.T) {
	m := must(nn.NewSequential(nn.NewInputLayer([]int{3}), layers.NewDense(3, nn.Args{"name": "a_name_that_is_much_longer_than_its_column"}),
		layers.NewDense(3, nn.Args{"name": "層層層"})))
	var b bytes.Buffer
	if err := report.Summary(&b, m, report.SummaryOptions{LineLength: 40}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "…") {
		t.Errorf("nothing is cut in\n%s", b.String())
	}
	for line := range strings.Lines(b.String()) {
		width := 0
		for _, r := range strings.TrimRight(line, "\n") {
			width++
			if r == '層' {
				width++
			}
		}
		if strings.ContainsAny(line, "│┃") && width != 40 {
			t.Errorf("%d columns: %s", width, line)
		}
	}
}

// TestHostileNames writes control characters as escapes.
func TestHostileNames(t *testing.T) {
	m := must(nn.NewSequential(nn.NewInputLayer([]int{3}), layers.NewDense(3, nn.Args{"name": "a\x1b[31m\"<b>\n"})))
	for _, format := range []string{"summary", "svg", "dot", "mmd"} {
		var b bytes.Buffer
		if format == "summary" {
			_ = report.Summary(&b, m, report.SummaryOptions{})
		} else if err := report.Plot(&b, m, format, report.PlotOptions{}); err != nil {
			t.Error(err)
		}
		if strings.ContainsRune(b.String(), '\x1b') || !strings.Contains(b.String(), "x1b[31m") {
			t.Errorf("%s: %q", format, b.String())
		}
		if format == "svg" {
			for d := xml.NewDecoder(&b); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestPlot draws each call of a layer once, with an edge for each tensor that it takes.
func TestPlot(t *testing.T) {
	var b bytes.Buffer
	m := branches()
	if err := report.Plot(&b, m, "mmd", report.PlotOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"flowchart TD", `"x<br/>InputLayer<br/>(None, None, 4)"`, `"shared<br/>Dense`,
		`"shared (call 2)<br/>Dense`, `"inner<br/>Sequential`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	if n := strings.Count(b.String(), "-->"); n != 6 {
		t.Errorf("%d edges in\n%s", n, b.String())
	}
	b.Reset()
	if err := report.Plot(&b, m, "dot", report.PlotOptions{ExpandNested: true, LeftToRight: true}); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); !strings.Contains(s, "rankdir=LR") || !strings.Contains(s, `"inner/deep\nDense`) ||
		strings.Contains(s, "Sequential") || strings.Count(s, "->") != 7 {
		t.Errorf("%s", s)
	}
	if err := report.Plot(&b, m, "png", report.PlotOptions{}); err == nil || !strings.Contains(err.Error(), `not "png"`) {
		t.Errorf("%v", err)
	}
}

func TestParamCount(t *testing.T) {
	for want, c := range map[string]report.ParamCount{
		"0 (0.00 B)": {}, "999 (1.00 KB)": {Params: 999, Bytes: 1024}, "1,234,567 (4.71 MB)": {Params: 1234567, Bytes: 4 * 1234567},
		"1,000 (1023.00 B)": {Params: 1000, Bytes: 1023},
	} {
		if got := c.String(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// TestSummaryOfCompiledModels counts the optimizer's variables of models that are compiled, without being told.
func TestSummaryOfCompiledModels(t *testing.T) {
	for path, want := range map[string]string{"../../examples/digits.keras": " Optimizer params: "} {
		m, err := kerasfile.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		n, bytes, ok := m.OptimizerSize()
		if !ok || n < 2 {
			t.Fatalf("%s: the optimizer has %d variables", path, n)
		}
		var with, told strings.Builder
		if err := report.Summary(&with, m, report.SummaryOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := report.Summary(&told, m, report.SummaryOptions{Optimizer: &report.ParamCount{Params: n, Bytes: bytes}}); err != nil {
			t.Fatal(err)
		}
		if with.String() != told.String() || !strings.Contains(with.String(), want) {
			t.Errorf("%s:\n%s", path, with.String())
		}
	}
	if report.Summary(io.Discard, nil, report.SummaryOptions{}) == nil || report.Plot(io.Discard, nil, "svg", report.PlotOptions{}) == nil {
		t.Error("no model was taken for one")
	}
}
