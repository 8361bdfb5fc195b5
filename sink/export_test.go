package sink

import "time"

// Hurry shortens the pauses after failures.
func (s *Sinks) Hurry(first time.Duration) { s.firstPause = first }
