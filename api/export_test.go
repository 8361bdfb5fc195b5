package api

import (
	"net/http"
	"time"
)

// Pace changes how long things take on streams.
func Pace(h http.Handler, beat, recheck, write time.Duration) {
	h.(*server).pace = pace{beat, recheck, write}
}

// OpenStreams counts the streams and waiting pulls.
func OpenStreams(h http.Handler) int {
	s := &h.(*server).streams
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// Update says whether files are to be written anew.
var Update = update

// Example is what examples.json has of an operation.
type Example = example

// Refusals are the statuses that descriptions.md tells of an operation.
func Refusals(id string) map[int]string { return descriptions()[id].refusals }
