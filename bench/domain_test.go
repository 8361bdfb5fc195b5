package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"comanda/account"
	"comanda/app"
	"comanda/internal/dbtest"
	"comanda/order"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// BenchmarkPlaceByCall measures durable placed orders by domain call, without HTTP: the whole placement, prices checked
// against the menu, one commit. cpu-µs/op is this process's time by getrusage; PostgreSQL's own is not in it.
//
//	go test ./bench -run - -bench PlaceByCall -benchtime 5s
func BenchmarkPlaceByCall(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, brands := range []int{1, 50} {
			b.Run(fmt.Sprintf("%s/brands=%d", engine, brands), func(b *testing.B) {
				c := app.Config{
					Data: filepath.Join(b.TempDir(), "data"), Listen: "127.0.0.1:0", Signup: "open",
					WebhookAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
				}
				if engine == "postgres" {
					c.DatabaseURL = dbtest.PostgresURL(b)
				}
				if err := seed(b.Context(), sowing{config: c, brands: brands}); err != nil {
					b.Fatal(err)
				}
				seeded, err := readSeeded(c.Data)
				if err != nil {
					b.Fatal(err)
				}
				server, err := app.Open(b.Context(), c)
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = server.Close() }()
				for _, clients := range []int{1, 8, 32} {
					b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
						placeParallel(b, server.Orders, seeded.Brands, clients)
					})
				}
			})
		}
	}
}

func placeParallel(b *testing.B, orders *order.Orders, brands []brand, clients int) {
	baskets := make([]order.Basket, len(brands))
	for i := range brands {
		if err := json.Unmarshal(brands[i].Basket, &baskets[i]); err != nil {
			b.Fatal(err)
		}
	}
	var turn atomic.Int64
	var wg sync.WaitGroup
	before, err := ownTime()
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for n := turn.Add(1); n <= int64(b.N); n = turn.Add(1) {
				i := int(n) % len(brands)
				caller := &account.Caller{Idempotent: uuid.NewString()}
				if _, err := orders.Place(context.Background(), caller, brands[i].AppID, baskets[i]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
	after, err := ownTime()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64((after-before).Microseconds())/float64(b.N), "cpu-µs/op")
}
