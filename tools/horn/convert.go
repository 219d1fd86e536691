package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
)

// convertFlags are those of "horn convert".
type convertFlags struct {
	overwrite bool
	target    string
	shard     string
	memory    memoryFlag
	weights   string
}

func (a *app) convert() *cobra.Command {
	var flags convertFlags
	cmd := &cobra.Command{
		Use:   "convert SRC DST",
		Short: "Save a model in another form, which the name of DST says",
		Long: `Loads the model SRC and saves it as DST, in the form that the end of DST's name says:

  X.keras          Keras 3's file
  X/               a directory in Keras's unzipped form
  X.h5, X.hdf5     the legacy whole-model file
  X.weights.h5     the weights alone
  X.weights.json   the weights in shards, with a map of them
  X.npz            the weights as plain arrays

SRC is a .keras file of any release, a whole-model .h5 file of Keras 1 to 3, a directory, or an architecture as Model.to_json
gives it (.json). Weights, optimizer and compile state, and vocabularies are kept, bit for bit, where DST can hold them.
What older releases wrote in another way is brought into today's form, with a note.`,
		Example: "  horn convert old.h5 model.keras\n  horn convert --for keras-3.3 model.keras for_33.keras\n" +
			"  horn convert --weights best.weights.h5 model.keras best.keras",
		Args: arguments(2, 2, "SRC and DST"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.runConvert(args[0], args[1], flags)
		},
	}
	cmd.Flags().BoolVar(&flags.overwrite, "overwrite", false, "replace DST if it exists")
	registerUnsafe(cmd)
	flags.memory.register(cmd)
	cmd.Flags().StringVar(&flags.target, "for", "", "write for a release of Keras, such as keras-3.3, without what it does not know")
	cmd.Flags().StringVar(&flags.shard, "max-shard-size", "10GiB", "largest file of a .weights.json, such as 500MB")
	cmd.Flags().StringVar(&flags.weights, "weights", "", "take the weights from this file")
	return cmd
}

func (a *app) runConvert(src, dst string, flags convertFlags) error {
	shard, err := parseSize(flags.shard)
	if err != nil {
		return fmt.Errorf("--max-shard-size %s: %w", flags.shard, err)
	}
	save, err := saver(dst)
	if err != nil {
		return err
	}
	options := []kerasfile.SaveOption{
		kerasfile.WithOverwrite(flags.overwrite), kerasfile.WithMaxShardSize(shard),
		kerasfile.WithSaveContext(a.context),
		kerasfile.WithSaveNotes(func(n string) { a.note("%s: %s", dst, n) }),
	}
	if flags.target != "" {
		options = append(options, kerasfile.WithKeras(strings.TrimPrefix(flags.target, "keras-")))
	}
	if _, err := os.Lstat(dst); err == nil && !flags.overwrite {
		return failf(dst, "exists; use --overwrite to replace it")
	}
	if same, err := sameFile(dst, src); err == nil && !same && within(dst, src) {
		return failf(dst, "lies in the model %s; give another place", src)
	}
	m, err := a.source(src, flags)
	if err != nil {
		return err
	}
	bar := a.progressOfBytes(sizeOf(m), "saving")
	// nothing depends on the bar
	options = append(options, kerasfile.WithProgress(func(written int64) { _ = bar.Set64(min(written, bar.GetMax64())) }))
	err = func() error {
		a.writing.Lock()
		defer a.writing.Unlock()
		return save(m, dst, options...)
	}()
	_ = bar.Finish()
	if err != nil {
		if errors.Is(err, fs.ErrExist) {
			return failf(dst, "exists; use --overwrite to replace it")
		}
		return fail(dst, err)
	}
	return nil
}

// sizeOf is the number of bytes of a model's variables, about those of its file.
func sizeOf(m *nn.Model) (size int64) {
	for _, v := range append(m.Variables(), m.OptimizerVariables()...) {
		size += int64(v.Size()) * int64(v.DType.Size())
	}
	return size
}

// maxArchitecture is the most that the config of a model may have, wherever it stands.
const maxArchitecture = 64 << 20

// source loads what is to be converted.
func (a *app) source(src string, flags convertFlags) (*nn.Model, error) {
	options := []kerasfile.Option{
		kerasfile.WithNotes(func(n string) { a.note("%s: %s", src, n) }), kerasfile.WithContext(a.context),
		kerasfile.WithMemoryLimit(flags.memory.bytes),
	}
	if err := isModelPath(src); err != nil {
		return nil, err
	}
	var m *nn.Model
	var err error
	switch {
	case strings.EqualFold(filepath.Ext(src), ".json"):
		if info, err := os.Stat(src); err == nil && info.Size() > maxArchitecture {
			return nil, failf(src, "has %s, an architecture has at most %s", formatSize(info.Size()), formatSize(maxArchitecture))
		}
		data, readErr := readRegular(src)
		if readErr != nil {
			return nil, fail(src, readErr)
		}
		m, err = kerasfile.FromJSON(data, options...)
	case flags.weights != "":
		m, err = kerasfile.Load(src, append(options, kerasfile.WithoutWeights())...)
	default:
		m, err = kerasfile.Load(src, options...)
	}
	if err != nil {
		return nil, fail(src, err)
	}
	if flags.weights != "" {
		notes := kerasfile.WithNotes(func(n string) { a.note("%s: %s", flags.weights, n) })
		if err := kerasfile.LoadWeights(m, flags.weights, notes); err != nil {
			return nil, fail(flags.weights, err)
		}
	}
	return m, nil
}

// saver chooses the function that writes what a name asks for.
func saver(dst string) (func(*nn.Model, string, ...kerasfile.SaveOption) error, error) {
	lower := strings.ToLower(dst)
	switch {
	case strings.HasSuffix(dst, "/") || strings.HasSuffix(dst, string(filepath.Separator)):
		return kerasfile.Save, nil
	case strings.HasSuffix(lower, ".weights.h5"), strings.HasSuffix(lower, ".weights.json"), strings.HasSuffix(lower, ".npz"):
		return kerasfile.SaveWeights, nil
	case strings.HasSuffix(lower, ".keras"), strings.HasSuffix(lower, ".h5"), strings.HasSuffix(lower, ".hdf5"):
		return kerasfile.Save, nil
	}
	if info, err := os.Stat(dst); err == nil && info.IsDir() {
		return func(m *nn.Model, path string, opts ...kerasfile.SaveOption) error {
			return kerasfile.Save(m, path+"/", opts...)
		}, nil
	}
	const forms = ".keras, .h5, .weights.h5, .weights.json, .npz, or a slash for a directory"
	return nil, fmt.Errorf("%s: the end of the name says the form: %s", dst, forms)
}
