package h5lite

import (
	"io/fs"
	"slices"
	"sort"
	"strings"

	"github.com/hornml/horn/h5lite/internal/format"
	"github.com/hornml/horn/h5lite/internal/wire"
)

// Group is a set of named links to objects.
type Group struct {
	object
}

// LinkKind says what a [Link] leads to.
type LinkKind uint8

// The kinds of links.
const (
	HardLink     LinkKind = iota // an object of the file
	SoftLink                     // a path in the file
	ExternalLink                 // a path in another file: never followed
	UserLink                     // of a class that only its writer knows: never followed
)

// String gives the kind in words.
func (k LinkKind) String() string {
	return [...]string{"hard link", "soft link", "external link", "user-defined link"}[min(k, UserLink)]
}

// Link is a name in a group. The object behind it is not opened.
type Link struct {
	Name   string
	Kind   LinkKind
	Target string // path of a soft or external link
	File   string // file of an external link
	Class  int    // number of a user-defined link's class

	addr uint64
}

// members are the links of a group.
type members struct {
	links  []Link
	byName map[string]int
}

// members reads the links of a group once; f keeps them, since every path that
// leads through the group needs them.
func (g *Group) members() (*members, error) {
	f := g.f
	f.mu.Lock()
	m := f.groups[g.header.Addr]
	f.mu.Unlock()
	if m != nil {
		return m, nil
	}
	raw, err := f.f.Links(g.header)
	if err != nil {
		return nil, g.fail(err)
	}
	m = &members{links: make([]Link, len(raw)), byName: make(map[string]int, len(raw))}
	for i, l := range raw {
		link := Link{Name: l.Name, Target: l.Target, File: l.File, addr: l.Addr}
		switch l.Type {
		case format.LinkHard:
		case format.LinkSoft:
			link.Kind = SoftLink
		case format.LinkExternal:
			link.Kind = ExternalLink
		default:
			link.Kind, link.Class = UserLink, int(l.Type)
		}
		if l.Name == "" || l.Name == "." || strings.ContainsAny(l.Name, "/\x00") {
			return nil, g.fail(wire.Errorf(f.f.FileOffset(g.header.Addr), "group", "has a member with the impossible name %q", l.Name))
		}
		m.links[i] = link
	}
	byName := func(i, j int) bool { return m.links[i].Name < m.links[j].Name }
	if !sort.SliceIsSorted(m.links, byName) {
		sort.Slice(m.links, byName)
	}
	for i, l := range m.links {
		if _, ok := m.byName[l.Name]; ok {
			return nil, g.fail(wire.Errorf(f.f.FileOffset(g.header.Addr), "group", "has two members with the name %q", l.Name))
		}
		m.byName[l.Name] = i
	}
	f.mu.Lock()
	f.groups[g.header.Addr] = m
	f.mu.Unlock()
	return m, nil
}

// Links lists the members in order of their names. No object is opened.
func (g *Group) Links() ([]Link, error) {
	m, err := g.members()
	if err != nil {
		return nil, err
	}
	return slices.Clone(m.links), nil
}

// Names lists the names of the members, in order.
func (g *Group) Names() ([]string, error) {
	m, err := g.members()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(m.links))
	for i, l := range m.links {
		names[i] = l.Name
	}
	return names, nil
}

// Get opens the object at a path. The path is relative to the group, or starts
// at the root if it begins with "/". Soft links are followed within the file,
// up to [Limits].SoftLinks of them. The error satisfies errors.Is(err,
// fs.ErrNotExist) if a part of the path is missing, and is an
// [*UnsupportedError] if it leads out of the file.
func (g *Group) Get(path string) (Object, error) {
	full := path
	if !strings.HasPrefix(path, "/") {
		full = join(g.path, path)
	}
	var here Object = g
	at := g
	var hops int
	rest := path
	for {
		if strings.HasPrefix(rest, "/") {
			at = g.f.root
			here = at
			rest = strings.TrimLeft(rest, "/")
		}
		if rest == "" {
			return here, nil
		}
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		rest = strings.TrimLeft(rest, "/")
		if name == "." {
			continue
		}
		if at = asGroup(here); at == nil {
			return nil, &fs.PathError{Op: "open", Path: full, Err: fs.ErrNotExist}
		}
		m, err := at.members()
		if err != nil {
			return nil, err
		}
		i, ok := m.byName[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: full, Err: fs.ErrNotExist}
		}
		switch l := m.links[i]; l.Kind {
		case HardLink:
			p := full
			if rest != "" {
				p = join(at.path, name)
			}
			if here, err = g.f.open(l.addr, p); err != nil {
				return nil, err
			}
		case SoftLink:
			if hops++; hops > g.f.limits.SoftLinks {
				return nil, &LimitError{full, -1, "more than " + itoa(g.f.limits.SoftLinks) + " soft links on one path, or a cycle of them"}
			}
			if rest != "" {
				rest = l.Target + "/" + rest
			} else {
				rest = l.Target
			}
		default:
			return nil, &UnsupportedError{full, -1, unsupportedLink(l)}
		}
	}
}

func asGroup(o Object) *Group {
	g, _ := o.(*Group)
	return g
}

// unsupportedLink says what a link that is not followed is.
func unsupportedLink(l Link) string {
	if l.Kind == ExternalLink {
		return "external link to " + quote(l.Target) + " in file " + quote(l.File)
	}
	return "user-defined link of class " + itoa(l.Class)
}

func join(dir, name string) string {
	if strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}

// Group opens the group at a path, as [Group.Get] does.
func (g *Group) Group(path string) (*Group, error) {
	o, err := g.Get(path)
	if err != nil {
		return nil, err
	}
	if sub, ok := o.(*Group); ok {
		return sub, nil
	}
	return nil, &KindError{o.Path(), "a group"}
}

// Dataset opens the dataset at a path, as [Group.Get] does.
func (g *Group) Dataset(path string) (*Dataset, error) {
	o, err := g.Get(path)
	if err != nil {
		return nil, err
	}
	if d, ok := o.(*Dataset); ok {
		return d, nil
	}
	return nil, &KindError{o.Path(), "a dataset"}
}

// KindError says that there is an object at a path, but not of the kind asked for.
type KindError struct {
	Path string
	Want string
}

func (e *KindError) Error() string { return "h5lite: " + quote(e.Path) + " is not " + e.Want }
