package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/tensor"
)

// table is a .csv file: rows of cells, and the names of the columns if the first row has them.
type table struct {
	header []string
	rows   [][]string
}

// readCSV takes the inputs from the columns of a table: by the names of the columns where they are those of the inputs,
// else from left to right. Columns that are left over are noted if they have names, and an error if they have none.
func (r *inputReader) readCSV(file string, want []port) ([]tensor.Any, error) {
	data, err := readRegular(file)
	if err != nil {
		return nil, err
	}
	t, err := parseCSV(data, want)
	if err != nil {
		return nil, err
	}
	columns := len(t.rows[0])
	out := make([]tensor.Any, len(want))
	var used []int
	next := 0
	byName := t.header != nil && !slices.ContainsFunc(want, func(p port) bool { return t.named(p) == nil })
	for i, p := range want {
		var take []int
		if byName {
			take = t.named(p)
		} else {
			n, err := p.width(columns - next)
			if err != nil {
				return nil, err
			}
			if next+n > columns {
				if len(want) == 1 {
					return nil, fmt.Errorf("has %d columns; the input %q needs %d", columns, p.name, n)
				}
				return nil, fmt.Errorf("has %d columns; the input %q needs %d of them from column %d on", columns, p.name, n, next+1)
			}
			for range n {
				take = append(take, next)
				next++
			}
		}
		used = append(used, take...)
		if out[i], err = t.tensor(p, take); err != nil {
			return nil, err
		}
	}
	var rest []string
	for c := range columns {
		if !slices.Contains(used, c) && t.header != nil {
			rest = append(rest, fmt.Sprintf("%d (%s)", c+1, t.header[c]))
		}
	}
	switch {
	case len(rest) > 0:
		r.app.note("%s: no input: column %s", file, strings.Join(rest, ", "))
	case columns > len(used):
		return nil, fmt.Errorf("has %d columns, the model needs %d; without a header row none can be left out", columns, len(used))
	}
	return out, nil
}

func parseCSV(data []byte, want []port) (*table, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	c := csv.NewReader(bytes.NewReader(data))
	c.TrimLeadingSpace = true
	if first, _, _ := bytes.Cut(data, []byte("\n")); !bytes.ContainsRune(first, ',') {
		switch {
		case bytes.ContainsRune(first, ';'):
			c.Comma = ';'
		case bytes.ContainsRune(first, '\t'):
			c.Comma = '\t'
		}
	}
	t := &table{}
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		t.rows = append(t.rows, row)
	}
	if len(t.rows) > 0 && isHeader(t.rows[0], want) {
		t.header, t.rows = t.rows[0], t.rows[1:]
	}
	if len(t.rows) == 0 {
		return nil, errors.New("has no rows")
	}
	return t, nil
}

// isHeader tells names of columns from values: they are names of inputs or, where all inputs are numbers, no numbers; a
// single column of text may have the name "text".
func isHeader(row []string, want []port) bool {
	text := false
	if len(row) == 1 && strings.EqualFold(strings.TrimSpace(row[0]), "text") {
		return true
	}
	for _, p := range want {
		text = text || p.dtype == tensor.String
		for _, name := range p.called() {
			if slices.ContainsFunc(row, func(cell string) bool { return strings.EqualFold(strings.TrimSpace(cell), name) }) {
				return true
			}
		}
	}
	return !text && slices.ContainsFunc(row, func(cell string) bool {
		_, err := parseNumber(cell)
		return err != nil && strings.TrimSpace(cell) != ""
	})
}

func parseNumber(cell string) (float64, error) {
	s := strings.TrimSpace(cell)
	switch strings.ToLower(s) {
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	return strconv.ParseFloat(s, 64)
}

// width is the number of columns that one example of the input takes; have of them are left.
func (p port) width(have int) (int, error) {
	n, open := 1, false
	for _, d := range p.shape[min(1, len(p.shape)):] {
		if d < 0 {
			if open {
				return 0, fmt.Errorf("the input %q has shape %s, which a table does not give", p.name, tensor.FormatShape(p.shape))
			}
			open = true
			continue
		}
		if d > 0 && n > math.MaxInt32/d {
			return 0, fmt.Errorf("the input %q is too large for a table", p.name)
		}
		n *= d
	}
	if open || p.shape == nil {
		return max(have-have%max(n, 1), n), nil
	}
	return n, nil
}

// named returns the columns with the input's name, or with that name and a number, nil if they are not there.
func (t *table) named(p port) []int {
	n, err := p.width(1)
	if err != nil {
		return nil
	}
	column := func(name string) int {
		return slices.IndexFunc(t.header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
	}
	for _, name := range p.called() {
		if i := column(name); i >= 0 && n == 1 {
			return []int{i}
		}
		var take []int
		for k := 0; n > 1 && k < n; k++ {
			i := column(fmt.Sprintf("%s_%d", name, k))
			if i < 0 {
				break
			}
			take = append(take, i)
		}
		if n > 1 && len(take) == n {
			return take
		}
	}
	return nil
}

// tensor makes an array of columns.
func (t *table) tensor(p port, columns []int) (tensor.Any, error) {
	shape := []int{len(t.rows), len(columns)}
	if len(p.shape) == 1 && len(columns) == 1 {
		shape = shape[:1]
	} else if len(p.shape) > 2 {
		shape = append(shape[:1], p.shape[1:]...)
		rest := len(columns)
		for _, d := range shape[1:] {
			if d > 0 {
				rest /= d
			}
		}
		for i := range shape {
			if shape[i] < 0 {
				shape[i] = rest
			}
		}
	}
	if p.dtype == tensor.String {
		cells := make([]string, 0, len(t.rows)*len(columns))
		for _, row := range t.rows {
			for _, c := range columns {
				cells = append(cells, row[c])
			}
		}
		return tensor.FromSlice(cells, shape...), nil
	}
	values := make([]float64, 0, len(t.rows)*len(columns))
	for i, row := range t.rows {
		for _, c := range columns {
			v, err := parseNumber(row[c])
			if err != nil {
				line := i + 1
				if t.header != nil {
					line++
				}
				return nil, fmt.Errorf("row %d, column %d: %q is not a number", line, c+1, row[c])
			}
			values = append(values, v)
		}
	}
	out := tensor.FromSlice(values, shape...)
	if p.dtype.IsFloat() || p.dtype == tensor.Invalid {
		return out.Convert(tensor.Float32)
	}
	return out, nil // fit checks integers
}
