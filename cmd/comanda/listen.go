package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"comanda/event"
	"comanda/internal/client"
	"comanda/internal/clock"
)

type listenCommand struct {
	connection
	start
	ForwardTo     string `help:"Where each event is posted to, such as localhost:3000/webhooks." required:"" placeholder:"URL"`
	Version       string `help:"What is posted: the event in its envelope (2) or flat (1), as a subscription of that version gets it." enum:"1,2" default:"2" env:"-"`
	SigningSecret string `help:"Secret that signs, whsec_…; default: one that is made once for you on this machine." placeholder:"SECRET"`
	VerifyToken   string `help:"What the header X-Verify-Token carries." placeholder:"TOKEN"`
}

const (
	answerTimeout = 30 * time.Second
	againMin      = 250 * time.Millisecond // until a program that is not there is tried again
	againMax      = 4 * time.Second
)

// Run forwards events until it is interrupted. Each is posted until somebody answers, then comes the next one.
func (c *listenCommand) Run(ctx context.Context) error {
	after, filter, err := c.begin()
	if err != nil {
		return err
	}
	to, err := localURL(c.ForwardTo)
	if err != nil {
		return err
	}
	if c.SigningSecret == "" {
		if c.SigningSecret, err = listenSecret(); err != nil {
			return err
		}
	}
	key, err := standardwebhooks.NewWebhook(c.SigningSecret)
	if err != nil {
		return &usageError{fmt.Errorf("--signing-secret: it is no secret such as whsec_ with base64 after it")}
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	defer api.Close()
	f := &forwarder{listenCommand: c, to: to, key: key, http: &http.Client{
		Timeout:       answerTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	fmt.Fprintf(os.Stderr, "Events of %s go to %s. Their signing secret is %s\nPress Ctrl-C to stop.\n", c.App, to, c.SigningSecret)
	last := ""
	err = api.Stream(ctx, c.App, after, filter, paused, func(e client.Event) error {
		if err := f.forward(ctx, e); err != nil {
			return err
		}
		last = e.Cursor
		return nil
	})
	if last != "" {
		fmt.Fprintf(os.Stderr, "To go on after the last event, add --after %s\n", last)
	}
	return err
}

// localURL reads an address that people write without its scheme.
func localURL(text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", &usageError{fmt.Errorf("--forward-to: %q is no address such as localhost:3000/webhooks", text)}
	}
	return u.String(), nil
}

// listenSecret is the signing secret of this user on this machine, made at the first time, so that it can be put into the
// receiving program's settings once.
func listenSecret() (string, error) {
	file, err := ownFile("listen-secret")
	if err != nil {
		return "", fmt.Errorf("%w; give a --signing-secret", err)
	}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		made := make([]byte, 24)
		_, _ = rand.Read(made) // never fails since Go 1.24
		raw = []byte("whsec_" + base64.StdEncoding.EncodeToString(made) + "\n")
		err = writeOwn(file, raw)
	}
	return strings.TrimSpace(string(raw)), err
}

// forwarder posts events to a program on this machine.
type forwarder struct {
	*listenCommand
	to   string
	key  *standardwebhooks.Webhook
	http *http.Client
}

// forwarded is what is printed of an event that was posted.
type forwarded struct {
	Cursor     string
	EventName  string
	EventId    string
	Position   int64
	StatusCode int
	Duration   float64 // milliseconds
}

// forward posts an event until it is answered. An answer other than 2xx is shown and not asked for again.
func (f *forwarder) forward(ctx context.Context, e client.Event) error {
	var flat struct {
		Position                               int64
		EventName, FlipdishEventId, CreateTime string
	}
	if err := json.Unmarshal(e.Body, &flat); err != nil {
		return fmt.Errorf("the server sent no event: %w", err)
	}
	body := []byte(e.Body)
	if f.Version == "2" {
		body = event.Wrap(flat.EventName, flat.CreateTime, body)
	}
	done := forwarded{Cursor: e.Cursor, EventName: flat.EventName, EventId: flat.FlipdishEventId, Position: flat.Position}
	for try, wait := 1, againMin; ; try, wait = try+1, min(2*wait, againMax) {
		began := clock.Mono()
		status, err := f.post(ctx, flat.FlipdishEventId, flat.Position, try, body)
		if err == nil {
			done.StatusCode, done.Duration = status, float64(clock.Mono().Sub(began))/float64(time.Millisecond)
			return f.tell(done)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if try == 1 {
			fmt.Fprintf(os.Stderr, "comanda: %s waits: %v; trying until somebody answers\n", flat.EventName, unwrapped(err))
		}
		if err := clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// unwrapped is an error of a request without the method and the address, which stand beside it.
func unwrapped(err error) error {
	var other *url.Error
	if errors.As(err, &other) {
		return other.Err
	}
	return err
}

// post sends one request, built and signed like a webhook, and returns the status of the answer.
func (f *forwarder) post(ctx context.Context, id string, position int64, try int, body []byte) (int, error) {
	now := clock.Now()
	signature, err := f.key.Sign(id, now, body)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.to, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "Comanda-Webhooks/" + version(), "X-Verify-Token": f.VerifyToken,
		"Webhook-Id": id, "Webhook-Timestamp": strconv.FormatInt(now.Unix(), 10), "Webhook-Signature": signature,
		"X-Comanda-Position": strconv.FormatInt(position, 10), "X-Comanda-Attempt": strconv.Itoa(try),
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	answer, err := f.http.Do(r)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20)) // so that the connection can be used again
	return answer.StatusCode, answer.Body.Close()
}

func (f *forwarder) tell(done forwarded) error {
	if f.JSON {
		return json.NewEncoder(os.Stdout).Encode(done)
	}
	_, err := fmt.Printf("%s  %6d  %-24s  %d after %.1f ms\n", clock.Now().Local().Format("15:04:05"), done.Position, done.EventName, done.StatusCode, done.Duration)
	return err
}
