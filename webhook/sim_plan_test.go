package webhook_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// plan is what happens in one simulation, made from its seed alone: how the subscriptions are, and a list of steps. Steps
// can be left out one by one, which is how a failure is made small.
type plan struct {
	seed  uint64
	subs  []simSub
	steps []step
}

const simBrands = 3

// simSub is how a subscription begins.
type simSub struct {
	brand  int // 0 … simBrands-1
	names  []string
	flat   bool
	hold   int // seconds, -1 = the default
	stores []int
	how    manner
	poison bool // it rejects the poison event, for ever
}

var simNames = []string{"order.created", "order.accepted", "order.dispatched"}

// step is one thing that happens.
type step struct {
	do   string
	sub  int // which subscription, by its number
	n    int
	m    int
	wait time.Duration // before the next step
}

func (st step) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s", st.do)
	switch st.do {
	case "events":
		fmt.Fprintf(&b, " %d in brand %d, of up to %d orders", st.n, st.sub, st.m)
	case "manner":
		fmt.Fprintf(&b, " of subscription %d: %s", st.sub, manners[st.n%len(manners)])
	case "crash":
		fmt.Fprintf(&b, " at call %d from here, %s it", st.n, [2]string{"before", "after"}[st.m%2])
	case "jump":
		fmt.Fprintf(&b, " of the clock by %v", time.Duration(st.n)*time.Second)
	case "pause":
		fmt.Fprintf(&b, " of the node for %v", time.Duration(st.n)*time.Millisecond)
	case "trouble":
		fmt.Fprintf(&b, " of the database: %d %% for %v", st.m, time.Duration(st.n)*time.Second)
	case "names", "url", "version", "disable", "enable", "rotate", "delete":
		fmt.Fprintf(&b, " subscription %d (%d)", st.sub, st.n)
	}
	fmt.Fprintf(&b, ", then %v", st.wait)
	return b.String()
}

func newPlan(seed uint64) *plan {
	r := rand.New(rand.NewPCG(seed, 0x51))
	p := &plan{seed: seed}
	for range 3 + r.IntN(4) {
		sub := simSub{brand: r.IntN(simBrands), flat: r.IntN(3) == 0, hold: -1, how: mannerOK, poison: r.IntN(4) == 0}
		for _, name := range simNames {
			if r.IntN(4) > 0 {
				sub.names = append(sub.names, name)
			}
		}
		if r.IntN(3) == 0 {
			sub.hold = []int{0, 5, 60, 1200}[r.IntN(4)]
		}
		if r.IntN(5) == 0 {
			sub.stores = []int{1, 2}
		}
		if r.IntN(2) == 0 {
			sub.how = manners[r.IntN(len(manners))]
		}
		p.subs = append(p.subs, sub)
	}
	calm := r.IntN(8) == 0 // nothing but endpoints is bad
	for range 15 + r.IntN(30) {
		p.steps = append(p.steps, p.step(r, calm))
	}
	return p
}

func (p *plan) step(r *rand.Rand, calm bool) step {
	st := step{sub: r.IntN(len(p.subs)), n: r.IntN(1000)}
	switch r.IntN(10) {
	case 0, 1, 2, 3:
		st.wait = time.Duration(r.IntN(40)) * time.Millisecond
	case 4, 5, 6:
		st.wait = time.Duration(r.IntN(3000)) * time.Millisecond
	case 7, 8:
		st.wait = time.Duration(r.IntN(60)) * time.Second
	default:
		st.wait = time.Duration(r.IntN(15)) * time.Minute
	}
	kind := r.IntN(20)
	if calm && kind >= 12 {
		kind = 0
	}
	switch kind {
	default: // 0 to 6
		st.do, st.sub, st.n, st.m = "events", r.IntN(simBrands), 1+r.IntN(25), 1+r.IntN(8)
		if r.IntN(10) == 0 {
			st.n, st.m = 100+r.IntN(500), 200
		}
	case 7, 8, 9:
		st.do = "manner"
	case 10, 11:
		st.do = []string{"names", "url", "version", "disable", "enable", "enable", "rotate", "delete"}[r.IntN(8)]
	case 12, 13, 14:
		st.do, st.n, st.m = "crash", 1+r.IntN(60), r.IntN(2)
	case 15:
		st.do, st.n = "pause", 100+r.IntN(30_000)
	case 16:
		st.do = "jump"
		st.n = []int{-3600, -60, -1, 1, 30, 700, 4000, 90_000}[r.IntN(8)]
	case 17:
		st.do, st.n, st.m = "trouble", 1+r.IntN(20), 5+r.IntN(90)
	case 18:
		st.do = "restart"
	case 19:
		st.do, st.n = "usurp", r.IntN(30)
	}
	return st
}
