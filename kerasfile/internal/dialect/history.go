package dialect

import (
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/kerasfile/internal/release"
)

// history is what is known of one class over the releases of Keras: each entry of the tables stands alone, so that it can
// stand with its class. It was found by asking 3.0.5, 3.1.1, .. 3.15.1 for their classes and arguments, and by having each
// of them build, save, load and run models.
type history struct {
	since     release.Release // the first release that has the class; unknown where all of Keras 3 have it
	arguments []argument      // that came later than the class
	gaps      []gap
	nameless  bool            // of operations: there is no argument "name" before 3.11
	former    string          // the name that every release before renamed finds
	renamed   release.Release //
	unbuilt   release.Release // releases before it take the lists in build_config for something else

	attributes map[string]string // by argument, where that is kept under another name, which gives paths in weights files

	keras2 repair // brings the arguments of Keras 2 into the form of Keras 3
	keras3 repair // drops what some release of Keras 3 wrote and today's does not take
}

// argument is one that a class has since some release, and its default there, in JSON: a file for an older release leaves it
// out if it has the default.
type argument struct {
	key   string
	since release.Release
	def   string
}

// gap is what some releases cannot load or run although they have it: they fail on their own files of it, too.
type gap struct {
	from, until release.Release
	what        string
	has         func(record, config *pyjson.Object) bool
}

// repair changes the config of a class in place.
type repair func(u *upgrader, class string, config *pyjson.Object)

// v is a release in the tables.
type v = release.Release

// opsModule is where the classes of operations are.
const opsModule = "keras.src.ops."

// historyOf looks a class up by the module and the name in its record.
//
//go:noinline
func historyOf(module, class string) history {
	switch {
	case strings.HasPrefix(module, opsModule):
		return operations[class]
	case module == "keras.layers":
		return layers[class]
	case strings.HasPrefix(module, "keras.src.models."), module == "keras.models": // of models, which are not exported
		module = "keras"
	}
	return objects[module+"."+class]
}

// argumentsOf lists the arguments that came to a class, with those that came to all of its module.
func argumentsOf(module, class string) []argument {
	all := objects[module+".*"].arguments
	return append(all[:len(all):len(all)], historyOf(module, class).arguments...)
}

// functions are the activations, losses and metrics by name that came with releases of Keras 3.
var functions = map[string]release.Release{
	"dice": v{3, 2}, "tversky": v{3, 3}, "circle": v{3, 7}, "concordance_correlation": v{3, 7}, "pearson_correlation": v{3, 7},
	"celu": v{3, 7}, "glu": v{3, 7}, "hard_shrink": v{3, 7}, "hard_tanh": v{3, 7}, "log_sigmoid": v{3, 7}, "soft_shrink": v{3, 7},
	"squareplus": v{3, 7}, "tanh_shrink": v{3, 7}, "sparse_plus": v{3, 8}, "sparsemax": v{3, 8}, "threshold": v{3, 8},
	"sparse_sigmoid": v{3, 10}, "categorical_generalized_cross_entropy": v{3, 10},
}
