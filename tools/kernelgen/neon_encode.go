package main

import "fmt"

// neonOp is a vector instruction of arm64 on four lanes: its word with all
// registers zero, and its name.
type neonOp struct {
	word uint32
	name string
}

// The instructions that the formulas need, from the Arm Architecture Reference
// Manual, C7.2. All but a few are unknown to Go's assembler, so all are encoded.
var (
	neonFadd   = neonOp{0x4e20d400, "FADD"}
	neonFsub   = neonOp{0x4ea0d400, "FSUB"}
	neonFmul   = neonOp{0x6e20dc00, "FMUL"}
	neonFdiv   = neonOp{0x6e20fc00, "FDIV"}
	neonFmax   = neonOp{0x4e20f400, "FMAX"}
	neonFmin   = neonOp{0x4ea0f400, "FMIN"}
	neonFmla   = neonOp{0x4e20cc00, "FMLA"}
	neonFmls   = neonOp{0x4ea0cc00, "FMLS"}
	neonFcmeq  = neonOp{0x4e20e400, "FCMEQ"}
	neonFcmgt  = neonOp{0x6ea0e400, "FCMGT"}
	neonBsl    = neonOp{0x6e601c00, "BSL"}
	neonAnd    = neonOp{0x4e201c00, "AND"}
	neonOrr    = neonOp{0x4ea01c00, "ORR"}
	neonEor    = neonOp{0x6e201c00, "EOR"}
	neonAdd    = neonOp{0x4ea08400, "ADD"}
	neonSub    = neonOp{0x6ea08400, "SUB"}
	neonSmin   = neonOp{0x4ea06c00, "SMIN"}
	neonSmax   = neonOp{0x4ea06400, "SMAX"}
	neonScvtf  = neonOp{0x4e21d800, "SCVTF"}
	neonFcvtns = neonOp{0x4e21a800, "FCVTNS"}
	neonFrintn = neonOp{0x4e218800, "FRINTN"}
	neonFrintm = neonOp{0x4e219800, "FRINTM"}
	neonFrintp = neonOp{0x4ea18800, "FRINTP"}
	neonFsqrt  = neonOp{0x6ea1f800, "FSQRT"}
	neonFneg   = neonOp{0x6ea0f800, "FNEG"}
	neonSmull  = neonOp{0x0e20c000, "SMULL"}  // 8 bytes to 8 half words
	neonSmull2 = neonOp{0x4e20c000, "SMULL2"} // the same of the upper 8
	neonSadalp = neonOp{0x4e606800, "SADALP"} // adds pairs of half words to words
	neonAddp   = neonOp{0x4ea0bc00, "ADDP"}   // sums of pairs of words
	neonXtn16  = neonOp{0x0e612800, "XTN"}    // words to half words
	neonXtn8   = neonOp{0x0e212800, "XTN"}    // half words to bytes
)

func neonShl(n int) neonOp {
	return neonOp{0x4f005400 | uint32(32+n)<<16, fmt.Sprintf("SHL #%d", n)}
}

func neonSshr(n int) neonOp {
	return neonOp{0x4f000400 | uint32(64-n)<<16, fmt.Sprintf("SSHR #%d", n)}
}

// neonSdot adds products of 4 bytes of n and the 4 in a lane of m.
func neonSdot(lane int) neonOp {
	return neonOp{0x4f80e000 | uint32(lane&1)<<21 | uint32(lane>>1)<<11, fmt.Sprintf("SDOT [%d]", lane)}
}

// encode gives the word of an instruction with destination d and sources n, m.
func (o neonOp) encode(d, n, m int) uint32 {
	return o.word | uint32(m)<<16 | uint32(n)<<5 | uint32(d)
}
