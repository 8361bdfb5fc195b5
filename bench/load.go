package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// seeded is what seed made and the loads use.
type seeded struct {
	BaseURL string    `json:"baseUrl"`
	CAFile  string    `json:"caFile"`
	Brands  []brand   `json:"brands"`
	OAuth   grantor   `json:"oauth"`
	Apps    []grantor `json:"apps"`    // more OAuth apps of the first brand
	Session string    `json:"session"` // cookie of the owner; empty until somebody signs in
}

type brand struct {
	ID      int             `json:"id"`
	AppID   string          `json:"appId"`
	StoreID int             `json:"storeId"`
	Basket  json.RawMessage `json:"basket"`
	Full    json.RawMessage `json:"full"` // a basket of six items, four with options, and a voucher
}

func readSeeded(data string) (s seeded, err error) {
	raw, err := os.ReadFile(filepath.Join(data, "bench.json"))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(raw, &s)
}

func writeSeeded(data string, s seeded) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(data, "bench.json"), raw, 0o600)
}

// loaded is the outcome of one load.
type loaded struct {
	Done      int // operations that succeeded
	Seconds   float64
	PerSecond float64
	MedianMs  float64
	P95Ms     float64
	P99Ms     float64
	ServerCPU int64  // µs of the measured server per operation, all threads
	CPU       int64  // µs of the generator itself per operation
	Failed    int    // any other answer
	Failure   string // the first of them
}

// work is what a client repeats; turn counts over all clients.
type work func(c *http.Client, turn int) error

// works are those that go on for a period of time.
func (s seeded) works() map[string]work {
	return map[string]work{
		"orders":    func(c *http.Client, turn int) error { return place(c, s.BaseURL, &s.Brands[turn%len(s.Brands)]) },
		"checkouts": func(c *http.Client, turn int) error { return checkout(c, s.BaseURL, &s.Brands[turn%len(s.Brands)]) },
		"tokens":    func(c *http.Client, _ int) error { _, err := s.OAuth.token(c, clientCredentials); return err },
	}
}

// load repeats a work for a period against the server of process pid and prints what came of it.
func load(data, name string, clients int, period time.Duration, pid int) error {
	s, err := readSeeded(data)
	if err != nil {
		return err
	}
	do := s.works()[name]
	if who, path, ok := strings.Cut(name, " "); ok {
		b := s.at(shownPage{out: who == "open"})
		do = func(c *http.Client, _ int) error { _, err := b.view(c, path); return err }
	}
	if do == nil {
		return fmt.Errorf("there is no work %q", name)
	}
	begin := time.Now()
	out, err := s.crew(clients, pid, func(int) bool { return time.Since(begin) < period }, do)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// crew lets clients work, each on one kept-alive connection of its own, as long as more says.
func (s seeded) crew(clients, pid int, more func(turn int) bool, do work) (out loaded, err error) {
	own, err := ownTime()
	if err != nil {
		return out, err
	}
	server, err := cpuOf(pid)
	if err != nil {
		return out, err
	}
	roots, err := s.roots()
	if err != nil {
		return out, err
	}
	var mu sync.Mutex
	var times []time.Duration
	var turns atomic.Int64
	var wg sync.WaitGroup
	begin := time.Now()
	for range clients {
		wg.Go(func() {
			client := newClient(roots)
			defer client.CloseIdleConnections()
			var mine []time.Duration
			failed, failure := 0, ""
			for turn := int(turns.Add(1)) - 1; more(turn); turn = int(turns.Add(1)) - 1 {
				start := time.Now()
				if err := do(client, turn); err != nil {
					failed++
					failure = err.Error()
					continue
				}
				mine = append(mine, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			times = append(times, mine...)
			out.Failed += failed
			if out.Failure == "" {
				out.Failure = failure
			}
		})
	}
	wg.Wait()
	serverAfter, err := cpuOf(pid)
	if err != nil {
		return out, err
	}
	ownAfter, err := ownTime()
	if err != nil {
		return out, err
	}
	out.Done, out.Seconds = len(times), time.Since(begin).Seconds()
	out.PerSecond = float64(out.Done) / out.Seconds
	out.MedianMs, out.P95Ms, out.P99Ms = quantile(times, 0.5), quantile(times, 0.95), quantile(times, 0.99)
	each := int64(max(out.Done, 1))
	out.ServerCPU, out.CPU = (serverAfter-server).Microseconds()/each, (ownAfter-own).Microseconds()/each
	return out, nil
}

func (s seeded) roots() (*x509.CertPool, error) {
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in " + s.CAFile)
	}
	return roots, nil
}

// newClient speaks HTTP/1.1 and follows no redirect.
func newClient(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots}, DisableCompression: true, MaxIdleConnsPerHost: 1000,
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
		},
	}
}

func place(client *http.Client, base string, b *brand) error {
	_, err := placeOne(client, base, b)
	return err
}

// checkout quotes the full basket and places it at the quoted price.
func checkout(client *http.Client, base string, b *brand) error {
	quote, err := post(client, base, b, "quotes", b.Full, http.StatusOK)
	if err != nil {
		return err
	}
	var quoted struct{ Data struct{ Amount json.Number } }
	if err := json.Unmarshal(quote, &quoted); err != nil {
		return err
	}
	basket := append(b.Full[:len(b.Full)-1:len(b.Full)-1], `,"ExpectedAmount":`+quoted.Data.Amount.String()+`}`...)
	_, err = post(client, base, b, "orders", basket, http.StatusCreated)
	return err
}

// placeOne returns the id of the order.
func placeOne(client *http.Client, base string, b *brand) (id int64, err error) {
	body, err := post(client, base, b, "orders", b.Basket, http.StatusCreated)
	return orderID(body), err
}

// post sends a basket to a brand's storefront.
func post(client *http.Client, base string, b *brand, what string, basket []byte, want int) ([]byte, error) {
	req, err := http.NewRequest(http.MethodPost, base+"/api/v1.0/"+b.AppID+"/storefront/"+what, bytes.NewReader(basket))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", uuid.NewString())
	status, body, _, err := send(client, req)
	if err == nil && status != want {
		err = fmt.Errorf("%d: %.300s", status, body)
	}
	return body, err
}

// orderID finds the first OrderId in a document, 0 when there is none.
func orderID(doc []byte) int64 {
	_, rest, _ := bytes.Cut(doc, []byte(`"OrderId":`))
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	id, _ := strconv.ParseInt(string(rest[:end]), 10, 64)
	return id
}
