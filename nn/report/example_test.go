package report_test

import (
	"fmt"
	"os"

	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layers"
	"github.com/hornml/horn/nn/report"
)

func model() *nn.Model {
	m, err := nn.NewSequential(
		nn.NewInputLayer([]int{4}, nn.Args{"name": "measures"}),
		layers.NewDense(8, nn.Args{"activation": "relu"}),
		layers.NewDense(3, nn.Args{"activation": "softmax"}),
	)
	if err != nil {
		panic(err)
	}
	return m
}

func ExampleSummary() {
	if err := report.Summary(os.Stdout, model(), report.SummaryOptions{LineLength: 60}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Model: "sequential"
	// ┏━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━┓
	// ┃ Layer (type)             ┃ Output Shape      ┃   Param # ┃
	// ┡━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━┩
	// │ dense (Dense)            │ (None, 8)         │        40 │
	// ├──────────────────────────┼───────────────────┼───────────┤
	// │ dense_1 (Dense)          │ (None, 3)         │        27 │
	// └──────────────────────────┴───────────────────┴───────────┘
	//  Total params: 67 (268.00 B)
	//  Trainable params: 67 (268.00 B)
	//  Non-trainable params: 0 (0.00 B)
}

func ExampleCountParams() {
	m := model()
	m.Layer("dense").SetTrainable(false)
	trainable, fixed := report.CountParams(m)
	fmt.Println(trainable)
	fmt.Println(fixed)
	// Output:
	// 27 (108.00 B)
	// 40 (160.00 B)
}

func ExamplePlot() {
	if err := report.Plot(os.Stdout, model(), "mmd", report.PlotOptions{LeftToRight: true}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// flowchart LR
	//     n0["measures<br/>InputLayer<br/>(None, 4)"]
	//     style n0 fill:#e2e8f0,stroke:#475569,color:#0f172a
	//     n1["dense<br/>Dense<br/>(None, 8)"]
	//     style n1 fill:#c7d2fe,stroke:#4338ca,color:#0f172a
	//     n2["dense_1<br/>Dense<br/>(None, 3)"]
	//     style n2 fill:#c7d2fe,stroke:#4338ca,color:#0f172a
	//     n0 --> n1
	//     n1 --> n2
}
