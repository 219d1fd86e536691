// Package imports holds the rooms of the module apart: which package may import which stands in .ci/imports.txt.
package imports

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/hornml/horn/"
	root   = "../.."
	table  = ".ci/imports.txt"
)

// rule is a line of the table.
type rule struct {
	room string
	may  []string
	line int
	used bool
}

func readRules(t *testing.T) []*rule {
	t.Helper()
	f, err := os.Open(filepath.Join(root, table))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rules []*rule
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		line, _, _ := strings.Cut(in.Text(), "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		room, may, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("%s:%d: a room and a colon are expected", table, n)
		}
		rules = append(rules, &rule{room: strings.TrimSpace(room), may: strings.Fields(may), line: n})
	}
	return rules
}

// within reports whether a package is one that a pattern names.
func within(pkg, pattern string) bool {
	base, below := strings.CutSuffix(pattern, "/...")
	return pkg == base || below && strings.HasPrefix(pkg, base+"/")
}

// ruleOf returns the line for a package: of several the one with the longest name.
func ruleOf(rules []*rule, pkg string) *rule {
	var best *rule
	for _, r := range rules {
		if within(pkg, r.room) && (best == nil || len(r.room) > len(best.room)) {
			best = r
		}
	}
	return best
}

// imported returns what each package of the module imports of it, on one system.
func imported(t *testing.T, goos, goarch string) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		var ours []string
		for _, i := range p.Imports {
			if rest, ok := strings.CutPrefix(i, module); ok {
				ours = append(ours, rest)
			}
		}
		all[strings.TrimPrefix(p.ImportPath, module)] = ours
	}
}

func TestImports(t *testing.T) {
	rules := readRules(t)
	for _, system := range [][2]string{{"linux", "amd64"}, {"js", "wasm"}} {
		for pkg, imports := range imported(t, system[0], system[1]) {
			r := ruleOf(rules, pkg)
			if r == nil {
				t.Errorf("%s has no line in %s", pkg, table)
				continue
			}
			r.used = true
			for _, i := range imports {
				if !slices.ContainsFunc(r.may, func(pattern string) bool { return within(i, pattern) }) {
					t.Errorf("%s imports %s, which %s:%d does not allow", pkg, i, table, r.line)
				}
			}
		}
	}
	for _, r := range rules {
		if !r.used {
			t.Errorf("%s:%d: there is no package %s", table, r.line, r.room)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		pkg, pattern string
		want         bool
	}{
		{"nn", "nn", true}, {"nn/layer", "nn", false}, {"nn/layers", "nn/layer", false},
		{"nn/layers", "nn/layers/...", true}, {"nn/layers/conv", "nn/layers/...", true}, {"nn/layersx", "nn/layers/...", false},
	} {
		if got := within(c.pkg, c.pattern); got != c.want {
			t.Errorf("within(%q, %q) = %v", c.pkg, c.pattern, got)
		}
	}
}
