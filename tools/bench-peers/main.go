// Command bench-peers times horn, ONNX Runtime and OpenVINO in one run, in turn, and writes the table and
// the drawing in docs/performance.md.
// Its --help and the README beside it say how to use it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// settings are the flags.
type settings struct {
	models, big, only, python, peers, docs, against string
	seconds                                         float64
	rounds                                          int
	neighbour                                       bool
}

const usage = `bench-peers times horn, ONNX Runtime and OpenVINO with the same models and inputs, in one run, in turn.

  go run ./tools/bench-peers --big DIR
      horn against both, batch 1 and a larger one, 1 and 2 threads. Writes the table and the drawing in docs/performance.md.
  go run ./tools/bench-peers --big DIR --against BINARY [--peers ""]
      besides, the horn of this tree against another build ("go build -o BINARY ./tools/horn" in a worktree of an older commit).
      Fails if a row is more than 3 % slower, in a second and a third measurement, too.
  go run ./tools/bench-peers --big DIR --neighbour [--against BINARY]
      one and two threads at batch 1 while a process of its own takes a core. Prints a table and writes nothing.

DIR has the models that make_models.py makes; without it only those of --models are measured. A row is some rounds, each with a short
slice of every program: what disturbs a slice disturbs the one after it, so believe the ratios, which are taken pair by pair. Two runs
should agree.

`

func main() {
	var s settings
	flag.StringVar(&s.models, "models", "../shared/peers/models", "`folder` of the given models")
	flag.StringVar(&s.big, "big", "", "`folder` of the models that make_models.py makes")
	flag.StringVar(&s.only, "only", "", "comma-separated `names` of models; all if empty")
	flag.StringVar(&s.python, "python", filepath.Join(os.TempDir(), "horn-bench-venv", "bin", "python"),
		"`program` with onnxruntime, openvino and numpy; if it is not there, a virtual environment is made")
	flag.StringVar(&s.peers, "peers", "onnxruntime,openvino", "what horn is compared with; nothing if empty")
	flag.StringVar(&s.docs, "docs", "docs",
		"`folder` of performance.md and performance.svg; nothing is written if empty, or without both peers and all models")
	flag.StringVar(&s.against, "against", "", "another build of horn, a `binary`, to compare with")
	flag.BoolVar(&s.neighbour, "neighbour", false, "measure while another process takes a core")
	flag.Float64Var(&s.seconds, "seconds", 0.3, "of one slice")
	flag.IntVar(&s.rounds, "rounds", 5, "slices of each program for a row")
	burn := flag.Bool("burn", false, "take a core until standard input ends (what --neighbour starts)")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	if *burn {
		takeCore()
		return
	}
	if err := s.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench-peers:", err)
		os.Exit(1)
	}
}

func (s *settings) run() error {
	list, err := s.benchmarks()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "bench-peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	p, err := s.programs(work)
	if err != nil {
		return err
	}
	defer p.close()
	if s.neighbour {
		return s.crowded(list, p)
	}
	return s.quiet(list, p)
}

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

// benchmarks lists the given models and the big ones.
func (s *settings) benchmarks() ([]benchmark, error) {
	var list []benchmark
	for _, b := range peerBatches {
		list = append(list, benchmark{s.models, b.name, b.batch})
	}
	if s.big != "" {
		paths, err := filepath.Glob(filepath.Join(s.big, "*.onnx"))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			list = append(list, benchmark{s.big, strings.TrimSuffix(filepath.Base(path), ".onnx"), bigBatch})
		}
	}
	if s.only == "" {
		return list, nil
	}
	var chosen []benchmark
	for name := range strings.SplitSeq(s.only, ",") {
		found := false
		for _, b := range list {
			if b.name == name {
				chosen, found = append(chosen, b), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no model %q", name)
		}
	}
	return chosen, nil
}

// inputs is the file of a batch's inputs.
func (b benchmark) inputs(batch int) string {
	own := filepath.Join(b.dir, fmt.Sprintf("%s_b%d.npz", b.name, batch))
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join(b.dir, b.name+".npz")
}
