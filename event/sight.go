package event

import "slices"

// Sight is the part of a brand's log that a reader may see. The zero Sight has the events of every store, and none of
// those that concern no store.
type Sight struct {
	Whole  bool  // everything, also what concerns no store; Stores is nil then
	Stores []int // events of these stores only; nil = of every store
}

// Sees reports whether an event of a store (0 = it concerns none) may be seen.
func (s Sight) Sees(store int) bool {
	return s.Whole || store != 0 && (s.Stores == nil || slices.Contains(s.Stores, store))
}
