package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/outbound"
	"comanda/oauth"
	"comanda/webhook"
)

// errDead answers every call of a node that has crashed.
var errDead = errors.New("simulation: the node is dead")

// node is one process of a simulated installation: a handle of the database of its own and all that runs on it. What it
// calls outside goes through its injector, which can end it before or after any of those calls.
type simNode struct {
	s          *sim
	generation int
	d          *db.DB
	log        *event.Log
	hooks      *webhook.Webhooks
	ctx        context.Context // ends when the node dies
	die        context.CancelFunc
	stop       context.CancelFunc
	stopLog    context.CancelFunc
	running    sync.WaitGroup

	mu       sync.Mutex
	dead     bool
	loose    bool   // it came up, faults may happen
	before   string // the incarnation that was there when it started
	shut     bool   // a newer node was started
	replaced bool   // a newer node has taken the work over
	calls    int
	crashAt  int  // number of the call that ends the node, 0 = none
	after    bool // when that call is done, not before it begins
	resume   chan struct{}
	trouble  dbTrouble
	until    time.Time // end of the trouble, on the bubble's clock
}

// dbTrouble is what may happen to transactions.
type dbTrouble struct{ percent int }

// start opens the database and runs the whole of a node. It must be called without any other goroutine of the node.
func (s *sim) start() *simNode {
	s.generation++
	n := &simNode{s: s, generation: s.generation, before: s.registered()}
	n.ctx, n.die = context.WithCancel(context.Background())
	var err error
	n.d, err = db.Open(n.ctx, db.Config{Path: s.path, Around: n.transaction, Conns: 4})
	if err != nil {
		panic(err)
	}
	n.log = event.NewLog(n.d, event.LeaseTime(time.Second))
	acc := account.New(n.d, n.log, account.Config{})
	apps, err := oauth.New(n.d, n.log, acc, oauth.Config{Issuer: "https://comanda.example/identity", MasterKey: masterKey})
	if err != nil {
		panic(err)
	}
	n.hooks, err = webhook.New(n.d, n.log, acc, apps, webhook.Config{
		MasterKey: masterKey, Allow: outbound.Loopback, Release: "1.2.3", Transport: n,
	})
	if err != nil {
		panic(err)
	}
	s.mark(n)
	s.tracef(0, "", "node %d starts", n.generation)
	logCtx, stopLog := context.WithCancel(n.ctx)
	runCtx, stop := context.WithCancel(n.ctx)
	n.stop, n.stopLog = stop, stopLog
	n.running.Go(func() { _ = n.log.Run(logCtx) })
	n.running.Go(func() {
		_ = n.hooks.Run(runCtx)
		stopLog()
	})
	n.mu.Lock()
	n.loose = true
	n.mu.Unlock()
	return n
}

// kill ends the node as kill -9 does: from now on none of its calls does anything.
func (n *simNode) kill(why string) {
	n.mu.Lock()
	if n.dead {
		n.mu.Unlock()
		return
	}
	n.dead = true
	resume := n.resume
	n.resume = nil
	n.mu.Unlock()
	n.s.tracef(0, "", "node %d dies %s", n.generation, why)
	n.s.dropFlights(n)
	n.die()
	if resume != nil {
		close(resume)
	}
}

// bury waits until nothing of a dead or stopped node is left.
func (n *simNode) bury() {
	n.stop()
	n.unpause()
	n.running.Wait()
	n.die()
	if err := n.d.Close(); err != nil {
		n.s.breaks(0, "", "the database does not close: %v", err)
	}
}

func (n *simNode) isDead() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dead
}

// enter is the begin of a call; an error means that it must not happen. done is to be called at its end.
func (n *simNode) enter(what string, mayBlock bool) (done func() error, err error) {
	n.mu.Lock()
	if n.dead {
		n.mu.Unlock()
		return nil, errDead
	}
	if n.resume != nil {
		resume := n.resume
		n.mu.Unlock()
		if !mayBlock {
			return nil, db.ErrUnavailable
		}
		<-resume
		n.mu.Lock()
		if n.dead {
			n.mu.Unlock()
			return nil, errDead
		}
	}
	n.calls++
	call, fatal := n.calls, n.loose && n.crashAt > 0 && n.calls >= n.crashAt
	after := n.after
	if fatal {
		n.crashAt = 0
	}
	n.mu.Unlock()
	if fatal && !after {
		n.kill(fmt.Sprintf("before its call %d, %s", call, what))
		return nil, errDead
	}
	return func() error {
		if fatal {
			n.kill(fmt.Sprintf("after its call %d, %s", call, what))
		}
		if n.isDead() {
			return errDead
		}
		return nil
	}, nil
}

func (n *simNode) pause() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.dead && n.resume == nil {
		n.resume = make(chan struct{})
	}
}

func (n *simNode) unpause() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.resume != nil {
		close(n.resume)
		n.resume = nil
	}
}

// trip decides what trouble a transaction has: nothing, or a number from 1 to 5.
func (n *simNode) trip() int {
	n.mu.Lock()
	percent := n.trouble.percent
	if !n.loose || time.Now().After(n.until) {
		percent = 0
	}
	n.mu.Unlock()
	if percent == 0 || n.s.chance() >= percent { // chance has a lock that comes before the node's
		return 0
	}
	return 1 + n.s.chance()%5
}

var errCommit = errors.New("simulation: the commit failed")

// transaction is the node's way to the database.
func (n *simNode) transaction(ctx context.Context, write bool, fn func(*db.Tx) error, run db.Run) error {
	what := "a read"
	if write {
		what = "a write"
	}
	done, err := n.enter(what, write || !holdsLock())
	if err != nil {
		return err
	}
	if write && n.isShut() && calledFrom("event.(*Log).register") {
		return db.ErrUnavailable // on SQLite it would evict the other one: there, the file lock keeps the two apart
	}
	trouble := n.trip()
	alive := func(tx *db.Tx) error {
		if n.isDead() {
			return errDead
		}
		return n.fencedWrite(tx, fn)
	}
	switch {
	case trouble == 0:
		err = run(ctx, alive)
	case !write || trouble == 1:
		err = db.ErrUnavailable
	case trouble == 2: // its COMMIT is lost on the way
		err = db.ErrOutcomeUnknown
	case trouble == 3: // the answer to its COMMIT is lost
		if err = run(ctx, alive); err == nil {
			err = db.ErrOutcomeUnknown
		}
	default:
		err = run(ctx, func(tx *db.Tx) error {
			if err := alive(tx); err != nil {
				return err
			}
			return errCommit
		})
	}
	if bad := done(); bad != nil {
		return bad
	}
	return err
}

// fencedWrite runs a closure and finds out whether a node that was replaced settles anything in it.
func (n *simNode) fencedWrite(tx *db.Tx, fn func(*db.Tx) error) error {
	if !n.isReplaced() {
		return fn(tx)
	}
	before, after := 0, 0
	if err := tx.QueryRow(`select count(*) from sim_settled`).Scan(&before); err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.QueryRow(`select count(*) from sim_settled`).Scan(&after); err != nil {
		return err
	}
	if after != before {
		n.s.breaks(0, "", "node %d settles although node %d owns the work", n.generation, n.s.generation)
	}
	return nil
}

// holdsLock reports whether the caller holds a mutex that others of its node wait for: in a bubble, such a wait keeps time
// from going on. These calls fail in a pause, the others wait.
func holdsLock() bool { return calledFrom("event.(*Log).fetch", "event.(*Log).claim") }

func calledFrom(names ...string) bool {
	pcs := make([]uintptr, 24)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		for _, name := range names {
			if strings.HasSuffix(f.Function, name) {
				return true
			}
		}
		if !more {
			return false
		}
	}
}

// isShut reports whether another node was started after it.
func (n *simNode) isShut() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.shut
}

// isReplaced reports whether another node took the work over.
func (n *simNode) isReplaced() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.replaced
}

// RoundTrip is the node's network.
func (n *simNode) RoundTrip(r *http.Request) (*http.Response, error) {
	done, err := n.enter("a request", true)
	if err != nil {
		return nil, err
	}
	f, err := n.s.depart(n, r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(n.ctx, cancel)()
	res, err := n.s.answer(ctx, f)
	n.mu.Lock() // what an answer does and what a crash does exclude each other
	resume := n.resume
	n.mu.Unlock()
	if resume != nil {
		<-resume
	}
	if bad := n.s.arrive(n, f, res, err, done); bad != nil {
		return nil, bad
	}
	return res, err
}

// flight is a request on its way.
type flight struct {
	sub      int
	url      string
	position int64
	number   int
	subject  string
	body     string
	id       string
}

func parseFlight(r *http.Request) (*flight, error) {
	f := &flight{url: r.URL.Opaque, id: r.Header.Get("Webhook-Id")}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	f.body = string(raw)
	if parts := strings.Split(f.url, "/"); len(parts) == 3 {
		f.sub, _ = strconv.Atoi(parts[1])
	}
	f.position, _ = strconv.ParseInt(r.Header.Get("X-Comanda-Position"), 10, 64)
	f.number, err = strconv.Atoi(r.Header.Get("X-Comanda-Attempt"))
	return f, err
}

// manner is how an endpoint behaves.
type manner string

const (
	mannerOK       manner = "well"
	mannerLossy    manner = "lossy"
	mannerSlow     manner = "slow"
	mannerHang     manner = "hanging"
	mannerError    manner = "answering 500"
	mannerBusy     manner = "answering 429 and 503"
	mannerUnread   manner = "closing before it reads"
	mannerDrop     manner = "closing without an answer"
	mannerRedirect manner = "redirecting"
	mannerEndless  manner = "answering without end"
	mannerDead     manner = "refusing connections"
)

var manners = []manner{
	mannerOK, mannerOK, mannerOK, mannerLossy, mannerLossy, mannerSlow, mannerHang, mannerError, mannerBusy, mannerUnread,
	mannerDrop, mannerRedirect, mannerEndless, mannerDead,
}

// endless is a body that never ends.
type endless struct {
	ctx context.Context
	n   int
}

func (e *endless) Read(b []byte) (int, error) {
	if e.n++; e.n > 40 {
		<-e.ctx.Done()
		return 0, e.ctx.Err()
	}
	return len(b), nil
}
func (*endless) Close() error { return nil }

// answer is what the endpoint of a flight does with it.
func (s *sim) answer(ctx context.Context, f *flight) (*http.Response, error) {
	how, luck := s.manner(f)
	pass := func(d time.Duration) error {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	status, body := 200, io.ReadCloser(http.NoBody)
	header := http.Header{}
	took := time.Duration(1+luck%7) * time.Millisecond
	if how == mannerLossy {
		how = []manner{mannerOK, mannerOK, mannerOK, mannerError, mannerUnread, mannerDrop, mannerSlow, mannerHang}[luck%8]
	}
	switch how {
	case mannerSlow:
		took = time.Duration(300+luck%9000) * time.Millisecond
	case mannerHang:
		<-ctx.Done()
		return nil, ctx.Err()
	case mannerError:
		status = 500
	case mannerBusy:
		status = []int{429, 503}[luck%2]
		header.Set("Retry-After", strconv.Itoa(1+luck%100))
	case mannerUnread, mannerDrop:
		if err := pass(took); err != nil {
			return nil, err
		}
		if how == mannerUnread {
			return nil, &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET}
		}
		return nil, io.ErrUnexpectedEOF
	case mannerRedirect:
		status = 302
		header.Set("Location", "http://pos.test/elsewhere/0")
	case mannerEndless:
		body = &endless{ctx: ctx}
	case mannerDead:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if err := pass(took); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: body, ContentLength: -1,
	}, nil
}

// sleep lets time go by, or less when the node dies.
func (s *sim) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.node.ctx.Done():
	}
	synctest.Wait()
}

// wall is the clock that the nodes see.
func wall() time.Time { return clock.Now() }
