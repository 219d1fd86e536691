package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// openRegular opens a file that has an end. Opening a pipe waits for somebody who writes into it, and a device may give
// bytes for ever: what is meant to be read from a pipe is given as "-".
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case info.IsDir():
		return nil, nil, errors.New("is a directory")
	case !info.Mode().IsRegular():
		return nil, nil, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	return f, info, err
}

// readRegular reads a whole file that has an end.
func readRegular(path string) ([]byte, error) {
	f, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
