package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/nn/losses"
)

// losses resolves the arguments "loss" and "loss_weights".
func (r *compiler) losses(loss, weights any) ([]*compiledLoss, error) {
	t, w := treeOf(loss), treeOf(weights)
	if t.kind == 0 && t.leaf == nil {
		return nil, nil
	}
	if t.kind == 'd' && r.outputs.kind != 'd' && r.names != nil {
		if !sameNames(t.keys, r.names) {
			return nil, fmt.Errorf("the losses are for the outputs %s; the model has %s", naming.Quoted(t.keys), naming.Quoted(r.names))
		}
		t = t.inOrder(r.names)
		if w.kind == 'd' {
			w = w.inOrder(r.names)
		}
	}
	if !w.empty() {
		if err := t.weigh(w); err != nil {
			return nil, err
		}
	}
	var out []*compiledLoss
	add := func(l *compiledLoss) { out = append(out, l) }
	if t.kind == 0 { // one loss for all outputs
		for _, o := range r.outputs.leaves() {
			if err := r.loss(o, t, r.path(o), add); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return out, r.nested(r.outputs, t, "", add)
}

// path is where an output stands among all, as the name of its loss has it.
func (r *compiler) path(output *structure) string {
	var find func(t *structure, path string) (string, bool)
	find = func(t *structure, path string) (string, bool) {
		if t == output {
			return path, true
		}
		for i, item := range t.items {
			if p, ok := find(item, r.join(path, t, i)); ok {
				return p, true
			}
		}
		return "", false
	}
	p, _ := find(r.outputs, "")
	return p
}

// join appends the place of a part of a structure to a path: its key or, in a list, the name of the output or the number.
func (r *compiler) join(path string, t *structure, i int) string {
	part := fmt.Sprint(i)
	switch item := t.items[i]; {
	case t.kind == 'd':
		part = t.keys[i]
	case item.kind == 0 && r.names != nil:
		part = r.names[item.leaf.(int)]
	}
	if path == "" {
		return part
	}
	return path + "/" + part
}

// nested pairs a structure of losses with one of outputs.
func (r *compiler) nested(out, loss *structure, path string, add func(*compiledLoss)) error {
	if loss.kind == 0 {
		return r.loss(out, loss, path, add)
	}
	all := out.leaves()
	switch {
	case loss.kind == 'l' && len(loss.items) == len(all) && (loss.flat() || len(loss.items) == 0):
		for i, o := range all {
			at := path
			if o != out {
				at = r.path(o)
			}
			if err := r.loss(o, loss.items[i], at, add); err != nil {
				return err
			}
		}
		return nil
	case loss.kind == 'l' && out.kind != 'l': // several losses of one output
		for _, item := range loss.items {
			if err := r.nested(out, item, path, add); err != nil {
				return err
			}
		}
		return nil
	case loss.kind != out.kind:
		return fmt.Errorf("the structure of the losses does not match that of the model's outputs")
	}
	for i, item := range loss.items {
		if item.kind == 0 && item.leaf == nil {
			continue
		}
		at := i
		if loss.kind == 'd' {
			at = slices.Index(out.keys, loss.keys[i])
		}
		if at < 0 || at >= len(out.items) {
			return fmt.Errorf("a loss is for an output that the model does not have")
		}
		if err := r.nested(out.items[at], item, r.join(path, out, at), add); err != nil {
			return err
		}
	}
	return nil
}

// loss resolves one loss of one output.
func (r *compiler) loss(out, loss *structure, path string, add func(*compiledLoss)) error {
	if loss.kind == 0 && loss.leaf == nil {
		return nil
	}
	if out.kind != 0 || loss.kind != 0 {
		return fmt.Errorf("a loss of several outputs together is not supported")
	}
	k := out.leaf.(int)
	l, err := r.newLoss(loss.leaf, k)
	if err != nil {
		return err
	}
	c := &compiledLoss{output: k, name: path, weight: 1, loss: l}
	if c.name == "" && r.names != nil {
		c.name = r.names[k]
	}
	if c.name == "" {
		c.name = l.LossName()
	}
	if loss.weight != nil {
		c.weight = *loss.weight
	}
	add(c)
	return nil
}

// newLoss makes a loss of its name or record; one given by another name of its class keeps that.
func (r *compiler) newLoss(spec any, output int) (losses.Loss, error) {
	if s, ok := spec.(string); ok && (strings.EqualFold(s, "crossentropy") || strings.EqualFold(s, "ce")) {
		binary, sparse, err := r.kindOf(output)
		if err != nil {
			return nil, fmt.Errorf("the loss %q: %w", s, err)
		}
		switch {
		case binary:
			spec = "binary_crossentropy"
		case sparse:
			spec = "sparse_categorical_crossentropy"
		default:
			spec = "categorical_crossentropy"
		}
	}
	if name, ok := functionName(spec); ok {
		spec = name
	}
	o, err := r.object("losses", spec)
	if err != nil {
		return nil, err
	}
	l, ok := o.Impl.(losses.Loss)
	if !ok {
		return nil, fmt.Errorf("%s is no loss", o.Name)
	}
	if name, ok := spec.(string); ok && name != o.Name {
		l.SetLossName(name)
	}
	return l, nil
}
