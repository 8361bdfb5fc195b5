package api

import (
	_ "embed"
	"strings"
)

// contractTSV lists every operation of the v1.0 contract: method, path, operation id, tag. A test holds it equal to
// testdata/contract/operations.tsv.
//
//go:embed contract.tsv
var contractTSV string

// contractOp is one operation of the contract.
type contractOp struct{ Method, Path, ID, Tag string }

func contractOps() []contractOp {
	lines := strings.Split(strings.TrimSpace(contractTSV), "\n")
	ops := make([]contractOp, len(lines))
	for i, l := range lines {
		f := strings.Split(l, "\t")
		ops[i] = contractOp{f[0], f[1], f[2], f[3]}
	}
	return ops
}
