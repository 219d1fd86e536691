package ops

import (
	"testing"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/optest"
	"github.com/hornml/horn/tensor"
)

// ownOps are all ops of this package.
func ownOps() []graph.Op {
	s := sampling{order: 1, mode: "nearest", fill: 2}
	list := []graph.Op{
		opSparsemax{1}, opView{tensor.Int8}, opCTCLoss{1}, opCTCDecode{true, true, 2, 3, 4}, opFFT{true}, opRFFT{8}, opIRFFT{8},
		opScaleAxis{1, 2, 3, "linear", true}, opMapCoordinates{s}, opAffine{s}, opPerspective{s}, opSort{1}, opArgsortDown{}, opSearch{true},
		opBincount{1, 2}, opHistogram{3, []float64{0, 1}}, opPartition{2}, opQuantile{"linear", true}, opSegment{3, graph.Add, 1},
		opOverlapAdd{2}, opIndex{3}, opNonzero{4}, opCountUnique{}, opUnique{3, 1},
		opQuantileGradient{opQuantile{"linear", true}}, opCTCLossGradient{1}, opMapCoordinatesGradient{s}, opTransformGradient{s, true},
		opScaleAxisGradient{opScaleAxis{1, 2, 3, "linear", true}},
	}
	for _, f := range []matrixFunc{
		cholesky{true}, choleskyInverse{true}, inverse{}, determinant{}, logDeterminant{}, eigenH{}, luFactor{}, qrFactor{true}, svdFactor{true},
		singularValues{}, pseudo{0.5}, solve{}, solveTriangular{true}, leastSquares{0.5},
		cofactors{}, permuteBack{},
	} {
		list = append(list, perMatrix{f})
	}
	return list
}

func TestKeysTellSettingsApart(t *testing.T) { optest.Keys(t, ownOps()) }
