package idempotency_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func request(key, body string) idempotency.Request {
	return idempotency.Request{Brand: 1, Operation: "PlaceOrder", Key: key, Subject: "order/1001", Body: []byte(body)}
}

// call runs one repeatable call. It returns its answer and whether this call was the first.
func call(t testing.TB, d *db.DB, r idempotency.Request, answer string, late bool, fail error) (string, bool, error) {
	t.Helper()
	c, err := idempotency.Prepare(r)
	if err != nil {
		return "", false, err
	}
	if !late {
		if err := c.Seal([]byte(answer)); err != nil {
			t.Fatal(err)
		}
	}
	var stored []byte
	err = d.Write(context.Background(), func(tx *db.Tx) error {
		if stored, err = c.Take(tx); err != nil || stored != nil {
			return err
		}
		if fail != nil {
			return fail
		}
		if late {
			return c.Settle(tx, []byte(answer))
		}
		return nil
	})
	if stored != nil {
		return string(stored), false, err
	}
	return answer, true, err
}

const key = "5e0c5b54-7a7e-4bd6"

func TestRepeatGetsTheStoredAnswerByteForByte(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, late := range []bool{false, true} {
			for _, answer := range []string{"{\"Data\":1}\n", ""} {
				r := request(fmt.Sprintf("%s-%v-%d", key, late, len(answer)), "body")
				if _, first, err := call(t, d, r, answer, late, nil); err != nil || !first {
					t.Fatal(first, err)
				}
				got, first, err := call(t, d, r, "another", late, nil)
				if err != nil || first || got != answer {
					t.Errorf("late %v: got %q, first %v, %v; want %q", late, got, first, err, answer)
				}
			}
		}
	})
}

func TestAnotherBodyIsUnprocessable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if _, _, err := call(t, d, request(key, "body"), "a", false, nil); err != nil {
			t.Fatal(err)
		}
		_, _, err := call(t, d, request(key, "other"), "a", false, nil)
		if fault.KindOf(err) != fault.Unprocessable {
			t.Error(err)
		}
	})
}

func TestScopeIsBrandPrincipalOperationAndKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		base := request(key, "body")
		brand, principal, operation := base, base, base
		brand.Brand = 2
		principal.Principal = "app/1"
		operation.Operation = "PlaceOrderX"
		for _, r := range []idempotency.Request{base, brand, principal, operation, request(key+"x", "body")} {
			if _, first, err := call(t, d, r, "a", false, nil); err != nil || !first {
				t.Errorf("%+v: first %v, %v", r, first, err)
			}
		}
	})
}

func TestFailureStoresNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		boom := errors.New("boom")
		if _, _, err := call(t, d, request(key, "body"), "a", false, boom); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		c, err := idempotency.Prepare(request(key, "body"))
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := c.Find(context.Background(), d); answer != nil || err != nil {
			t.Errorf("found %q, %v", answer, err)
		}
		if got, first, err := call(t, d, request(key, "body"), "b", false, nil); !first || got != "b" || err != nil {
			t.Error(got, first, err)
		}
		if answer, err := c.Find(context.Background(), d); string(answer) != "b" || err != nil {
			t.Errorf("found %q, %v", answer, err)
		}
	})
}

func TestTwinsHaveOneWinnerAndOneAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const twins = 64
		answers := make([]string, twins)
		var firsts sync.Map
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range twins {
			wg.Go(func() {
				<-start
				got, first, err := call(t, d, request(key, "body"), fmt.Sprint("answer ", i), i%2 == 0, nil)
				if err != nil {
					t.Error(err)
				}
				if first {
					firsts.Store(i, true)
				}
				answers[i] = got
			})
		}
		close(start)
		wg.Wait()
		winners := 0
		firsts.Range(func(any, any) bool { winners++; return true })
		if winners != 1 {
			t.Errorf("%d winners", winners)
		}
		for _, a := range answers {
			if a != answers[0] {
				t.Fatalf("answers differ: %q and %q", a, answers[0])
			}
		}
	})
}

func TestDatabaseHoldsNeitherKeyNorAnswerReadably(t *testing.T) {
	d := dbtest.SQLite(t)
	if _, _, err := call(t, d, request(key, "body"), "tracking-token", false, nil); err != nil {
		t.Fatal(err)
	}
	err := d.Read(context.Background(), func(tx *db.Tx) error {
		var id, body string
		var answer []byte
		if err := tx.QueryRow(`select id, body_hash, answer from idempotency_keys`).Scan(&id, &body, &answer); err != nil {
			return err
		}
		row := []byte(id + body + string(answer))
		if bytes.Contains(row, []byte(key)) || bytes.Contains(row, []byte("tracking-token")) || bytes.Contains(row, []byte("body")) {
			t.Errorf("readable: %q", row)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBadKeysAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		key, principal string
		ok             bool
	}{
		{"", "", false},
		{"short", "", false},
		{"short", "app/1", true},
		{strings.Repeat("x", 15), "", false},
		{strings.Repeat("x", 16), "", true},
		{strings.Repeat("x", 255), "", true},
		{strings.Repeat("x", 256), "", false},
		{"with blank inside it", "", false},
		{"with\x00control-characters", "", false},
		{"ungültiger-schlüssel", "", false},
	} {
		r := request(c.key, "")
		r.Principal = c.principal
		_, err := idempotency.Prepare(r)
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.key, err)
		}
		if f := (*fault.Error)(nil); err != nil && (!errors.As(err, &f) || f.Fields[0].Name != "Idempotency-Key") {
			t.Errorf("%q: the fault does not name the header: %v", c.key, err)
		}
	}
}

func TestSweepDeletesWhatIsTooOld(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		for i := range 3 {
			if _, _, err := call(t, d, request(fmt.Sprint(key, i), "body"), "a", false, nil); err != nil {
				t.Fatal(err)
			}
		}
		kept := request(key, "body")
		kept.Forever = true
		if _, _, err := call(t, d, kept, "for good", false, nil); err != nil {
			t.Fatal(err)
		}
		age := idempotency.Keep.Microseconds() + 1
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update idempotency_keys set created_at = created_at - $1 where forever or id <> (select max(id) from idempotency_keys where not forever)`, age)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{2, 0} {
			if n, err := idempotency.Sweep(ctx, d); n != want || err != nil {
				t.Errorf("swept %d, %v; want %d", n, err, want)
			}
		}
		if answer, first, err := call(t, d, kept, "another", false, nil); answer != "for good" || first || err != nil {
			t.Errorf("what is kept for ever is answered %q, as the first: %v, %v", answer, first, err)
		}
	})
}

func TestWorkerSweepsAtItsStartAndStopsWithItsContext(t *testing.T) {
	d := dbtest.SQLite(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for i := range 3 {
		if _, _, err := call(t, d, request(fmt.Sprint(key, i), "body"), "a", false, nil); err != nil {
			t.Fatal(err)
		}
	}
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`update idempotency_keys set created_at = 1`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- idempotency.Run(ctx, d) }()
	for left := 3; left > 0; {
		err := d.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`select count(*) from idempotency_keys`).Scan(&left)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
