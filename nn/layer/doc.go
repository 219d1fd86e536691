// Package layer is for the authors of layers. A layer is a struct that embeds [Base] and has two methods: Config names the
// arguments of its constructor, which reads them from a file, takes them from Go and writes them, and Call writes its ops into
// a graph. Most have Build, too, which makes the variables:
//
//	type Scale struct {
//		layer.Base
//		Initial float64
//		factor  *layer.Variable
//	}
//
//	func (l *Scale) Config(c *layer.Config) { c.Float("initial", &l.Initial, 1) }
//
//	func (l *Scale) Build(c *layer.Call) {
//		l.factor = c.AddWeight("factor", new(initializers.Ones), nil)
//	}
//
//	func (l *Scale) Call(c *layer.Call) any { return c.Mul(c.X(), c.Var(l.factor)) }
//
// Everything else is optional: [Masker], [Container], [AssetLoader] and others. Shapes, types, masks, errors that name the
// layer, saving and freezing come by themselves. Such a layer is made in Go by layers.Custom, and read from files when it is
// given among the [CustomObjects]; Keras's own classes stand in a [Registry].
//
// Package layer knows no models, losses or files: models are built of it (package nn).
package layer
