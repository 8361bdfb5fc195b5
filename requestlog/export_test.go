package requestlog

import "context"

// TrimNow trims once.
func (l *Log) TrimNow(ctx context.Context) (int, error) { return l.trim(ctx) }

// Queued is how many requests may wait.
const Queued = queued
