package main

import (
	"bufio"
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
	column map[string]int // by name, in lower case
	rows   [][]string
}

// readCSV takes the inputs from the columns of a table: by the names of the columns where they are those of the inputs,
// else from left to right. Columns that are left over are noted if they have names, and an error if they have none.
func (r *inputReader) readCSV(file string, want []port) ([]tensor.Any, error) {
	f, info, err := openRegular(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := r.budget.fits(info.Size(), "the file"); err != nil {
		return nil, err
	}
	t, err := parseCSV(f, want, r.budget)
	if err != nil {
		return nil, err
	}
	columns := len(t.rows[0])
	out := make([]tensor.Any, len(want))
	used, count := make([]bool, columns), 0
	takes := t.byName(want)
	next := 0
	for i, p := range want {
		var take []int
		if takes != nil {
			take = takes[i]
		} else {
			n, err := p.width(columns - next)
			if err != nil {
				return nil, err
			}
			if n > columns-next {
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
		for _, c := range take {
			if !used[c] {
				used[c] = true
				count++
			}
		}
		if out[i], err = t.tensor(p, take, r.budget); err != nil {
			return nil, err
		}
	}
	switch {
	case count == columns:
	case t.header != nil:
		r.app.note("%s: no input: column %s", file, t.unused(used))
	default:
		return nil, fmt.Errorf("has %d columns, the model needs %d; without a header row none can be left out", columns, count)
	}
	return out, nil
}

// unused names the columns that are not used, the first ones if there are many.
func (t *table) unused(used []bool) string {
	const most = 20
	var names []string
	rest := 0
	for c, u := range used {
		switch {
		case u:
		case len(names) == most:
			rest++
		default:
			names = append(names, fmt.Sprintf("%d (%s)", c+1, t.header[c]))
		}
	}
	if rest > 0 {
		names = append(names, fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(names, ", ")
}

// A cell takes the header of a string besides its text, a row that of a slice.
const (
	memoryOfCell = 16
	memoryOfRow  = 24
)

func parseCSV(file io.Reader, want []port, b *budget) (*table, error) {
	in := bufio.NewReaderSize(file, 1<<16)
	if first, err := in.Peek(3); err == nil && string(first) == "\ufeff" {
		_, _ = in.Discard(3) // they are there
	}
	start, err := in.Peek(1 << 16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	c := csv.NewReader(in)
	c.TrimLeadingSpace = true
	if first, _, _ := bytes.Cut(start, []byte("\n")); !bytes.ContainsRune(first, ',') {
		switch {
		case bytes.ContainsRune(first, ';'):
			c.Comma = ';'
		case bytes.ContainsRune(first, '\t'):
			c.Comma = '\t'
		}
	}
	t := &table{}
	for at := int64(0); ; {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		end := c.InputOffset()
		if err := b.take(end-at+memoryOfRow+int64(len(row))*memoryOfCell, "the table up to row %d", len(t.rows)+1); err != nil {
			return nil, err
		}
		at = end
		t.rows = append(t.rows, row)
	}
	if len(t.rows) > 0 && isHeader(t.rows[0], want) {
		t.header, t.rows = t.rows[0], t.rows[1:]
		t.column = columnsOf(t.header)
	}
	if len(t.rows) == 0 {
		return nil, errors.New("has no rows")
	}
	return t, nil
}

func columnsOf(header []string) map[string]int {
	m := make(map[string]int, len(header))
	for i, h := range header {
		h = strings.ToLower(strings.TrimSpace(h))
		if _, ok := m[h]; !ok {
			m[h] = i
		}
	}
	return m
}

// isHeader tells names of columns from values: they are names of inputs or, where all inputs are numbers, no numbers; a
// single column of text may have the name "text".
func isHeader(row []string, want []port) bool {
	text := false
	if len(row) == 1 && strings.EqualFold(strings.TrimSpace(row[0]), "text") {
		return true
	}
	columns := columnsOf(row)
	for _, p := range want {
		text = text || p.dtype == tensor.String
		for way := range waysToCall {
			for _, name := range p.called(way) {
				if _, ok := columns[strings.ToLower(name)]; ok {
					return true
				}
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

// byName returns the columns of each input by their names, nil if they are not all there.
func (t *table) byName(want []port) [][]int {
	if t.header == nil {
		return nil
	}
	out := make([][]int, len(want))
	for way := range waysToCall {
		all := true
		for i, p := range want {
			out[i] = t.named(p, way)
			all = all && out[i] != nil
		}
		if all {
			return out
		}
	}
	return nil
}

// named returns the columns with the input's name, or with that name and a number, nil if they are not there.
func (t *table) named(p port, way int) []int {
	n, err := p.width(1)
	if err != nil {
		return nil
	}
	for _, name := range p.called(way) {
		name = strings.ToLower(name)
		if i, ok := t.column[name]; ok && n == 1 {
			return []int{i}
		}
		var take []int
		for k := 0; n > 1 && k < n; k++ {
			i, ok := t.column[fmt.Sprintf("%s_%d", name, k)]
			if !ok {
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
func (t *table) tensor(p port, columns []int, b *budget) (tensor.Any, error) {
	const each = 16 // as float64, then as what the model takes
	if err := b.take(int64(len(t.rows))*int64(len(columns))*each, "the input %q of %d rows", p.name, len(t.rows)); err != nil {
		return nil, err
	}
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
