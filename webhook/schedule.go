package webhook

import (
	"encoding/binary"
	"hash/fnv"
	"time"
)

// The rules of delivery. Times are real time, never a brand's clock.
const (
	// attemptTimeout is how long an endpoint has to answer.
	attemptTimeout = 10 * time.Second
	// retryWindow is how long after its event's creation a delivery is tried; then it is expired.
	retryWindow = 24 * time.Hour
	// orderHold is how long after an event's first failed attempt the later events of its subject wait for it.
	orderHold = 10 * time.Minute
	// probeCeiling is the longest pause between two probes of an endpoint that is down.
	probeCeiling = 5 * time.Minute
)

// schedule are the pauses after the first, second … failed attempt: short at first because food is perishable. The last
// one repeats.
var schedule = []time.Duration{
	5 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 40 * time.Minute,
	time.Hour,
}

// pause is how long to wait after the nth failed attempt of one event, varied by 20 % so that what failed together does not
// come back together.
func pause(n int, position int64) time.Duration {
	return vary(schedule[min(n, len(schedule))-1], n, position)
}

// probePause is how long to wait after the nth failed probe of a subscription.
func probePause(n, subscription int) time.Duration {
	return vary(min(schedule[min(n, len(schedule))-1], probeCeiling), n, int64(subscription))
}

// vary is by a hash of what is tried and not by chance: a stream that is told the same does the same.
func vary(d time.Duration, n int, of int64) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(of)), uint64(n)))
	return d*4/5 + time.Duration(h.Sum64()%uint64(d*2/5+1))
}
