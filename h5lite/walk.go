package h5lite

import (
	"errors"
	"io/fs"
)

// Entry is what [Walk] found under a name.
type Entry struct {
	Path string // from the root of the walk's file, "/" for a root group
	Link Link   // the link that leads here; only a name for where the walk began

	// Object is the group, dataset or type; nil for a soft link, for a link
	// that is not followed, for an object met before, and for one that cannot
	// be opened.
	Object Object

	// SameAs is the first path of an object that was met before: another hard
	// link to it, or a group that contains itself.
	SameAs string

	// Err says what is wrong or not supported: an [*UnsupportedError] for links
	// out of the file and for objects that need a feature this package lacks,
	// a [*FormatError] for what is damaged, a [*LimitError] where the walk does
	// not go on. With a group in Object its members could not be listed.
	Err error
}

// Walk visits g and everything below it: parents before their members, members
// in order of their names, every object once however many links lead to it.
// Soft links are reported and not followed. What is damaged or not supported is
// reported at its place, and the walk goes on; data and attributes are not read.
// The walk ends when visit returns an error, which Walk returns; fs.SkipDir
// instead leaves out the members of the group that visit was called for, or what
// remains of its parent, and fs.SkipAll ends the walk without an error. A
// [*LimitError] comes back if there are more links than [Limits].Objects.
func Walk(g *Group, visit func(Entry) error) error {
	w := &walker{f: g.f, visit: visit, seen: map[uint64]string{g.address(): g.path}}
	err := w.group(Entry{Path: g.path, Object: g}, 0)
	if errors.Is(err, fs.SkipAll) || errors.Is(err, fs.SkipDir) {
		return nil
	}
	return err
}

type walker struct {
	f     *File
	visit func(Entry) error
	seen  map[uint64]string
	links int
}

// group visits a group and its members.
func (w *walker) group(e Entry, depth int) error {
	g := e.Object.(*Group)
	var m *members
	if depth > w.f.limits.Depth {
		e.Err = &LimitError{e.Path, -1, "groups nested more than " + itoa(w.f.limits.Depth) + " deep"}
	} else {
		m, e.Err = g.members()
	}
	if err := w.visit(e); err != nil {
		if errors.Is(err, fs.SkipDir) {
			return nil
		}
		return err
	}
	if m == nil {
		return nil
	}
	for _, l := range m.links {
		if w.links++; w.links > w.f.limits.Objects {
			return &LimitError{e.Path, -1, "more than " + itoa(w.f.limits.Objects) + " links"}
		}
		err := w.link(join(e.Path, l.Name), l, depth+1)
		if errors.Is(err, fs.SkipDir) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// link visits what a link leads to.
func (w *walker) link(path string, l Link, depth int) error {
	e := Entry{Path: path, Link: l}
	switch l.Kind {
	case SoftLink:
		return w.visit(e)
	case ExternalLink, UserLink:
		e.Err = &UnsupportedError{path, -1, unsupportedLink(l)}
		return w.visit(e)
	}
	if first, ok := w.seen[l.addr]; ok {
		e.SameAs = first
		return w.visit(e)
	}
	w.seen[l.addr] = path
	if e.Object, e.Err = w.f.open(l.addr, path); e.Err != nil {
		e.Object = nil
		return w.visit(e)
	}
	if _, ok := e.Object.(*Group); ok {
		return w.group(e, depth)
	}
	return w.visit(e)
}
