package layer_test

import (
	"fmt"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/tensor"
)

// Scale multiplies with a factor that is trained.
type Scale struct {
	layer.Base
	Initial float64
	factor  *layer.Variable
}

func (l *Scale) Config(c *layer.Config) { c.Float("initial", &l.Initial, 1) }

func (l *Scale) Build(c *layer.Call) {
	l.factor = c.AddWeight("factor", constant(l.Initial), nil)
}

func (l *Scale) Call(c *layer.Call) any { return c.Mul(c.X(), c.Var(l.factor)) }

// constant is an initializer.
type constant float64

func (v constant) Make(shape []int, d tensor.DType) (tensor.Any, error) {
	return tensor.FromSlice([]float32{float32(v)}, shape...), nil
}

// A layer of one's own.
func Example() {
	scale := layers.Custom(new(Scale), "shop>Scale", layer.Args{"initial": 2.5})
	model, err := nn.NewSequential(nn.NewInputLayer([]int{3}), scale)
	if err != nil {
		fmt.Println(err)
		return
	}
	y, err := model.Predict(tensor.FromSlice([]float32{1, 2, 4}, 1, 3))
	fmt.Println(y.Data(), err)
	fmt.Println(scale.Name(), layer.OutputShapes(scale)[0], scale.Variable("factor").Trainable)
	fmt.Println(layer.ConfigOf(scale).Get("initial"))
	// Output:
	// [2.5 5 10] <nil>
	// scale [-1 3] true
	// 2.5
}
