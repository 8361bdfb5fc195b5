package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// seeded is what seed made and load uses.
type seeded struct {
	BaseURL string  `json:"baseUrl"`
	CAFile  string  `json:"caFile"`
	Brands  []brand `json:"brands"`
}

type brand struct {
	AppID   string          `json:"appId"`
	StoreID int             `json:"storeId"`
	Basket  json.RawMessage `json:"basket"`
}

func readSeeded(data string) (s seeded, err error) {
	raw, err := os.ReadFile(filepath.Join(data, "bench.json"))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(raw, &s)
}

// loaded is the outcome of one load.
type loaded struct {
	Clients   int
	Orders    int // acknowledged
	Seconds   float64
	PerSecond float64
	MedianMs  float64
	P99Ms     float64
	CPU       int64  // µs of the generator itself per order
	Failed    int    // any other answer
	Failure   string // the first of them
}

// load places orders over HTTPS, each client on one kept-alive connection of its own, and prints what came of it.
func load(data string, clients int, period time.Duration) error {
	s, err := readSeeded(data)
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return errors.New("no certificate in " + s.CAFile)
	}
	var mu sync.Mutex
	var times []time.Duration
	out := loaded{Clients: clients}
	var turn atomic.Int64
	var wg sync.WaitGroup
	begin := time.Now()
	for range clients {
		wg.Go(func() {
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: false, DisableCompression: true}
			transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
			var mine []time.Duration
			failed, failure := 0, ""
			for time.Since(begin) < period {
				b := &s.Brands[int(turn.Add(1))%len(s.Brands)]
				start := time.Now()
				if err := place(client, s.BaseURL, b); err != nil {
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
	out.Orders, out.Seconds = len(times), time.Since(begin).Seconds()
	out.PerSecond = float64(out.Orders) / out.Seconds
	out.MedianMs, out.P99Ms = quantiles(times)
	if out.CPU, err = ownCPU(max(out.Orders, 1)); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func place(client *http.Client, base string, b *brand) error {
	req, err := http.NewRequest(http.MethodPost, base+"/api/v1.0/"+b.AppID+"/storefront/orders", bytes.NewReader(b.Basket))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", uuid.NewString())
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s: %.300s", res.Status, body)
	}
	return err
}
