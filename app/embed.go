package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"comanda/internal/clock"
	"comanda/payment/simulator"
)

// Embedding is what a program stands for that drives a server itself.
type Embedding struct {
	PublicURL string            // that links and tokens bear
	Webhooks  http.RoundTripper // where webhooks go; nil = to the network
	Parallel  int               // calls of a provider of payments that are made side by side; 0 = as many as usual
}

// Embed makes every part of a server that listens nowhere: who embeds it hands requests to [Server.ServeHTTP] and calls
// [Server.Work] for what goes on beside them, then [Server.Close].
func Embed(ctx context.Context, c Config, e Embedding) (*Server, error) {
	c.Listen = ":8443" // nothing listens; the default satisfies the check
	if err := c.validate(); err != nil {
		return nil, err
	}
	s := &Server{config: c, embedded: e, metrics: newMetrics(), stopped: make(chan struct{})}
	err := s.assemble(ctx, e.PublicURL)
	if err == nil {
		s.door, err = s.doors()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// ServeHTTP answers a request to any of the doors. It must say that it came by HTTPS.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.door.ServeHTTP(w, r) }

// Simulator is the provider of payments of sandbox brands.
func (s *Server) Simulator() *simulator.Simulator { return s.simulator }

// Work runs what goes on beside the doors, until ctx ends or a part fails. The loops begin one after the other, a time apart:
// where the clock stands still while something is done, no two of them are at work at the same instant.
func (s *Server) Work(ctx context.Context, apart time.Duration) error {
	group, working := errgroup.WithContext(ctx)
	for _, run := range s.workers() {
		group.Go(func() error { return unlessStopped(working, run(working)) })
		if clock.Sleep(working, apart) != nil {
			break
		}
	}
	return group.Wait()
}
