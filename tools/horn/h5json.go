package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hornml/horn/h5lite"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/tensor"
)

// h5JSON collects a file for "h5 dump --json"; docs/cli.md has the form.
type h5JSON struct {
	w        io.Writer
	root     *pyjson.Object
	children map[string]*pyjson.Object // the members of a group, by its path
	kinds    map[string]string
}

func (p *h5JSON) entry(e h5lite.Entry) (damage []error) {
	o := pyjson.NewObject()
	if p.root == nil {
		p.root, p.children, p.kinds = o, map[string]*pyjson.Object{}, map[string]string{}
		o.Set("path", textName(e.Path))
	} else {
		p.children[parentPath(e)].Set(textName(e.Link.Name), o)
	}
	switch {
	case e.SameAs != "":
		o.Set("kind", p.kinds[e.SameAs])
		o.Set("same_as", textName(e.SameAs))
		return nil
	case e.Object == nil && e.Err == nil:
		o.Set("kind", "link")
		o.Set("target", textName(e.Link.Target))
		return nil
	case e.Err != nil:
		setProblem(o, e.Err)
	}
	var members *pyjson.Object
	switch x := e.Object.(type) {
	case nil:
		return nil
	case *h5lite.Group:
		if e.Err == nil {
			o.Set("kind", "group")
			members = pyjson.NewObject()
			p.children[e.Path] = members
		}
	case *h5lite.NamedType:
		o.Set("kind", "type")
		o.Set("dtype", x.Type().NumpyName())
	case *h5lite.Dataset:
		damage = append(damage, dataset(o, x)...)
	}
	p.kinds[e.Path] = o.String("kind")
	attributes, wrong := attributesJSON(o, e.Object)
	damage = append(damage, wrong...)
	if _, isType := e.Object.(*h5lite.NamedType); !isType || attributes.Len() > 0 {
		o.Set("attributes", attributes)
	}
	if members != nil {
		o.Set("children", members)
	}
	return damage
}

func (p *h5JSON) end() error {
	_, err := p.w.Write(append(pyjson.MarshalIndent(p.root), '\n'))
	return err
}

// setProblem makes an object stand for what is damaged or not supported.
func setProblem(o *pyjson.Object, err error) {
	text, offset, unsupported := reason(err)
	kind := "error"
	if unsupported {
		kind = "unsupported"
	}
	o.Set("kind", kind)
	o.Set("reason", textName(text))
	if !unsupported && offset >= 0 {
		o.Set("offset", number(strconv.FormatInt(offset, 10)))
	}
}

func number(s string) pyjson.Number { return pyjson.Number(s) }

// dataset describes a dataset, with the sha256 of its values.
func dataset(o *pyjson.Object, d *h5lite.Dataset) (damage []error) {
	h := sha256.New()
	_, err := d.WriteTo(h)
	var limit *h5lite.LimitError
	switch {
	case err == nil || errors.As(err, &limit):
		o.Set("kind", "dataset")
	default:
		setProblem(o, err)
		if !isUnsupported(err) {
			damage = append(damage, err)
		}
	}
	if d.IsNull() {
		o.Set("shape", nil)
	} else {
		dims := []any{}
		for _, n := range d.Shape() {
			dims = append(dims, pyjson.Int(n))
		}
		o.Set("shape", dims)
	}
	o.Set("dtype", d.Type().NumpyName())
	switch {
	case err == nil:
		o.Set("sha256", hex.EncodeToString(h.Sum(nil)))
	case limit != nil: // declared, not stored: too large to hash
		text, _, _ := reason(err)
		o.Set("sha256", nil)
		o.Set("reason", textName(text))
	}
	return damage
}

// attributesJSON gives the attributes of an object; where some cannot be told apart any more, o says so.
func attributesJSON(o *pyjson.Object, x h5lite.Object) (attributes *pyjson.Object, damage []error) {
	attributes = pyjson.NewObject()
	list, err := x.Attributes()
	for _, a := range list {
		v, err := attributeValue(a)
		if err != nil {
			problem := pyjson.NewObject()
			setProblem(problem, err)
			v = problem
			if !isUnsupported(err) {
				damage = append(damage, err)
			}
		}
		attributes.Set(textName(a.Name()), v)
	}
	if err != nil {
		problem := pyjson.NewObject()
		setProblem(problem, err)
		o.Set("attributes_error", problem)
		if !isUnsupported(err) {
			damage = append(damage, err)
		}
	}
	return attributes, damage
}

// attributeValue is an attribute as JSON: nested lists by its shape, null for a null dataspace.
func attributeValue(a *h5lite.Attribute) (any, error) {
	v, err := a.Read()
	if err != nil || a.IsNull() {
		return nil, err
	}
	if a.Len() == 0 && slices.ContainsFunc(a.Shape(), func(n int) bool { return n > wholeArray }) {
		return []any{}, nil // nothing, under a shape that would make a long list of it
	}
	element := elements(v, a.Type(), a.Len())
	shape := a.Shape()
	var nest func(axis, at, size int) any
	nest = func(axis, at, size int) any {
		if axis == len(shape) {
			return element(at)
		}
		list := make([]any, shape[axis])
		for i := range list {
			list[i] = nest(axis+1, at+i*(size/shape[axis]), size/shape[axis])
		}
		return list
	}
	return nest(0, 0, a.Len()), nil
}

// elements returns a function that gives an element of a slice of n elements that h5lite has read, as JSON.
func elements(v any, t h5lite.Type, n int) func(i int) any {
	switch x := v.(type) {
	case []string:
		return func(i int) any { return textValue([]byte(x[i])) }
	case []byte:
		if t.Class() == h5lite.Opaque {
			n := t.Size()
			return func(i int) any { return encoded(x[i*n : (i+1)*n]) }
		}
	case []h5lite.Float16:
		return func(i int) any { return floatValue(float64(x[i].Float32())) }
	}
	a, err := tensor.FromRaw(v, []int{n})
	switch {
	case err != nil:
		return func(int) any { return nil }
	case a.DType() == tensor.Bool:
		return func(i int) any { return a.(*tensor.Of[bool]).At(i) }
	case a.DType().IsFloat():
		f := make([]float64, n)
		_ = a.Float64s(f) // floats: cannot fail
		return func(i int) any { return floatValue(f[i]) }
	}
	cells := cellsOf(a)
	return func(i int) any { return number(cells(i)) }
}

func floatValue(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return floatName(v)
	}
	return pyjson.Float(v)
}

// textValue is text, or base64 of bytes that are not UTF-8.
func textValue(b []byte) any {
	if utf8.Valid(b) {
		return string(b)
	}
	return encoded(b)
}

func encoded(b []byte) any {
	return pyjson.NewObject("base64", base64.StdEncoding.EncodeToString(b))
}

// textName writes bytes of a name that are not UTF-8 as \xNN.
func textName(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}
