package kerasfile

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/hornml/horn/h5lite"
)

// weightsFile is the index of a weights file: model.weights.h5, a file of its own, or the shards of one together.
type weightsFile struct {
	groups map[string]*varsGroup
	paths  map[string]bool  // of all groups
	bad    map[string]error // what cannot be opened, by path
	root   string           // "layers", or what tf.keras before 2.15 had in its place
}

// varsGroup is a group "vars": the variables of one object.
type varsGroup struct {
	names    []string // in the order of their numbers, then by name
	datasets map[string]*h5lite.Dataset
}

// dependencies is where tf.keras 2.12 to 2.14 put the layers of a model.
const dependencies = "_layer_checkpoint_dependencies"

// indexWeights lists what is in the files. Names that Windows joined by backslashes are taken for paths.
func indexWeights(files ...*h5lite.File) (*weightsFile, error) {
	w := &weightsFile{groups: map[string]*varsGroup{}, paths: map[string]bool{}, bad: map[string]error{}, root: "layers"}
	for _, f := range files {
		if err := w.add(f); err != nil {
			return nil, err
		}
	}
	for _, g := range w.groups {
		slices.SortFunc(g.names, compareKeys)
	}
	if w.paths[dependencies] {
		w.root = dependencies
	}
	return w, nil
}

func (w *weightsFile) add(f *h5lite.File) error {
	aliases := map[string]string{}
	err := h5lite.Walk(f.Root(), func(e h5lite.Entry) error {
		path := strings.Trim(strings.ReplaceAll(e.Path, `\`, "/"), "/")
		switch {
		case e.Err != nil:
			w.bad[path] = e.Err
		case e.Link.Kind != h5lite.HardLink:
			w.bad[path] = fmt.Errorf("it is %s link, which is refused", article(e.Link.Kind.String()))
		case e.SameAs != "":
			aliases[path] = strings.Trim(strings.ReplaceAll(e.SameAs, `\`, "/"), "/")
		}
		switch o := e.Object.(type) {
		case *h5lite.Group:
			w.paths[path] = true
			if strings.Contains(path, "/") { // of a name with backslashes
				for i, c := range path {
					if c == '/' {
						w.paths[path[:i]] = true
					}
				}
			}
			if isVars(path) && w.groups[path] == nil {
				w.groups[path] = &varsGroup{datasets: map[string]*h5lite.Dataset{}}
			}
		case *h5lite.Dataset:
			dir, name := split(path)
			g := w.groups[dir]
			if g == nil {
				return nil
			}
			if g.datasets[name] != nil {
				return &WeightError{Path: path, Msg: "stands in two of the files"}
			}
			g.names = append(g.names, name)
			g.datasets[name] = o
		}
		return nil
	})
	if err != nil {
		return &FormatError{Entry: weightsName, Msg: "cannot be read", Err: err}
	}
	return w.follow(aliases)
}

// follow lets objects with a second hard link be found there, too.
func (w *weightsFile) follow(aliases map[string]string) error {
	for path, first := range aliases {
		if path == first || strings.HasPrefix(path, first+"/") || first == "" {
			w.bad[path] = fmt.Errorf("the group contains itself")
			continue
		}
		for at, g := range w.groups {
			if rest, ok := strings.CutPrefix(at, first); ok && (rest == "" || rest[0] == '/') {
				w.groups[path+rest] = g
			}
		}
		w.paths[path] = true
		if dir, name := split(path); w.groups[dir] != nil {
			if from, key := split(first); w.groups[from] != nil && w.groups[from].datasets[key] != nil {
				w.groups[dir].names = append(w.groups[dir].names, name)
				w.groups[dir].datasets[name] = w.groups[from].datasets[key]
			}
		}
	}
	return nil
}

func article(s string) string {
	if s != "" && strings.ContainsRune("aeiou", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}

func isVars(path string) bool { return path == "vars" || strings.HasSuffix(path, "/vars") }

func split(path string) (dir, name string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// compareKeys sorts numbers as numbers, before names.
func compareKeys(a, b string) int {
	x, errA := strconv.Atoi(a)
	y, errB := strconv.Atoi(b)
	switch {
	case errA == nil && errB == nil && x != y:
		return x - y
	case errA == nil && errB != nil:
		return -1
	case errA != nil && errB == nil:
		return 1
	}
	return strings.Compare(a, b)
}

// vars returns the variables of the object at a path; the error is fs.ErrNotExist where the file has no such group.
func (w *weightsFile) vars(path string) (*varsGroup, error) {
	path = join(path, "vars")
	if g := w.groups[path]; g != nil {
		for _, name := range w.badBelow(path) {
			return nil, w.bad[name]
		}
		return g, nil
	}
	for i := range len(path) + 1 {
		if i == len(path) || path[i] == '/' {
			if err := w.bad[path[:i]]; err != nil {
				return nil, err
			}
		}
	}
	return nil, fs.ErrNotExist
}

func (w *weightsFile) badBelow(dir string) []string {
	var out []string
	if len(w.bad) == 0 {
		return nil
	}
	for path := range w.bad {
		if strings.HasPrefix(path, dir+"/") {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// hasVariables reports whether anything is stored at or below a path.
func (w *weightsFile) hasVariables(path string) bool {
	for at, g := range w.groups {
		if len(g.names) > 0 && (at == join(path, "vars") || strings.HasPrefix(at, path+"/")) {
			return true
		}
	}
	return false
}
