package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn/report"
)

// recorded is what Keras's summary prints of models: tools/goldens/summaries.py made the file.
type recorded struct {
	Models map[string]string
	Cases  []struct {
		Model   string
		Columns int
		Options struct {
			LineLength    int  `json:"line_length"`
			ExpandNested  bool `json:"expand_nested"`
			ShowTrainable bool `json:"show_trainable"`
		}
		Optimizer *report.ParamCount
		Text      []string
	}
}

// TestSummariesOfKeras writes the very text that Keras writes, for terminals and options of all kinds.
func TestSummariesOfKeras(t *testing.T) {
	data, err := os.ReadFile("testdata/summaries.json")
	if err != nil {
		t.Fatal(err)
	}
	var all recorded
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Cases) < 30 {
		t.Errorf("%d cases", len(all.Cases))
	}
	for _, c := range all.Cases {
		t.Run(fmt.Sprintf("%s/%d/%+v", c.Model, c.Columns, c.Options), func(t *testing.T) {
			m, err := kerasfile.FromJSON([]byte(all.Models[c.Model]))
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			err = report.Summary(&b, m, report.SummaryOptions{Columns: c.Columns, LineLength: c.Options.LineLength,
				ExpandNested: c.Options.ExpandNested, ShowTrainable: c.Options.ShowTrainable, Optimizer: c.Optimizer})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := strings.TrimRight(b.String(), "\n"), strings.TrimRight(strings.Join(c.Text, "\n"), "\n"); got != want {
				t.Errorf("\n%s\nKeras:\n%s", got, want)
			}
		})
	}
}
