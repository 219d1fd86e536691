package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

const (
	examplesDir = "../../examples/"
	goldensDir  = "../../conformance/testdata/goldens/"
)

// horn runs a command line as main does.
func horn(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return hornIn(t, "", args...)
}

func hornIn(t testing.TB, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = newApp(strings.NewReader(stdin), &out, &err).run(args)
	return code, out.String(), err.String()
}

// must runs a command line that has to succeed.
func must(t testing.TB, args ...string) string {
	t.Helper()
	code, out, err := horn(t, args...)
	if code != 0 {
		t.Fatalf("horn %s: exit %d: %s", strings.Join(args, " "), code, err)
	}
	return out
}

// refused checks that a command line fails with an exit code, one line and certain words in it.
func refused(t testing.TB, want int, words string, args ...string) {
	t.Helper()
	code, _, err := horn(t, args...)
	line := "horn " + strings.Join(args, " ")
	if code != want || !strings.Contains(err, words) {
		t.Errorf("%s: exit %d: %q; want %d and %q", line, code, err, want, words)
	}
	if strings.Count(err, "\n") != 1 || !strings.HasPrefix(err, "horn: ") || !strings.HasSuffix(err, "\n") {
		t.Errorf("%s: not one line: %q", line, err)
	}
}

func writeTemp(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDemo(t *testing.T) {
	out := must(t, "demo")
	for _, want := range []string{"   7  99.95 %", "██", "10 of 10 are right"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for line := range strings.Lines(out) {
		if n := len([]rune(line)); n > 110 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	var visit func(c *cobra.Command, path []string)
	visit = func(c *cobra.Command, path []string) {
		if c.Hidden || c.Name() == "completion" {
			return
		}
		out := must(t, append(path, "--help")...)
		if !strings.Contains(out, "Examples:\n  ") || !strings.Contains(out, "Usage:") {
			t.Errorf("horn %s --help:\n%s", strings.Join(path, " "), out)
		}
		for _, sub := range c.Commands() {
			visit(sub, append(path[:len(path):len(path)], sub.Name()))
		}
	}
	visit((&app{}).root(), nil)
}

func TestUsage(t *testing.T) {
	digits, picture := examplesDir+"digits.keras", examplesDir+"digit_7.png"
	for _, c := range []struct {
		words string
		args  []string
	}{
		{`unknown command "foo"`, []string{"foo"}},
		{"unknown flag: --foo", []string{"predict", digits, picture, "--foo"}},
		{"MODEL and one or more INPUT files", []string{"predict"}},
		{"MODEL and one or more INPUT files", []string{"predict", digits}},
		{"--batch", []string{"predict", digits, picture, "--batch", "x"}},
		{"--batch 0", []string{"predict", digits, picture, "--batch", "0"}},
		{"--top -1", []string{"predict", digits, picture, "--top", "-1"}},
		{"--threads 1000000000: at most 1024", []string{"predict", digits, picture, "--threads", "1000000000"}},
		{"--width 1000000000: at most 10000", []string{"summary", digits, "--width", "1000000000"}},
		{"--threads -1", []string{"predict", digits, picture, "--threads", "-1"}},
		{"--top is for the readable output", []string{"predict", digits, picture, "--top", "2", "--json"}},
		{".npy, .npz, .csv or .json", []string{"predict", digits, picture, "--output", "x.txt"}},
		{"an input is a", []string{"predict", digits, "x.txt"}},
		{"--resize is for pictures", []string{"predict", digits, examplesDir + "digits_test.npz", "--resize"}},
		{"only pictures", []string{"predict", digits, "a.npy", "b.npy"}},
		{"expected: MODEL", []string{"summary"}},
		{"expected: MODEL", []string{"inspect", "a", "b"}},
		{"--width", []string{"summary", digits, "--width", "10"}},
		{"--dir", []string{"verify", digits}},
		{"--dir", []string{"verify", digits, "a.npz", "--dir", "."}},
		{"--seconds", []string{"bench", digits, "--seconds", "0"}},
		{"a .npz is expected", []string{"bench", digits, "--input", "x.npy"}},
		{"-o FILE", []string{"plot", digits}},
		{".svg, .dot or .mmd", []string{"plot", digits, "-o", "x.png"}},
		{"expected: FILE", []string{"h5", "ls"}},
		{"there is no command", []string{"help", "foo"}},
	} {
		refused(t, 2, c.words, c.args...)
	}
}

// TestWrongFiles gives every command that takes a model all sorts of files that are none.
func TestWrongFiles(t *testing.T) {
	keras := readFile(t, examplesDir+"digits.keras")
	for _, c := range []struct{ words, path string }{
		{"there is no such file", filepath.Join(t.TempDir(), "no.keras")},
		{"config.json", t.TempDir()},
		{"empty", writeTemp(t, "a.keras", nil)},
		{"no Keras model", writeTemp(t, "a.keras", []byte("hello, this is text"))},
		{"truncated", writeTemp(t, "a.keras", keras[:len(keras)/2])},
		{"no Keras model", writeTemp(t, "a.keras", readFile(t, examplesDir+"digit_1.png"))},
		{"npz", writeTemp(t, "a.keras", readFile(t, examplesDir+"wine_test.npz"))},
		{"model_config", writeTemp(t, "a.keras", readFile(t, "../../h5lite/testdata/h5/numbers.h5"))},
	} {
		name := filepath.Base(c.path)
		if c.words == "npz" {
			c.words = "config.json" // a zip, but none of Keras
		}
		for _, args := range [][]string{
			{"predict", c.path, examplesDir + "digit_7.png"}, {"summary", c.path}, {"inspect", c.path}, {"bench", c.path},
			{"verify", c.path, examplesDir + "wine_test.npz"}, {"plot", c.path, "-o", filepath.Join(t.TempDir(), "x.svg")},
		} {
			refused(t, 1, c.words, args...)
			if _, _, err := horn(t, args...); !strings.Contains(err, c.path) {
				t.Errorf("%s: the line does not name the file %s: %q", args[0], name, err)
			}
		}
	}
}

type panicky struct{}

func (panicky) Read([]byte) (int, error) { panic("a bug\nin two lines") }

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestLastResorts(t *testing.T) {
	var err bytes.Buffer
	code := newApp(panicky{}, io.Discard, &err).run([]string{"predict", examplesDir + "wine.keras", "-"})
	if code != 1 || strings.Count(err.String(), "\n") != 1 || !strings.Contains(err.String(), "internal error: a bug; in two lines") {
		t.Errorf("exit %d: %q", code, err.String())
	}
	err.Reset()
	code = newApp(nil, full{}, &err).run([]string{"version"})
	if code != 1 || err.String() != "horn: standard output: no space left on device\n" {
		t.Errorf("exit %d: %q", code, err.String())
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"naïve ☃ 層": "naïve ☃ 層", "a\x1b[31mb": `a\x1b[31mb`, "a\xffb": `a\xffb`, "t\tab": `t\tab`,
		"2 problems:\n  one\n  two": "2 problems: one; two",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
