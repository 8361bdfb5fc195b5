package webhook

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
)

// someAttempt is an attempt at a second of the test's time, with what varies in real ones.
func someAttempt(sub *Subscription, second, position int) logged {
	began := clock.Now().Add(-time.Hour).Truncate(time.Second).Add(time.Duration(second) * time.Second)
	l := logged{
		sub: sub, number: 1 + position%3, position: int64(position), eventID: fmt.Sprint("event-", position), name: "order.created",
		created: began.Add(-time.Second),
	}
	l.at, l.duration = began, 1234*time.Microsecond
	l.timings = timings{dns: time.Millisecond, connect: 2 * time.Millisecond, firstByte: 3 * time.Millisecond, reused: position%2 == 0}
	l.request = &http.Request{Host: "pos.test", ContentLength: 12, Header: http.Header{headerID: {l.eventID}, "X-Other": {"a", "b"}}}
	if position%5 == 0 {
		l.err = context.DeadlineExceeded
		return l
	}
	l.status, l.header, l.body = 200, http.Header{"Date": {fmt.Sprint(second / 10)}, "Server": {"till"}}, []byte("ok\xff\x00")
	if position%7 == 0 {
		l.status = 500
	}
	return l
}

func TestBlockHoldsAttemptsAsTheyWere(t *testing.T) {
	sub := &Subscription{ID: 1, Version: Envelope, CallbackURL: "https://pos.test/hook", Owner: 7}
	var code blockCode
	for range 2 { // the second block begins anew
		var want []kept
		for i := range 50 {
			l := someAttempt(sub, i, 1000+i)
			k := l.asKept()
			want = append(want, k)
			code.add(&k)
		}
		body := code.close()
		got, err := decodeBlock(body)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v: %+v\nwant %+v", err, got, want)
		}
		for cut := range body {
			if got, err := decodeBlock(body[:cut]); err == nil {
				t.Fatalf("%d of %d bytes are read as %d attempts", cut, len(body), len(got))
			}
		}
	}
}

func FuzzDecodeBlock(f *testing.F) {
	sub := &Subscription{ID: 1, Version: Flat, CallbackURL: "https://pos.test/hook"}
	var code blockCode
	for n := range 4 {
		for i := range n * 3 {
			l := someAttempt(sub, i, i)
			k := l.asKept()
			code.add(&k)
		}
		f.Add(code.close())
	}
	f.Add([]byte{blockForm})
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := decodeBlock(body)
		if err != nil {
			return
		}
		var again blockCode
		for i := range all {
			again.add(&all[i])
		}
		if _, err := decodeBlock(again.close()); err != nil && len(again.raw) <= maxRaw {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
	})
}

// naive is what a walk must come to, from the attempts themselves.
func naive(all []logged, keep func(l *logged) bool) (out []string) {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(x, y logged) int { return cmp.Or(y.at.Compare(x.at), cmp.Compare(y.position, x.position)) })
	for _, l := range sorted {
		if keep(&l) {
			out = append(out, l.eventID)
		}
	}
	return out
}

func walked(t *testing.T, d *db.DB, sub, limit, skip int, set func(*walk)) (out []string, last attemptID) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		out = nil
		k := newWalk(tx, sub)
		set(k)
		if err := k.skip(skip); err != nil {
			return err
		}
		for len(out) < limit {
			f, err := k.next()
			if err != nil || f == nil {
				return err
			}
			out, last = append(out, f.eventID), f.id
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, last
}

// Blocks overlap in time, because an attempt is logged when it ends and ordered by when it began.
func TestWalkIsTheOrderOfTheAttempts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		sub, other := &Subscription{ID: 1, Brand: 1}, &Subscription{ID: 2, Brand: 1}
		a := newAttemptLog(d, DefaultLogBytes)
		seed := rand.Uint64()
		t.Log("seed", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		var all []logged
		position := 0
		for block := range 40 {
			for range 1 + random.IntN(6) {
				position++
				l := someAttempt(sub, block*10+random.IntN(25), position)
				if block%4 == 3 {
					l.kind = kindReplay
				}
				all = append(all, l)
				a.add(l)
				a.add(someAttempt(other, block*10, 100000+position))
			}
			a.drain(t.Context())
		}
		everything := func(*walk) {}
		want := naive(all, func(*logged) bool { return true })
		if got, _ := walked(t, d, 1, 10000, 0, everything); !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
		for skip := 0; skip < len(want)+3; skip += 5 {
			got, _ := walked(t, d, 1, 7, skip, everything)
			if end := want[min(skip, len(want)):min(skip+7, len(want))]; !slices.Equal(got, end) {
				t.Fatalf("behind %d: %v, want %v", skip, got, end)
			}
		}
		var paged []string
		before := attemptID{at: 1 << 62}
		for {
			page, last := walked(t, d, 1, 9, 0, func(k *walk) { k.before = before })
			if len(page) == 0 {
				break
			}
			paged = append(paged, page...)
			parsed, err := parseAttemptID("before", last.String())
			if err != nil || parsed != last {
				t.Fatalf("%v is read back as %v: %v", last, parsed, err)
			}
			before = parsed
		}
		if !slices.Equal(paged, want) {
			t.Fatalf("by pages %v\nwant %v", paged, want)
		}
		base := all[0].at
		for range 30 {
			from := base.Add(time.Duration(random.IntN(400)-20) * time.Second)
			to := from.Add(time.Duration(random.IntN(200)) * time.Second)
			within := naive(all, func(l *logged) bool { return !l.at.Before(from) && !l.at.After(to) })
			skip := random.IntN(4)
			got, _ := walked(t, d, 1, 10000, skip, func(k *walk) { k.from, k.to = clock.Micros(from), clock.Micros(to) })
			if !slices.Equal(got, within[min(skip, len(within)):]) {
				t.Fatalf("from %v to %v: %v, want %v", from, to, got, within)
			}
			total := 0
			err := d.Read(t.Context(), func(tx *db.Tx) (err error) {
				total, err = countAttempts(tx, 1, clock.Micros(from), clock.Micros(to))
				return err
			})
			if err != nil || total != len(within) {
				t.Fatalf("counted %d, want %d: %v", total, len(within), err)
			}
		}
		for name, c := range map[string]struct {
			set  func(*walk)
			keep func(*logged) bool
		}{
			"failed":   {func(k *walk) { k.failed = true }, func(l *logged) bool { return l.status != 200 }},
			"position": {func(k *walk) { k.position = 17 }, func(l *logged) bool { return l.position == 17 }},
			"event":    {func(k *walk) { k.eventID = "event-9" }, func(l *logged) bool { return l.position == 9 }},
			"kind":     {func(k *walk) { k.kind = kindReplay }, func(l *logged) bool { return l.kind == kindReplay }},
		} {
			if got, _ := walked(t, d, 1, 10000, 0, c.set); !slices.Equal(got, naive(all, c.keep)) {
				t.Errorf("%s: %v, want %v", name, got, naive(all, c.keep))
			}
		}
	})
}

func blockCount(t *testing.T, d *db.DB, sub int) (blocks int, bytes int64) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(`select count(*), cast(coalesce(sum(bytes), 0) as bigint) from webhook_attempt_blocks where subscription_id = $1`, sub).Scan(&blocks, &bytes)
	})
	if err != nil {
		t.Fatal(err)
	}
	return blocks, bytes
}

func TestAttemptLogIsBoundedByAgeAndBytes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		noise := func(l logged) logged {
			body := make([]byte, 8<<10)
			for i := range body {
				body[i] = byte(rand.Uint32())
			}
			l.body = body
			return l
		}
		const limit = 4 << 20
		a := newAttemptLog(d, limit)
		old := someAttempt(&Subscription{ID: 1}, 0, 1)
		old.at = clock.Now().Add(-logKept - time.Minute)
		a.add(old)
		a.drain(t.Context())
		a.add(someAttempt(&Subscription{ID: 1}, 0, 1))
		a.drain(t.Context())
		if n, err := a.trim(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d blocks were too old: %v", n, err)
		}
		greedy := &Subscription{ID: 2}
		for i := range 200 {
			a.add(noise(someAttempt(greedy, i, i)))
			a.drain(t.Context())
		}
		if _, err := a.trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		blocks, bytes := blockCount(t, d, 2)
		if bytes > limit/logShare || bytes < limit/logShare/2 {
			t.Errorf("one subscription keeps %d bytes in %d blocks, its share is %d", bytes, blocks, limit/logShare)
		}
		if newest, _ := walked(t, d, 2, 1, 0, func(*walk) {}); len(newest) != 1 || newest[0] != "event-199" {
			t.Errorf("the newest that is kept is %v", newest)
		}
		for sub := 3; sub < 15; sub++ {
			for i := range 55 {
				a.add(noise(someAttempt(&Subscription{ID: sub}, 1000+i, i)))
			}
			a.drain(t.Context())
		}
		select {
		case <-a.much:
		default:
			t.Error("much was written, and nothing asks for a look at the bounds")
		}
		if _, err := a.trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, all, err := a.sizes(t.Context())
		if err != nil || all > limit || all < limit/2 {
			t.Errorf("%d bytes are kept of %d: %v", all, limit, err)
		}
		if n, _ := blockCount(t, d, 1); n != 0 {
			t.Error("the oldest block is still there")
		}
	})
}

func TestAttemptIDsAreChecked(t *testing.T) {
	for _, text := range []string{"", "x", "!!", "AAAA", "AAAAAA", strings.Repeat("_", 80), attemptID{1, 2, 3, 4, 5}.String() + "A"} {
		if id, err := parseAttemptID("before", text); err == nil && id.String() != text {
			t.Errorf("%q is read as %v", text, id)
		}
	}
	for n := range int64(1000) { // one in 64 would begin with a dash, which a command line takes for a flag
		id := attemptID{last: 1_000_000 + n, at: n, position: n}
		if again, err := parseAttemptID("before", id.String()); err != nil || again != id || id.String()[0] == '-' {
			t.Fatalf("%v is %s, which is read as %v, %v", id, id, again, err)
		}
	}
}
