package order_test

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"

	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/order"
	"comanda/wire"
)

// BenchmarkPlace places orders of three units by the domain call, each by a customer of their own, and tells the CPU time
// of the whole process for one (the database's own process, for PostgreSQL, is not in it).
//
//	go test ./order -run '^$' -bench Place -cpuprofile place.prof
func BenchmarkPlace(b *testing.B) {
	for _, e := range []struct {
		name string
		open func(testing.TB) *db.DB
	}{{"sqlite", dbtest.SQLite}, {"postgres", dbtest.Postgres}} {
		for _, clients := range []int{1, 8, 32} {
			b.Run(fmt.Sprintf("%s/clients=%d", e.name, clients), func(b *testing.B) {
				s := apptest.OpenShop(b, e.open(b))
				benchmark(b, s, clients)
			})
		}
	}
}

func benchmark(b *testing.B, s *apptest.Shop, clients int) {
	basket := s.Basket()
	basket.Items = []order.BasketItem{item(apptest.Margherita, 2, apptest.Olives, apptest.Ham), item(apptest.Cola, 1, apptest.Large)}
	if _, err := place(s, basket); err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	b.ResetTimer()
	before := cpu(b)
	parallel(clients, func(int) {
		for {
			i := n.Add(1)
			if i > int64(b.N) {
				return
			}
			one := basket
			one.Contact = &order.Contact{Name: wire.P("Ann Diner"), PhoneNumber: wire.P(fmt.Sprintf("+35387%07d", i%10_000_000))}
			if _, err := place(s, one); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(cpu(b)-before)/1000/float64(b.N), "CPU-µs/order")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
}

// cpu is the process's user and system time in nanoseconds.
func cpu(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
