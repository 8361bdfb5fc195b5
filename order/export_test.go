package order

import "comanda/wire"

// Edge is a line of the transition table, for tests.
type Edge struct {
	Do       string
	From, To wire.OrderState
	Events   []string
}

// Edges is the transition table.
func Edges() (out []Edge) {
	for _, e := range edges {
		out = append(out, Edge{string(e.do), e.from, e.to, e.events})
	}
	return out
}

// CheckSize is what a document of n bytes is told at placing.
var CheckSize = checkSize
