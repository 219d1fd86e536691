package kerasfile_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/layers"
)

// TestChangedFields saves a loaded model of which fields were changed: these and nothing else is other in the file.
func TestChangedFields(t *testing.T) {
	m, err := nn.NewSequential(nn.NewInputLayer([]int{5, 3}), layers.NewBidirectional(layers.NewLSTM(4)), layers.NewDropout(0.25),
		layers.NewDense(2))
	if err != nil {
		t.Fatal(err)
	}
	m = reload(t, m)
	before := string(pyjson.Marshal(layer.Record(m)))
	lstm := m.Layers()[1].(*layers.Bidirectional).ForwardLayer.(*layers.LSTM)
	lstm.Cell.(*layers.LSTMCell).UnitForgetBias = false
	m.Layers()[2].(*layers.Dropout).Rate = 0.75
	after := string(pyjson.Marshal(layer.Record(m)))
	want := strings.Replace(before, `"rate": 0.25`, `"rate": 0.75`, 1)
	want = strings.Replace(want, `"unit_forget_bias": true`, `"unit_forget_bias": false`, 1)
	if after != want {
		t.Errorf("the record is\n%s\nwant\n%s", after, want)
	}
	if rate := reload(t, m).Layers()[2].(*layers.Dropout).Rate; rate != 0.75 {
		t.Errorf("the rate is %v", rate)
	}
}

func reload(t *testing.T, m *nn.Model) *nn.Model {
	t.Helper()
	var buf bytes.Buffer
	if err := kerasfile.Write(&buf, m); err != nil {
		t.Fatal(err)
	}
	m, err := kerasfile.Read(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
