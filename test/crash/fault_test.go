package crash

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"comanda/internal/dbtest"
)

// What a server meets that is not a crash of its own: the way to the database is cut or stalls, the database restarts,
// the disk is full. It says so, loses nothing, and goes on by itself.

func TestCutOffFromTheDatabase(t *testing.T) {
	direct := dbtest.PostgresURL(t)
	line := newLine(t, direct)
	shop := installOn(t, direct)
	receiver := newReceiver(t)
	shop.databaseURL = line.url
	node := shop.serve(t, shop.data)
	shop.subscribe(t, node, receiver.url)
	load := startLoad(t, shop, node)
	for _, harm := range []func(){line.cut, line.stall, line.cut} {
		load.await(between)
		began := time.Now()
		harm()
		node.awaitTrouble(t)
		noticed := time.Since(began)
		line.mend()
		node.awaitReady(t)
		t.Logf("refused orders after %s, ready after %s", noticed.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	}
	load.await(between)
	acknowledged := load.stop()
	shop.databaseURL = direct
	shop.verify(t, node, acknowledged, receiver)
	t.Logf("%d orders acknowledged, %d deliveries (%d repeated)", len(acknowledged), receiver.total(), receiver.repeated())
}

func TestTheDatabaseRestarts(t *testing.T) {
	cluster := dbtest.NewCluster(t)
	shop := installOn(t, cluster.URL)
	receiver := newReceiver(t)
	node := shop.serve(t, shop.data)
	shop.subscribe(t, node, receiver.url)
	load := startLoad(t, shop, node)
	for _, mode := range []string{"fast", "immediate", "immediate"} {
		load.await(between)
		cluster.Restart(t, mode)
		node.awaitReady(t)
	}
	load.await(between)
	acknowledged := load.stop()
	shop.verify(t, node, acknowledged, receiver)
	t.Logf("%d orders acknowledged, %d deliveries (%d repeated)", len(acknowledged), receiver.total(), receiver.repeated())
}

func TestTheDiskIsFull(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("SKIPPED: only root can make a small disk; TestFullDisk of internal/db has one without")
	}
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, no small disk (TestFullDisk of internal/db has one without): %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	shop := install(t, "sqlite")
	data := filepath.Join(disk, "data")
	if err := os.CopyFS(data, os.DirFS(shop.data)); err != nil {
		t.Fatal(err)
	}
	shop.data, shop.masterKey = data, filepath.Join(data, "master.key")
	receiver := newReceiver(t)
	node := shop.serve(t, shop.data)
	defer func() { node.Kill() }() // before the disk goes
	shop.subscribe(t, node, receiver.url)
	load := startLoad(t, shop, node)
	for range 2 {
		load.await(between)
		ballast := filepath.Join(disk, "ballast")
		fill(t, ballast)
		node.awaitTrouble(t)
		if !strings.Contains(node.Output(), "the disk is full") {
			t.Error("the log does not say that the disk is full")
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		node.awaitReady(t)
	}
	load.await(between)
	acknowledged := load.stop()
	shop.verify(t, node, acknowledged, receiver)
	t.Logf("%d orders acknowledged, %d deliveries (%d repeated)", len(acknowledged), receiver.total(), receiver.repeated())
}

// fill writes a file until its disk has no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}

// installOn is install on a PostgreSQL database that is there.
func installOn(t *testing.T, databaseURL string) *installation {
	t.Helper()
	s := &installation{data: t.TempDir(), databaseURL: databaseURL}
	s.setUp(t)
	return s
}

// awaitTrouble waits until the node says that it is not ready and refuses an order with 503 in the contract's shape.
func (n *node) awaitTrouble(t *testing.T) {
	t.Helper()
	n.eventually(t, "the node says that it is not ready", func() bool { return n.ready() == http.StatusServiceUnavailable })
	n.eventually(t, "orders are refused with 503", func() bool {
		raw, err := json.Marshal(n.shop.basket)
		if err != nil {
			t.Fatal(err)
		}
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://127.0.0.1:"+n.port+"/api/v1.0/"+n.shop.creds.AppID+"/storefront/orders", bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("Idempotency-Key", rand.Text())
		r, err := n.http.Do(q)
		if err != nil {
			return false // it took too long
		}
		defer func() { _ = r.Body.Close() }()
		var said struct {
			Message, Details string
			ErrorCode        int
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusServiceUnavailable {
			return false
		}
		if err := json.Unmarshal(body, &said); err != nil || said.ErrorCode != 503 || said.Message == "" || said.Details == "" || r.Header.Get("Retry-After") == "" {
			t.Errorf("the refusal says too little: %s", body)
		}
		return true
	})
}

// awaitReady waits until the node says that it is ready.
func (n *node) awaitReady(t *testing.T) {
	t.Helper()
	n.eventually(t, "the node says that it is ready", func() bool { return n.ready() == http.StatusOK })
}

// ready is the status of /readyz, 0 without an answer.
func (n *node) ready() int {
	c := &http.Client{Timeout: 5 * time.Second}
	defer c.CloseIdleConnections()
	r, err := c.Get("http://" + n.admin + "/readyz")
	if err != nil {
		return 0
	}
	_ = r.Body.Close()
	return r.StatusCode
}

func (n *node) eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if !n.Running() {
			t.Fatalf("the node ended before %s", what)
		}
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// line is the way to a PostgreSQL server, which a test can cut and let stall.
type line struct {
	url     string
	network string
	address string

	mu      sync.Mutex
	mended  chan struct{} // closed while bytes may pass
	refuses bool
	conns   map[net.Conn]struct{}
}

func newLine(t *testing.T, databaseURL string) *line {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{network: "tcp", address: u.Host, mended: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	close(l.mended)
	if folder := u.Query().Get("host"); folder != "" {
		l.network, l.address = "unix", filepath.Join(folder, ".s.PGSQL.5432")
	}
	u.Host, u.RawQuery = listener.Addr().String(), "sslmode=disable"
	l.url = u.String()
	go l.accept(listener)
	t.Cleanup(func() {
		_ = listener.Close()
		l.cut()
	})
	return l
}

func (l *line) accept(listener net.Listener) {
	for {
		here, err := listener.Accept()
		if err != nil {
			return
		}
		go l.connect(here)
	}
}

func (l *line) connect(here net.Conn) {
	defer func() { _ = here.Close() }()
	there, err := net.Dial(l.network, l.address)
	if err != nil {
		return
	}
	defer func() { _ = there.Close() }()
	l.mu.Lock()
	if l.refuses {
		l.mu.Unlock()
		return
	}
	l.conns[here], l.conns[there] = struct{}{}, struct{}{}
	l.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.carry(here, there) })
	both.Go(func() { l.carry(there, here) })
	both.Wait()
	l.mu.Lock()
	delete(l.conns, here)
	delete(l.conns, there)
	l.mu.Unlock()
}

// carry passes bytes on as long as both ends live.
func (l *line) carry(to, from net.Conn) {
	defer func() { _ = to.Close(); _ = from.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		l.mu.Lock()
		pass := l.mended
		l.mu.Unlock()
		<-pass
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// cut ends every connection and refuses new ones.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuses = true
	for c := range l.conns {
		_ = c.Close()
	}
}

// stall lets nothing pass, while connections stay.
func (l *line) stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mended = make(chan struct{})
}

// mend makes the line whole.
func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuses = false
	select {
	case <-l.mended:
	default:
		close(l.mended)
	}
}
