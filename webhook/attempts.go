package webhook

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// Attempt is a delivery attempt as people look at it.
type Attempt struct {
	ID          string // names it; newer ones of a subscription follow by Before
	Kind        string // live, replay or test
	At          time.Time
	Position    int64
	Number      int // 1 = first
	EventID     string
	EventName   string
	EventAt     time.Time // the event was made
	Version     string
	CallbackURL string
	Status      int    // 0 = no answer
	Reason      string // why there was no answer
	Received    bool
	Duration    time.Duration
	DNS         time.Duration // the parts that a connection used again does not need are 0
	Connect     time.Duration
	TLS         time.Duration
	FirstByte   time.Duration
	Reused      bool // the connection was there already
}

// Answer is what came back in a word: the status, or why there was none.
func (a *Attempt) Answer() string {
	if a.Status != 0 {
		return strconv.Itoa(a.Status)
	}
	if word, known := inAWord[a.Reason]; known {
		return word
	}
	return "no answer"
}

// AttemptDetail is an attempt with what was sent and what came back.
type AttemptDetail struct {
	Attempt
	Request      []Header
	RequestBody  string // empty when the log no longer has the event
	Response     []Header
	ResponseBody string // what is kept of it, as text
	Curl         string // repeats the request in a shell
}

// Header is one line of a header.
type Header struct{ Name, Value string }

// AttemptFilter narrows Attempts; its zero fields match everything.
type AttemptFilter struct {
	Before   string // the ID of the last one that was read
	Limit    int
	Failed   bool // only those that were not received
	Position int64
	EventID  string
	Kind     string
}

// Attempts lists delivery attempts of a subscription, the newest first.
func (w *Webhooks) Attempts(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, f AttemptFilter) ([]Attempt, error) {
	b, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return nil, err
	}
	var before *attemptID
	if f.Before != "" {
		at, err := parseAttemptID("before", f.Before)
		if err != nil {
			return nil, err
		}
		before = &at
	}
	var out []Attempt
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		out = []Attempt{}
		k := newWalk(tx, s.ID)
		k.failed, k.position, k.eventID, k.kind = f.Failed, f.Position, f.EventID, f.Kind
		if before != nil {
			k.before = *before
		}
		if f.EventID != "" && f.Position == 0 { // its position leads to its blocks
			e, err := event.ByID(tx, b.ID, f.EventID)
			switch {
			case err == nil:
				k.position = e.Position
			case fault.KindOf(err) != fault.NotFound:
				return err
			}
		}
		for len(out) < f.Limit {
			a, err := k.next()
			if err != nil || a == nil {
				return err
			}
			out = append(out, a.attempt())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("webhook: attempts: %w", err)
	}
	return out, nil
}

// Subjects tells what the events at positions are about, such as order/4817; those that the log no longer has are left out.
func (w *Webhooks) Subjects(ctx context.Context, c *account.Caller, appID string, positions []int64) (out map[int64]string, err error) {
	b, err := w.accounts.Open(ctx, c, appID, account.Develop)
	if err != nil {
		return nil, err
	}
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		out = map[int64]string{}
		for _, p := range positions {
			if _, known := out[p]; known || p == 0 {
				continue
			}
			var subject string
			err := tx.QueryRow(sqlSubject, b.ID, p).Scan(&subject)
			if err == nil {
				out[p] = subject
			} else if !errors.Is(err, db.ErrNoRows) {
				return fmt.Errorf("webhook: subjects: %w", err)
			}
		}
		return nil
	})
	return out, err
}

// Attempt shows one delivery attempt whole.
func (w *Webhooks) Attempt(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, attempt string) (*AttemptDetail, error) {
	b, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return nil, err
	}
	at, err := parseAttemptID("attemptId", attempt)
	if err != nil {
		return nil, err
	}
	var out *AttemptDetail
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		f, err := attemptAt(tx, s.ID, at)
		if err != nil {
			return err
		}
		body, err := sentBody(tx, b.ID, &f.kept)
		out = f.detail(body)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("webhook: attempt: %w", err)
	}
	return out, nil
}

// attemptAt finds an attempt by its id.
func attemptAt(tx *db.Tx, sub int, at attemptID) (*found, error) {
	k := newWalk(tx, sub)
	k.from, k.to, k.position = at.at, at.at, at.position
	for {
		f, err := k.next()
		if err != nil {
			return nil, err
		}
		if f == nil {
			return nil, fault.New(fault.NotFound, "This subscription has no such delivery attempt.").
				With("Attempts are kept for 28 days, and fewer where the log is full; list those that are there.")
		}
		if f.id == at {
			return f, nil
		}
	}
}

func (f *found) attempt() Attempt {
	return Attempt{
		ID: f.id.String(), Kind: f.kind, At: f.at, Position: f.position, Number: f.number, EventID: f.eventID, EventName: f.name,
		EventAt: f.created, Version: f.version, CallbackURL: f.url, Status: f.status, Reason: f.reason, Received: f.received(),
		Duration: f.duration, DNS: f.timings.dns, Connect: f.timings.connect, TLS: f.timings.tls, FirstByte: f.timings.firstByte,
		Reused: f.timings.reused,
	}
}

// hidden stands where the verify token was sent.
const hidden = "(hidden)"

func (f *found) detail(body string) *AttemptDetail {
	out := &AttemptDetail{
		Attempt: f.attempt(), Request: headers(f.request), RequestBody: body, Response: headers(f.response),
		ResponseBody: clean(f.kept.body),
	}
	for i, h := range out.Request {
		if h.Name == headerToken {
			out.Request[i].Value = hidden
		}
	}
	out.Curl = curl(f.url, out.Request, body)
	return out
}

// headers reads header lines.
func headers(text string) []Header {
	out := []Header{}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			out = append(out, Header{name, value})
		}
	}
	return out
}

// curl is the command that repeats a request. The verify token, which is not shown, comes from the shell's variable
// VERIFY_TOKEN. Without a body (the log no longer has the event) there is nothing to repeat.
func curl(url string, header []Header, body string) string {
	if body == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString("curl --globoff -X POST " + quoted(url))
	for _, h := range header {
		switch h.Name {
		case "Host", "Content-Length":
		case headerToken:
			b.WriteString(` -H "` + h.Name + `: $VERIFY_TOKEN"`)
		default:
			b.WriteString(" -H " + quoted(h.Name+": "+h.Value))
		}
	}
	b.WriteString(" --data-binary " + quoted(body))
	return b.String()
}

// quoted is a text as one word of a POSIX shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
