package jetstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/sink"
	"comanda/sink/jetstream"
	"comanda/sink/sinktest"
)

func TestMain(m *testing.M) {
	if nodeMain() {
		return
	}
	dbtest.Main(m)
}

// natsServer is a real server with JetStream on files, which can be stopped and started on its port.
type natsServer struct {
	t    *testing.T
	opts server.Options
	s    *server.Server
}

func startNATS(t *testing.T, tune ...func(*server.Options)) *natsServer {
	t.Helper()
	n := &natsServer{t: t, opts: server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, SyncInterval: time.Minute}}
	for _, f := range tune {
		f(&n.opts)
	}
	n.start()
	t.Cleanup(func() { n.stop() })
	return n
}

func (n *natsServer) start() {
	n.t.Helper()
	opts := n.opts
	s, err := server.NewServer(&opts)
	if err != nil {
		n.t.Fatal(err)
	}
	go s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		n.t.Fatal("the NATS server does not start")
	}
	n.s = s
	n.opts.Port = opts.Port
}

func (n *natsServer) stop() { n.s.Shutdown(); n.s.WaitForShutdown() }

func (n *natsServer) addr() string { return fmt.Sprint("127.0.0.1:", n.opts.Port) }

func (n *natsServer) client(options ...nats.Option) natsjs.JetStream {
	n.t.Helper()
	c, err := nats.Connect("nats://"+n.addr(), options...)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(c.Close)
	js, err := natsjs.New(c)
	if err != nil {
		n.t.Fatal(err)
	}
	return js
}

func count(js natsjs.JetStream, stream string) uint64 {
	s, err := js.Stream(context.Background(), stream)
	if err != nil {
		return 0
	}
	return s.CachedInfo().State.Msgs
}

// all reads the whole stream as it stands there.
func all(t *testing.T, js natsjs.JetStream, stream string) []sinktest.Arrived {
	t.Helper()
	c, err := js.OrderedConsumer(t.Context(), stream, natsjs.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var got []sinktest.Arrived
	for n := count(js, stream); uint64(len(got)) < n; {
		batch, err := c.Fetch(500, natsjs.FetchMaxWait(2*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		for m := range batch.Messages() {
			h := m.Headers()
			position, _ := strconv.ParseInt(h.Get("Comanda-Position"), 10, 64)
			a := sinktest.Arrived{ID: h.Get("Nats-Msg-Id"), Brand: h.Get("Comanda-Brand"), Subject: h.Get("Comanda-Subject"), Position: position, Body: string(m.Data())}
			if want := "comanda." + a.Brand + "." + h.Get("Comanda-Name"); m.Subject() != want || h.Get("Comanda-Id") != a.ID {
				t.Fatalf("subject %s, headers %v", m.Subject(), h)
			}
			got = append(got, a)
		}
	}
	return got
}

func config(t *testing.T, text string) sink.Config {
	t.Helper()
	c, err := configOf(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func configOf(text string) (sink.Config, error) {
	a, err := sink.ParseAddress(text)
	if err != nil {
		return sink.Config{}, err
	}
	open, err := jetstream.New(a)
	if err == nil {
		err = a.Unknown()
	}
	return sink.Config{Name: a.Name, From: a.From, Open: open}, err
}

// The server is stopped in the middle, while events go on, and started again: all arrives once and in sequence.
func TestAServerThatRestartsLosesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n := startNATS(t)
		w := sinktest.New(t, d)
		const events = 900
		for b := 1; b <= 3; b++ {
			w.Burst(b, events/2)
		}
		w.Run(w.Sinks(config(t, "nats://"+n.addr()+"?from=oldest")))
		js := n.client()
		sinktest.Eventually(t, "some events are there", func() bool { return count(js, "COMANDA") > events/4 })
		n.stop()
		for b := 1; b <= 3; b++ {
			w.Burst(b, events/2)
		}
		n.start()
		sinktest.Eventually(t, "the cursors are at the heads", func() bool {
			return w.Cursor("nats", 1) == events && w.Cursor("nats", 2) == events && w.Cursor("nats", 3) == events
		})
		got := all(t, n.client(), "COMANDA")
		for b := 1; b <= 3; b++ {
			if twice := w.Check(b, 1, got); twice != 0 {
				t.Errorf("brand %d: %d came twice", b, twice)
			}
		}
	})
}

// nodeConfig tells a node process where it belongs.
type nodeConfig struct {
	DB   db.Config
	Sink string
}

// nodeMain is a node that sends until it is killed: the test starts this binary again for it.
func nodeMain() bool {
	raw := os.Getenv("COMANDA_TEST_NODE")
	if raw == "" {
		return false
	}
	var c nodeConfig
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	check(json.Unmarshal([]byte(raw), &c))
	ctx := context.Background()
	d, err := db.Open(ctx, c.DB)
	check(err)
	log := event.NewLog(d, event.LeaseTime(time.Second))
	k, err := configOf(c.Sink)
	check(err)
	s, err := sink.New(d, log, sinktest.Slug, k)
	check(err)
	go func() { check(log.Run(ctx)) }()
	check(s.Run(ctx))
	return true
}

// A node that sends is killed in the middle; another one goes on. What was acknowledged and not settled is sent again, one
// batch of each brand at most, and the server drops it by its id.
func TestKilledNodeLosesNothingAndRepeatsNothing(t *testing.T) {
	for name, database := range map[string]func(*testing.T) db.Config{
		"sqlite":   func(t *testing.T) db.Config { return db.Config{Path: filepath.Join(t.TempDir(), "comanda.db")} },
		"postgres": func(t *testing.T) db.Config { return db.Config{URL: dbtest.PostgresURL(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			n := startNATS(t)
			js := n.client()
			c := nodeConfig{database(t), "nats://" + n.addr() + "?from=oldest"}
			d, err := db.Open(t.Context(), c.DB)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			w := sinktest.New(t, d)
			const events = 4000
			w.Burst(1, events)
			w.Burst(2, events)
			raw, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			for kill := uint64(1); kill <= 3; kill++ {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), "COMANDA_TEST_NODE="+string(raw))
				cmd.Stderr = os.Stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				at := count(js, "COMANDA") + 700
				sinktest.Eventually(t, "the node sends", func() bool { return count(js, "COMANDA") >= at })
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}
			sent, settled := count(js, "COMANDA"), w.Cursor("nats", 1)+w.Cursor("nats", 2)
			if sent >= 2*events {
				t.Error("everything came before the last kill")
			}
			if again := int64(sent) - settled; again < 0 || again > 2*256 {
				t.Errorf("%d were acknowledged and not settled", again)
			}
			w.Run(w.Sinks(config(t, c.Sink)))
			sinktest.Eventually(t, "the cursors are at the heads", func() bool { return w.Cursor("nats", 1) == events && w.Cursor("nats", 2) == events })
			got := all(t, js, "COMANDA")
			if twice := w.Check(1, 1, got) + w.Check(2, 1, got); twice != 0 {
				t.Errorf("%d came twice", twice)
			}
			t.Logf("killed after %d; %d were sent again and dropped", sent, int64(sent)-settled)
		})
	}
}

// What is too large for the server, or for the stream, is a lost range; the rest arrives.
func TestWhatIsTooLargeIsLostAlone(t *testing.T) {
	for name, limit := range map[string]func(*server.Options){
		"server": func(o *server.Options) { o.MaxPayload = 4096 },
		"stream": func(*server.Options) {},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNATS(t, limit)
			js := n.client()
			if name == "stream" {
				_, err := js.CreateStream(t.Context(), natsjs.StreamConfig{Name: "COMANDA", Subjects: []string{"comanda.>"}, MaxMsgSize: 4096})
				if err != nil {
					t.Fatal(err)
				}
			}
			w := sinktest.New(t, dbtest.SQLite(t))
			w.Append(1, 2)
			w.Say(1, 1, strings.Repeat("x", 8000))
			w.Append(1, 2)
			w.Run(w.Sinks(config(t, "nats://"+n.addr()+"?from=oldest")))
			sinktest.Eventually(t, "the cursor is at the head", func() bool { return w.Cursor("nats", 1) == 5 })
			if got := all(t, js, "COMANDA"); len(got) != 4 || got[1].Position != 2 || got[2].Position != 4 {
				t.Error("arrived:", got)
			}
			if lost := w.Lost("nats"); len(lost) != 1 || !strings.HasPrefix(lost[0], "1: 3-3 ") || !strings.Contains(lost[0], "too large") {
				t.Error("lost:", lost)
			}
		})
	}
}

// A stream that takes the events of one brand only stops the others without stopping that one, and says what to do.
func TestABrandWithoutAStreamDoesNotStopOthers(t *testing.T) {
	n := startNATS(t)
	js := n.client()
	stream := natsjs.StreamConfig{Name: "MINE", Subjects: []string{"comanda.brand-1.>"}}
	if _, err := js.CreateStream(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	w := sinktest.New(t, dbtest.SQLite(t))
	w.Append(5, 3) // of the same lane
	w.Append(1, 3)
	k := config(t, "nats://"+n.addr()+"?from=oldest&stream=MINE&create=false&name=mine")
	w.Run(w.Sinks(k))
	sinktest.Eventually(t, "brand 1 arrives", func() bool { return w.Cursor("mine", 1) == 3 })
	if w.Cursor("mine", 5) != 0 {
		t.Error("brand 5 went where nobody takes it")
	}
	d := k.Open()
	defer d.Close()
	err := d.Send(t.Context(), []sink.Message{{ID: "x", Brand: "brand-5", Name: "order.created"}})
	if err == nil || !strings.Contains(err.Error(), "no stream takes the subject comanda.brand-5.order.created: add comanda.>") {
		t.Error(err)
	}
	stream.Subjects = []string{"comanda.>"}
	if _, err := js.UpdateStream(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	sinktest.Eventually(t, "brand 5 arrives", func() bool { return w.Cursor("mine", 5) == 3 })
	w.Check(5, 1, all(t, js, "MINE"))
}

func TestSignIn(t *testing.T) {
	n := startNATS(t, func(o *server.Options) { o.Username, o.Password = "comanda", "p@ss" })
	message := []sink.Message{{ID: "x", Brand: "b", Name: "order.created", Body: []byte("{}")}}
	signed := "nats://comanda:p%40ss@"
	for _, c := range []struct{ text, want string }{
		{"nats://" + n.addr(), "Authorization Violation"},
		{"nats://comanda:wr0ng@" + n.addr(), "Authorization Violation"},
		{signed + n.addr() + "?create=false", "the stream COMANDA is not there"},
		{signed + "127.0.0.1:1", "connect to nats://127.0.0.1:1"},
		{signed + n.addr() + "?creds=/nothing1", "/nothing1"},
		{signed + n.addr(), ""},
		{signed + "127.0.0.1:1," + n.addr(), ""},
		{signed + n.addr() + "?stream=OTHER", "subjects overlap"},
	} {
		send(t, c.text, message, c.want)
	}
}

func send(t *testing.T, text string, messages []sink.Message, want string) {
	t.Helper()
	d := config(t, text).Open()
	defer d.Close()
	err := d.Send(context.Background(), messages)
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %q", text, err, want)
	}
	if err != nil && (strings.Contains(err.Error(), "p@ss") || strings.Contains(err.Error(), "wr0ng")) {
		t.Errorf("%v: a secret", err)
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"nats://a?stream=a.b":    "letters, digits",
		"nats://a?prefix=a..b":   "dots between",
		"nats://a?prefix=a.*":    "dots between",
		"nats://a/topic":         "?stream=",
		"nats://a?create=sure":   "true or false",
		"nats://a?replicas=0":    "from 1 on",
		"nats://a?sasl=plain":    `no option "sasl"`,
		"nats://a?replicas=many": "from 1 on",
	} {
		if _, err := configOf(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
