package oauth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"comanda/internal/db"
	"comanda/internal/dbtest"
)

// engines open a database as production does, without what finds mistakes in tests.
var engines = map[string]func(testing.TB) db.Config{
	"sqlite":   func(b testing.TB) db.Config { return db.Config{Path: filepath.Join(b.TempDir(), "bench.db")} },
	"postgres": func(b testing.TB) db.Config { return db.Config{URL: dbtest.PostgresURL(b)} },
}

func benchKit(b *testing.B, engine string) *kit {
	b.Helper()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	d, err := db.Open(context.Background(), engines[engine](b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	return newKit(b, d)
}

// BenchmarkClientCredentials measures the token endpoint without the network: tokens/s is durable issues, and µs-CPU/op
// what this process used for each (on PostgreSQL the server's part is not in it).
func BenchmarkClientCredentials(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, clients := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/clients=%d", engine, clients), func(b *testing.B) {
				k := benchKit(b, engine)
				id, secret := k.app(k.owner, "POS")
				handler := k.Handler()
				var left atomic.Int64
				left.Store(int64(b.N))
				b.ResetTimer()
				began, cpu := time.Now(), cpuTime(b)
				parallel(clients, func(int) {
					for left.Add(-1) >= 0 {
						r := httptest.NewRequest(http.MethodPost, "/identity/connect/token", strings.NewReader("grant_type=client_credentials&scope=api"))
						r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
						r.SetBasicAuth(id, secret)
						w := httptest.NewRecorder()
						handler.ServeHTTP(w, r)
						if w.Code != http.StatusOK {
							b.Error(w.Body)
						}
					}
				})
				b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "tokens/s")
				b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "µs-CPU/op")
			})
		}
	}
}

// BenchmarkAuthenticate measures the check of a token that was seen a moment ago, and of one read anew each time.
func BenchmarkAuthenticate(b *testing.B) {
	k := benchKit(b, "sqlite")
	id, secret := k.app(k.owner, "POS")
	token := k.token(id, secret)
	b.Run("remembered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := k.Authenticate(context.Background(), Bearer(token)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("remembered-parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := k.Authenticate(context.Background(), Bearer(token)); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			k.forget(id)
			if _, err := k.Authenticate(context.Background(), Bearer(token)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
