package container

import (
	"errors"
	"fmt"
	"os"
)

// OnlyModel returns an error if a directory is no model in Keras's unzipped form, or holds anything else: such a directory
// is never replaced, for what is in it would be lost.
func OnlyModel(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		switch name := e.Name(); {
		case name == AssetsName && e.IsDir():
		case e.Type().IsRegular() && (name == ConfigName || name == MetadataName || name == WeightsName):
		default:
			return fmt.Errorf("the directory is not replaced: it holds %q, which is no part of a model", name)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	d, err := openDirectory(root.FS(), ".", Options{ConfigBytes: 64 << 20})
	if err == nil {
		config, e := d.Config()
		if err = e; err == nil && config.String("class_name") == "" {
			err = errors.New("is no model's")
		}
	}
	if err != nil {
		return fmt.Errorf("the directory is not replaced: it holds no Keras model: %w", err)
	}
	return nil
}
