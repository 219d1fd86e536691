package golden

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/hornml/horn/kerasfile"
)

// Entry answers for one class of Keras.
type Entry struct {
	Name     string
	Aliases  []string
	Status   string // supported, refused or missing
	Reason   string // why it is refused
	Cases    int    // goldens that use it
	Gradient string // of a layer or an operation that runs: yes, or why there is none
}

const (
	supported = "runs"
	refused   = "refused"
	missing   = "missing"
)

// Coverage answers for every layer class, op and activation of Keras, and for the classes of its other modules.
type Coverage struct {
	KerasVersion string
	Layers       []Entry
	Ops          []Entry
	Activations  []Entry
	Objects      []Module
}

// Module answers for the classes of a module that are no layers.
type Module struct {
	Name    string // keras.<name>
	Entries []Entry
}

// modules are the modules of Objects: their keys in keras_api.json, their names, and their base classes, which no file
// names.
var modules = []struct{ key, name, base string }{
	{"initializers", "initializers", "Initializer"},
	{"regularizers", "regularizers", "Regularizer"},
	{"constraints", "constraints", "Constraint"},
	{"losses", "losses", "Loss"},
	{"metrics", "metrics", "Metric"},
	{"optimizers", "optimizers", "Optimizer"},
	{"schedules", "optimizers.schedules", "LearningRateSchedule"},
}

// notLayers are names under keras.layers that no saved model can have: base classes.
var notLayers = map[string]string{
	"Layer":   "the base class of layers; a file names the class of the author's own, which is given as a custom object",
	"Wrapper": "the base class of wrapping layers",
	"Lambda":  "it holds Python code, which is never run; its Go form can be given as the custom object \"Lambda:<layer name>\"",
}

// notOps are classes of keras.src.ops that no saved model can have.
var notOps = map[string]string{"function.Function": "the base class of Functional models"}

// notActivations are functions that cannot be named as an activation.
var notActivations = map[string]string{"threshold": "it takes arguments that a name cannot give; as a keras.ops node it runs"}

// class is a class of Keras in keras_api.json.
type class struct {
	Name    string
	Aliases []string
}

// ReadCoverage compares Keras's public names (keras_api.json) with the registries, and counts the goldens below dir that
// use each.
func ReadCoverage(dir string) (*Coverage, error) {
	var api struct {
		KerasVersion string `json:"keras_version"`
		Layers       []class
		Ops          []string
		Activations  []string
	}
	var others map[string]json.RawMessage
	data, err := os.ReadFile(filepath.Join(dir, "keras_api.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &api); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &others); err != nil {
		return nil, err
	}
	uses, err := countUses(filepath.Join(dir, "goldens"))
	if err != nil {
		return nil, err
	}
	if err := countTables(dir, uses); err != nil {
		return nil, err
	}
	gradients, err := gradientsOfClasses(filepath.Join(dir, "goldens"))
	if err != nil {
		return nil, err
	}
	c := &Coverage{KerasVersion: api.KerasVersion, Layers: layers(api.Layers, uses, gradients), Ops: ops(api.Ops, uses, gradients),
		Activations: activations(api.Activations)}
	for _, m := range modules {
		var classes []class
		if err := json.Unmarshal(others[m.key], &classes); err != nil {
			return nil, err
		}
		c.Objects = append(c.Objects, Module{m.name, objects(m.name, m.base, classes, uses)})
	}
	return c, nil
}

func layers(classes []class, uses map[string]int, gradients map[string]string) []Entry {
	known := map[string]bool{}
	for _, c := range kerasfile.Registry().Classes() {
		known[c.Module+"."+c.Name] = true
	}
	var entries []Entry
	for _, l := range classes {
		e := Entry{Name: l.Name, Aliases: l.Aliases, Status: missing, Cases: uses["keras.layers>"+l.Name]}
		for _, name := range append(l.Aliases, l.Name) {
			if known["keras.layers."+name] {
				e.Status = supported
				e.Gradient = cmp.Or(e.Gradient, gradients["keras.layers>"+name])
			}
			if why, ok := kerasfile.Registry().Refused()["keras.layers."+name]; ok {
				e.Status, e.Reason = refused, why
			}
		}
		if why, ok := notLayers[l.Name]; ok && e.Status == missing {
			e.Status, e.Reason = refused, why
		}
		entries = append(entries, e)
	}
	return entries
}

func ops(names []string, uses map[string]int, gradients map[string]string) []Entry {
	have, refusedOps := kerasfile.Registry().Ops()
	known := set(have)
	var entries []Entry
	for _, name := range names {
		module, class, _ := strings.Cut(name, ".")
		e := Entry{Name: name, Status: missing, Cases: uses["keras.src.ops."+module+">"+class]}
		if known[name] {
			e.Status, e.Gradient = supported, gradients["keras.src.ops."+module+">"+class]
		} else if why, ok := refusedOps[name]; ok {
			e.Status, e.Reason = refused, why
		} else if why, ok := notOps[name]; ok {
			e.Status, e.Reason = refused, why
		}
		entries = append(entries, e)
	}
	return entries
}

func activations(names []string) []Entry {
	known := set(kerasfile.Registry().Activations())
	var entries []Entry
	for _, name := range names {
		e := Entry{Name: name, Status: missing}
		if known[name] {
			e.Status = supported
		} else if why, ok := notActivations[name]; ok {
			e.Status, e.Reason = refused, why
		}
		entries = append(entries, e)
	}
	return entries
}

// objects answers for the classes of keras.<module>, of which base is the base class.
func objects(module, base string, classes []class, uses map[string]int) []Entry {
	known := set(kerasfile.Registry().Objects(module))
	var entries []Entry
	for _, l := range classes {
		e := Entry{Name: l.Name, Aliases: l.Aliases, Status: missing, Cases: uses["keras."+module+">"+l.Name]}
		switch {
		case known[l.Name]:
			e.Status = supported
		case l.Name == base:
			e.Status, e.Reason = refused, "the base class; a file names the class of the author's own, which is given as a custom object"
		}
		entries = append(entries, e)
	}
	return entries
}

func set(names []string) map[string]bool {
	s := map[string]bool{}
	for _, name := range names {
		s[name] = true
	}
	return s
}

// Missing names what is neither supported nor refused with a reason, and what has neither gradients nor a reason.
func (c *Coverage) Missing() []string {
	var names []string
	add := func(module string, entries []Entry, gradients bool) {
		for _, e := range entries {
			if e.Status == missing {
				names = append(names, module+"."+e.Name)
			}
			if gradients && e.Status == supported && e.Gradient == "" {
				names = append(names, "the gradient of "+module+"."+e.Name)
			}
		}
	}
	add("keras.layers", c.Layers, true)
	add("keras.src.ops", c.Ops, true)
	add("keras.activations", c.Activations, false)
	for _, m := range c.Objects {
		add("keras."+m.Name, m.Entries, false)
	}
	return names
}

// countTables adds the cases of the tables of losses, metrics, optimizers and schedules.
func countTables(dir string, uses map[string]int) error {
	type record struct {
		Config struct {
			Class string `json:"class_name"`
		}
	}
	count := func(module string, records []record) {
		for _, r := range records {
			uses["keras."+module+">"+r.Config.Class]++
		}
	}
	for _, table := range []string{"losses", "metrics", "optimizers"} {
		data, err := os.ReadFile(filepath.Join(dir, table, "manifest.json"))
		if err != nil {
			return err
		}
		if table == "optimizers" {
			var both struct{ Optimizers, Schedules []record }
			if err := json.Unmarshal(data, &both); err != nil {
				return err
			}
			count("optimizers", both.Optimizers)
			count("optimizers.schedules", both.Schedules)
			continue
		}
		var records []record
		if err := json.Unmarshal(data, &records); err != nil {
			return err
		}
		count(table, records)
	}
	return nil
}

// countUses counts, for each "module>class", the goldens whose config names it.
func countUses(dir string) (map[string]int, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "manifest.json"))
	if err != nil {
		return nil, err
	}
	uses := map[string]int{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		var records []struct{ Covers []string }
		if err := json.Unmarshal(data, &records); err != nil {
			continue // the manifests of the formats have another form
		}
		for _, r := range records {
			for _, class := range r.Covers {
				if module, name, _ := strings.Cut(class, ">"); strings.HasPrefix(module, "keras.src.backend.torch.optimizers.") {
					class = "keras.optimizers>" + name // the backend's own form of the class
				}
				uses[class]++
			}
		}
	}
	return uses, nil
}

func tally(entries []Entry) (runs, no, gone int) {
	for _, e := range entries {
		switch e.Status {
		case supported:
			runs++
		case refused:
			no++
		default:
			gone++
		}
	}
	return runs, no, gone
}

// Totals is one line for each kind.
func (c *Coverage) Totals() string {
	var b strings.Builder
	line := func(name string, entries []Entry) {
		runs, no, gone := tally(entries)
		fmt.Fprintf(&b, "%-20s %3d of %d run, %d refused by name, %d missing\n", name, runs, len(entries), no, gone)
	}
	line("layer classes", c.Layers)
	line("ops", c.Ops)
	line("activations", c.Activations)
	for _, m := range c.Objects {
		line(m.Name, m.Entries)
	}
	return b.String()
}

// Markdown is docs/coverage.md.
func (c *Coverage) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Coverage

What of Keras %s runs. Generated from the registries and the goldens by "go test ./conformance -run Coverage -update"; a test fails
when this page is out of date. "Goldens" counts the answers of real Keras, kept in conformance/testdata, that use the class.
"Gradient" says whether one flows from its results back to what it takes and to its variables, in some golden at least, or why not.

`, c.KerasVersion)
	fmt.Fprintf(&b, "```\n%s```\n", c.Totals())
	table := func(title string, entries []Entry, cases, gradients bool) {
		head, rule := "| name | |", "| --- | --- |"
		if gradients {
			head, rule = head+" gradient |", rule+" --- |"
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s goldens |\n%s ---: |\n", title, head, rule)
		sorted := append([]Entry(nil), entries...)
		sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Name < sorted[j].Name })
		for _, e := range sorted {
			name := "`" + e.Name + "`"
			if len(e.Aliases) > 0 {
				name += " (" + strings.Join(e.Aliases, ", ") + ")"
			}
			status := e.Status
			if e.Reason != "" {
				status += ": " + e.Reason
			}
			if gradients {
				status += " | " + e.Gradient
			}
			count := ""
			if cases {
				count = fmt.Sprint(e.Cases)
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", name, status, count)
		}
	}
	table("Layers (`keras.layers`)", c.Layers, true, true)
	table("Operations in Functional graphs (`keras.ops`)", c.Ops, true, true)
	table("Activations (`keras.activations`)", c.Activations, false, false)
	for _, m := range c.Objects {
		table(strings.ToUpper(m.Name[:1])+m.Name[1:]+" (`keras."+m.Name+"`)", m.Entries, true, false)
	}
	return b.String()
}
