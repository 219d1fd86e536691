// Program size measures what programs that load models and predict take, stripped, natively and as WebAssembly, and fails if one
// takes more than it may: code that everybody links comes in unnoticed.
//
//	go run ./tools/size
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs have limits in MB (10^6 bytes): of the program for linux/amd64, and of that for js/wasm after gzip -9.
var programs = []struct {
	name         string
	native, gzip float64
}{
	{"everything", 7.5, 3.0},
	{"cnn", 5.35, 2.15},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "horn-size")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var exceeded []string
	fmt.Printf("%-12s %12s %12s %12s %12s  (MB)\n", "", "linux/amd64", "js/wasm", "gzip -9", "brotli -q 11")
	for _, p := range programs {
		native, err := build(dir, p.name, "linux", "amd64")
		if err != nil {
			return err
		}
		wasm, err := build(dir, p.name, "js", "wasm")
		if err != nil {
			return err
		}
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := w.Write(wasm); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		fmt.Printf("%-12s %12.2f %12.2f %12.2f %12s\n", p.name, megabytes(len(native)), megabytes(len(wasm)), megabytes(packed.Len()),
			brotli(wasm))
		for _, c := range []struct {
			what     string
			is, most float64
		}{{"linux/amd64", megabytes(len(native)), p.native}, {"js/wasm after gzip", megabytes(packed.Len()), p.gzip}} {
			if c.is > c.most {
				exceeded = append(exceeded, fmt.Sprintf("%s for %s takes %.2f MB, %.2f are allowed", p.name, c.what, c.is, c.most))
			}
		}
	}
	if exceeded != nil {
		return fmt.Errorf("%s", strings.Join(exceeded, "; "))
	}
	return nil
}

func megabytes(n int) float64 { return float64(n) / 1e6 }

func build(dir, program, system, cpu string) ([]byte, error) {
	path := filepath.Join(dir, program+"-"+cpu)
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "github.com/hornml/horn/tools/size/"+program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+cpu)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s for %s/%s: %w", program, system, cpu, err)
	}
	return os.ReadFile(path)
}

// brotli is the size after brotli, for which there has to be the program of that name.
func brotli(data []byte) string {
	cmd := exec.Command("brotli", "-q", "11", "-c")
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", megabytes(len(out)))
}
