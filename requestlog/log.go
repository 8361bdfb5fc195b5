package requestlog

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/worker"
)

// The bounds of the log.
const (
	// DefaultBytes is what the log takes on disk at most, as long as nothing else is said.
	DefaultBytes = 256 << 20
	// Kept is how long requests are kept.
	Kept = 14 * 24 * time.Hour

	queued   = 8192        // requests that wait to be written
	atOnce   = 1024        // requests that are written in one transaction
	gap      = time.Second // a request waits so long for others to go with
	grace    = 5 * time.Second
	share    = 8 // one brand may have a part of the bytes
	unknown  = 8 // and nobody known a part of a brand's, and of the queue
	trimmed  = 64
	trimGap  = 10 * time.Minute
	maxText  = 500
	rowBytes = 256 // about what a row takes beside its body
)

// Request is one API request, answered.
type Request struct {
	ID        string        `json:"i"` // the X-Request-Id of the answer
	At        time.Time     `json:"a"` // it began
	Duration  time.Duration `json:"d"`
	Method    string        `json:"m"`
	Operation string        `json:"o,omitempty"`
	Path      string        `json:"p"`
	Status    int           `json:"s"`
	Bytes     int64         `json:"b,omitempty"` // of the answer's body
	OAuthApp  string        `json:"c,omitempty"` // whose token was used
	Account   int           `json:"u,omitempty"` // the person, or the creator of the OAuth app
	Address   string        `json:"r,omitempty"` // of the client
	Agent     string        `json:"g,omitempty"` // its User-Agent
	Message   string        `json:"e,omitempty"` // why it was refused
	Fields    []string      `json:"f,omitempty"` // the members that were wrong

	AppID string `json:"-"` // the brand, for Add
}

// stranger reports whether nobody whom the brand knows sent the request. Anybody can send as many as they like.
func (r *Request) stranger() bool { return r.Account == 0 && r.OAuthApp == "" }

// Log is the log of one installation.
type Log struct {
	db       *db.DB
	accounts *account.Accounts
	limit    int64
	queue    chan Request
	lost     atomic.Int64
}

// New makes the log; bytes bounds what it takes on disk, 0 = DefaultBytes.
func New(d *db.DB, accounts *account.Accounts, bytes int64) *Log {
	if bytes == 0 {
		bytes = DefaultBytes
	}
	return &Log{db: d, accounts: accounts, limit: bytes, queue: make(chan Request, queued)}
}

// Add notes a request of the brand AppID; it never waits.
func (l *Log) Add(r Request) {
	if r.stranger() && len(l.queue) > queued/unknown {
		l.lost.Add(1)
		return
	}
	r.Path, r.Agent, r.Message = cut(r.Path), cut(r.Agent), cut(r.Message)
	select {
	case l.queue <- r:
	default:
		l.lost.Add(1)
	}
}

func cut(s string) string { return s[:min(len(s), maxText)] }

// Lost is how many requests could not be logged.
func (l *Log) Lost() int64 { return l.lost.Load() }

// Run writes until ctx ends, then what is left.
func (l *Log) Run(ctx context.Context) error {
	for {
		batch := l.take(ctx)
		if len(batch) == 0 {
			return nil
		}
		writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		err := l.write(writing, batch)
		cancel()
		if err != nil {
			l.lost.Add(int64(len(batch)))
			slog.Warn("requestlog: requests were not logged", "count", len(batch), "error", err)
		}
	}
}

// take waits for a request, and then a moment for others. After the end of ctx it takes what is there, nothing at last.
func (l *Log) take(ctx context.Context) (batch []Request) {
	var due <-chan time.Time
	for len(batch) < atOnce {
		select {
		case r := <-l.queue:
			batch = append(batch, r)
			continue
		default:
		}
		if ctx.Err() != nil {
			return batch
		}
		if len(batch) > 0 && due == nil {
			due = time.After(gap)
		}
		select {
		case r := <-l.queue:
			batch = append(batch, r)
		case <-due:
			return batch
		case <-ctx.Done():
		}
	}
	return batch
}

// write puts requests of one brand and process together, those of nobody known apart. Those of no brand are left out.
func (l *Log) write(ctx context.Context, batch []Request) error {
	brands, blocks := map[string]int{}, map[whose]*block{}
	for _, r := range batch {
		brand, known := brands[r.AppID]
		if !known {
			b, err := l.accounts.BrandByAppID(ctx, r.AppID)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return err
			}
			brand = b.ID
			brands[r.AppID] = brand
		}
		if brand == 0 {
			continue
		}
		of := whose{brand, r.stranger()}
		if blocks[of] == nil {
			blocks[of] = &block{of: of}
		}
		blocks[of].add(r)
	}
	var rows []db.Stmt
	for _, b := range blocks {
		row, err := b.insert()
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		for _, row := range rows {
			if _, err := tx.Exec(row.SQL, row.Args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Trim deletes what is too old or too much from time to time, until ctx ends: whole blocks, the oldest first.
func (l *Log) Trim(ctx context.Context) error {
	return worker.Run(ctx, "deleting old requests", trimGap, nil, l.trim)
}

func (l *Log) trim(ctx context.Context) (total int, err error) {
	before := clock.Micros(clock.Now().Add(-Kept))
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		total = 0
		for _, s := range []db.Stmt{
			{SQL: sqlTrimAge, Args: []any{before, trimmed}},
			{SQL: sqlTrimShares, Args: []any{l.limit / share, l.limit / share / unknown, trimmed}},
			{SQL: sqlTrimAll, Args: []any{l.limit, trimmed}},
		} {
			n, err := tx.Exec(s.SQL, s.Args...)
			if err != nil {
				return err
			}
			total += int(n)
		}
		return nil
	})
	return total, err
}
