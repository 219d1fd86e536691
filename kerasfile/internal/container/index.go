package container

import (
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/hornml/horn/h5lite"
)

// Index says which variables stand where in HDF5 files by path: model.weights.h5, a file of its own, or the shards of one
// together.
type Index struct {
	groups map[string]*Vars
	paths  map[string]bool  // of all groups
	bad    map[string]error // what cannot be opened, by path
	stored map[string]bool  // at or above variables
	root   string
}

// Vars is a group "vars": the variables of one object.
type Vars struct {
	Names    []string // in the order of their numbers, then by name
	Datasets map[string]*h5lite.Dataset
}

// LayersName is where the layers of a model stand, Dependencies where tf.keras 2.12 to 2.14 put them.
const (
	LayersName   = "layers"
	Dependencies = "_layer_checkpoint_dependencies"
)

// NewIndex lists what is in the files. Names that Windows joined by backslashes are taken for paths.
func NewIndex(files ...*h5lite.File) (*Index, error) {
	w := &Index{groups: map[string]*Vars{}, paths: map[string]bool{}, bad: map[string]error{}, stored: map[string]bool{}, root: LayersName}
	for _, f := range files {
		if err := w.add(f); err != nil {
			return nil, err
		}
	}
	for _, g := range w.groups {
		sort.Slice(g.Names, func(i, j int) bool { return compareKeys(g.Names[i], g.Names[j]) < 0 })
	}
	w.note()
	if w.paths[Dependencies] {
		w.root = Dependencies
	}
	return w, nil
}

func (w *Index) add(f *h5lite.File) error {
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
				w.groups[path] = &Vars{Datasets: map[string]*h5lite.Dataset{}}
			}
		case *h5lite.Dataset:
			dir, name := split(path)
			g := w.groups[dir]
			if g == nil {
				return nil
			}
			if g.Datasets[name] != nil {
				return &FormatError{Entry: path, Msg: "stands in two of the files"}
			}
			g.Names = append(g.Names, name)
			g.Datasets[name] = o
		}
		return nil
	})
	if err != nil {
		return &FormatError{Entry: WeightsName, Msg: "cannot be read", Err: err}
	}
	return w.follow(aliases)
}

// follow lets objects with a second hard link be found there, too.
func (w *Index) follow(aliases map[string]string) error {
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
			if from, key := split(first); w.groups[from] != nil && w.groups[from].Datasets[key] != nil {
				w.groups[dir].Names = append(w.groups[dir].Names, name)
				w.groups[dir].Datasets[name] = w.groups[from].Datasets[key]
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

// Vars returns the variables of the object at a path; the error is fs.ErrNotExist where the file has no such group.
func (w *Index) Vars(path string) (*Vars, error) {
	path = varsPath(path)
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

func (w *Index) badBelow(dir string) []string {
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

// HasVariables reports whether anything is stored at or below a path.
func (w *Index) HasVariables(path string) bool { return w.stored[path] }

// note marks all paths at and above those of variables.
func (w *Index) note() {
	for at, g := range w.groups {
		for dir, ok := at, len(g.Names) > 0; ok; {
			dir, _ = split(dir)
			if ok = !w.stored[dir]; ok {
				w.stored[dir] = true
				ok = dir != ""
			}
		}
	}
}

// Root is LayersName, or Dependencies in files of their time.
func (w *Index) Root() string { return w.root }

// HasGroup reports whether there is a group at a path.
func (w *Index) HasGroup(path string) bool { return w.paths[path] }

// Groups lists the paths of all groups "vars" that have variables, sorted.
func (w *Index) Groups() []string {
	var out []string
	for path, g := range w.groups {
		if len(g.Names) > 0 {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// Group returns the group "vars" at its own path, nil if there is none.
func (w *Index) Group(path string) *Vars { return w.groups[path] }

func varsPath(path string) string {
	if path == "" {
		return "vars"
	}
	return path + "/vars"
}
