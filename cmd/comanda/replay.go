package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"comanda/internal/client"
	"comanda/internal/clock"
)

// replayTarget says where replays go, and whether to wait for their end.
type replayTarget struct {
	ToSubscription int  `help:"Send to this subscription of the brand instead." placeholder:"ID"`
	Wait           bool `help:"Wait until everything was sent, showing how far it is."`
}

type eventsReplayCommand struct {
	connection
	replayTarget
	Subscription int       `help:"Subscription whose events these are." required:"" placeholder:"ID"`
	Event        []string  `help:"Only the event with this id; may be repeated." placeholder:"ID"`
	From         int64     `help:"From this position on." placeholder:"POSITION"`
	To           int64     `help:"Up to this position." placeholder:"POSITION"`
	Since        time.Time `help:"From this time on, such as 2026-11-27T18:00:00Z." placeholder:"TIME"`
	Until        time.Time `help:"Up to this time." placeholder:"TIME"`
	Expired      bool      `help:"Everything that was given up."`
	Name         []string  `help:"Of them, only events of this name; may be repeated." placeholder:"NAME"`
	Store        []int     `help:"Of them, only events of this store; may be repeated." placeholder:"ID"`
}

// Run makes a replay.
func (c *eventsReplayCommand) Run(ctx context.Context) error {
	body := map[string]any{}
	set := func(name string, value any, given bool) {
		if given {
			body[name] = value
		}
	}
	set("EventIds", c.Event, len(c.Event) > 0)
	set("FromPosition", c.From, c.From > 0)
	set("ToPosition", c.To, c.To > 0)
	set("Start", c.Since, !c.Since.IsZero())
	set("End", c.Until, !c.Until.IsZero())
	set("Expired", true, c.Expired)
	if len(body) == 0 {
		return &usageError{fmt.Errorf("say which events: --event, --from, --since or --expired")}
	}
	set("EventNames", c.Name, len(c.Name) > 0)
	set("StoreIds", c.Store, len(c.Store) > 0)
	return c.replay(ctx, &c.connection, c.Subscription, body)
}

type webhooksResendCommand struct {
	subscription
	replayTarget
	Event []string `arg:"" help:"Ids of the events, as logs --json prints them."`
}

// Run makes a replay of single events.
func (c *webhooksResendCommand) Run(ctx context.Context) error {
	return c.replay(ctx, &c.connection, c.ID, map[string]any{"EventIds": c.Event})
}

// replay is what is printed of one.
type replay struct {
	ID                         int `json:"ReplayId"`
	State                      string
	Reason                     *string
	Delivered, Failed, Missing int64
}

func (r replay) String() string {
	text := fmt.Sprintf("Replay %d is %s: %d delivered, %d failed", r.ID, r.State, r.Delivered, r.Failed)
	if r.Missing > 0 {
		text += fmt.Sprintf(", %d no longer in the log", r.Missing)
	}
	if r.Reason != nil {
		text += "; " + *r.Reason
	}
	return text + "."
}

// pollEvery is how often a replay is asked how far it is.
const pollEvery = 500 * time.Millisecond

func (t *replayTarget) replay(ctx context.Context, c *connection, id int, body map[string]any) error {
	api, path, err := c.openHooks(ctx)
	if err != nil {
		return err
	}
	defer api.Close()
	path += "/" + strconv.Itoa(id) + "/replays"
	if t.ToSubscription != 0 {
		body["ToSubscriptionId"] = t.ToSubscription
	}
	raw, err := client.Data[json.RawMessage](ctx, api, http.MethodPost, path, body)
	if err != nil {
		return err
	}
	var r replay
	for shown := ""; ; {
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		over := r.State != "running"
		if !t.Wait || over {
			break
		}
		if text := r.String(); !c.JSON && text != shown {
			fmt.Fprintln(os.Stderr, text)
			shown = text
		}
		if err := clock.Sleep(ctx, pollEvery); err != nil {
			return err
		}
		if raw, err = client.Data[json.RawMessage](ctx, api, http.MethodGet, path+"/"+strconv.Itoa(r.ID), nil); err != nil {
			return err
		}
	}
	if c.JSON {
		err = printJSON(raw)
	} else {
		_, err = fmt.Println(r)
	}
	if err == nil && t.Wait && (r.Failed > 0 || r.State != "done") {
		err = fmt.Errorf("not everything was delivered")
	}
	return err
}
