package requestlog

import (
	"crypto/rand"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// A request id names one request: the process that answers it and a count. It is no secret.
var (
	process = sync.OnceValue(func() string { return rand.Text()[:10] })
	count   atomic.Uint64
)

// NewID is the id of the next request of this process.
func NewID() string { return process() + "-" + strconv.FormatUint(count.Add(1), 36) }

// parseID takes an id apart.
func parseID(id string) (process string, count int64, ok bool) {
	process, digits, ok := strings.Cut(id, "-")
	n, err := strconv.ParseUint(digits, 36, 64)
	return process, int64(min(n, math.MaxInt64)), ok && err == nil
}
