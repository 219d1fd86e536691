// Package kernel holds the numeric inner loops of horn: products, convolution
// windows, elementwise functions, reductions, normalizations and recurrent
// gates over float32 slices. It knows no tensors and no graphs; nn/internal/plan calls
// it with memory and offsets that were worked out when the plan was compiled.
//
// It makes no promise of compatibility: whatever is fastest for the plans of
// this module stands here, and names, arguments and layouts of packed memory
// change without notice. Programs of your own use nn, or nn/graph for ops.
//
// # Rules that hold for every kernel
//
// Data is row-major, images are channels-last. Nothing is allocated, except by
// functions that return new memory (PackB, NewPackedB, AlignedFloats,
// NewWindows, Table). No goroutine is started: a caller splits the work, and
// every kernel works on a range or can be called on parts of its slices. Any
// number of goroutines may run kernels at once as long as no two write the same
// elements. A destination may be one of the operands, the same slice exactly,
// unless the comment says otherwise; partial overlap is never allowed.
//
// Lengths and offsets are checked on entry, and a mistake panics with one of
// the messages in check.go: misuse by a programmer, which no model file can
// cause. NaN, infinities, signed zeros and denormal numbers are treated as
// IEEE 754 and numpy have it.
//
// # Levels
//
// Each kernel exists as plain Go, the twin, and as assembly for some levels of
// CPU instructions, chosen at run time: AVX512 or AVX2 (with FMA) on amd64, NEON on
// arm64, Generic. HORN_CPU=generic|neon|avx2|avx512 forces a lower level, the build
// tag noasm leaves the assembly out, SetLevel turns levels in tests. Products follow the level
// that their weights were packed for.
//
// # Products
//
// Gemm multiplies rows of A with a PackedB, [K, N] weights in panels of columns
// as wide as the micro-kernels. Rows of A are found by a stride or a table of
// offsets, and the sum over k runs over segments (Seg), so the same kernel
// serves dense layers and, without any im2col copy, convolutions:
//
//	dense          ARows: Strided(lda)
//	1x1, stride s  ARows: Table of the pixels that are used (or Strided)
//	k x k          for each class of NewWindows{Merge: true}:
//	               ARows: class.Src, Segs: class.Taps, CRows: class.Dst
//
// A convolution kernel [kh, kw, cin, cout] is the matrix [kh*kw*cin, cout] as
// it lies in memory: PackB(level, w, kh*kw*cin, cout, cout, false).
//
// The Epilogue adds bias and residual and clamps while results are in
// registers. Other activations run on a block (Gemm.Block) that was just
// written:
//
//	for r := 0; r < m; r += rows {        // rows: a multiple of RowTile
//	    g.Block(r, min(r+rows, m), 0, g.B.Panels())
//	    kernel.GELU.Run(c, c)             // c: those rows, still in the cache
//	}
//
// # Windows
//
// NewWindows sorts output pixels into classes that see the same taps, so that
// convolution, Depthwise and Pool need no padding and no tests.
// Winograd is a 3 x 3 convolution with fewer multiplications; WinogradTiles are
// its windows and WinogradFilter its weights.
//
// # Elementwise and the rest
//
//	UnaryOp.Run, RunWith                       dst[i] = f(a[i])
//	BinaryOp.Run                               dst[i] = f(a[i], b[i])
//	BinaryOp.RunScalar, ScalarRun              f(a[i], s), f(s, a[i])
//	BinaryOp.RunRow, RowRun                    f(a[r,c], row[c]), f(row[c], a[r,c])
//	MulAdd, MulAddRow                          a*b + c
//	ReduceOp.Of, Rows, Columns; Dot; ArgMax    reductions
//	Softmax, LogSoftmax, LayerNorm, RMSNorm    over rows
//	LSTMGates, GRUGates, GRUReset, GRUOutput   recurrent steps
//	Transpose, Copy                            layout
//	Peak                                       what one core can do
//
// The errors of the vector forms against exact results are in accuracy_test.go,
// one line for each function; docs/kernels.md has the measured speeds and the
// checklist for adding a kernel.
package kernel
