package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"

	"comanda/app"
)

// options of a whole run.
type options struct {
	engines  []string
	postgres string // maintenance URL
	brands   []int
	clients  []int
	period   time.Duration
	burst    int
	what     []string // figures to measure
	program  string   // binary of comanda, "" = build it
	profile  string   // folder, "" = no profiles
	backlog  int      // events that wait
	drain    int      // of them, until the measurement ends
}

// bench is one installation under measurement.
type bench struct {
	options
	comanda, self string // binaries
	dir           string
	engine        string
	nBrands       int
	log           *os.File
	tables        *tables
}

// run measures every combination and prints one line per figure.
func run(o options) (err error) {
	dir, err := os.MkdirTemp("", "comanda-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	comanda := o.program
	if comanda == "" {
		comanda = filepath.Join(dir, "comanda")
		if out, err := exec.Command("go", "build", "-o", comanda, "./cmd/comanda").CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w: %s", err, out)
		}
	}
	log, err := os.Create(filepath.Join(os.TempDir(), "comanda-bench.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	fmt.Println("log of the servers:", log.Name())
	if slices.Contains(o.what, "ceilings") {
		if err := measureCeilings(o, self, dir); err != nil {
			return fmt.Errorf("ceilings: %w", err)
		}
	}
	tables := &tables{}
	defer tables.print()
	for _, engine := range o.engines {
		for i, n := range o.brands {
			b := &bench{options: o, comanda: comanda, self: self, dir: dir, engine: engine, nBrands: n, log: log, tables: tables}
			for _, f := range figures {
				if !slices.Contains(o.what, f.name) || i > 0 && !f.byBrands {
					continue
				}
				if err := f.measure(b); err != nil {
					return fmt.Errorf("%s, %d brands: %s: %w", engine, n, f.name, err)
				}
			}
		}
	}
	return nil
}

// figures are what is measured on each engine, some for each number of brands.
var figures = []struct {
	name     string
	byBrands bool
	measure  func(*bench) error
}{
	{"orders", true, (*bench).orders},
	{"burst", true, (*bench).burstRounds},
	{"latency", false, (*bench).latency},
	{"beside", false, (*bench).beside},
	{"backlog", false, (*bench).waiting},
	{"streams", false, (*bench).streams},
	{"nodes", false, (*bench).nodes},
	{"tokens", false, (*bench).tokens},
	{"flood", false, (*bench).flood},
	{"pages", false, (*bench).pages},
}

func (b *bench) print(format string, args ...any) {
	fmt.Printf("%-8s %2d brands  %s\n", b.engine, b.nBrands, fmt.Sprintf(format, args...))
}

// install makes a data folder and, on PostgreSQL, a database.
func (b *bench) install(name string) (c app.Config, remove func(), err error) {
	c.Data = filepath.Join(b.dir, fmt.Sprintf("%s-%s-%d", name, b.engine, b.nBrands))
	c.Signup = "open"
	c.WebhookAllow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if c.Listen, err = freeAddress(); err != nil {
		return c, nil, err
	}
	remove = func() { _ = os.RemoveAll(c.Data) }
	if b.engine == "sqlite" {
		return c, remove, nil
	}
	pool, err := sql.Open("pgx", b.postgres)
	if err != nil {
		return c, nil, err
	}
	database := fmt.Sprintf("comanda_bench_%d_%s_%d", os.Getpid(), name, b.nBrands)
	if _, err := pool.Exec("create database " + database); err != nil {
		return c, nil, errors.Join(err, pool.Close())
	}
	u, err := url.Parse(b.postgres)
	if err != nil {
		return c, nil, err
	}
	u.Path = "/" + database
	c.DatabaseURL = u.String()
	return c, func() {
		_, _ = pool.Exec("drop database " + database + " with (force)")
		_ = pool.Close()
		_ = os.RemoveAll(c.Data)
	}, nil
}

// serve starts the server and waits until it answers.
func (b *bench) serve(c app.Config, what string) (p *process, ready time.Duration, err error) {
	args := []string{
		"serve", "--data", c.Data, "--listen", c.Listen, "--admin", "", "--signup", "open",
		"--webhook-allow", "127.0.0.0/8", "--diner-rate=-1",
	}
	if c.MasterKeyFile != "" {
		args = append(args, "--master-key-file", c.MasterKeyFile)
	}
	if c.DatabaseURL != "" {
		args = append(args, "--database-url", c.DatabaseURL)
	}
	for _, proxy := range c.BehindProxy {
		args = append(args, "--behind-proxy", proxy.String())
	}
	binary := b.comanda
	if b.profile != "" {
		name := fmt.Sprintf("%s-%s-%d.pprof", what, b.engine, b.nBrands)
		binary, args = b.self, append([]string{"serve", filepath.Join(b.profile, name)}, args[1:]...)
	}
	if p, err = start(b.log, binary, args...); err != nil {
		return nil, 0, err
	}
	// Only whether it answers counts here; load checks the certificate.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: time.Second}
	defer client.CloseIdleConnections()
	for time.Since(p.started) < 20*time.Second {
		res, err := client.Get("https://" + c.Listen + "/.well-known/openid-configuration")
		if err == nil {
			_ = res.Body.Close()
			return p, time.Since(p.started), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	_ = p.cmd.Process.Kill()
	return nil, 0, errors.Join(errors.New("the server does not answer, see its log"), p.cmd.Wait())
}

// orders measures cold start, idle memory, and placing orders over HTTPS.
func (b *bench) orders() error {
	c, remove, err := b.install("orders")
	if err != nil {
		return err
	}
	defer remove()
	if err := seed(context.Background(), sowing{config: c, brands: b.nBrands}); err != nil {
		return err
	}
	p, ready, err := b.serve(c, "orders")
	if err != nil {
		return err
	}
	time.Sleep(3 * time.Second)
	rss, err := p.rss()
	if err != nil {
		return err
	}
	b.print("cold start %v, idle RSS %.1f MB", ready.Round(time.Millisecond), float64(rss)/1e6)
	for _, work := range []string{"orders", "checkouts"} {
		for _, clients := range b.clients {
			var got loaded
			if err := b.part(&got, "load", c.Data, work, strconv.Itoa(clients), b.period.String(), strconv.Itoa(p.pid())); err != nil {
				return err
			}
			if got.Done == 0 {
				return errors.New("no order was placed: " + got.Failure)
			}
			b.print("HTTPS, %2d clients: %6.0f %s/s, %4d µs CPU each, median %.1f ms, p99 %.1f ms, generator %d µs, %d failed %s", clients,
				got.PerSecond, work, got.ServerCPU, got.MedianMs, got.P99Ms, got.CPU, got.Failed, got.Failure)
		}
	}
	if rss, err = p.rss(); err != nil {
		return err
	}
	if err := p.stop(); err != nil {
		return err
	}
	b.print("after the load: RSS %.1f MB, %v CPU in all by getrusage", float64(rss)/1e6, p.total().Round(time.Millisecond))
	return nil
}

// receiver starts a receiver process and returns its address.
func (b *bench) receiver() (*process, string, error) {
	return b.child(exec.Command(b.self, "receive", "127.0.0.1:0"))
}

// child starts a process that ends with this one, and returns the first line that it prints.
func (b *bench) child(cmd *exec.Cmd) (*process, string, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if b.log != nil {
		cmd.Stderr = b.log
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &process{cmd: cmd, started: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.kill()
		return nil, "", fmt.Errorf("%s said nothing: %w", cmd.Path, err)
	}
	return p, strings.TrimSpace(line), nil
}

// await polls the receiver until it has so many different deliveries.
func await(address string, n int, limit time.Duration) (s received, err error) {
	for begin := time.Now(); time.Since(begin) < limit; time.Sleep(50 * time.Millisecond) {
		res, err := http.Get("http://" + address + "/stats")
		if err != nil {
			return s, err
		}
		err = json.NewDecoder(res.Body).Decode(&s)
		_ = res.Body.Close()
		if err != nil || s.Distinct >= n {
			return s, err
		}
	}
	return s, fmt.Errorf("only %d of %d arrived within %v", s.Distinct, n, limit)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}
