package core

import (
	"fmt"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
)

// record is the config of a model on its way into a file.
type record struct {
	model   *nn.Model
	options *saveOptions
	root    *pyjson.Object  // the model's own until a pass has to change it: that changes a copy
	from    release.Release // that the model is from
	target  release.Release // that the file is for
}

// passes bring a model's record into the form in which it is written, or refuse what the file could not hold, in this order.
var passes = []func(*record) error{
	(*record).refuseSlashes,
	(*record).putCompileState,
	(*record).settleIdentities,
	(*record).renumberShared,
	(*record).chooseTarget,
	(*record).refuseFormerInt4,
	(*record).express,
}

// record takes the record of a model through the passes.
func (o *saveOptions) record(m *nn.Model) (*record, error) {
	if m == nil {
		return nil, errNoModel
	}
	r := &record{model: m, options: o, root: layer.Record(m), from: release.Parse(m.Origin.KerasVersion)}
	for _, pass := range passes {
		if err := pass(r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// refuseSlashes refuses names that Keras could not load.
func (r *record) refuseSlashes() error {
	return refuse(r.model, func(l layer.Layer) error {
		if !strings.Contains(l.Name(), "/") {
			return nil
		}
		return fmt.Errorf("the layer %q cannot be saved: Keras refuses names with a slash", l.Name())
	})
}

// putCompileState puts the present compile state into the record.
func (r *record) putCompileState() error {
	compile := r.model.CompileConfig()
	old, had := r.root.Lookup("compile_config")
	if compile == nil && had && r.root.Object("compile_config").Len() == 0 {
		return nil // null, or {}, which Keras 3.10 and later write for a model that is not compiled
	}
	if had && compile != nil && old == any(compile) || !had && compile == nil {
		return nil
	}
	out := new(pyjson.Object)
	for _, k := range r.root.Keys() {
		if k != "compile_config" {
			out.Set(k, r.root.Get(k))
		} else if compile != nil {
			out.Set(k, compile)
		}
	}
	if compile != nil {
		out.Set("compile_config", compile)
	}
	r.root = out
	return nil
}

// settleIdentities numbers the layers that a model made in Go holds more than once, as they come.
func (r *record) settleIdentities() error {
	if layer.FileRecord(r.model) == nil {
		r.root = dialect.SettleIdentities(r.root)
	}
	return nil
}

// renumberShared numbers the calls of shared layers as Keras does when it loads the file.
func (r *record) renumberShared() error {
	root, changed := dialect.RenumberShared(r.root, layer.FileRecord(r.model) == nil)
	if changed {
		r.root = root
		r.options.note("the calls of layers that several models share are numbered as Keras finds them when it loads the file")
	}
	return nil
}

// chooseTarget finds the release that the file is for: the one asked for, or that of the model, or ours.
func (r *record) chooseTarget() (err error) {
	switch {
	case r.options.target != "":
		r.target, err = release.ParseTarget(r.options.target)
	case r.from.Major() < 3:
		r.target = release.Written()
	default:
		r.target = r.from
	}
	return err
}

// refuseFormerInt4 refuses kernels that the release asked for could not load.
func (r *record) refuseFormerInt4() error {
	if r.options.target == "" {
		return nil
	}
	return refuseFormerInt4(r.model, r.target)
}

// express writes the record for the release asked for; one made of a model in Go, without that, for ours, as far as that can
// say it: what only a later release can say needs that release. All that the release cannot say of it is reported together.
func (r *record) express() error {
	from, to := r.from, dialect.Target{Release: r.target}
	if layer.FileRecord(r.model) == nil {
		from = release.Newest() // of which the layers write what they know
	}
	if r.options.target == "" {
		if layer.FileRecord(r.model) != nil {
			return nil
		}
		to.Lenient = true
	}
	root, note, problems := dialect.Express(r.root, from, &to)
	var errs Errors
	for _, p := range problems {
		errs = append(errs, &ConfigError{Path: p.Path, Msg: p.Msg})
	}
	if len(errs) > 0 {
		return errs
	}
	if to.Exceeded {
		r.target = release.Newest()
	}
	if r.root = root; note != "" {
		r.options.note(note)
	}
	return nil
}

// refuseFormerInt4 refuses int4 kernels as Keras 3.11 to 3.13 pack them for later releases, which cannot load them.
func refuseFormerInt4(m *nn.Model, target release.Release) error {
	if target.Before(release.Release{3, 14}) {
		return nil
	}
	return refuse(m, func(l layer.Layer) error {
		if k, ok := l.(interface{ FormerInt4() bool }); !ok || !k.FormerInt4() {
			return nil
		}
		return fmt.Errorf("the layer %q: Keras %s cannot express it: its int4 kernel is packed as 3.11 to 3.13 have it; quantize the model anew",
			l.Name(), target.Short())
	})
}

// refuse collects what is wrong with the layers of a model.
func refuse(m *nn.Model, wrong func(layer.Layer) error) error {
	var errs Errors
	layer.Each(m, func(l layer.Layer) {
		if err := wrong(l); err != nil {
			errs = append(errs, err)
		}
	})
	if len(errs) > 0 {
		return errs
	}
	return nil
}
