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
