package kernel_test

import (
	"fmt"
	"math"

	"github.com/hornml/horn/tensor/kernel"
)

// A dense layer with relu: weights are packed once, rows are multiplied often.
func ExampleGemm() {
	weights := []float32{ // [3, 2]
		1, 4,
		2, 5,
		3, 6,
	}
	x := []float32{1, 1, 1, -1, 0, 0} // [2, 3]
	y := make([]float32, 4)           // [2, 2]
	g := kernel.Gemm{
		A:     x,
		ARows: kernel.Strided(3),
		B:     kernel.PackB(kernel.Current(), weights, 3, 2, 2, false),
		C:     y,
		CRows: kernel.Strided(2),
		Epilogue: kernel.Epilogue{
			Bias:  []float32{0.5, 0},
			Clamp: true, Lo: 0, Hi: float32(math.Inf(1)),
		},
	}
	g.Run(2)
	fmt.Println(y)
	// Output: [6.5 15 0 0]
}

// A convolution of one 3x3 image with one 3x3 filter, padding "same": the
// image is neither padded nor copied.
func ExampleNewWindows() {
	image := []float32{
		1, 2, 3,
		4, 5, 6,
		7, 8, 9,
	}
	filter := []float32{ // the sum of the neighbours above and below
		0, 1, 0,
		0, 0, 0,
		0, 1, 0,
	}
	axis := kernel.Axis{In: 3, Out: 3, Kernel: 3, Stride: 1, Dilation: 1, PadBefore: 1}
	classes := kernel.NewWindows(kernel.WindowSpec{
		Batch: 1, Axes: []kernel.Axis{axis, axis}, Channels: 1, InStride: 1, OutStride: 1, Merge: true,
	})
	out := make([]float32, 9)
	g := kernel.Gemm{A: image, B: kernel.PackB(kernel.Current(), filter, 9, 1, 1, false), C: out}
	for _, class := range classes {
		g.ARows, g.Segs, g.CRows = class.Src, class.Taps, class.Dst
		g.Run(class.Count)
	}
	fmt.Println(out)
	// Output: [4 5 6 8 10 12 4 5 6]
}

// Softmax of two rows of three, in place.
func ExampleSoftmax() {
	x := []float32{0, 0, 0, 1000, 1000, float32(math.Inf(-1))}
	kernel.Softmax(x, x, 3)
	fmt.Printf("%.3f\n", x)
	// Output: [0.333 0.333 0.333 0.500 0.500 0.000]
}
