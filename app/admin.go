package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/mail"
	"comanda/notice"
	"comanda/requestlog"
	"comanda/sink"
	"comanda/webhook"
)

// readyTimeout bounds the database round trip of /readyz.
const readyTimeout = 2 * time.Second

// metrics are the process's figures, served on the admin listener only. No label carries a brand, a person or a path
// with ids in it.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "comanda_http_request_seconds", Help: "Time to answer a request, by door and status class.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"door", "status"}),
	}
	m.registry.MustRegister(m.requests, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// database publishes the counters of a database.
func (m *metrics) database(d *db.DB) {
	counter := func(name, help string, value func(db.Stats) int64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "comanda_db_" + name + "_total", Help: help},
			func() float64 { return float64(value(d.Stats())) }))
	}
	gauge := func(name, help string, value func(db.Stats) int64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "comanda_db_" + name, Help: help},
			func() float64 { return float64(value(d.Stats())) }))
	}
	counter("writes", "Write transactions asked for.", func(s db.Stats) int64 { return s.Writes })
	counter("reads", "Read transactions.", func(s db.Stats) int64 { return s.Reads })
	counter("commits", "Commits of the SQLite writer; grouped writes by commits is the mean size of a group.", func(s db.Stats) int64 { return s.Batches })
	counter("grouped_writes", "Writes that the SQLite writer committed in groups.", func(s db.Stats) int64 { return s.Grouped })
	counter("retries", "PostgreSQL transactions run again after a deadlock or a serialization failure.", func(s db.Stats) int64 { return s.Retries })
	counter("unknown_outcomes", "Commits whose answer was lost.", func(s db.Stats) int64 { return s.Unknown })
	counter("slow_transactions", "Transactions that took over 50 ms.", func(s db.Stats) int64 { return s.Slow })
	gauge("queued_writes", "Writes waiting for the SQLite writer.", func(s db.Stats) int64 { return s.Queued })
	gauge("open_connections", "Connections open.", func(s db.Stats) int64 { return s.OpenConn })
	gauge("busy_connections", "Connections in use by a transaction.", func(s db.Stats) int64 { return s.BusyConn })
}

// webhooks publishes the counters of webhook delivery.
func (m *metrics) webhooks(w *webhook.Webhooks) {
	counter := func(name, help string, value func(webhook.Stats) int64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "comanda_webhook_" + name + "_total", Help: help},
			func() float64 { return float64(value(w.Stats())) }))
	}
	gauge := func(name, help string, value func(webhook.Stats) int64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "comanda_webhook_" + name, Help: help},
			func() float64 { return float64(value(w.Stats())) }))
	}
	counter("received", "Delivery attempts answered with 2xx.", func(s webhook.Stats) int64 { return s.Received })
	counter("failed", "Delivery attempts that were not.", func(s webhook.Stats) int64 { return s.Failed })
	counter("expired", "Events given up after the retry window.", func(s webhook.Stats) int64 { return s.Expired })
	counter("unlogged", "Attempts that the attempt log could not take.", func(s webhook.Stats) int64 { return s.Unlogged })
	gauge("subscriptions", "Subscriptions that this node delivers to; other nodes have the others.", func(s webhook.Stats) int64 { return s.Streams })
	gauge("endpoints_down", "Of them, those whose endpoint is down.", func(s webhook.Stats) int64 { return s.Down })
}

// requestLog publishes the figure of the request log.
func (m *metrics) requestLog(l *requestlog.Log) {
	m.registry.MustRegister(prometheus.NewCounterFunc(
		prometheus.CounterOpts{Name: "comanda_requests_unlogged_total", Help: "API requests that the request log could not take."},
		func() float64 { return float64(l.Lost()) },
	))
}

// sinks publishes the figures of each sink, under its name.
func (m *metrics) sinks(all *sink.Sinks) {
	for i, one := range all.Stats() {
		label := prometheus.Labels{"sink": one.Name}
		counter := func(name, help string, value func(sink.Stats) int64) {
			m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "comanda_sink_" + name + "_total", Help: help, ConstLabels: label},
				func() float64 { return float64(value(all.Stats()[i])) }))
		}
		gauge := func(name, help string, value func(sink.Stats) float64) {
			m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "comanda_sink_" + name, Help: help, ConstLabels: label},
				func() float64 { return value(all.Stats()[i]) }))
		}
		counter("sent", "Events that the destination acknowledged.", func(s sink.Stats) int64 { return s.Sent })
		counter("failed_batches", "Batches that were not taken, to be sent again.", func(s sink.Stats) int64 { return s.Failed })
		counter("lost", "Events that the destination will never get.", func(s sink.Stats) int64 { return s.Lost })
		gauge("owned", "1 where this node sends, 0 while another one does.", func(s sink.Stats) float64 {
			if s.Owned {
				return 1
			}
			return 0
		})
		gauge("lag_events", "Events not sent yet; 0 on a node that does not send.", func(s sink.Stats) float64 { return float64(s.LagEvents) })
		gauge("lag_seconds", "Age of the oldest of them.", func(s sink.Stats) float64 { return s.LagSeconds })
	}
}

// people publishes the counters of sign-in, mail and notices.
func (m *metrics) people(a *account.Accounts, o *mail.Outbox, n *notice.Notices) {
	counter := func(name, help string, value func() int64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "comanda_" + name + "_total", Help: help},
			func() float64 { return float64(value()) }))
	}
	counter("signin_password_hashes", "Passwords hashed, to make or to check one.", func() int64 { return a.Stats().Hashes })
	counter("signin_refused", "Wrong passwords, PINs and codes.", func() int64 { return a.Stats().Refused })
	counter("signin_deferred", "Tries that had to wait after too many failures.", func() int64 { return a.Stats().Deferred })
	counter("mail_sent", "Messages sent.", func() int64 { sent, _ := o.Stats(); return sent })
	counter("notices_put", "Messages to customers about their orders, put into the outbox.", func() int64 { put, _ := n.Stats(); return put })
	counter("notices_withheld", "Messages to customers that were withheld because there were too many.", func() int64 { _, withheld := n.Stats(); return withheld })
	counter("mail_given_up", "Messages that were refused or grew too old.", func() int64 { _, failed := o.Stats(); return failed })
}

// observe times the requests of one door. A stream of events is none: it lasts as long as its client likes.
func (m *metrics) observe(door string, next http.Handler) http.Handler {
	classes := [6]prometheus.Observer{}
	for i, c := range []string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		classes[i] = m.requests.WithLabelValues(door, c)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := clock.Mono()
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			if s.Header().Get("Content-Type") != "text/event-stream" {
				classes[min(s.status/100, 5)].Observe(clock.Mono().Sub(start).Seconds())
			}
		}()
		next.ServeHTTP(s, r)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// admin answers /livez (the process runs), /readyz (the database answers too), /metrics and
// /mailbox.
func (s *Server) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { report(w, http.StatusOK, "live") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		err := s.DB.Ping(ctx)
		switch {
		case s.stopping.Load():
			report(w, http.StatusServiceUnavailable, "stopping")
		case errors.Is(err, db.ErrFull):
			report(w, http.StatusServiceUnavailable, "the database's disk is full")
		case err != nil:
			report(w, http.StatusServiceUnavailable, "the database does not answer")
		default:
			report(w, http.StatusOK, "ready")
		}
	})
	mux.HandleFunc("POST "+rotatePath, s.rotateKeys)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /mailbox", s.mailbox)
	return mux
}

func report(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": text})
}
