// Command kernelgen writes the assembly of package tensor/kernel, the declarations
// and switches that go with it (stubs_*.go, dispatch_*.go) and the parameter
// blocks that Go and assembly share (blocks_*.go).
//
//	go run . -to ../../tensor/kernel
//
// Its test (go test .) fails when what is checked in is not what it writes.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	out := flag.String("to", "../../tensor/kernel", "folder of package kernel")
	flag.Parse()
	files, err := generate()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kernelgen:", err)
		os.Exit(1)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(*out, name), text, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "kernelgen:", err)
			os.Exit(1)
		}
	}
}

// file is one assembly file and what writes it.
type file struct {
	name  string
	write func(*gen)
}

// sharedFiles are written for every level from one source.
var sharedFiles = []file{
	{"unary", genUnary},
	{"binary", genBinary},
	{"reduce", genReduce},
	{"norm", genNorm},
	{"recurrent", genRecurrent},
	{"copy", genCopy},
	{"peak", genPeak},
}

// amd64Files are for amd64 only.
var amd64Files = []file{
	{"gemm", genGemm},
	{"window", genWindow},
	{"winograd", genWinograd},
	{"transpose", genTranspose},
	{"int8", genInt8},
}

// arm64Files are for arm64 only, besides gemm and winograd.
var arm64Files = []file{
	{"window", genNEONWindow},
	{"transpose", genNEONTranspose},
	{"int8", genNEONInt8},
}

// generate gives all files by name.
func generate() (map[string][]byte, error) {
	files, neonStubs := neonFiles()
	var stubs []stub
	for _, f := range slices.Concat(amd64Files, sharedFiles) {
		g := newGen()
		f.write(g)
		text, err := g.print()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		files[f.name+"_amd64.s"] = text
		stubs = append(stubs, g.stubs...)
	}
	files["stubs_amd64.go"] = printStubs(stubs)
	files["blocks_amd64.go"] = printBlocks(blocks...)
	files["dispatch_amd64.go"] = printDispatch()
	files["gemm_arm64.s"] = printNEON()
	files["stubs_arm64.go"] = printNEONStubs()
	files["winograd_arm64.s"] = printNEONWinograd()
	files["stubs_winograd_arm64.go"] = printNEONWinogradStubs()
	files["stubs_loops_arm64.go"] = printStubs(neonStubs)
	files["blocks_arm64.go"] = printBlocks(neonWindowBlock, neonInt8Block)
	files["dispatch_arm64.go"] = printNEONDispatch()
	return files, nil
}
