package requestlog_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/requestlog"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// write adds requests and writes them.
func write(k *apptest.Kit, l *requestlog.Log, requests ...requestlog.Request) {
	k.Helper()
	for _, r := range requests {
		l.Add(r)
	}
	ended, cancel := context.WithCancel(k.Context())
	cancel()
	k.Must(l.Run(ended))
}

func some(k *apptest.Kit, n int, status func(i int) int) (out []requestlog.Request) {
	began := clock.Now()
	for i := range n {
		out = append(out, requestlog.Request{
			ID: requestlog.NewID(), At: began.Add(time.Duration(i) * time.Millisecond), Duration: time.Millisecond, Method: "GET",
			Path: fmt.Sprintf("/api/v1.0/Apps/%d", i), Status: status(i), OAuthApp: fmt.Sprint("app", i%2), AppID: k.Brand.AppID,
		})
	}
	return out
}

// all reads page by page.
func all(k *apptest.Kit, l *requestlog.Log, f requestlog.Filter) (out []requestlog.Request) {
	k.Helper()
	for {
		p, err := l.List(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, f)
		k.Must(err)
		if len(p.Requests) > f.Limit {
			k.Fatalf("a page of %d, want at most %d", len(p.Requests), f.Limit)
		}
		out = append(out, p.Requests...)
		if p.Next == "" {
			return out
		}
		f.Before = p.Next
	}
}

// Pages bring each request once, the newest first, over the borders of blocks, and filters leave out the others.
func TestPagesBringEveryRequestOnce(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		l := k.Requests
		made := some(k, 90, func(i int) int { return 200 + i%3*100 })
		for i := 0; i < len(made); i += 3 { // 30 blocks, more than one read takes
			write(k, l, made[i:i+3]...)
		}
		for _, c := range []struct {
			name string
			f    requestlog.Filter
			is   func(i int) bool
		}{
			{"everything", requestlog.Filter{}, func(int) bool { return true }},
			{"a status", requestlog.Filter{Status: 300}, func(i int) bool { return i%3 == 1 }},
			{"a class", requestlog.Filter{Class: 4}, func(i int) bool { return i%3 == 2 }},
			{"an app", requestlog.Filter{OAuthApp: "app1"}, func(i int) bool { return i%2 == 1 }},
			{"a path", requestlog.Filter{Path: "apps/7"}, func(i int) bool { return i == 7 || i/10 == 7 }},
			{"a method", requestlog.Filter{Method: "post"}, func(int) bool { return false }},
			{"a time", requestlog.Filter{From: made[10].At, To: made[20].At}, func(i int) bool { return i >= 10 && i < 20 }},
		} {
			for _, limit := range []int{1, 4, 100} {
				c.f.Limit = limit
				var want []string
				for i := len(made) - 1; i >= 0; i-- {
					if c.is(i) {
						want = append(want, made[i].ID)
					}
				}
				var got []string
				for _, r := range all(k, l, c.f) {
					got = append(got, r.ID)
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					k.Errorf("%s, %d a page: %v, want %v", c.name, limit, got, want)
				}
			}
		}
		r, _, err := l.Get(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, made[41].ID)
		k.Must(err)
		if r.AppID = made[41].AppID; fmt.Sprint(r) != fmt.Sprint(made[41]) {
			k.Errorf("read %v, want %v", r, made[41])
		}
		_, err = l.List(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, requestlog.Filter{Before: "x", Limit: 1})
		if fault.KindOf(err) != fault.Invalid {
			k.Errorf("no place in the log: %v", err)
		}
	})
}

// What is too old goes, then what is more than a brand's share, then what is too much: the oldest first.
func TestOldRequestsGo(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		l := requestlog.New(k.DB, k.Accounts, 8*2000) // a brand's share is 2,000 bytes, about six small blocks
		made := some(k, 12, func(int) int { return 200 })
		made[0].At = clock.Now().Add(-requestlog.Kept - time.Hour)
		for _, r := range made {
			write(k, l, r)
		}
		n, err := l.TrimNow(k.Context())
		k.Must(err)
		left := all(k, l, requestlog.Filter{Limit: 100})
		if n == 0 || len(left) != len(made)-n || len(left) < 3 || len(left) > 8 {
			k.Fatalf("%d went and %d are left of %d", n, len(left), len(made))
		}
		if left[0].ID != made[11].ID || left[len(left)-1].ID != made[12-len(left)].ID {
			k.Error("those that are left are not the newest")
		}
		if n, err = l.TrimNow(k.Context()); n != 0 || err != nil {
			k.Errorf("the second time %d went, %v", n, err)
		}
	})
}

// Requests of nobody known take a part of a brand's share: whoever sends many of them does not push out those of the brand's own
// programs, in the log or on the way to it.
func TestStrangersPushOutNobody(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		l := requestlog.New(k.DB, k.Accounts, 8*8*2000) // strangers have 2,000 bytes, about six small blocks
		known, strangers := some(k, 4, func(int) int { return 200 }), some(k, 20, func(int) int { return 401 })
		for _, r := range known {
			write(k, l, r)
		}
		for _, r := range strangers {
			r.OAuthApp = ""
			write(k, l, r)
		}
		n, err := l.TrimNow(k.Context())
		k.Must(err)
		left := all(k, l, requestlog.Filter{Limit: 100})
		if n == 0 || len(left) != len(known)+len(strangers)-n || left[0].ID != strangers[19].ID {
			k.Fatalf("%d went, and %d are left", n, len(left))
		}
		for i, r := range left[len(left)-len(known):] {
			if r.ID != known[len(known)-1-i].ID {
				k.Error("a request of the brand's own app is pushed out")
			}
		}
		l = requestlog.New(k.DB, k.Accounts, 0)
		for range requestlog.Queued {
			l.Add(requestlog.Request{AppID: k.Brand.AppID})
		}
		before := l.Lost()
		if l.Add(some(k, 1, func(int) int { return 200 })[0]); before == 0 || l.Lost() != before {
			k.Errorf("strangers fill the queue: %d of them are lost, and then %d", before, l.Lost())
		}
	})
}

// Totals count all requests of a time, whatever else is filtered.
func TestTotalsCountTheTime(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		made := some(k, 30, func(i int) int { return []int{200, 404, 204, 503, 201}[i%5] })
		for i := 0; i < len(made); i += 10 {
			for j := range made[i : i+10] {
				made[i+j].At = made[i+j].At.Add(time.Duration(i) * time.Minute)
			}
			write(k, k.Requests, made[i:i+10]...)
		}
		for _, c := range []struct {
			f    requestlog.Filter
			want requestlog.Totals
		}{
			{requestlog.Filter{Limit: 1}, requestlog.Totals{Requests: 30, Refused: 6, Failed: 6}},
			{requestlog.Filter{Limit: 1, Status: 404}, requestlog.Totals{Requests: 30, Refused: 6, Failed: 6}},
			{requestlog.Filter{Limit: 1, From: made[10].At}, requestlog.Totals{Requests: 20, Refused: 4, Failed: 4}},
			{requestlog.Filter{Limit: 1, From: made[10].At, To: made[20].At}, requestlog.Totals{Requests: 10, Refused: 2, Failed: 2}},
		} {
			p, err := k.Requests.List(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, c.f)
			k.Must(err)
			if p.Totals != c.want {
				k.Errorf("%+v: %+v, want %+v", c.f, p.Totals, c.want)
			}
		}
	})
}

// A full queue and a database that is gone cost requests of the log, and nobody's time.
func TestTroubleIsCountedAndWaitedForByNobody(t *testing.T) {
	d := dbtest.SQLite(t)
	k := apptest.New(t, d)
	l := requestlog.New(d, k.Accounts, 0)
	r := some(k, 1, func(int) int { return 200 })[0]
	for range requestlog.Queued + 5 {
		l.Add(r)
	}
	if l.Lost() != 5 {
		t.Errorf("%d are lost, want 5", l.Lost())
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.TrimNow(t.Context()); !errors.Is(err, db.ErrClosed) {
		t.Errorf("trimmed with %v", err)
	}
	write(k, l)
	if l.Lost() != requestlog.Queued+5 {
		t.Errorf("%d are lost, want all %d", l.Lost(), requestlog.Queued+5)
	}
}

// BenchmarkLog measures what a request costs: adding it, and its part of writing it in blocks.
func BenchmarkLog(b *testing.B) {
	for name, d := range map[string]*db.DB{"sqlite": dbtest.SQLite(b), "postgres": dbtest.Postgres(b)} {
		k := apptest.New(b, d)
		b.Run(name, func(b *testing.B) {
			l := requestlog.New(d, k.Accounts, 0)
			r := requestlog.Request{
				Method: "POST", Operation: "AcceptOrder", Path: "/api/v1.0/orders/1001/accept", Status: 200, Bytes: 5000, OAuthApp: "f3b1c0de",
				Account: 7, Address: "203.0.113.9", Agent: "TillSoft/4.2 (Linux; x86_64)", At: clock.Now(), Duration: 4 * time.Millisecond, AppID: k.Brand.AppID,
			}
			adding := time.Duration(0)
			b.ResetTimer()
			for done := 0; done < b.N; done += 1024 {
				began := clock.Mono()
				for range min(1024, b.N-done) {
					r.ID = requestlog.NewID()
					l.Add(r)
				}
				adding += clock.Mono().Sub(began)
				write(k, l)
			}
			b.StopTimer()
			b.ReportMetric(float64(adding.Nanoseconds())/float64(b.N), "ns-adding/op")
			if l.Lost() > 0 {
				b.Errorf("%d were lost", l.Lost())
			}
		})
	}
}

// Nobody reads the log of another brand, or without the right.
func TestTheLogIsForDevelopersOfTheBrand(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		made := some(k, 1, func(int) int { return 200 })
		write(k, k.Requests, made...)
		for who, want := range map[string]fault.Kind{apptest.Finance: fault.Forbidden, apptest.ReadOnly: fault.Forbidden, apptest.Stranger: fault.Forbidden} {
			_, listed := k.Requests.List(k.Context(), k.Caller(who), k.Brand.AppID, requestlog.Filter{Limit: 1})
			_, _, read := k.Requests.Get(k.Context(), k.Caller(who), k.Brand.AppID, made[0].ID)
			if fault.KindOf(listed) != want || fault.KindOf(read) != want {
				k.Errorf("%s: %v, %v", who, listed, read)
			}
		}
		if _, _, err := k.Requests.Get(k.Context(), k.Caller(apptest.Stranger), k.Other.AppID, made[0].ID); fault.KindOf(err) != fault.NotFound {
			k.Errorf("in the log of another brand: %v", err)
		}
		if p, err := k.Requests.List(k.Context(), &account.Caller{Kind: account.System}, k.Brand.AppID, requestlog.Filter{Limit: 1}); err != nil || len(p.Requests) != 1 {
			k.Errorf("Comanda itself: %v, %v", p, err)
		}
	})
}
