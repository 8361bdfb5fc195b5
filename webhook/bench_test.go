package webhook_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// receiverMain is the receiver's process: the benchmark starts this test binary again, so that only the sender's CPU time
// is counted. It answers every POST with 200, tells its address on standard output, and ends with its standard input.
func receiverMain() bool {
	if os.Getenv("COMANDA_TEST_RECEIVER") == "" {
		return false
	}
	var received atomic.Int64
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = fmt.Fprint(rw, received.Load())
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		received.Add(1)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	panic(http.Serve(l, handler))
}

// startReceiver runs the receiver and returns its address.
func startReceiver(t testing.TB) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "COMANDA_TEST_RECEIVER=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

func receivedBy(t testing.TB, addr string) int {
	t.Helper()
	res, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	n, _ := strconv.Atoi(string(b))
	return n
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkBurst delivers a burst of order events of realistic size over HTTP to another process. One op is one
// delivery; the log holds the events before the clock starts.
func BenchmarkBurst(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		for _, subs := range []int{1, 10} {
			b.Run(fmt.Sprintf("%s/subscriptions=%d", name, subs), func(b *testing.B) {
				w := newWorld(b, open(b))
				addr := startReceiver(b)
				for range subs {
					w.subscribe("http://" + addr + "/hook")
				}
				events := max(b.N/subs, 1)
				w.bigOrders(b, events)
				b.ResetTimer()
				began, used := time.Now(), cpu()
				stop := w.run()
				for receivedBy(b, addr) < events*subs {
					time.Sleep(10 * time.Millisecond)
				}
				took, spent := time.Since(began), cpu()-used
				b.StopTimer()
				stop()
				n := float64(receivedBy(b, addr))
				b.ReportMetric(n/took.Seconds(), "deliveries/s")
				b.ReportMetric(float64(spent.Microseconds())/n, "cpu-µs/delivery")
				b.ReportMetric(n/float64(events*subs), "sent/event")
				b.ReportMetric(float64(w.count(`select cast(coalesce(sum(attempts), 0) as bigint) from webhook_attempt_blocks`))/n, "logged/delivery")
			})
		}
	}
}

// bigOrders appends events with the body of a real order.
func (w *world) bigOrders(b *testing.B, n int) {
	b.Helper()
	id := w.subscribe("http://127.0.0.1:9/", func(s *wire.WebhookSubscription) { s.Enabled = wire.P(false) })
	sample, err := w.hooks.Sample(ctx, w.owner, w.brand.AppID, w.app, id, "order.created", "1")
	w.must(err)
	body := append([]byte("{"), sample.Body[len(`{"Position":1,`):]...)
	for at := 0; at < n; at += 500 {
		w.must(w.d.Write(ctx, func(tx *db.Tx) error {
			for i := at; i < min(n, at+500); i++ {
				rec := w.records(i, &wire.OrderCreatedEvent{})[0]
				rec.Body = body
				w.log.Append(tx, rec)
			}
			return nil
		}))
	}
}

// BenchmarkBesideAHangingEndpoint measures from an event's commit to its arrival while 1,000 events wait for an endpoint
// that never answers.
func BenchmarkBesideAHangingEndpoint(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b))
			block := make(chan struct{})
			defer close(block)
			hanging := newEndpoint(b, func(delivery, http.ResponseWriter) { <-block })
			w.subscribe(hanging.URL)
			w.burst(1, 1000)
			arrived := make(chan struct{}, 1)
			healthy := newEndpoint(b, func(delivery, http.ResponseWriter) { arrived <- struct{}{} })
			w.subscribe(healthy.URL)
			w.run()
			hanging.wait(b, 1)
			var took []time.Duration
			b.ResetTimer()
			for n := range b.N {
				w.orders(2000+n, 2000+n)
				committed := time.Now()
				<-arrived
				took = append(took, time.Since(committed))
			}
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
