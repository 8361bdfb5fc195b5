package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"time"

	"comanda/internal/client"
)

type eventsCommand struct {
	Tail   eventsTailCommand   `cmd:"" help:"Print a brand's events as they happen."`
	Pull   eventsPullCommand   `cmd:"" help:"Take events as a named consumer, each until it is acknowledged."`
	Replay eventsReplayCommand `cmd:"" help:"Send events of the past to a webhook subscription again."`
}

// eventFilter narrows which events are read.
type eventFilter struct {
	Name  []string `help:"Only events of this name; may be repeated." placeholder:"NAME"`
	Group []string `help:"Only events under this heading of the catalogue; may be repeated." placeholder:"HEADING"`
	Store []int    `help:"Only events of this store; may be repeated." placeholder:"ID"`
}

func (f eventFilter) query() url.Values {
	q := url.Values{}
	for _, n := range f.Name {
		q.Add("name", n)
	}
	for _, g := range f.Group {
		q.Add("group", g)
	}
	for _, id := range f.Store {
		q.Add("storeId", strconv.Itoa(id))
	}
	return q
}

// start says where a stream of events begins, and what it leaves out.
type start struct {
	eventFilter
	After string    `help:"Begin after this cursor, as --json prints it." placeholder:"CURSOR"`
	Since time.Time `help:"Begin with what happened from this time on, such as 2026-11-27T18:00:00Z." placeholder:"TIME"`
}

// begin is the cursor and the query of a stream.
func (s *start) begin() (after string, filter url.Values, err error) {
	filter = s.query()
	if !s.Since.IsZero() {
		if s.After != "" {
			err = &usageError{fmt.Errorf("--after and --since exclude each other")}
		}
		filter.Set("start", s.Since.UTC().Format(time.RFC3339Nano))
	}
	return s.After, filter, err
}

// paused says that a stream broke off and is taken up again.
func paused(err error) { fmt.Fprintf(os.Stderr, "comanda: %v; connecting again\n", err) }

type eventsTailCommand struct {
	connection
	start
}

// Run prints events until it is interrupted, and goes on by itself after the server was away.
func (c *eventsTailCommand) Run(ctx context.Context) error {
	after, filter, err := c.begin()
	if err != nil {
		return err
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	defer api.Close()
	return api.Stream(ctx, c.App, after, filter, paused, func(e client.Event) error {
		if c.JSON {
			return json.NewEncoder(os.Stdout).Encode(struct {
				Cursor string
				Event  json.RawMessage
			}{e.Cursor, e.Body})
		}
		line, err := eventLine(e.Body)
		if err != nil {
			return err
		}
		_, err = fmt.Println(line)
		return err
	})
}

// eventLine is an event on one line.
func eventLine(body []byte) (string, error) {
	var e struct {
		Position    int64
		EventName   string
		CreateTime  time.Time
		Description string
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return "", fmt.Errorf("the server sent no event: %w", err)
	}
	return fmt.Sprintf("%s  %6d  %-24s  %s", e.CreateTime.Local().Format("2006-01-02 15:04:05"), e.Position, e.EventName, e.Description), nil
}

type eventsPullCommand struct {
	connection
	eventFilter
	Consumer string        `help:"Name of the consumer; made with the filter at its first pull." required:"" placeholder:"NAME"`
	From     string        `help:"Where a new consumer begins: latest, oldest or a cursor." default:"latest"`
	Limit    int           `help:"Events at most." default:"10"`
	Wait     time.Duration `help:"How long to wait for one, at most 20s." default:"0s"`
	Visible  time.Duration `name:"visibility" help:"After how long an event that is not acknowledged comes again." default:"1m"`
	Ack      bool          `help:"Acknowledge what was printed."`
}

// pulled is an event that a consumer holds until it acknowledges it.
type pulled struct {
	AckID   string `json:"AckId"`
	Attempt int
	Event   json.RawMessage
}

// Run pulls once.
func (c *eventsPullCommand) Run(ctx context.Context) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	defer api.Close()
	var got struct {
		Events []pulled
		Lost   int64
	}
	body := map[string]any{
		"Consumer": c.Consumer, "Limit": c.Limit, "From": c.From, "WaitSeconds": int(c.Wait.Seconds()), "VisibilitySeconds": int(c.Visible.Seconds()),
	}
	for name, values := range map[string]any{"EventNames": c.Name, "Groups": c.Group, "StoreIds": c.Store} {
		if reflect.ValueOf(values).Len() > 0 {
			body[name] = values
		}
	}
	err = api.Call(ctx, http.MethodPost, c.brand()+"/events/pull", body, &got)
	if err != nil {
		return err
	}
	if got.Lost > 0 {
		fmt.Fprintf(os.Stderr, "comanda: %d events were deleted before %s took them\n", got.Lost, c.Consumer)
	}
	if len(got.Events) == 0 && !c.JSON {
		fmt.Fprintln(os.Stderr, "No events.")
	}
	ids := make([]string, len(got.Events))
	for i, e := range got.Events {
		ids[i] = e.AckID
		if c.JSON {
			err = json.NewEncoder(os.Stdout).Encode(e)
		} else {
			var line string
			if line, err = eventLine(e.Event); err == nil {
				_, err = fmt.Println(line)
			}
		}
		if err != nil {
			return err
		}
	}
	if !c.Ack || len(ids) == 0 {
		return nil
	}
	return api.Call(ctx, http.MethodPost, c.brand()+"/events/ack", map[string]any{"Consumer": c.Consumer, "AckIds": ids}, nil)
}
