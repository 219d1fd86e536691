package main

import (
	"bufio"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/hornml/horn/internal/place"
	"github.com/hornml/horn/tensor"
	"github.com/hornml/horn/tensor/npy"
)

func checkOutputName(file string) error {
	if !slices.Contains([]string{".npy", ".npz", ".csv", ".json"}, ending(file)) {
		return fmt.Errorf("--output %s: the name has to end in .npy, .npz, .csv or .json", file)
	}
	return nil
}

// write writes the outputs to a file, in the form that its ending asks for; reads is what the command reads.
func (a *answer) write(to *app, file string, reads []string) error {
	var content func(w io.Writer) error
	switch ending(file) {
	case ".npy":
		if len(a.outputs) != 1 {
			return failf(file, "a .npy holds one array, the model has %d outputs; .npz and .json hold several", len(a.outputs))
		}
		content = func(w io.Writer) error { return npy.Encode(w, a.outputs[0]) }
	case ".npz":
		arrays := map[string]tensor.Any{}
		for i, t := range a.outputs {
			arrays[a.names[i]] = t
		}
		content = func(w io.Writer) error { return npy.EncodeArchive(w, arrays) }
	case ".csv":
		records, err := a.records()
		if err != nil {
			return fail(file, err)
		}
		content = func(w io.Writer) error { return csv.NewWriter(w).WriteAll(records) }
	default:
		content = a.printJSON
	}
	return fail(file, to.writeFile(file, reads, content))
}

// records are the outputs as a table, with a header row: one row for each example.
func (a *answer) records() ([][]string, error) {
	n := -1
	var header []string
	var table [][]string
	for i, t := range a.outputs {
		shape := t.Shape()
		if a.single || len(shape) == 0 {
			shape = append([]int{1}, shape...)
		}
		if len(shape) > 2 {
			return nil, fmt.Errorf("the output %q has shape %s, which is no table; .npz and .json hold any shape", a.names[i],
				tensor.FormatShape(t.Shape()))
		}
		if n >= 0 && shape[0] != n {
			return nil, fmt.Errorf("the outputs have different numbers of rows; .npz and .json hold them")
		}
		n = shape[0]
		columns := 1
		if len(shape) == 2 {
			columns = shape[1]
		}
		if columns == 1 {
			header = append(header, a.names[i])
		} else {
			for c := range columns {
				header = append(header, fmt.Sprintf("%s_%d", a.names[i], c))
			}
		}
		cells := exactCells(t)
		if table == nil {
			table = make([][]string, n)
		}
		for r := range n {
			for c := range columns {
				table[r] = append(table[r], cells(r*columns+c))
			}
		}
	}
	return append([][]string{header}, table...), nil
}

// exactCells writes elements so that reading them gives the same values.
func exactCells(t tensor.Any) func(i int) string {
	bits := 64
	switch t := t.(type) {
	case *tensor.Of[string]:
		d := t.Data()
		return func(i int) string { return d[i] }
	case *tensor.Tensor:
		bits = 32
	}
	if !t.DType().IsFloat() {
		return cellsOf(t)
	}
	if t.DType().IsHalf() {
		bits = 32
	}
	d := make([]float64, t.Len())
	_ = t.Float64s(d) // floats: cannot fail
	return func(i int) string { return strconv.FormatFloat(d[i], 'g', -1, bits) }
}

// printJSON writes {"outputs": {"NAME": nested lists}}; what JSON has no numbers for are the strings "NaN", "Infinity" and
// "-Infinity".
func (a *answer) printJSON(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString(`{"outputs": {`)
	for i, t := range a.outputs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.Write(jsonText(a.names[i]))
		b.WriteString(": ")
		cells := jsonCells(t)
		shape := t.Shape()
		var visit func(axis, at, size int)
		visit = func(axis, at, size int) {
			if axis == len(shape) {
				b.WriteString(cells(at))
				return
			}
			b.WriteByte('[')
			for k := range shape[axis] {
				if k > 0 {
					b.WriteString(", ")
				}
				visit(axis+1, at+k*(size/shape[axis]), size/shape[axis])
			}
			b.WriteByte(']')
		}
		visit(0, 0, t.Len())
	}
	b.WriteString("}}\n")
	return b.Flush()
}

// jsonText writes a name or a number's name.
func jsonText(s string) []byte {
	b, _ := json.Marshal(s) // a string: cannot fail
	return b
}

// jsonString writes a string; one that is not UTF-8, which JSON cannot hold, as {"base64": ".."}.
func jsonString(s string) string {
	if !utf8.ValidString(s) {
		return `{"base64": "` + base64.StdEncoding.EncodeToString([]byte(s)) + `"}`
	}
	return string(jsonText(s))
}

func jsonCells(t tensor.Any) func(i int) string {
	exact := exactCells(t)
	switch {
	case t.DType() == tensor.String:
		return func(i int) string { return jsonString(exact(i)) }
	case t.DType().IsFloat():
		d := make([]float64, t.Len())
		_ = t.Float64s(d) // floats: cannot fail
		return func(i int) string {
			if math.IsNaN(d[i]) || math.IsInf(d[i], 0) {
				return string(jsonText(floatName(d[i])))
			}
			return exact(i)
		}
	}
	return exact
}

// floatName names what JSON has no number for.
func floatName(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case v > 0:
		return "Infinity"
	}
	return "-Infinity"
}

// writeFile writes a file whole or not at all. It is never one of what the command reads: a slip would cost the only copy.
func (a *app) writeFile(file string, reads []string, content func(w io.Writer) error) error {
	for _, r := range reads {
		if within(file, r) {
			return fmt.Errorf("is what the command reads (%s); give the output another name", r)
		}
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	p := place.Place{Overwrite: true, Context: a.context}
	return p.File(file, func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<16)
		if err := content(b); err != nil {
			return err
		}
		return b.Flush()
	})
}

// sameFile reports whether two paths are of one file; the error says that one is not there.
func sameFile(a, b string) (bool, error) {
	x, err := os.Stat(a)
	if err != nil {
		return false, err
	}
	y, err := os.Stat(b)
	if err != nil {
		return false, err
	}
	return os.SameFile(x, y), nil
}

// within reports whether a file is another one, under whatever name, or lies in a directory.
func within(file, other string) bool {
	if same, err := sameFile(file, other); err == nil && same {
		return true
	}
	there, err := os.Stat(other)
	if err != nil || !there.IsDir() {
		return false
	}
	at, err := filepath.Abs(file)
	if err != nil {
		return false
	}
	if real, err := filepath.EvalSymlinks(at); err == nil {
		at = real
	} else if real, err := filepath.EvalSymlinks(filepath.Dir(at)); err == nil {
		at = filepath.Join(real, "new")
	}
	for at != filepath.Dir(at) {
		at = filepath.Dir(at)
		if info, err := os.Stat(at); err == nil && os.SameFile(info, there) {
			return true
		}
	}
	return false
}
