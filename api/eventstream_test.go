package api_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"comanda/account"
	"comanda/api"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/oauth"
	"comanda/wire"
)

// byName knows the kit's callers by their names, from any goroutine.
type byName struct{ k *apptest.Kit }

func (a byName) Authenticate(_ context.Context, cred oauth.Credential) (*account.Caller, error) {
	return a.k.Caller(cred.Token), nil
}

// serveTLS is the door on a TLS listener.
func serveTLS(k *apptest.Kit, stopping <-chan struct{}) (*httptest.Server, http.Handler) {
	k.Helper()
	return serveProtocol(k, stopping, false)
}

// serveProtocol is serveTLS by HTTP/2 or by HTTP/1.1 only.
func serveProtocol(k *apptest.Kit, stopping <-chan struct{}, h2 bool) (*httptest.Server, http.Handler) {
	k.Helper()
	h := api.New(api.Config{Auth: byName{k}, Accounts: k.Accounts, Events: k.Log, Stopping: stopping, DinerRate: -1})
	s := httptest.NewUnstartedServer(h)
	s.Config.ReadTimeout, s.Config.WriteTimeout = 500*time.Millisecond, 500*time.Millisecond // streams live longer
	s.Config.HTTP2 = &http.HTTP2Config{WriteByteTimeout: 50 * time.Millisecond}
	s.EnableHTTP2 = h2
	s.StartTLS()
	k.Cleanup(s.Close)
	return s, h
}

// listener is a client of server-sent events.
type listener struct {
	body  *http.Response
	lines *bufio.Scanner
	last  string
}

func listen(k *apptest.Kit, s *httptest.Server, as, query, last string) *listener {
	k.Helper()
	r, err := http.NewRequestWithContext(k.Context(), http.MethodGet, s.URL+k.Expand(eventSSE)+query, nil)
	k.Must(err)
	r.Header.Set("Authorization", "Bearer "+as)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	w, err := s.Client().Do(r)
	k.Must(err)
	if w.StatusCode != http.StatusOK || w.Header.Get("Content-Type") != "text/event-stream" {
		k.Fatal(w.Status, w.Header)
	}
	return &listener{body: w, lines: bufio.NewScanner(w.Body), last: last}
}

// next is the data of the next event; ok is false when the stream ended.
func (l *listener) next() (data string, ok bool) {
	for l.lines.Scan() {
		line := l.lines.Text()
		if id, found := strings.CutPrefix(line, "id: "); found {
			l.last = id
		}
		if d, found := strings.CutPrefix(line, "data: "); found {
			data = d
		}
		if line == "" && data != "" {
			return data, true
		}
	}
	return "", false
}

// A client that comes back with its last id misses nothing and hears nothing twice, while others write.
func TestAStreamGoesOnFromTheLastEventID(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		s, _ := serveTLS(k, nil)
		const events = 120
		first := head(k) + 1
		l := listen(k, s, apptest.Owner, "?name=order.created", "")
		if !l.lines.Scan() || l.lines.Text() != "retry: 3000" { // now it stands at the head
			t.Fatal(l.lines.Text())
		}
		written := make(chan struct{})
		go func() {
			defer close(written)
			for range events / 2 {
				mustAppend(k, 1, 0, 2)
			}
		}()
		var got []string
		for n := 1; len(got) < events; n++ {
			for range n {
				data, ok := l.next()
				if !ok {
					t.Fatal("the stream ended")
				}
				if got = append(got, data); len(got) == events {
					break
				}
			}
			_ = l.body.Body.Close()
			if len(got) < events {
				l = listen(k, s, apptest.Owner, "?name=order.created", l.last)
			}
		}
		<-written
		for i, data := range got {
			if want := fmt.Sprintf(`{"Position":%d,`, first+int64(i/2*3+i%2*2)); !strings.HasPrefix(data, want) {
				t.Fatalf("event %d is %.60s, want %s", i, data, want)
			}
		}
	})
}

func TestAStreamEndsWithTheRightAndTheServer(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	stopping := make(chan struct{})
	s, h := serveTLS(k, stopping)
	api.Pace(h, 5*time.Millisecond, 20*time.Millisecond, time.Second)
	k.MustSignUp("guest")
	k.MustMember("guest", wire.AppAccessLevelSupport)
	guest, owner := listen(k, s, "guest", "", ""), listen(k, s, apptest.Owner, "", "")
	mustAppend(k, 1)
	for _, l := range []*listener{guest, owner} {
		if _, ok := l.next(); !ok {
			t.Fatal("an event did not come")
		}
	}
	k.MustMember("guest", wire.AppAccessLevelFinanceManger)
	if data, ok := guest.next(); ok {
		t.Error("went on without the right:", data)
	}
	close(stopping)
	for ok := true; ok; { // what was sent before may come still
		_, ok = owner.next()
	}
}

// Who reads a long log, or looks for an event in it, does not keep the server from stopping.
func TestALongLogDoesNotKeepTheServerFromStopping(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	stopping := make(chan struct{})
	close(stopping)
	s, _ := serveTLS(k, stopping)
	mustAppend(k, slices.Repeat([]int{1}, 1000)...)
	got := 0
	for l := listen(k, s, apptest.Owner, "?after=oldest", ""); ; got++ {
		if _, ok := l.next(); !ok {
			break
		}
	}
	if got >= 1000 {
		t.Error("the stream went on to the end of the log")
	}
	r, err := http.NewRequestWithContext(k.Context(), http.MethodPost, s.URL+k.Expand(pull), strings.NewReader(`{"Consumer":"pos","From":"oldest","EventNames":["menu.uploaded"]}`))
	k.Must(err)
	r.Header.Set("Authorization", "Bearer "+apptest.Owner)
	w, err := s.Client().Do(r)
	k.Must(err)
	_ = w.Body.Close()
	all, err := k.Log.Consumers(k.Context(), k.Brand.ID, "")
	k.Must(err)
	if w.StatusCode != http.StatusOK || len(all) != 1 || all[0].Behind == 0 {
		t.Errorf("%s %+v", w.Status, all)
	}
}

// Every id of a stream is good to come back with, also before the first event and after a part of the log was deleted.
func TestTheFirstIDOfAStreamIsGood(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	s, _ := serveTLS(k, nil)
	mustAppend(k, 1, 2, 1)
	k.Must(k.DB.Write(k.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`delete from log_events where brand_id = $1 and position <= 2`, k.Brand.ID)
		return err
	}))
	for _, query := range []string{"?after=oldest", "?after=oldest&name=order.accepted", "?start=2020-01-01", "?after=latest"} {
		l := listen(k, s, apptest.Owner, query, "")
		for l.last == "" && l.lines.Scan() {
			if id, found := strings.CutPrefix(l.lines.Text(), "id: "); found {
				l.last = id
			}
		}
		listen(k, s, apptest.Owner, query, l.last) // is answered 200
	}
}

// Who asks for the header of a stream gets it, and holds nothing.
func TestTheHeaderOfAStreamIsNoStream(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		k := apptest.New(t, dbtest.SQLite(t))
		s, h := serveProtocol(k, nil, h2)
		r, err := http.NewRequestWithContext(k.Context(), http.MethodHead, s.URL+k.Expand(eventSSE), nil)
		k.Must(err)
		r.Header.Set("Authorization", "Bearer "+apptest.Owner)
		w, err := s.Client().Do(r)
		k.Must(err)
		if w.StatusCode != http.StatusOK || w.Header.Get("Content-Type") != "text/event-stream" {
			t.Error(w.Status, w.Header)
		}
		for api.OpenStreams(h) != 0 {
			select {
			case <-t.Context().Done():
				t.Fatal("still open")
			case <-time.After(time.Millisecond):
			}
		}
		_ = w.Body.Close()
	}
}

// A quiet stream asks the database for nothing.
func TestABeatAsksForNothing(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	s, h := serveTLS(k, nil)
	api.Pace(h, 5*time.Millisecond, time.Hour, time.Second)
	l := listen(k, s, apptest.Owner, "", "")
	beat := func() {
		for l.lines.Scan() && l.lines.Text() != ":" {
		}
	}
	beat()
	before := k.DB.Stats().Reads
	for range 50 {
		beat()
	}
	if n := k.DB.Stats().Reads - before; n != 0 || l.lines.Err() != nil {
		t.Error(n, l.lines.Err())
	}
}

// A caller has twenty streams, and a quiet stream costs little.
func TestStreamsAreBounded(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	s, h := serveTLS(k, nil)
	var callers []string
	for i := range 50 {
		name := fmt.Sprint("caller", i)
		k.MustSignUp(name)
		k.MustMember(name, wire.AppAccessLevelSupport)
		callers = append(callers, name)
	}
	before := memory()
	var conns []*tls.Conn
	open := func(as string) string {
		c, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		k.Must(err)
		conns = append(conns, c)
		_, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", k.Expand(eventSSE), as)
		k.Must(err)
		line := make([]byte, 12)
		_, err = c.Read(line)
		k.Must(err)
		return string(line)
	}
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for _, as := range callers {
		for range 20 {
			if line := open(as); line != "HTTP/1.1 200" {
				t.Fatal(line)
			}
		}
	}
	if n := api.OpenStreams(h); n != 1000 {
		t.Fatal(n, "are open")
	}
	used := memory() - before
	t.Logf("1,000 quiet streams with their clients: %d kB", used>>10)
	if used > 100<<20 {
		t.Error(used)
	}
	if line := open(callers[0]); line != "HTTP/1.1 429" {
		t.Error(line)
	}
}

// memory is what the process holds after a collection: heap and stacks.
func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
