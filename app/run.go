package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"comanda/account"
	"comanda/api"
	"comanda/developers"
	"comanda/identity"
	"comanda/internal/idempotency"
	"comanda/internal/web"
	"comanda/internal/worker"
	"comanda/payment/stripe"
	"comanda/portal"
)

// Limits of every HTTP server here; bodies and handlers have their own.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 60 * time.Second
	writeTimeout  = 60 * time.Second // from the end of the header; a client that does not read its answer holds no handler longer
	idleTimeout   = 120 * time.Second
	stallTimeout  = 10 * time.Second // of a connection of HTTP/2 that takes no byte; the others do not see that its client does not read
	maxHeader     = 64 << 10
)

// drain is how long running requests may take to end when the server stops.
const drain = 15 * time.Second

// Run serves until ctx ends or a part fails, then stops doors first, workers second, the database last. It is called once.
func (s *Server) Run(ctx context.Context) error {
	workers, stopWorkers := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorkers()
	group, failing := errgroup.WithContext(workers)
	for _, run := range s.workers() {
		group.Go(func() error { return unlessStopped(workers, run(workers)) })
	}

	secure, plain := split(s.listener)
	doors := []*http.Server{httpServer(s.door), httpServer(s.door)}
	doors[0].TLSConfig = s.CA.TLS()
	group.Go(func() error { return unlessClosed(doors[0].ServeTLS(secure, "", "")) })
	group.Go(func() error { return unlessClosed(doors[1].Serve(plain)) })
	if s.adminListener != nil {
		doors = append(doors, httpServer(s.admin()))
		group.Go(func() error { return unlessClosed(doors[2].Serve(s.adminListener)) })
	}
	slog.Info("serving", "url", s.PublicURL(), "listen", s.listener.Addr().String(), "database", s.DB.Engine())
	slog.Info("clients trust this server by its authority", "file", s.CA.CAFile(), "try", "curl --cacert "+s.CA.CAFile()+" "+s.PublicURL()+"/api/v1.0/heartbeat")
	close(s.ready)

	select {
	case <-ctx.Done():
	case <-failing.Done():
	}
	s.stopping.Store(true)
	close(s.stopped)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	var err error
	for _, d := range doors {
		if e := d.Shutdown(grace); e != nil {
			err = errors.Join(err, e, d.Close())
		}
	}
	stopWorkers()
	return errors.Join(group.Wait(), err, s.Close())
}

// workers are the loops beside the doors; each runs until its context ends.
func (s *Server) workers() []func(context.Context) error {
	return []func(context.Context) error{
		s.Log.Run, s.Accounts.Run, s.Webhooks.Run, s.OAuth.Run, s.Sinks.Run, s.Notices.Run,
		s.Mail.Run, s.Requests.Run, s.Requests.Trim, s.Payments.Run,
		func(ctx context.Context) error { return s.simulator.Run(ctx, s.Payments) },
		func(ctx context.Context) error {
			return s.Log.Retain(ctx, time.Duration(s.config.LogRetention)*24*time.Hour)
		},
		func(ctx context.Context) error { return idempotency.Run(ctx, s.DB) },
		func(ctx context.Context) error {
			return worker.Run(ctx, "dropping idle consumers", time.Hour, nil, s.Log.DropIdleConsumers)
		},
		func(ctx context.Context) error {
			return worker.Run(ctx, "taking back changes of menus", 5*time.Second, nil, s.Menus.TakeBack)
		},
		func(ctx context.Context) error {
			return worker.Run(ctx, "erasing customers", 30*time.Second, s.Orders.Erasures(), s.Orders.EraseOnce)
		},
		func(ctx context.Context) error {
			return worker.Run(ctx, "meeting the deadlines of orders", time.Second, nil, s.Orders.MeetDeadlines)
		},
		func(ctx context.Context) error {
			return worker.Run(ctx, "sweeping counts of messages", time.Hour, nil, s.Mail.Sweep)
		},
		func(ctx context.Context) error {
			return worker.Run(ctx, "sweeping drivers' sessions", time.Hour, nil, s.Drivers.Sweep)
		},
		func(ctx context.Context) error {
			return worker.Run(ctx, "publishing batches of orders", time.Second, nil, s.Orders.PublishBatches)
		},
	}
}

// Close releases what Open took, for a server that is not run. Run closes by itself.
func (s *Server) Close() error {
	var err error
	for _, l := range []interface{ Close() error }{s.listener, s.adminListener} {
		if l != nil {
			if e := l.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
				err = errors.Join(err, e)
			}
		}
	}
	if s.DB != nil {
		err = errors.Join(err, s.DB.Close())
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Release())
	}
	return err
}

func httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		HTTP2:    &http.HTTP2Config{WriteByteTimeout: stallTimeout},
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug), // what clients do wrong: broken handshakes and the like
	}
}

// doors sends a request to its door by the first segment of its path.
func (s *Server) doors() (http.Handler, error) {
	origin := web.Origin{Proxies: s.config.BehindProxy}
	host, err := os.Hostname()
	if err != nil {
		host = "comanda"
	}
	v1 := s.metrics.observe("api", api.New(api.Config{
		Auth: s.OAuth, Accounts: s.Accounts, OAuth: s.OAuth, Stores: s.Stores, Menus: s.Menus, Vouchers: s.Vouchers, Customers: s.Customers, Payments: s.Payments, Orders: s.Orders, Drivers: s.Drivers, Webhooks: s.Webhooks, Events: s.Log, Requests: s.Requests, Stopping: s.stopped,
		PublicURL: s.public, Origin: origin, Version: s.config.Version, Host: host, Log: slog.Default(), DinerRate: s.config.DinerRate,
	}))
	people, err := identity.New(identity.Config{
		Accounts: s.Accounts, Passkeys: s.Passkeys, OAuth: s.OAuth, Origin: origin, PublicURL: s.public, Version: s.config.Version, SignUp: account.SignUpMode(s.config.Signup),
	})
	if err != nil {
		return nil, err
	}
	desks, err := portal.New(portal.Config{
		Accounts: s.Accounts, OAuth: s.OAuth, Webhooks: s.Webhooks, Stores: s.Stores, Orders: s.Orders, Requests: s.Requests, Origin: origin, PublicURL: s.public, Version: s.config.Version,
	})
	if err != nil {
		return nil, err
	}
	var operations []developers.Operation
	for _, o := range api.Operations() {
		operations = append(operations, developers.Operation(o))
	}
	guides, err := developers.New(developers.Config{
		Accounts: s.Accounts, OAuth: s.OAuth, Origin: origin, PublicURL: s.public, Version: s.config.Version, Operations: operations,
		Support: developers.Support{Email: s.config.SupportEmail, URL: s.config.SupportURL}, EditURL: s.config.DocsEditURL,
	})
	if err != nil {
		return nil, err
	}
	forPeople := func(door http.Handler) http.Handler {
		return s.metrics.observe("pages", toHTTPS(origin, s.public, web.Compress(door)))
	}
	pages, portal, hub := forPeople(people), forPeople(desks), forPeople(guides)
	tokens := s.metrics.observe("identity", api.HTTPSOnly(origin, people))
	payments := s.metrics.observe("payments", toHTTPS(origin, s.public, stripe.Door(s.Payments)))
	assets := s.metrics.observe("assets", toHTTPS(origin, s.public, api.Assets(s.Accounts)))
	none := s.metrics.observe("none", toHTTPS(origin, s.public, http.NotFoundHandler()))
	return web.CollapseSlashes(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch strings.ToLower(first) {
		case "api", "openapi.json", "asyncapi.json":
			v1.ServeHTTP(w, r)
		case "identity", ".well-known":
			if identity.IsPage(r.URL.Path) {
				pages.ServeHTTP(w, r)
			} else {
				tokens.ServeHTTP(w, r)
			}
		case "portal":
			portal.ServeHTTP(w, r)
		case "developers", "llms.txt":
			hub.ServeHTTP(w, r)
		case "assets":
			assets.ServeHTTP(w, r)
		case "payments":
			payments.ServeHTTP(w, r)
		default:
			none.ServeHTTP(w, r)
		}
	})), nil
}

// toHTTPS redirects reads of pages from plain HTTP to the public address; everything else it refuses there, because a
// redirect would repeat what was sent.
func toHTTPS(origin web.Origin, public string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case origin.Secure(r):
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			http.Redirect(w, r, public+r.URL.RequestURI(), http.StatusPermanentRedirect)
		default:
			http.Error(w, "Use HTTPS: "+public, http.StatusForbidden)
		}
	})
}

// unlessStopped forgets the error of a worker that ended because it was told to.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
