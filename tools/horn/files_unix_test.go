//go:build unix

package main

import (
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layers"
)

// TestPipesAndDevices gives every command what has no end where it takes a file.
func TestPipesAndDevices(t *testing.T) {
	dir := t.TempDir()
	digits, picture := examplesDir+"digits.keras", examplesDir+"digit_7.png"
	special := func(name string) []string {
		pipe, device := filepath.Join(dir, "pipe"+name), filepath.Join(dir, "device"+name)
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/dev/zero", device); err != nil {
			t.Fatal(err)
		}
		return []string{pipe, device}
	}
	var lines [][]string
	for _, model := range special(".keras") {
		lines = append(lines, []string{"predict", model, picture}, []string{"summary", model}, []string{"inspect", model},
			[]string{"evaluate", model, examplesDir + "digits_test.npz"}, []string{"bench", model}, []string{"verify", model, picture},
			[]string{"plot", model, "-o", filepath.Join(dir, "x.svg")}, []string{"convert", model, filepath.Join(dir, "x.h5")},
			[]string{"convert", "--overwrite", digits, model}, []string{"h5", "ls", model}, []string{"h5", "dump", model})
	}
	for _, ending := range []string{".npy", ".npz", ".csv", ".json", ".png", ".jpg", ".gif"} {
		for _, input := range special(ending) {
			lines = append(lines, []string{"predict", digits, input})
			if ending == ".npz" {
				lines = append(lines, []string{"evaluate", digits, input}, []string{"bench", digits, "--input", input},
					[]string{"verify", digits, input})
			}
			if !isPicture(input) {
				lines = append(lines, []string{"predict", digits, picture, "--output", input})
			}
		}
	}
	for _, weights := range special(".weights.h5") {
		lines = append(lines, []string{"convert", "--weights", weights, digits, filepath.Join(dir, "x.keras")})
	}
	for _, svg := range special(".svg") {
		lines = append(lines, []string{"plot", digits, "-o", svg})
	}
	for _, part := range []string{"config.json", "metadata.json", "model.weights.h5", "assets"} {
		model := filepath.Join(dir, "model_"+part)
		must(t, "convert", digits, model+"/")
		path := filepath.Join(model, part)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, []string{"convert", "--overwrite", digits, model + "/"})
		if part == "config.json" || part == "model.weights.h5" {
			lines = append(lines, []string{"predict", model, picture})
		}
	}
	for _, line := range lines {
		done := make(chan struct{})
		go func() {
			defer close(done)
			refused(t, 1, "", line...)
		}()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Fatalf("horn %s does not end", strings.Join(line, " "))
		}
	}
}

// TestOutputModes has all that writes write a new file under two umasks, and an old one.
func TestOutputModes(t *testing.T) {
	digits, picture := examplesDir+"digits.keras", examplesDir+"digit_7.png"
	for _, mask := range []int{0o022, 0o077} {
		func() {
			defer syscall.Umask(syscall.Umask(mask))
			dir := t.TempDir()
			for _, c := range []struct {
				output string
				args   []string
			}{
				{"o.json", []string{"predict", digits, picture, "--output"}}, {"o.csv", []string{"predict", digits, picture, "--output"}},
				{"o.npz", []string{"predict", digits, picture, "--output"}}, {"o.svg", []string{"plot", digits, "-o"}},
				{"o.keras", []string{"convert", "--overwrite", digits}}, {"o.h5", []string{"convert", "--overwrite", digits}},
				{"o.weights.json", []string{"convert", "--overwrite", digits}},
			} {
				path := filepath.Join(dir, c.output)
				for _, want := range []fs.FileMode{0o666 &^ fs.FileMode(mask), 0o600, 0o640} {
					if _, err := os.Stat(path); err == nil {
						if err := os.Chmod(path, want); err != nil {
							t.Fatal(err)
						}
					}
					must(t, append(c.args, path)...)
					if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
						t.Errorf("umask %03o: %s has mode %v, %v; want %03o", mask, c.output, info.Mode(), err, want)
					}
				}
			}
		}()
	}
}

// TestOutputOverInput has outputs take the place of what the command reads, under its name and others.
func TestOutputOverInput(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.npz")
	model := filepath.Join(dir, "model")
	if err := os.WriteFile(in, readFile(t, examplesDir+"digits_test.npz"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "convert", examplesDir+"digits.keras", model+"/")
	link, hard, alias := filepath.Join(dir, "link.npz"), filepath.Join(dir, "hard.npz"), filepath.Join(dir, "alias")
	for _, err := range []error{os.Symlink("in.npz", link), os.Link(in, hard), os.Symlink("model", alias)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	before := string(readFile(t, in))
	config := string(readFile(t, filepath.Join(model, "config.json")))
	for _, output := range []string{in, link, hard, filepath.Join(dir, "model", "..", "in.npz"), filepath.Join(model, "config.json"),
		filepath.Join(alias, "config.json"), filepath.Join(model, "new.json")} {
		refused(t, 1, "is what the command reads", "predict", model, in, "--output", output)
	}
	refused(t, 1, "is what the command reads", "plot", model, "-o", filepath.Join(model, "graph.svg"))
	refused(t, 1, "lies in the model", "convert", "--overwrite", model, filepath.Join(model, "model.weights.h5"))
	if string(readFile(t, in)) != before || string(readFile(t, filepath.Join(model, "config.json"))) != config {
		t.Error("what was read has changed")
	}
	if list, err := os.ReadDir(model); err != nil || len(list) != 3 {
		t.Errorf("in the model are %v, %v", list, err)
	}
	must(t, "convert", "--overwrite", model+"/", model+"/") // in its own place, whole or not at all
}

// TestOverwriteDirectory has directories that are no models, or more than one, in the place of a model.
func TestOverwriteDirectory(t *testing.T) {
	digits := examplesDir + "digits.keras"
	for name, c := range map[string]struct {
		files []string
		words string
	}{
		"project":       {[]string{"src/a.c"}, `it holds "src"`},
		"model and src": {[]string{"config.json", "model.weights.h5", "src/a.c"}, `it holds "src"`},
		"hidden":        {[]string{"config.json", ".git/HEAD"}, `it holds ".git"`},
		"no config":     {[]string{"assets/logo.png"}, "holds no Keras model"},
		"its config":    {[]string{"config.json", "assets/logo.png"}, "holds no Keras model"},
	} {
		dir := filepath.Join(t.TempDir(), "dir")
		for _, f := range c.files {
			path := filepath.Join(dir, f)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(`{"name": "app"}`), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, 1, c.words, "convert", "--overwrite", digits, dir+"/")
		for _, f := range c.files {
			if string(readFile(t, filepath.Join(dir, f))) != `{"name": "app"}` {
				t.Errorf("%s: %s has changed", name, f)
			}
		}
		if list, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(list) != 1 {
			t.Errorf("%s: beside it are %v, %v", name, list, err)
		}
	}
	file := writeTemp(t, "file", []byte("precious"))
	refused(t, 1, "is no directory", "convert", "--overwrite", digits, file+"/")
	refused(t, 1, "is a directory", "convert", "--overwrite", digits, makeDir(t, t.TempDir(), "x.keras"))
	empty := makeDir(t, t.TempDir(), "empty")
	must(t, "convert", "--overwrite", digits, empty+"/")
	must(t, "convert", "--overwrite", digits, empty+"/")
	must(t, "summary", empty)
}

// TestSignals ends the program while it computes and while it writes: soon, with the shell's code, and nothing is left.
func TestSignals(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "horn")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	m, err := nn.NewSequential(nn.NewInputLayer([]int{4000}), layers.NewDense(4000))
	if err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(dir, "large.keras") // 64 MB
	if err := kerasfile.Save(m, large); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if err := os.Mkdir(out, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			args  []string
			ready func() bool
		}{
			"bench":     {[]string{"bench", examplesDir + "digits.keras", "--seconds", "60"}, nil},
			"file":      {[]string{"convert", large, filepath.Join(out, "a.keras")}, nil},
			"directory": {[]string{"convert", large, filepath.Join(out, "b") + "/"}, nil},
			"shards":    {[]string{"convert", large, filepath.Join(out, "c.weights.json")}, nil},
		} {
			cmd := exec.Command(program, c.args...)
			var text strings.Builder
			cmd.Stderr = &text
			cmd.Stdout = io.Discard
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if name == "bench" {
				time.Sleep(500 * time.Millisecond)
			} else {
				for range 2000 { // until it writes, or is done
					if list, _ := filepath.Glob(filepath.Join(out, "*")); len(list) > 0 {
						break
					}
					if list, _ := filepath.Glob(filepath.Join(out, ".horn-*")); len(list) > 0 {
						break
					}
					time.Sleep(time.Millisecond)
				}
			}
			_ = cmd.Process.Signal(s) // it may have ended
			start := time.Now()
			err := cmd.Wait()
			code := cmd.ProcessState.ExitCode()
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("%s: it ended after %v", name, took)
			}
			if code != 128+int(s) && (code != 0 || name == "bench") || code != 0 && text.String() != "horn: interrupted\n" {
				t.Errorf("%s: %v: %v %q", name, s, err, text.String())
			}
			list, err := os.ReadDir(out)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				if strings.HasPrefix(e.Name(), ".horn-") {
					t.Errorf("%s: %v: %s is left", name, s, e.Name())
				}
				if code != 0 && name != "shards" { // it was whole when the signal came
					must(t, "inspect", filepath.Join(out, e.Name()))
				}
			}
			if err := os.RemoveAll(out); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(out, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.RemoveAll(out); err != nil {
			t.Fatal(err)
		}
	}
}
