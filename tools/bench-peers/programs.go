package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// timing is what a slice measures of single calls, in nanoseconds.
type timing struct{ median, mean float64 }

// task is what a slice runs.
type task struct {
	benchmark
	batch, threads int
}

// program times tasks.
type program interface {
	slice(t task, seconds float64) (timing, error)
}

// programs are those that are compared; nil ones take no part.
type programs struct {
	horn, before          program
	onnxruntime, openvino *peer
}

// column is a program with a number of threads.
type column struct {
	title   string
	program program
	threads int
}

// measure times a batch of a model, a slice of every column in turn, each round in another order.
func (s *settings) measure(b benchmark, batch int, columns []column) ([][]timing, error) {
	out := make([][]timing, len(columns))
	for r := range s.rounds {
		for k := range columns {
			i := (k + r) % len(columns)
			t, err := columns[i].program.slice(task{b, batch, columns[i].threads}, s.seconds)
			if err != nil {
				return nil, err
			}
			out[i] = append(out[i], t)
		}
	}
	return out, nil
}

// hornBinary is a build of horn.
type hornBinary string

func (h hornBinary) slice(t task, seconds float64) (timing, error) {
	cmd := exec.Command(string(h), "bench", filepath.Join(t.dir, t.name+".keras"), "--batch", strconv.Itoa(t.batch),
		"--threads", strconv.Itoa(t.threads),
		"--input", t.inputs(t.batch), "--seconds", fmt.Sprint(seconds), "--json")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return timing{}, fmt.Errorf("%s bench %s: %w", string(h), t.name, err)
	}
	var answer struct {
		Median    float64 `json:"median_ns"`
		PerSecond float64 `json:"examples_per_second"`
		Batch     float64 `json:"batch"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return timing{}, err
	}
	return timing{answer.Median, answer.Batch * 1e9 / answer.PerSecond}, nil
}

//go:embed peers.py
var peersScript string

// peer is a process of peers.py.
type peer struct {
	name, version string
	cmd           *exec.Cmd
	in            io.WriteCloser
	out           *bufio.Scanner
	open          task
}

type request struct {
	Model   string  `json:"model,omitempty"`
	Inputs  string  `json:"npz,omitempty"`
	Batch   int     `json:"batch,omitempty"`
	Threads int     `json:"threads,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
}

type answer struct {
	Version    string  `json:"version"`
	Difference float64 `json:"difference"`
	Median     float64 `json:"median_ns"`
	Mean       float64 `json:"mean_ns"`
	Failure    string  `json:"failure"`
}

func startPeer(python, script, name string) (*peer, error) {
	p := &peer{name: name, cmd: exec.Command(python, script, name)}
	p.cmd.Stderr = os.Stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	first, err := p.read()
	p.version = first.Version
	return p, err
}

func (p *peer) read() (answer, error) {
	if !p.out.Scan() {
		return answer{}, fmt.Errorf("%s has ended", p.name)
	}
	var a answer
	if err := json.Unmarshal(p.out.Bytes(), &a); err != nil {
		return a, fmt.Errorf("%s says %s", p.name, p.out.Bytes())
	}
	if a.Failure != "" {
		return a, fmt.Errorf("%s, %s: %s", p.name, p.open.name, a.Failure)
	}
	return a, nil
}

func (p *peer) ask(r request) (answer, error) {
	if err := json.NewEncoder(p.in).Encode(r); err != nil {
		return answer{}, err
	}
	return p.read()
}

// slice opens the task's model first if it is not the open one, and warms it up.
func (p *peer) slice(t task, seconds float64) (timing, error) {
	if p.open != t {
		p.open = t
		a, err := p.ask(request{Model: filepath.Join(t.dir, t.name+".onnx"), Inputs: t.inputs(t.batch), Batch: t.batch, Threads: t.threads})
		if err != nil {
			return timing{}, err
		}
		if a.Difference > 0.01 {
			return timing{}, fmt.Errorf("%s, %s: the answer is off by %g", p.name, t.name, a.Difference)
		}
	}
	if _, err := p.ask(request{Seconds: seconds / 5}); err != nil { // as horn bench does
		return timing{}, err
	}
	a, err := p.ask(request{Seconds: seconds})
	return timing{a.Median, a.Mean}, err
}

// programs builds horn and starts the peers.
func (s *settings) programs(work string) (*programs, error) {
	horn := filepath.Join(work, "horn")
	if out, err := exec.Command("go", "build", "-o", horn, "./tools/horn").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build ./tools/horn: %v\n%s", err, out)
	}
	p := &programs{horn: hornBinary(horn)}
	if s.against != "" {
		path, err := filepath.Abs(s.against)
		if err != nil {
			return nil, err
		}
		p.before = hornBinary(path)
	}
	if s.peers == "" {
		return p, nil
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	script := filepath.Join(work, "peers.py")
	if err := os.WriteFile(script, []byte(peersScript), 0o644); err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(s.peers, ",") {
		to := map[string]**peer{"onnxruntime": &p.onnxruntime, "openvino": &p.openvino}[name]
		if to == nil {
			return nil, fmt.Errorf("there is no peer %q", name)
		}
		var err error
		if *to, err = startPeer(s.python, script, name); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

// prepare makes a virtual environment where there is none.
func (s *settings) prepare() error {
	if _, err := os.Stat(s.python); err == nil {
		return nil
	}
	venv := filepath.Dir(filepath.Dir(s.python))
	for _, args := range [][]string{
		{"python3", "-m", "venv", venv},
		{s.python, "-m", "pip", "install", "-q", "onnxruntime", "openvino", "numpy"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

func (p *programs) close() {
	for _, peer := range []*peer{p.onnxruntime, p.openvino} {
		if peer != nil {
			peer.in.Close()
			peer.cmd.Wait()
		}
	}
}
