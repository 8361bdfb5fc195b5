// Package mail sends messages to people: a message is put into the outbox in the transaction of what causes it, so that
// there is one exactly when that happened, and a worker sends it. It owns the tables mail_outbox, in which messages are
// sealed, and mail_counts, which bounds how many somebody else can cause. Business packages put messages in, package app runs the worker: mails go by mail/smtp and text messages by
// package sms, and both into the [Mailbox] where an installation has no mail server or no gateway.
//
//	Outbox.Put(tx) ─→ mail_outbox ─(Outbox.Run)→ Sender ─→ sent, and deleted
//	                       ├─(refused for good, or older than it is good for)→ dropped, with a line in the log
//	                       └─(Outbox.Withdraw: whom it is about is erased)→ dropped
//
// A message may be sent twice, when a node dies between sending and deleting; it is never lost while it is good.
package mail

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/seal"
	"comanda/internal/worker"
)

// Message is one message as plain text.
type Message struct {
	To      string // one address; empty, with Phone, = to nobody: it is stored like any other, then dropped
	Phone   string // instead of To, in E.164: it is a text message, without a subject
	Subject string // one line
	Text    string
	Good    time.Duration // how long it is worth sending; 0 = a day
	About   string        `json:"-"` // whom it is about, for Withdraw; may be empty
}

// Sender hands a message to the world. An error that wraps ErrRefused is final, every other one is tried again.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Channels sends each message the way that it goes.
type Channels struct{ Mail, SMS Sender }

// Send implements Sender.
func (c Channels) Send(ctx context.Context, m Message) error {
	if m.Phone != "" {
		return c.SMS.Send(ctx, m)
	}
	return c.Mail.Send(ctx, m)
}

// ErrRefused says that a message will never be taken: the recipient does not exist, for example.
var ErrRefused = errors.New("mail: refused")

const (
	goodFor   = 24 * time.Hour
	leaseTime = 2 * time.Minute // longer than a Send takes: until then no other node tries the message
	sendTime  = time.Minute
	pollEvery = 5 * time.Second // how soon a message that another node put in is seen here
	chunk     = 20
)

// delays are between the tries; the last one repeats.
var delays = []time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute}

// Outbox holds the messages that are still to be sent. It is safe for parallel use.
type Outbox struct {
	db     *db.DB
	box    *seal.Box
	key    []byte // of the digests in mail_counts
	sender Sender
	wake   chan struct{}
	sent   atomic.Int64
	failed atomic.Int64
}

// NewOutbox makes the outbox of a node. A nil sender is for a node that sends nothing.
func NewOutbox(d *db.DB, masterKey []byte, sender Sender) (*Outbox, error) {
	box, err := seal.New(masterKey, "mail outbox")
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	key, err := hkdf.Key(sha256.New, masterKey, nil, "mail counts", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return &Outbox{db: d, box: box, key: key, sender: sender, wake: make(chan struct{}, 1)}, nil
}

// Put stores a message that is sent once tx has committed.
func (o *Outbox) Put(tx *db.Tx, m Message) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if m.Good == 0 {
		m.Good = goodFor
	}
	id, now := rand.Text(), clock.Now()
	if _, err := tx.Exec(sqlPut, id, o.box.Seal(raw, id), clock.Micros(now), clock.Micros(now.Add(m.Good)), m.About); err != nil {
		return fmt.Errorf("mail: put: %w", err)
	}
	tx.AfterCommit(func() {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	})
	return nil
}

// Withdraw drops the messages that are about somebody, but for one that is being sent at this moment.
func (o *Outbox) Withdraw(tx *db.Tx, about string) error {
	_, err := tx.Exec(sqlWithdraw, about)
	return err
}

// Run sends what is in the outbox until ctx ends.
func (o *Outbox) Run(ctx context.Context) error {
	return worker.Run(ctx, "sending mail", pollEvery, o.wake, o.RunOnce)
}

// waiting is a message of the outbox that is due.
type waiting struct {
	id       string
	sealed   []byte
	attempts int
	due      int64
	expires  int64
}

// RunOnce tries some messages that are due and returns how many it took on.
func (o *Outbox) RunOnce(ctx context.Context) (n int, err error) {
	if o.sender == nil {
		return 0, nil
	}
	var due []waiting
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		due = nil
		rows, err := tx.Query(sqlDue, clock.Micros(clock.Now()), chunk)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var w waiting
			if err := rows.Scan(&w.id, &w.sealed, &w.attempts, &w.due, &w.expires); err != nil {
				return err
			}
			due = append(due, w)
		}
		return rows.Err()
	})
	if err != nil {
		return 0, err
	}
	for _, w := range due {
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		took, err := o.try(ctx, w)
		if err != nil {
			return n, err
		}
		if took {
			n++
		}
	}
	return n, nil
}

// try takes a message on, unless another node did, and sends it.
func (o *Outbox) try(ctx context.Context, w waiting) (bool, error) {
	now := clock.Now()
	next := now.Add(leaseTime)
	var n int64
	err := o.db.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(sqlTake, w.id, w.due, clock.Micros(next))
		return err
	})
	if err != nil || n == 0 {
		return false, err
	}
	failure := o.send(ctx, w)
	switch {
	case failure == nil:
		o.sent.Add(1)
	case errors.Is(failure, ErrRefused), clock.Micros(now) >= w.expires, w.expires <= clock.Micros(now.Add(o.delay(w))):
		o.failed.Add(1)
		slog.WarnContext(ctx, "a message was given up", "message", w.id, "attempts", w.attempts+1, "error", failure)
	case ctx.Err() != nil:
		return true, ctx.Err() // the lease brings it back
	default:
		slog.WarnContext(ctx, "a message could not be sent; it is tried again", "message", w.id, "attempts", w.attempts+1, "error", failure)
		return true, o.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(sqlPostpone, w.id, clock.Micros(clock.Now().Add(o.delay(w))))
			return err
		})
	}
	return true, o.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		_, err := tx.Exec(sqlDrop, w.id)
		return err
	})
}

func (o *Outbox) delay(w waiting) time.Duration { return delays[min(w.attempts, len(delays)-1)] }

func (o *Outbox) send(ctx context.Context, w waiting) error {
	if clock.Micros(clock.Now()) >= w.expires {
		return errors.New("mail: it is no longer good")
	}
	raw, err := o.box.Open(w.sealed, w.id)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	var m Message
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if m.To == "" && m.Phone == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	return o.sender.Send(ctx, m)
}

// Stats counts the messages of this node: sent, and given up.
func (o *Outbox) Stats() (sent, failed int64) { return o.sent.Load(), o.failed.Load() }
