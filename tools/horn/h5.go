package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/tensor"
)

func (a *app) h5() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "h5",
		Short:   "Look into any HDF5 file",
		Example: "  horn h5 ls model.weights.h5",
		Args:    commandOnly,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "ls FILE",
		Short:   "List groups and datasets, with shapes and types",
		Long:    "Lists groups, datasets and links as a tree, with shapes and types. No other file is opened, whatever links say.",
		Example: "  horn h5 ls model.weights.h5",
		Args:    arguments(1, 1, "FILE"),
		RunE:    func(_ *cobra.Command, args []string) error { return a.runH5(args[0], &h5Tree{w: a.out}) },
	})
	var asJSON bool
	dump := &cobra.Command{
		Use:   "dump FILE",
		Short: "Show attributes and values, too, or all of it as JSON",
		Long: "Shows groups, datasets and links with their attributes and values; of large datasets the first values. With --json all of\n" +
			"it, with a sha256 in place of each dataset's values. No other file is opened, whatever links say.",
		Example: "  horn h5 dump --json model.weights.h5",
		Args:    arguments(1, 1, "FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			if asJSON {
				return a.runH5(args[0], &h5JSON{w: a.out})
			}
			return a.runH5(args[0], &h5Tree{w: a.out, values: true})
		},
	}
	dump.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(dump)
	return cmd
}

// h5Printer shows what a walk finds, and returns the damage that it finds itself.
type h5Printer interface {
	entry(e h5lite.Entry) []error
	end() error
}

// runH5 walks over a file; damage in it does not end the walk, but is the command's failure.
func (a *app) runH5(path string, p h5Printer) error {
	f, info, err := openRegular(path)
	if err != nil {
		return fail(path, err)
	}
	defer f.Close()
	h, err := h5lite.NewFile(f, info.Size())
	if err != nil {
		var magic [4]byte
		if _, e := f.ReadAt(magic[:], 0); e == nil && string(magic[:]) == "PK\x03\x04" {
			err = errors.New("is a zip, not HDF5; 'horn inspect' shows what a .keras file holds")
		} else if !h5lite.IsHDF5(f, info.Size()) {
			err = errors.New("is not an HDF5 file: it does not have the signature of one")
		}
		return fail(path, err)
	}
	defer h.Close()
	var damage []error
	err = h5lite.Walk(h.Root(), func(e h5lite.Entry) error {
		var u *h5lite.UnsupportedError
		if e.Err != nil && !errors.As(e.Err, &u) {
			damage = append(damage, e.Err)
		}
		damage = append(damage, p.entry(e)...)
		return nil
	})
	if err != nil {
		damage = append(damage, err)
	}
	if err := p.end(); err != nil {
		return work(err)
	}
	switch len(damage) {
	case 0:
		return nil
	case 1:
		return fail(path, damage[0])
	}
	return failf(path, "%d objects are damaged; the first: %s", len(damage), describe(path, damage[0]))
}

// h5Tree draws a tree for people.
type h5Tree struct {
	w      io.Writer
	values bool      // show attributes and values
	lines  []*h5Line // the tree is drawn at the end: only then is it known which member is the last
	at     map[string]*h5Line
}

type h5Line struct {
	name, text string
	details    []string
	members    []*h5Line
}

func (t *h5Tree) entry(e h5lite.Entry) (damage []error) {
	l := &h5Line{name: printable(e.Link.Name)}
	if t.at == nil {
		t.at = map[string]*h5Line{}
		l.name = printable(e.Path)
		t.lines = append(t.lines, l)
	} else {
		parent := t.at[parentPath(e)]
		parent.members = append(parent.members, l)
	}
	t.at[e.Path] = l
	switch {
	case e.SameAs != "":
		l.text = "same as " + printable(e.SameAs)
	case e.Link.Kind == h5lite.SoftLink && e.Object == nil && e.Err == nil:
		l.text = "-> " + printable(e.Link.Target)
	}
	switch o := e.Object.(type) {
	case *h5lite.Dataset:
		l.text = shapeText(o.Shape(), o.IsNull()) + " " + o.Type().NumpyName()
		if t.values {
			text, err := previewDataset(o)
			if err == nil {
				l.details = append(l.details, text)
			} else if d := l.problem(err); d != nil {
				damage = append(damage, d)
			}
		}
	case *h5lite.NamedType:
		l.text = "type " + o.Type().NumpyName()
	}
	if e.Err != nil {
		_ = l.problem(e.Err) // the walk has counted it
	}
	if t.values && e.Object != nil {
		list, err := e.Object.Attributes()
		var details []string
		for _, attr := range list {
			text, err := attributeText(attr)
			if err != nil {
				text = problemText(err)
				if !isUnsupported(err) {
					damage = append(damage, err)
				}
			}
			details = append(details, "@"+printable(attr.Name())+" = "+text)
		}
		l.details = append(details, l.details...)
		if err != nil {
			if d := l.problem(err); d != nil {
				damage = append(damage, d)
			}
		}
	}
	return damage
}

// problem adds a problem to a line; it returns the error if it is damage.
func (l *h5Line) problem(err error) error {
	l.text = strings.TrimSpace(l.text + "  " + problemText(err))
	if isUnsupported(err) {
		return nil
	}
	return err
}

func problemText(err error) string {
	text, offset, unsupported := reason(err)
	switch {
	case unsupported:
		return "NOT SUPPORTED: " + oneLine(text)
	case offset >= 0:
		return fmt.Sprintf("DAMAGED at offset %d: %s", offset, oneLine(text))
	}
	return "DAMAGED: " + oneLine(text)
}

func isUnsupported(err error) bool {
	var u *h5lite.UnsupportedError
	return errors.As(err, &u)
}

// parentPath is the path of the group that has the link.
func parentPath(e h5lite.Entry) string {
	p := strings.TrimSuffix(e.Path, "/"+e.Link.Name)
	if p == "" {
		return "/"
	}
	return p
}

func (t *h5Tree) end() error {
	var draw func(l *h5Line, first, rest string)
	draw = func(l *h5Line, first, rest string) {
		fmt.Fprintln(t.w, strings.TrimRight(first+l.name+"  "+l.text, " "))
		bar := rest
		if len(l.members) > 0 {
			bar += "│  "
		} else {
			bar += "   "
		}
		for _, d := range l.details {
			for line := range strings.SplitSeq(d, "\n") {
				fmt.Fprintln(t.w, bar+line)
			}
		}
		for i, m := range l.members {
			if i == len(l.members)-1 {
				draw(m, rest+"└─ ", rest+"   ")
			} else {
				draw(m, rest+"├─ ", rest+"│  ")
			}
		}
	}
	for _, l := range t.lines {
		draw(l, "", "")
	}
	return nil
}

func shapeText(shape []int, null bool) string {
	if null {
		return "null"
	}
	return tensor.FormatShape(shape)
}

// previewDataset shows all values of a small dataset, the first ones of a large one.
func previewDataset(d *h5lite.Dataset) (string, error) {
	if d.IsNull() {
		return "null", nil
	}
	if d.Len() <= wholeArray {
		v, err := d.Read()
		if err != nil {
			return "", err
		}
		return valuesText(v, d.Type(), d.Shape()), nil
	}
	shape := d.Shape()
	start, count := make([]int, len(shape)), make([]int, len(shape))
	for i := range count {
		count[i] = 1
	}
	last := len(shape) - 1
	count[last] = min(shape[last], 2*edgeItems)
	v, err := readSlab(d, start, count)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(valuesText(v, d.Type(), count[last:]), "]") + ", ...]", nil
}

// readSlab reads a box into a slice of the dataset's own type.
func readSlab(d *h5lite.Dataset, start, count []int) (any, error) {
	n := 1
	for _, c := range count {
		n *= c
	}
	dst, err := sliceFor(d.Type(), n)
	if err != nil {
		return nil, err
	}
	return dst, d.ReadSlab(dst, start, count)
}

// sliceFor makes the slice that Dataset.Read would give for n elements.
func sliceFor(t h5lite.Type, n int) (any, error) {
	switch name := strings.TrimLeft(t.NumpyName(), "<>|"); {
	case t.IsBool():
		return make([]bool, n), nil
	case t.Class() == h5lite.String:
		return make([]string, n), nil
	case t.Class() == h5lite.Opaque:
		return make([]byte, n*t.Size()), nil
	default:
		switch name {
		case "f2":
			return make([]h5lite.Float16, n), nil
		case "f4":
			return make([]float32, n), nil
		case "f8":
			return make([]float64, n), nil
		case "i1":
			return make([]int8, n), nil
		case "i2":
			return make([]int16, n), nil
		case "i4":
			return make([]int32, n), nil
		case "i8":
			return make([]int64, n), nil
		case "u1":
			return make([]uint8, n), nil
		case "u2":
			return make([]uint16, n), nil
		case "u4":
			return make([]uint32, n), nil
		case "u8":
			return make([]uint64, n), nil
		}
	}
	return nil, &h5lite.UnsupportedError{Offset: -1, Feature: "values of the type " + t.NumpyName()}
}

// valuesText writes values of a dataset or an attribute as NumPy does.
func valuesText(v any, t h5lite.Type, shape []int) string {
	switch x := v.(type) {
	case []h5lite.Float16:
		f := make([]float32, len(x))
		for i, h := range x {
			f[i] = h.Float32()
		}
		v = f
	case []byte:
		if t.Class() == h5lite.Opaque {
			return fmt.Sprintf("%x", x)
		}
	}
	a, err := tensor.FromRaw(v, shape)
	if err != nil {
		return fmt.Sprint(v)
	}
	return formatArray(a)
}

func attributeText(a *h5lite.Attribute) (string, error) {
	if a.IsNull() {
		return "null", nil
	}
	v, err := a.Read()
	if err != nil {
		return "", err
	}
	return valuesText(v, a.Type(), a.Shape()), nil
}
