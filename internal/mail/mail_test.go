package mail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/mail"
	"comanda/internal/seal"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// post is a Sender that fails as told.
type post struct {
	mu   sync.Mutex
	sent []string
	fail func(m mail.Message) error
}

func (p *post) Send(_ context.Context, m mail.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		if err := p.fail(m); err != nil {
			return err
		}
	}
	p.sent = append(p.sent, m.To+" "+m.Subject)
	return nil
}

func outbox(t *testing.T, d *db.DB, key []byte, s mail.Sender) *mail.Outbox {
	t.Helper()
	o, err := mail.NewOutbox(d, key, s)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func put(t *testing.T, d *db.DB, o *mail.Outbox, messages ...mail.Message) {
	t.Helper()
	for _, m := range messages {
		if err := d.Write(context.Background(), func(tx *db.Tx) error { return o.Put(tx, m) }); err != nil {
			t.Fatal(err)
		}
	}
}

func drain(t *testing.T, o *mail.Outbox) {
	t.Helper()
	for {
		n, err := o.RunOnce(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func left(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	err := d.Read(context.Background(), func(tx *db.Tx) error { return tx.QueryRow(`select count(*) from mail_outbox`).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAMessageGoesOutExactlyWhenItsTransactionCommits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := &post{}
		o := outbox(t, d, seal.NewKey(), p)
		refused := errors.New("refused")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if err := o.Put(tx, mail.Message{To: "never@example.com", Subject: "x"}); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Fatal(err)
		}
		put(t, d, o, mail.Message{To: "ada@example.com", Subject: "one"}, mail.Message{Subject: "to nobody"}, mail.Message{To: "bob@example.com", Subject: "two"})
		drain(t, o)
		slices.Sort(p.sent)
		if fmt.Sprint(p.sent) != "[ada@example.com one bob@example.com two]" || left(t, d) != 0 {
			t.Fatalf("%q, %d left", p.sent, left(t, d))
		}
	})
}

func TestMessagesAreSealedAtRest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := outbox(t, d, seal.NewKey(), nil)
		put(t, d, o, mail.Message{To: "ada@example.com", Subject: "Your PIN", Text: "123456"})
		var raw []byte
		err := d.Read(t.Context(), func(tx *db.Tx) error { return tx.QueryRow(`select sealed from mail_outbox`).Scan(&raw) })
		if err != nil || bytes.Contains(raw, []byte("ada")) || bytes.Contains(raw, []byte("123456")) || bytes.Contains(raw, []byte("PIN")) {
			t.Fatalf("%q %v", raw, err)
		}
	})
}

func TestTwoNodesSendEachMessageOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		key, p := seal.NewKey(), &post{}
		nodes := []*mail.Outbox{outbox(t, d, key, p), outbox(t, d, key, p), outbox(t, d, key, p)}
		for i := range 40 {
			put(t, d, nodes[0], mail.Message{To: "ada@example.com", Subject: fmt.Sprint(i)})
		}
		var wg sync.WaitGroup
		for _, o := range nodes {
			wg.Go(func() {
				for left(t, d) > 0 {
					if _, err := o.RunOnce(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if len(p.sent) != 40 {
			t.Fatalf("%d messages sent", len(p.sent))
		}
	})
}

func TestWhatFailsIsTriedAgainAndWhatIsRefusedIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		began, tries := time.Now(), map[string][]time.Duration{}
		p := &post{fail: func(m mail.Message) error {
			tries[m.Subject] = append(tries[m.Subject], time.Since(began).Round(time.Second))
			switch {
			case m.Subject == "refused":
				return fmt.Errorf("%w: no such mailbox", mail.ErrRefused)
			case m.Subject == "later" && len(tries["later"]) < 4 || m.Subject == "never":
				return errors.New("try later")
			}
			return nil
		}}
		o := outbox(t, d, seal.NewKey(), p)
		put(t, d, o, mail.Message{To: "a@example.com", Subject: "refused"}, mail.Message{To: "a@example.com", Subject: "later"},
			mail.Message{To: "a@example.com", Subject: "never", Good: 10 * time.Minute}, mail.Message{To: "a@example.com", Subject: "now"})
		for time.Since(began) < time.Hour {
			drain(t, o)
			time.Sleep(5 * time.Second)
		}
		if fmt.Sprint(tries["refused"]) != "[0s]" || fmt.Sprint(tries["later"]) != "[0s 10s 40s 2m40s]" || fmt.Sprint(tries["never"]) != "[0s 10s 40s 2m40s]" || fmt.Sprint(tries["now"]) != "[0s]" {
			t.Fatal(tries)
		}
		if sent, failed := o.Stats(); sent != 2 || failed != 2 || left(t, d) != 0 {
			t.Fatal(sent, failed, left(t, d))
		}
	})
}

func TestRunWakesForANewMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		p := &post{}
		o := outbox(t, d, seal.NewKey(), p)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- o.Run(ctx) }()
		time.Sleep(time.Second)
		put(t, d, o, mail.Message{To: "ada@example.com", Subject: "hello"})
		time.Sleep(time.Millisecond)
		p.mu.Lock()
		n := len(p.sent)
		p.mu.Unlock()
		stop()
		if err := <-done; err != nil || n != 1 {
			t.Fatal(n, err)
		}
	})
}

func TestWhatIsAboutSomebodyIsWithdrawn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := &post{}
		o := outbox(t, d, seal.NewKey(), p)
		put(t, d, o, mail.Message{To: "ada@example.com", Subject: "one", About: "customer/7"}, mail.Message{To: "ada@example.com", Subject: "two", About: "customer/77"},
			mail.Message{To: "ada@example.com", Subject: "three"}, mail.Message{Phone: "+353871234567", Text: "four", About: "customer/7"})
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return o.Withdraw(tx, "customer/7") }); err != nil {
			t.Fatal(err)
		}
		drain(t, o)
		if fmt.Sprint(p.sent) != "[ada@example.com two ada@example.com three]" {
			t.Fatalf("%q", p.sent)
		}
	})
}

func TestRaceAnAllowanceIsSpentToTheLastMessage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := outbox(t, d, seal.NewKey(), nil)
		spent := func(what string) (ok bool) {
			err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
				ok, err = o.Spend(tx, what, mail.Allowance{Most: 10, Per: 1000 * time.Hour})
				return err
			})
			if err != nil {
				t.Error(err)
			}
			return ok
		}
		var n atomic.Int64
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				if spent("+353871234567") {
					n.Add(1)
				}
			})
		}
		wg.Wait()
		if n.Load() != 10 || spent("+353871234567") || !spent("+353871234568") {
			t.Errorf("%d of 10 were spent", n.Load())
		}
		if k, err := o.Sweep(t.Context()); k != 0 || err != nil {
			t.Error(k, err)
		}
	})
}

// A period ends at a multiple of its length, and the next one has all of the allowance.
func TestAnAllowanceComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		o := outbox(t, d, seal.NewKey(), nil)
		time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour)))
		var got []bool
		for _, after := range []time.Duration{0, 59 * time.Minute, 59 * time.Second, time.Second} {
			time.Sleep(after)
			if err := d.Write(t.Context(), func(tx *db.Tx) error {
				ok, err := o.Spend(tx, "x", mail.Allowance{Most: 2, Per: time.Hour})
				got = append(got, ok)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := o.Sweep(t.Context()); fmt.Sprint(got) != "[true true false true]" || n != 1 || err != nil {
			t.Error(got, n, err)
		}
	})
}

func TestAMailboxKeepsTheLastHundred(t *testing.T) {
	b := &mail.Mailbox{}
	for i := range 150 {
		_ = b.Send(t.Context(), mail.Message{To: "ada@example.com", Subject: fmt.Sprint(i)})
	}
	got := b.Messages()
	if len(got) != 100 || got[0].Subject != "149" || got[0].Number != 150 || got[99].Subject != "50" {
		t.Fatalf("%d messages, first %+v", len(got), got[0])
	}
}
