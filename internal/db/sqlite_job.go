package db

import (
	"errors"
	"fmt"
	"sync/atomic"

	sqlite3 "modernc.org/sqlite/lib"
)

// job is one write. Its fields behind done may be read once done is closed.
type job struct {
	fn    func(*Tx) error
	state atomic.Int32 // jobQueued → jobStarted or jobAbandoned
	tx    *Tx          // of the latest try
	done  chan struct{}

	err   error
	panic *Panic
	exit  bool // the closure ended its goroutine
}

const (
	jobQueued = iota
	jobStarted
	jobAbandoned
)

var errLostTransaction = errors.New("db: the transaction ended before its commit")

// Panic is what Write panics with when its closure panicked on the SQLite writer's goroutine.
type Panic struct {
	Value any
	Stack []byte // of the closure
}

func (p *Panic) Error() string { return fmt.Sprintf("%v\n\nin a write closure:\n%s", p.Value, p.Stack) }

// Unwrap returns the value when it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

func (j *job) answer(err error) {
	if sqliteCode(err)&0xff == sqlite3.SQLITE_FULL {
		err = errors.Join(ErrUnavailable, ErrFull, err)
	}
	j.err = err
	close(j.done)
}

// commitFault says what a failed COMMIT means. After an I/O error the pages may have reached the disk and could come
// back when the file is opened again; every other failure left nothing.
func commitFault(err error) error {
	if sqliteCode(err)&0xff == sqlite3.SQLITE_IOERR {
		return errors.Join(ErrOutcomeUnknown, err)
	}
	return err
}
