package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// row is a line of the table.
type row struct {
	benchmark
	batch, threads int
	horn           []timing
	others         [][]timing // of the columns that others returns
}

// others are the columns besides horn.
func (p *programs) others() []column {
	var c []column
	if p.onnxruntime != nil {
		c = append(c, column{"ONNX Runtime", p.onnxruntime, 0})
	}
	if p.openvino != nil {
		c = append(c, column{"OpenVINO", p.openvino, 0})
	}
	if p.before != nil {
		c = append(c, column{"before", p.before, 0})
	}
	return c
}

// versions names the peers.
func (p *programs) versions() string {
	text := "horn"
	for _, peer := range []*peer{p.onnxruntime, p.openvino} {
		if peer != nil {
			text += ", " + peer.version
		}
	}
	return text
}

func median(t timing) float64 { return t.median }
func mean(t timing) float64   { return t.mean }

// middle is the median of the rounds.
func middle(times []timing, of func(timing) float64) float64 {
	values := make([]float64, len(times))
	for i, t := range times {
		values[i] = of(t)
	}
	slices.Sort(values)
	return (values[len(values)/2] + values[(len(values)-1)/2]) / 2
}

// spread is what the rounds say of a ratio.
type spread struct{ middle, least, most float64 }

// compare divides the times of two columns, round by round.
func compare(a, b []timing, of func(timing) float64) spread {
	ratios := make([]timing, len(a))
	s := spread{least: math.Inf(1)}
	for i := range a {
		r := of(a[i]) / of(b[i])
		ratios[i].median = r
		s.least, s.most = min(s.least, r), max(s.most, r)
	}
	s.middle = middle(ratios, median)
	return s
}

// best is the shortest time of the rounds.
func best(times []timing) float64 {
	b := math.Inf(1)
	for _, t := range times {
		b = min(b, t.median)
	}
	return b
}

// measureRow measures a line of the table.
func (s *settings) measureRow(b benchmark, batch, threads int, p *programs) (row, error) {
	columns := append([]column{{"horn", p.horn, 0}}, p.others()...)
	for i := range columns {
		columns[i].threads = threads
	}
	times, err := s.measure(b, batch, columns)
	if err != nil {
		return row{}, err
	}
	fmt.Printf("%-18s batch %4d, %d threads: horn %10.1f us", b.name, batch, threads, middle(times[0], median)/1e3)
	for i, c := range columns[1:] {
		r := compare(times[0], times[i+1], median)
		fmt.Printf("; %s %10.1f us, ratio %.2f (%.2f..%.2f)", c.title, middle(times[i+1], median)/1e3, r.middle, r.least, r.most)
	}
	fmt.Println()
	return row{b, batch, threads, times[0], times[1:]}, nil
}

// slower is the ratio from which on a row is slower than before.
const slower = 1.03

// isSlower compares a row with the older build: both the middle of the pairs and the shortest times must say so.
func (r row) isSlower() bool {
	before := r.others[len(r.others)-1]
	return compare(r.horn, before, median).middle > slower && best(r.horn)/best(before) > slower
}

// quiet measures all rows, writes the documentation, and looks again at those that are slower than the older build.
func (s *settings) quiet(list []benchmark, p *programs) error {
	fmt.Println(p.versions())
	var rows []row
	for _, b := range list {
		for _, batch := range []int{1, b.batch} {
			for _, threads := range []int{1, 2} {
				r, err := s.measureRow(b, batch, threads, p)
				if err != nil {
					return err
				}
				rows = append(rows, r)
			}
		}
	}
	if s.docs != "" && s.only == "" && p.onnxruntime != nil && p.openvino != nil {
		if err := replace(filepath.Join(s.docs, "performance.md"), table(rows, p)); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.docs, "performance.svg"), []byte(drawing(rows)), 0o644); err != nil {
			return err
		}
	}
	if p.before == nil {
		return nil
	}
	return s.again(rows, p)
}

// again measures the rows that are slower than the older build, without the peers.
func (s *settings) again(rows []row, p *programs) error {
	sum := 0.0
	for _, r := range rows {
		sum += math.Log(compare(r.horn, r.others[len(r.others)-1], median).middle)
	}
	fmt.Printf("horn takes %.3f of the time before, the geometric mean of %d rows\n", math.Exp(sum/float64(len(rows))), len(rows))
	alone := &programs{horn: p.horn, before: p.before}
	longer := *s
	var err error
	for range 2 {
		rows = slices.DeleteFunc(rows, func(r row) bool { return !r.isSlower() })
		if len(rows) == 0 {
			fmt.Println("no row is more than 3 % slower than before")
			return nil
		}
		fmt.Printf("\nagain, %d rows that are slower than before:\n", len(rows))
		longer.rounds *= 2
		for i, r := range rows {
			if rows[i], err = longer.measureRow(r.benchmark, r.batch, r.threads, alone); err != nil {
				return err
			}
		}
	}
	for _, r := range rows {
		if r.isSlower() {
			err = errors.Join(err, fmt.Errorf("%s, batch %d, %d threads is more than 3 %% slower than before", r.name, r.batch, r.threads))
		}
	}
	return err
}
