package api

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/fault"
	"comanda/wire"
)

// Bounds of a stream of events.
const (
	streamRetry  = "retry: 3000\n" // milliseconds until a client comes back
	streamPage   = 100
	streamFlush  = 32 << 10
	streamsOfOne = 20   // streams and waiting pulls of one caller on one brand
	streamsOfAll = 5000 // on this node
)

// pace is how long things take on a stream; tests have another.
type pace struct {
	beat    time.Duration // between comments on a quiet stream, so that proxies keep it and the client knows it lives
	recheck time.Duration // after which the caller's token and rights are looked at again, at the next beat or event
	write   time.Duration // for the client to take what is sent
}

var streamPace = pace{15 * time.Second, 40 * time.Second, 10 * time.Second}

// streams counts what is open.
type streams struct {
	mu   sync.Mutex
	all  int
	open map[event.ConsumerKey]int
}

// take counts one more of an owner on a brand, until release.
func (s *streams) take(k event.ConsumerKey) (release func(), err error) {
	k.Name = ""
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.open[k] >= streamsOfOne:
		f := fault.Newf(fault.TooMany, "This caller has %d streams and waiting pulls of this brand, and no more are allowed.", streamsOfOne).
			With("Close one, or read several stores by one stream.")
		f.RetryAfter = streamPace.beat
		return nil, f
	case s.all >= streamsOfAll:
		f := fault.New(fault.Unavailable, "This server has as many streams as it can take.").With("Try again, or poll the log.")
		f.RetryAfter = streamPace.beat
		return nil, f
	}
	if s.open == nil {
		s.open = map[event.ConsumerKey]int{}
	}
	s.open[k]++
	s.all++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.open[k]--; s.open[k] == 0 {
			delete(s.open, k)
		}
	}, nil
}

type streamIn struct {
	AppPath
	EventPick
	After string              `query:"after" maxLength:"64" doc:"Where to begin: a cursor, oldest, or latest (also without it)."`
	Start Optional[wire.Time] `query:"start" doc:"In place of after: begins with what happened then, or up to ten seconds earlier."`
	Last  string              `header:"Last-Event-ID" doc:"The id of the last event that was received; goes before after and start."`
}

type streamOut struct {
	ContentType string `header:"Content-Type"`
	Buffering   string `header:"X-Accel-Buffering"`
	Body        func(huma.Context)
}

func (s *server) streamEvents(ctx context.Context, c *account.Caller, in *streamIn) (*streamOut, error) {
	b, sight, err := s.Accounts.OpenLog(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	pick, err := in.pick(sight)
	if err != nil {
		return nil, err
	}
	field, after, start := "after", in.After, in.Start.Value.Time
	if in.Last != "" {
		field, after, start = "Last-Event-ID", in.Last, time.Time{}
	}
	if after == "" && start.IsZero() {
		after = event.FromLatest
	}
	at, err := s.Events.Begin(ctx, b.ID, field, after, start)
	if err != nil {
		return nil, err
	}
	owner := event.ConsumerKey{Brand: b.ID, Owner: ownerOf(c)}
	release, err := s.streams.take(owner)
	if err != nil {
		return nil, err
	}
	st := &stream{s: s, c: callOf(ctx), appID: in.AppID, brand: b.ID, pick: pick, at: at, checked: clock.Mono(), release: release}
	return &streamOut{"text/event-stream", "no", func(huma.Context) { st.run(ctx) }}, nil
}

// stream is one client that listens. It has one goroutine, the handler's, and holds no memory while nothing happens.
type stream struct {
	s       *server
	c       *call
	rc      *http.ResponseController
	appID   string
	brand   int
	pick    event.Pick
	at      event.Cursor // what was looked at
	told    event.Cursor // what the client knows as its last id
	checked time.Time    // when the caller's right was looked at last
	release func()
	buf     bytes.Buffer
}

// run sends what happens until the client goes, does not read, or may not listen any more, or the server stops.
func (st *stream) run(ctx context.Context) {
	defer st.release()
	st.rc = http.NewResponseController(&st.c.w)
	_ = st.rc.SetReadDeadline(time.Time{}) // nothing is read any more, and the server's deadline would end the request
	st.c.w.stream()
	if st.c.r.Method == http.MethodHead {
		return
	}
	st.buf.WriteString(streamRetry)
	beat := time.NewTicker(st.s.pace.beat)
	defer beat.Stop()
	for {
		wake := st.s.Events.Wake(st.brand)
		if !st.catchUp(ctx) || !st.wait(ctx, wake, beat.C) {
			return
		}
	}
}

// catchUp sends what there is.
func (st *stream) catchUp(ctx context.Context) bool {
	for {
		if st.s.isStopping() || !st.mayListen(ctx) {
			return false
		}
		page, err := st.s.Events.Page(ctx, st.brand, st.at, st.pick, streamPage)
		if err != nil {
			return false
		}
		for _, e := range page.Events {
			st.write(e)
			if st.buf.Len() >= streamFlush && !st.flush() {
				return false
			}
		}
		st.at = page.Next
		if st.told == (event.Cursor{}) {
			st.tell() // who heard nothing yet has a place to come back to, too
		}
		if !st.flush() {
			return false
		}
		if !page.More {
			return true
		}
	}
}

// wait is true when there may be something to send. It asks the database for nothing but, now and then, the caller's right.
func (st *stream) wait(ctx context.Context, wake <-chan struct{}, beat <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-st.s.Stopping:
			return false
		case <-wake:
			return true
		case <-beat:
			if !st.mayListen(ctx) {
				return false
			}
			if st.told != st.at {
				st.tell() // else who hears nothing for long would come back with a cursor that is not kept any more
			}
			st.buf.WriteString(":\n\n")
			if !st.flush() {
				return false
			}
		}
	}
}

// mayListen looks at the caller's token and rights again when it is time to, and takes over what they may see now.
func (st *stream) mayListen(ctx context.Context) bool {
	if clock.Mono().Sub(st.checked) < st.s.pace.recheck {
		return true
	}
	caller, err := st.s.stillKnown(st.c, account.ReadEvents)
	if err != nil {
		return false
	}
	_, sight, err := st.s.Accounts.OpenLog(ctx, caller, st.appID)
	st.pick.Sight, st.checked = sight, clock.Mono()
	return err == nil
}

// write adds one event to what is sent next.
func (st *stream) write(e event.Event) {
	st.buf.WriteString("id: ")
	st.buf.WriteString(e.Cursor().String())
	st.buf.WriteString("\nevent: ")
	st.buf.WriteString(e.Name)
	for line := range bytes.SplitSeq(e.Flat(), []byte("\n")) {
		st.buf.WriteString("\ndata: ")
		st.buf.Write(line)
	}
	st.buf.WriteString("\n\n")
	st.told = e.Cursor()
}

// tell adds a block that only moves the client's last id.
func (st *stream) tell() {
	st.buf.WriteString("id: ")
	st.buf.WriteString(st.at.String())
	st.buf.WriteString("\n\n")
	st.told = st.at
}

// flush sends what was added. A client that does not take it in time is cut off.
func (st *stream) flush() bool {
	if st.buf.Len() == 0 {
		return true
	}
	_ = st.rc.SetWriteDeadline(clock.Mono().Add(st.s.pace.write))
	_, err := st.c.w.Write(st.buf.Bytes())
	if err == nil {
		err = st.rc.Flush()
	}
	_ = st.rc.SetWriteDeadline(time.Time{}) // by HTTP/2 it would end the stream also while nothing is written
	st.buf = bytes.Buffer{}
	return err == nil
}
