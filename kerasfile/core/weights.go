package core

import (
	"errors"
	"io/fs"

	"github.com/hornml/horn/internal/fault"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/container"
	"github.com/hornml/horn/kerasfile/internal/dialect"
	"github.com/hornml/horn/kerasfile/internal/release"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
)

// LoadWeights gives a model the weights in a file (Model.load_weights): a .weights.h5 file, the .weights.json of a sharded
// one, a .keras file or directory, a whole-model or weights-only .h5 file of the legacy form, or an .npz file that
// SaveWeights wrote. What the file is decides, not its name. The variables of the optimizer are read if the file has
// them and the model is compiled. After an error some variables may have new values.
func LoadWeights(m *nn.Model, name string, opts ...Option) (err error) {
	defer fault.Catch(&err, "loading weights")
	o := settings(nil, opts)
	if err := ready(m); err != nil {
		return err
	}
	c, err := container.OpenWeights(name, o.container())
	if err != nil {
		return err
	}
	defer c.Close()
	return loadWeights(m, c, o)
}

// LoadWeightsFS is LoadWeights from a file system.
func LoadWeightsFS(m *nn.Model, fsys fs.FS, name string, opts ...Option) (err error) {
	defer fault.Catch(&err, "loading weights")
	o := settings(nil, opts)
	if err := ready(m); err != nil {
		return err
	}
	c, err := container.OpenWeightsFS(fsys, name, o.container())
	if err != nil {
		return err
	}
	defer c.Close()
	return loadWeights(m, c, o)
}

// ready builds a model that was not built yet.
func ready(m *nn.Model) error {
	if m == nil {
		return errNoModel
	}
	if m.IsBuilt() {
		return nil
	}
	if err := m.Build(); err != nil {
		return err
	}
	if !m.IsBuilt() {
		return errors.New("the model has no variables yet: it does not know the shape of its input")
	}
	return nil
}

// loadWeights gives a model that is built the variables in a container.
func loadWeights(m *nn.Model, c container.Container, o options) error {
	from := dialect.Origin{Legacy: c.Kind().ByLayer()}
	if meta, err := c.Metadata(); err == nil {
		from.Release = release.Parse(meta.String("keras_version"))
	}
	w, err := c.Weights()
	if err != nil {
		return err
	}
	var s source
	if w.Archive != nil { // here, and not in openSource: models hold none, and programs that load them do not link what reads it
		s = arraySource{archive: w.Archive}
	} else if s, err = openSource(c, w, from); err != nil {
		return err
	}
	if _, ok := s.(*layerSource); o.byName && !ok {
		return errors.New("weights are found by name in legacy .h5 files only; in this one they stand by their place")
	}
	if o.compile = o.compile && m.CompileConfig() != nil; o.compile {
		compile, r := m.CompileConfig(), m.Registry()
		m.DropCompileState() // the optimizer's variables, in whose place those in the file come
		m.SetCompileConfig(compile, r)
	}
	return s.assign(m, o)
}

// source is where the variables of a model come from, in one of the ways in which files have them.
type source interface {
	// identities are those that records of a config lack, as the file shows.
	identities(config *pyjson.Object, r *layer.Registry) []dialect.Identity
	// announce shows layers what the file has for them, before they are built.
	announce(m *nn.Model) error
	// assign gives the variables of a model that is built their elements, and the model the variables of its optimizer.
	// Everything that does not fit is reported together.
	assign(m *nn.Model, o options) error
}

// openSource opens the variables in HDF5 files.
func openSource(c container.Container, w *container.Weights, from dialect.Origin) (source, error) {
	if c.Kind().ByLayer() {
		return openLayerSource(w.Files[0], from)
	}
	index, err := container.NewIndex(w.Files...)
	if err != nil {
		return nil, err
	}
	return &pathSource{index, from}, nil
}

// noSource leaves a model the variables that it made itself.
type noSource struct{}

func (noSource) identities(*pyjson.Object, *layer.Registry) []dialect.Identity { return nil }

func (noSource) announce(*nn.Model) error { return nil }

func (noSource) assign(*nn.Model, options) error { return nil }

// setOptimizer gives a model the variables of an optimizer, in place of those that it had at that path.
func setOptimizer(m *nn.Model, group *nn.VariableGroup) {
	for i, g := range m.Optimizer {
		if g.Path == group.Path {
			m.Optimizer[i] = group
			return
		}
	}
	m.Optimizer = append(m.Optimizer, group)
}
