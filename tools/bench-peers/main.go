// Command bench-peers times horn and ONNX Runtime in one run, in turn, and writes the table and the drawing in
// docs/performance.md.
//
//	go run ./tools/bench-peers --peers ../shared/peers [--big DIR] [--seconds 0.3] [--rounds 5]
//
// It needs Node.js 20; ONNX Runtime comes from npm. DIR has the big models that make_models.py makes.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// benchmark is a model with its larger batch.
type benchmark struct {
	dir, name string
	batch     int
}

// peerBatches are the larger batches of the given models.
var peerBatches = []benchmark{
	{"", "tabular", 1024}, {"", "lenet", 64}, {"", "mlp", 256}, {"", "mobilenet_v2", 4}, {"", "tcn", 8}, {"", "lstm_text", 32},
	{"", "transformer", 8},
}

// bigBatch is the larger batch of the models that make_models.py makes.
const bigBatch = 8

// benchmarks lists the given models and those in the folder big.
func benchmarks(work, big string) ([]benchmark, error) {
	var list []benchmark
	for _, b := range peerBatches {
		list = append(list, benchmark{filepath.Join(work, "models"), b.name, b.batch})
	}
	if big == "" {
		return list, nil
	}
	dir, err := filepath.Abs(big)
	if err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.onnx"))
	for _, path := range paths {
		list = append(list, benchmark{dir, strings.TrimSuffix(filepath.Base(path), ".onnx"), bigBatch})
	}
	return list, err
}

// result is a line that bench.mjs prints.
type result struct {
	Model    string  `json:"model"`
	Batch    int     `json:"batch"`
	Threads  int     `json:"threads"`
	ORT      float64 `json:"ort_median_ns"`
	Horn     float64 `json:"other_median_ns"`
	Ratio    float64 `json:"ratio"`
	RatioMin float64 `json:"ratio_min"`
	RatioMax float64 `json:"ratio_max"`
	Failure  string  `json:"failure"`
}

func main() {
	peers := flag.String("peers", "../shared/peers", "folder with bench.mjs, package.json and models/")
	big := flag.String("big", "", "folder with the models that make_models.py makes")
	work := flag.String("work", filepath.Join(os.TempDir(), "horn-bench-peers"), "folder for ONNX Runtime")
	seconds := flag.String("seconds", "0.3", "seconds of one slice")
	rounds := flag.String("rounds", "5", "pairs of slices")
	only := flag.String("only", "", "comma-separated models, all if empty")
	docs := flag.String("docs", "docs", "folder of performance.md and performance.svg")
	flag.Parse()
	if err := run(*peers, *big, *work, *seconds, *rounds, *only, *docs); err != nil {
		fmt.Fprintln(os.Stderr, "bench-peers:", err)
		os.Exit(1)
	}
}

func run(peers, big, work, seconds, rounds, only, docs string) error {
	if err := prepare(peers, work); err != nil {
		return err
	}
	horn := filepath.Join(work, "horn")
	if out, err := exec.Command("go", "build", "-o", horn, "./tools/horn").CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./tools/horn: %v\n%s", err, out)
	}
	list, err := benchmarks(work, big)
	if err != nil {
		return err
	}
	var results []result
	for _, b := range list {
		if only != "" && !contains(strings.Split(only, ","), b.name) {
			continue
		}
		cmd := exec.Command("node", "bench.mjs", "--horn", horn, "--model", filepath.Join(b.dir, b.name+".onnx"),
			"--batch", fmt.Sprintf("1,%d", b.batch), "--threads", "1,2", "--seconds", seconds, "--rounds", rounds, "--json")
		cmd.Dir, cmd.Stderr = work, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		for _, line := range bytes.Split(bytes.TrimSpace(out), []byte("\n")) {
			var r result
			if err := json.Unmarshal(line, &r); err != nil {
				return fmt.Errorf("%s: %s", b.name, line)
			}
			if r.Failure != "" {
				return fmt.Errorf("%s: %s", b.name, r.Failure)
			}
			fmt.Printf("%-18s batch %4d, %d threads: ONNX Runtime %10.1f us, horn %10.1f us, ratio %.2f (%.2f..%.2f)\n",
				r.Model, r.Batch, r.Threads, r.ORT/1e3, r.Horn/1e3, r.Ratio, r.RatioMin, r.RatioMax)
			results = append(results, r)
		}
	}
	if err := replace(filepath.Join(docs, "performance.md"), table(results)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, "performance.svg"), []byte(drawing(results)), 0o644)
}

// prepare copies the peers to a folder where npm may write, and installs ONNX Runtime there.
func prepare(peers, work string) error {
	if _, err := os.Stat(filepath.Join(work, "node_modules", "onnxruntime-node")); err == nil {
		return nil
	}
	err := filepath.WalkDir(peers, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(peers, path)
		if err != nil {
			return err
		}
		to := filepath.Join(work, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	})
	if err != nil {
		return err
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--omit=optional")
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %v\n%s", err, out)
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// Marks between which the table stands in performance.md.
const (
	tableStart = "<!-- table: written by tools/bench-peers -->"
	tableEnd   = "<!-- end of table -->"
)

func replace(path, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(data), tableStart)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no table to replace", path)
	}
	return os.WriteFile(path, []byte(before+tableStart+"\n"+text+tableEnd+after), 0o644)
}

func table(results []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s/%s, %d cores, %s. Microseconds, medians; the ratio is horn to ONNX Runtime, pair by pair: median "+
		"(smallest..largest).\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	b.WriteString("| model | batch | threads | ONNX Runtime | horn | ratio |\n| --- | ---: | ---: | ---: | ---: | --- |\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %d | %d | %.1f | %.1f | **%.2f** (%.2f..%.2f) |\n", r.Model, r.Batch, r.Threads, r.ORT/1e3, r.Horn/1e3, r.Ratio,
			r.RatioMin, r.RatioMax)
	}
	b.WriteString("\n")
	return b.String()
}

// drawing shows the ratios as bars; the line at 1.0 is ONNX Runtime.
func drawing(results []result) string {
	const left, right, row, top = 250, 420, 18, 40
	scale := func(ratio float64) float64 { return min(ratio, 1.5) / 1.5 * right }
	height := top + row*len(results) + 30
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" `+
		`font-size="12">`+"\n", left+right+80, height, left+right+80, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="10" y="20" font-size="14">Time of horn relative to ONNX `+
		`Runtime (shorter is faster)</text>`+"\n")
	for i, r := range results {
		y := top + row*i
		colour := "#3a7d44"
		if r.Ratio > 1 {
			colour = "#c0392b"
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s, batch %d, %d thr</text><rect x="%d" y="%d" width="%.1f" height="%d" `+
			`fill="%s"/><text x="%.1f" y="%d">%.2f</text>`+"\n",
			left-8, y+13, r.Model, r.Batch, r.Threads, left, y+2, scale(r.Ratio), row-5, colour, left+scale(r.Ratio)+5, y+13, r.Ratio)
	}
	x := left + scale(1)
	fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="black" stroke-dasharray="4 3"/><text x="%.1f" y="%d" `+
		`text-anchor="middle">ONNX Runtime</text>`+"\n</svg>\n", x, top-6, x, height-24, x, height-8)
	return b.String()
}
