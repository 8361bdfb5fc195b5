package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"comanda/internal/client"
)

type webhooksCommand struct {
	List    webhooksListCommand    `cmd:"" help:"List the OAuth app's subscriptions and how they do."`
	Events  webhooksEventsCommand  `cmd:"" help:"List the event names that can be subscribed to."`
	Create  webhooksCreateCommand  `cmd:"" help:"Subscribe a URL to events from now on."`
	Secret  webhooksSecretCommand  `cmd:"" help:"Reveal the secret that signs deliveries to a subscription."`
	Health  webhooksHealthCommand  `cmd:"" help:"Tell how deliveries to a subscription do."`
	Logs    webhooksLogsCommand    `cmd:"" help:"List delivery attempts, newest first."`
	Attempt webhooksAttemptCommand `cmd:"" help:"Show one attempt whole: request, answer, timings and a curl line that repeats it."`
	Test    webhooksTestCommand    `cmd:"" help:"Send a sample event to a subscription now and tell what it answers."`
	Resend  webhooksResendCommand  `cmd:"" help:"Send events to a subscription again."`
	Pause   webhooksPauseCommand   `cmd:"" help:"Stop sending to a subscription; nothing is dropped for 24 hours."`
	Resume  webhooksResumeCommand  `cmd:"" help:"Go on sending where a pause began."`
}

// subscription is what most commands are about.
type subscription struct {
	connection
	ID int `arg:"" help:"Id of the subscription, as list prints it."`
}

// open makes the client and the path of the subscription.
func (c *subscription) open(ctx context.Context) (*client.Client, string, error) {
	api, path, err := c.openHooks(ctx)
	return api, path + "/" + strconv.Itoa(c.ID), err
}

// openHooks makes the client and the path of the OAuth app's subscriptions.
func (c *connection) openHooks(ctx context.Context) (*client.Client, string, error) {
	api, err := c.open()
	if err != nil {
		return nil, "", err
	}
	path, err := c.hooks(ctx, api)
	if err != nil {
		api.Close()
	}
	return api, path, err
}

// health is what is printed of a subscription's health.
type health struct {
	State          string
	Since          time.Time
	LagEvents      int
	LagSeconds     int
	Pending, Held  int
	ExpiredEvents  int64
	LastAttemptAt  *time.Time
	LastStatus     int
	LastError      *string
	LastSuccessAt  *time.Time
	DisabledReason *string
	ReplayFrom     *int64
	ReplayTo       *int64
}

// now says a health in a few words.
func (h health) now() string {
	text := h.State
	if !h.Since.IsZero() {
		text += " since " + local(h.Since)
	}
	if h.DisabledReason != nil {
		text += ": " + *h.DisabledReason
	}
	return text
}

func (h health) last() string {
	switch {
	case h.LastStatus != 0:
		return strconv.Itoa(h.LastStatus)
	case h.LastError != nil:
		return *h.LastError
	}
	return "-"
}

func local(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

type webhooksListCommand struct{ connection }

// Run lists the subscriptions.
func (c *webhooksListCommand) Run(ctx context.Context) error {
	api, path, err := c.openHooks(ctx)
	if err != nil {
		return err
	}
	defer api.Close()
	var all []json.RawMessage
	rows := [][]any{{"ID", "VERSION", "STATE", "BEHIND", "LAST ANSWER", "URL"}}
	for page := 1; ; page++ {
		subs, err := client.Data[[]json.RawMessage](ctx, api, http.MethodGet, fmt.Sprintf("%s?page=%d&limit=100", path, page), nil)
		if err != nil {
			return err
		}
		for _, raw := range subs {
			var s struct {
				ID          int `json:"Id"`
				Version     string
				CallbackURL string `json:"CallbackUrl"`
			}
			if err := json.Unmarshal(raw, &s); err != nil {
				return err
			}
			h, err := client.Data[health](ctx, api, http.MethodGet, path+"/"+strconv.Itoa(s.ID)+"/health", nil)
			if err != nil {
				return err
			}
			rows = append(rows, []any{s.ID, s.Version, h.now(), h.LagEvents, h.last(), s.CallbackURL})
		}
		all = append(all, subs...)
		if len(subs) < 100 {
			break
		}
	}
	if c.JSON {
		return printJSON(all)
	}
	if len(all) == 0 {
		fmt.Println("This OAuth app has no webhook subscriptions.")
		return nil
	}
	return table(rows...)
}

type webhooksHealthCommand struct{ subscription }

// Run prints the health of a subscription.
func (c *webhooksHealthCommand) Run(ctx context.Context) error {
	api, path, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer api.Close()
	raw, err := client.Data[json.RawMessage](ctx, api, http.MethodGet, path+"/health", nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(raw)
	}
	var h health
	if err := json.Unmarshal(raw, &h); err != nil {
		return err
	}
	rows := [][]any{
		{"State", h.now()},
		{"Behind", fmt.Sprintf("%d events, %s", h.LagEvents, time.Duration(h.LagSeconds)*time.Second)},
		{"To be tried again", fmt.Sprintf("%d, of them %d behind another of their order", h.Pending, h.Held)},
		{"Given up in 30 days", h.ExpiredEvents},
		{"Last answer", h.last()},
	}
	if h.LastSuccessAt != nil {
		rows = append(rows, []any{"Last success", local(*h.LastSuccessAt)})
	}
	if h.ReplayFrom != nil {
		rows = append(rows, []any{"Not sent while disabled", fmt.Sprintf("from position %d on; comanda events replay --subscription %d --from %d", *h.ReplayFrom, c.ID, *h.ReplayFrom)})
	}
	return table(rows...)
}

// attempt is what is printed of a delivery attempt.
type attempt struct {
	ID         string `json:"AttemptId"`
	Kind       string
	Time       time.Time
	Position   int64
	Attempt    int
	EventName  string
	EventID    string `json:"EventId"`
	StatusCode *int
	Error      *string
	Duration   float64
}

func (a attempt) answer() string {
	switch {
	case a.StatusCode != nil:
		return strconv.Itoa(*a.StatusCode)
	case a.Error != nil:
		return *a.Error
	}
	return "-"
}

type webhooksLogsCommand struct {
	subscription
	Limit  int    `help:"Attempts to print, 100 at most." default:"20"`
	Failed bool   `help:"Only those that were not answered with 2xx."`
	Event  string `help:"Only those of the event with this id." placeholder:"ID"`
}

// Run lists attempts.
func (c *webhooksLogsCommand) Run(ctx context.Context) error {
	api, path, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer api.Close()
	query := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	if c.Failed {
		query.Set("failed", "true")
	}
	if c.Event != "" {
		query.Set("eventId", c.Event)
	}
	raw, err := client.Data[json.RawMessage](ctx, api, http.MethodGet, path+"/attempts?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(raw)
	}
	var all []attempt
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Println("No attempts.")
		return nil
	}
	rows := [][]any{{"TIME", "KIND", "EVENT", "POSITION", "TRY", "ANSWER", "TOOK", "ATTEMPT"}}
	for _, a := range all {
		rows = append(rows, []any{local(a.Time), a.Kind, a.EventName, a.Position, a.Attempt, a.answer(), fmt.Sprintf("%.1f ms", a.Duration), a.ID})
	}
	return table(rows...)
}

type webhooksAttemptCommand struct {
	subscription
	Attempt string `arg:"" help:"Id of the attempt, as logs prints it."`
}

// Run shows one attempt.
func (c *webhooksAttemptCommand) Run(ctx context.Context) error {
	api, path, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer api.Close()
	raw, err := client.Data[json.RawMessage](ctx, api, http.MethodGet, path+"/attempts/"+url.PathEscape(c.Attempt), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(raw)
	}
	type header struct{ Name, Value string }
	var a struct {
		attempt
		RequestHeaders, ResponseHeaders                            []header
		RequestBody, ResponseBody, Curl                            string
		DnsDuration, ConnectDuration, TlsDuration, TimeToFirstByte float64
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, try %d, %s at %s: %s\n", a.EventName, a.Attempt, a.Kind, local(a.Time), a.answer())
	fmt.Fprintf(&b, "name %.1f ms, connect %.1f ms, TLS %.1f ms, first byte %.1f ms, whole %.1f ms\n", a.DnsDuration, a.ConnectDuration, a.TlsDuration, a.TimeToFirstByte, a.Duration)
	part := func(title string, headers []header, body string) {
		fmt.Fprintf(&b, "\n%s\n", title)
		for _, h := range headers {
			fmt.Fprintf(&b, "  %s: %s\n", h.Name, h.Value)
		}
		if body != "" {
			fmt.Fprintf(&b, "\n%s\n", body)
		}
	}
	part("Request", a.RequestHeaders, a.RequestBody)
	part("Answer", a.ResponseHeaders, a.ResponseBody)
	if a.Curl != "" {
		fmt.Fprintf(&b, "\nAgain, by hand:\n%s\n", a.Curl)
	}
	fmt.Print(b.String())
	return nil
}

type webhooksTestCommand struct {
	subscription
	Event string `arg:"" optional:"" help:"Event name to send a sample of." default:"order.created"`
}

// Run sends a test and prints what came back. An answer other than 2xx is a failure.
func (c *webhooksTestCommand) Run(ctx context.Context) error {
	api, path, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer api.Close()
	raw, err := client.Data[json.RawMessage](ctx, api, http.MethodPost, path+"/events/"+url.PathEscape(c.Event)+"/test", nil)
	if err != nil {
		return err
	}
	var got struct {
		attempt
		Received     bool
		ResponseBody string
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(raw)
	} else {
		_, err = fmt.Printf("%s: %s after %.1f ms\n", c.Event, got.answer(), got.Duration)
		if got.ResponseBody != "" && err == nil {
			_, err = fmt.Println(got.ResponseBody)
		}
	}
	if err == nil && !got.Received {
		err = fmt.Errorf("the endpoint did not take the test")
	}
	return err
}

type webhooksPauseCommand struct{ subscription }

// Run pauses.
func (c *webhooksPauseCommand) Run(ctx context.Context) error { return c.post(ctx, "/pause", "paused") }

type webhooksResumeCommand struct{ subscription }

// Run resumes.
func (c *webhooksResumeCommand) Run(ctx context.Context) error {
	return c.post(ctx, "/resume", "resumed")
}

// post calls an operation of the subscription that answers nothing.
func (c *subscription) post(ctx context.Context, operation, done string) error {
	api, path, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer api.Close()
	if err := api.Call(ctx, http.MethodPost, path+operation, nil, nil); err != nil || c.JSON {
		return err
	}
	fmt.Printf("Subscription %d is %s.\n", c.ID, done)
	return nil
}
