package event_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

// benchRecords are events with bodies as large as an order's.
func benchRecords(b *testing.B, brands int) []event.Record {
	recs := make([]event.Record, b.N)
	pad := strings.Repeat("x", 3000)
	for i := range recs {
		rec, err := event.Encode(event.New{
			Brand: 1 + i%brands, AppID: "x", Subject: fmt.Sprintf("order/%d", i), Store: 1, Request: fmt.Sprintf("ABCDEFGHIJ-%d", i),
			Body:  &wire.OrderAcceptedEvent{User: &wire.UserEventInfo{UserId: 7, UserName: "Aoife", UserEmail: "aoife@example.com"}},
			Order: &wire.Order{Customer: &wire.CustomerSummary{Id: i}, Store: &wire.StoreSummary{StoreGroupId: 3}},
		})
		if err != nil {
			b.Fatal(err)
		}
		recs[i] = rec
		body := recs[i].Body
		recs[i].Body = append(body[:len(body)-1:len(body)-1], `,"Pad":"`+pad+`"}`...)
	}
	return recs
}

// cpu is this process's time so far; PostgreSQL's own is not in it.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func engines(b *testing.B, fn func(b *testing.B, d *db.DB)) {
	b.Run("sqlite", func(b *testing.B) { fn(b, dbtest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { fn(b, dbtest.Postgres(b)) })
}

// BenchmarkAppend measures transactions that append one event of 3.3 kB and do nothing else: the ceiling of the log for
// one brand, and for many.
//
//	go test ./event -run - -bench Append
func BenchmarkAppend(b *testing.B) {
	for _, brands := range []int{1, 64} {
		for _, writers := range []int{1, 64} {
			b.Run(fmt.Sprintf("brands=%d/writers=%d", brands, writers), func(b *testing.B) {
				engines(b, func(b *testing.B, d *db.DB) {
					log := event.NewLog(d)
					recs := benchRecords(b, brands)
					runtime.GC()
					var next atomic.Int64
					var wg sync.WaitGroup
					before := cpu(b)
					b.ResetTimer()
					for range writers {
						wg.Go(func() {
							for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
								rec := recs[i]
								if err := d.Write(b.Context(), func(tx *db.Tx) error { log.Append(tx, rec); return nil }); err != nil {
									b.Error(err)
									return
								}
							}
						})
					}
					wg.Wait()
					b.StopTimer()
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
					b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
				})
			})
		}
	}
}

// BenchmarkTail measures how fast one reader takes 20,000 events of 3.3 kB in, and how fast 8 readers take them.
func BenchmarkTail(b *testing.B) {
	const events = 20_000
	for _, readers := range []int{1, 8} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			engines(b, func(b *testing.B, d *db.DB) {
				writer := event.NewLog(d)
				put3k(b, d, writer, events)
				before := cpu(b)
				b.ResetTimer()
				for range b.N {
					log := event.NewLog(d)
					var wg sync.WaitGroup
					for range readers {
						wg.Go(func() {
							for pos := int64(0); pos < events; {
								got, err := log.Next(b.Context(), 1, pos, 512)
								if err != nil {
									b.Error(err)
									return
								}
								pos += int64(len(got))
							}
						})
					}
					wg.Wait()
				}
				b.StopTimer()
				total := float64(b.N) * events * float64(readers)
				b.ReportMetric(total/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/1000/total, "cpu-µs/event")
			})
		})
	}
}

func put3k(b *testing.B, d *db.DB, log *event.Log, n int) {
	b.Helper()
	pad := strings.Repeat("x", 3000)
	for n > 0 {
		recs := make([]event.Record, min(n, 500))
		for i := range recs {
			recs[i] = record(b, 1, "order/1")
			recs[i].Body = append(recs[i].Body[:len(recs[i].Body)-1:len(recs[i].Body)-1], `,"Pad":"`+pad+`"}`...)
		}
		if err := d.Write(b.Context(), func(tx *db.Tx) error { log.Append(tx, recs...); return nil }); err != nil {
			b.Fatal(err)
		}
		n -= len(recs)
	}
}
