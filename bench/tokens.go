package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// granting is one server that grants tokens, under measurement.
type granting struct {
	name string
	data string // folder of its bench.json
	pid  int
	runs map[int][]loaded // by clients
}

const (
	tokenRounds  = 5 // after one that warms up
	flowRequests = 2000
	peerFolder   = "bench/peer"
)

// tokens measures client_credentials at the token endpoint beside a bare handler that inserts the same row and, on
// PostgreSQL, beside the peer: all on the same machine in turn, round after round. Then it measures the code flow.
func (b *bench) tokens() error {
	c, remove, err := b.install("tokens")
	if err != nil {
		return err
	}
	defer remove()
	if err := seed(context.Background(), sowing{config: c, brands: b.nBrands}); err != nil {
		return err
	}
	p, _, err := b.serve(c, "tokens")
	if err != nil {
		return err
	}
	defer func() { _ = p.stop() }()
	servers := []*granting{{name: "comanda", data: c.Data, pid: p.pid()}}

	bare, removeBare, err := b.install("bare")
	if err != nil {
		return err
	}
	defer removeBare()
	if err := os.Mkdir(bare.Data, 0o700); err != nil {
		return err
	}
	inserter, _, err := b.child(exec.Command(b.self, "insert", bare.Data, bare.DatabaseURL))
	if err != nil {
		return fmt.Errorf("bare insert: %w", err)
	}
	defer inserter.kill()
	servers = append(servers, &granting{name: "bare", data: bare.Data, pid: inserter.pid()})

	if b.engine == "postgres" {
		peer, stop, err := b.peer(c.Data)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			b.print("no peer: npm ci --ignore-scripts in %s", peerFolder)
		case err != nil:
			return fmt.Errorf("peer: %w", err)
		default:
			defer stop()
			servers = append(servers, peer)
		}
	}
	if err := b.inTurn(servers); err != nil {
		return err
	}
	for _, scope := range []string{"api offline_access", "openid api offline_access"} {
		var got steps
		if err := b.part(&got, "flow", c.Data, scope, "8", strconv.Itoa(flowRequests), strconv.Itoa(p.pid())); err != nil {
			return err
		}
		for _, step := range []struct {
			name string
			loaded
		}{{"authorize", got.Authorize}, {"redeem", got.Redeem}, {"refresh", got.Refresh}} {
			b.print("%-9s 8 clients, scope %s: %6.0f/s, %4d µs CPU each, median %.1f ms, p99 %.1f ms, %d failed %s",
				step.name, scope, step.PerSecond, step.ServerCPU, step.MedianMs, step.P99Ms, step.Failed, step.Failure)
		}
	}
	return nil
}

// inTurn loads the servers one after the other, round after round, every second round backwards, and prints each one's
// middle round and how its CPU compares with the first's in the same round.
func (b *bench) inTurn(servers []*granting) error {
	clients := []int{1, 32}
	for round := range tokenRounds + 1 {
		for _, n := range clients {
			for i := range servers {
				s := servers[i]
				if round%2 == 1 {
					s = servers[len(servers)-1-i]
				}
				var got loaded
				if err := b.part(&got, "load", s.data, "tokens", strconv.Itoa(n), b.period.String(), strconv.Itoa(s.pid)); err != nil {
					return err
				}
				if got.Done == 0 {
					return fmt.Errorf("%s granted no token: %s", s.name, got.Failure)
				}
				if s.runs == nil {
					s.runs = map[int][]loaded{}
				}
				if round > 0 {
					s.runs[n] = append(s.runs[n], got)
				}
			}
		}
	}
	for _, n := range clients {
		for _, s := range servers {
			var cpu, rate, ratio []float64
			failed, failure := 0, ""
			for i, got := range s.runs[n] {
				cpu, rate = append(cpu, float64(got.ServerCPU)), append(rate, got.PerSecond)
				ratio = append(ratio, float64(got.ServerCPU)/float64(servers[0].runs[n][i].ServerCPU))
				failed += got.Failed
				failure = got.Failure
			}
			b.print("tokens, %2d clients, %-13s %s/s, %s µs CPU/token, CPU × %.2f of comanda's, p99 %.1f ms, %d failed %s",
				n, s.name+":", spread(rate, 0), spread(cpu, 0), middle(ratio), s.runs[n][len(s.runs[n])/2].P99Ms, failed, failure)
		}
	}
	return nil
}

// middle is the median, or the upper one of two.
func middle(of []float64) float64 {
	of = slices.Sorted(slices.Values(of))
	return of[len(of)/2]
}

// spread tells the median and, in brackets, least and most.
func spread(of []float64, digits int) string {
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, middle(of), digits, slices.Min(of), digits, slices.Max(of))
}

// peer starts the other authorization server on a database of its own, behind the certificate of the installation in data.
func (b *bench) peer(data string) (s *granting, stop func(), err error) {
	if _, err := os.Stat(filepath.Join(peerFolder, "node_modules")); err != nil {
		return nil, nil, err
	}
	c, remove, err := b.install("peer")
	if err != nil {
		return nil, nil, err
	}
	if err := os.Mkdir(c.Data, 0o700); err != nil {
		return nil, nil, err
	}
	seeds, err := readSeeded(data)
	if err != nil {
		return nil, nil, err
	}
	_, port, _ := strings.Cut(c.Listen, ":")
	keys := filepath.Dir(seeds.CAFile)
	seeds.BaseURL = "https://localhost:" + port
	seeds.OAuth.TokenURL = seeds.BaseURL + "/token"
	if err := writeSeeded(c.Data, seeds); err != nil {
		return nil, nil, err
	}
	cmd := exec.Command("node", "server.js")
	cmd.Dir = peerFolder
	cmd.Env = append(os.Environ(), "NODE_ENV=production", "PEER_DATABASE="+c.DatabaseURL, "PEER_PORT="+port,
		"PEER_CERT="+filepath.Join(keys, "server.pem"), "PEER_KEY="+filepath.Join(keys, "server.key"),
		"PEER_CLIENT="+seeds.OAuth.ClientID, "PEER_SECRET="+seeds.OAuth.Secret)
	p, line, err := b.child(cmd)
	if err != nil {
		remove()
		return nil, nil, err
	}
	return &granting{name: line, data: c.Data, pid: p.pid()}, func() { p.kill(); remove() }, nil
}
