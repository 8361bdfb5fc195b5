package api

import (
	"context"
	"fmt"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/fault"
	"comanda/wire"
)

// EventPick is the filter of the log and the stream, to be embedded.
type EventPick struct {
	Names  []string `query:"name,explode" maxItems:"100" doc:"Only events of these names, such as order.created."`
	Groups []string `query:"group,explode" maxItems:"20" doc:"Only events under these headings of the catalogue, such as Order, beside those named."`
	Stores []int    `query:"storeId,explode" maxItems:"200" doc:"Only events of these stores."`
}

func (q EventPick) pick(sight event.Sight) (event.Pick, error) {
	var wrong fault.Collector
	names := event.PickNames(&wrong, "name", q.Names, "group", q.Groups)
	return event.Pick{Sight: sight, Names: names, Stores: q.Stores}, wrong.Err()
}

type eventLogIn struct {
	AppPath
	EventPick
	After string              `query:"after" maxLength:"64" doc:"Where to go on: the Cursor of an event or the Next of an answer; oldest (also without it) or latest."`
	Start Optional[wire.Time] `query:"start" doc:"In place of after: begins with what happened then, or up to ten seconds earlier."`
	Limit int                 `query:"limit" default:"100" minimum:"1" maximum:"500" doc:"Events a page."`
}

// EventLogPage is a part of the log. The log is ours, so its shape is.
type EventLogPage struct {
	Data    []EventLogEntry
	Next    string `doc:"The after of the next call. It moves also over events that the filter, or what the caller may see, leaves out."`
	HasMore bool   `doc:"There may be more now; also when Data is empty, because one call looks at a bounded part of the log."`
}

// EventLogEntry is an event with the cursor that reads on after it.
type EventLogEntry struct {
	Cursor string
	Event  map[string]any `doc:"The event as webhooks of version 1 send it: with EventName, FlipdishEventId, CreateTime, Position, AppId and what it reports."`
}

type eventLogOut struct{ Body Stored[EventLogPage] }

func (s *server) getEventLog(ctx context.Context, c *account.Caller, in *eventLogIn) (*eventLogOut, error) {
	b, sight, err := s.Accounts.OpenLog(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	pick, err := in.pick(sight)
	if err != nil {
		return nil, err
	}
	after := in.After
	if after == "" && !in.Start.Set {
		after = event.FromOldest
	}
	at, err := s.Events.Begin(ctx, b.ID, "after", after, in.Start.Value.Time)
	if err != nil {
		return nil, err
	}
	page, err := s.Events.Page(ctx, b.ID, at, pick, in.Limit)
	return &eventLogOut{StoredBody[EventLogPage](encodePage(page))}, err
}

// encodePage writes the stored bytes of the events as they are.
func encodePage(p event.Page) []byte {
	b := []byte(`{"Data":[`)
	for i, e := range p.Events {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Cursor":"`...)
		b = append(b, e.Cursor().String()...)
		b = append(b, `","Event":`...)
		b = append(b, e.Flat()...)
		b = append(b, '}')
	}
	return fmt.Appendf(b, `],"Next":"%s","HasMore":%t}`, p.Next, p.More)
}

// pullIn is the body of PullEvents.
type pullIn struct {
	AppPath
	Body PullRequest
}

// PullRequest asks for events of a consumer.
type PullRequest struct {
	Consumer          string   `maxLength:"64" doc:"The name of the consumer: letters, digits, dots, dashes and underscores. The first pull makes it. Each OAuth app and each person has consumers of their own."`
	Limit             int      `required:"false" minimum:"1" maximum:"100" doc:"Events at once, 10 without it."`
	VisibilitySeconds int      `required:"false" minimum:"10" maximum:"3600" doc:"How long to wait for the acknowledgement before an event comes again, 60 without it."`
	WaitSeconds       int      `required:"false" minimum:"0" maximum:"20" doc:"How long to wait for the first event when there is none."`
	EventNames        []string `required:"false" maxItems:"100" doc:"When the consumer is made: only events of these names."`
	Groups            []string `required:"false" maxItems:"20" doc:"When the consumer is made: only events under these headings, beside those named."`
	StoreIds          []int    `required:"false" maxItems:"200" doc:"When the consumer is made: only events of these stores."`
	From              string   `required:"false" maxLength:"64" doc:"When the consumer is made: latest (also without it) begins with what happens from now on, oldest with the oldest event that is kept, a cursor after its event."`
}

// PulledEvents are events to be acknowledged.
type PulledEvents struct {
	Events []PulledEvent
	Lost   int `doc:"How many events were deleted by age before this consumer came to them, in all its life, whatever their names. When it has grown, fetch what you keep again."`
}

// PulledEvent is an event that is leased to whoever pulled it.
type PulledEvent struct {
	AckId   string
	Attempt int            `doc:"1 = the first time; more when it was not acknowledged in time, or released."`
	Event   map[string]any `doc:"The event as webhooks of version 1 send it."`
}

type pullOut struct{ Body Stored[PulledEvents] }

func (s *server) pullEvents(ctx context.Context, c *account.Caller, in *pullIn) (*pullOut, error) {
	r, err := s.pullOf(ctx, c, in)
	if err != nil {
		return nil, err
	}
	if in.Body.WaitSeconds > 0 {
		release, err := s.streams.take(r.ConsumerKey)
		if err != nil {
			return nil, err
		}
		defer release()
	}
	got, err := s.waitForEvents(ctx, r, time.Duration(in.Body.WaitSeconds)*time.Second)
	return &pullOut{StoredBody[PulledEvents](encodePulled(got))}, err
}

func (s *server) pullOf(ctx context.Context, c *account.Caller, in *pullIn) (event.Pull, error) {
	b, sight, err := s.Accounts.OpenLog(ctx, c, in.AppID)
	if err != nil {
		return event.Pull{}, err
	}
	body := in.Body
	var wrong fault.Collector
	names := event.PickNames(&wrong, "EventNames", body.EventNames, "Groups", body.Groups)
	if err := wrong.Err(); err != nil {
		return event.Pull{}, err
	}
	key, err := consumerKey(b, c, "Consumer", body.Consumer)
	return event.Pull{
		ConsumerKey: key, Sight: sight, Names: names, Stores: body.StoreIds, From: body.From,
		Limit: orElse(body.Limit, 10), Visibility: time.Duration(orElse(body.VisibilitySeconds, 60)) * time.Second,
	}, err
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// consumerKey names a consumer of the caller's own.
func consumerKey(b account.Brand, c *account.Caller, field, name string) (event.ConsumerKey, error) {
	return event.ConsumerKey{Brand: b.ID, Owner: ownerOf(c), Name: name}, event.CheckConsumerName(field, name)
}

// ownerOf is who keeps consumers and streams: an OAuth app, a person, or a person by way of an OAuth app.
func ownerOf(c *account.Caller) string {
	switch {
	case c.Kind == account.App:
		return "app/" + c.OAuthApp
	case c.OAuthApp != "":
		return fmt.Sprintf("app/%s/account/%d", c.OAuthApp, c.Account)
	default:
		return fmt.Sprintf("account/%d", c.Account)
	}
}

// pullEvery is how often a waiting pull looks without a hint while something is out: an acknowledgement frees the next
// event of its subject, on any node.
const pullEvery = 500 * time.Millisecond

// pullLonger is how long a pull looks for the first event in a long log after its time, so that its answer still comes in
// time for the server; the next pull looks on from there.
const pullLonger = 10 * time.Second

// waitForEvents pulls until there is something, or the log was looked at to its end and the time has passed.
func (s *server) waitForEvents(ctx context.Context, r event.Pull, wait time.Duration) (event.Pulled, error) {
	until := clock.Mono().Add(wait)
	for {
		wake := s.Events.Wake(r.Brand)
		got, err := s.Events.Pull(ctx, r)
		left := until.Sub(clock.Mono())
		if err != nil || len(got.Messages) > 0 || left <= 0 && !got.Again {
			return got, err
		}
		if got.Again {
			if s.isStopping() || left <= -pullLonger {
				return got, nil
			}
			continue
		}
		if !got.Due.IsZero() {
			left = min(left, pullEvery)
		}
		timer := time.NewTimer(left)
		select {
		case <-wake:
		case <-timer.C:
		case <-s.Stopping:
			timer.Stop()
			return got, nil
		case <-ctx.Done():
			timer.Stop()
			return got, ctx.Err()
		}
		timer.Stop()
	}
}

func encodePulled(p event.Pulled) []byte {
	b := []byte(`{"Events":[`)
	for i, m := range p.Messages {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"AckId":"%s","Attempt":%d,"Event":`, m.AckID, m.Attempt)
		b = append(b, m.Event.Flat()...)
		b = append(b, '}')
	}
	return fmt.Appendf(b, `],"Lost":%d}`, p.Lost)
}

// ackIn is the body of AckEvents.
type ackIn struct {
	AppPath
	Body struct {
		Consumer string   `maxLength:"64"`
		AckIds   []string `minItems:"1" maxItems:"500" doc:"AckId of events that were pulled; one that is there twice counts once."`
	}
}

// AcknowledgedEvents says what became of each AckId.
type AcknowledgedEvents struct {
	Acknowledged []string `doc:"Settled, by this call or an earlier one: the event does not come again."`
	Unknown      []string `doc:"Nothing was changed: no AckId of this consumer, or its time was over and the event is out anew under another AckId."`
}

type ackOut struct{ Body AcknowledgedEvents }

func (s *server) ackEvents(ctx context.Context, c *account.Caller, in *ackIn) (*ackOut, error) {
	key, err := s.ownConsumer(ctx, c, in.AppID, "Consumer", in.Body.Consumer)
	if err != nil {
		return nil, err
	}
	done, err := s.Events.Ack(ctx, key, in.Body.AckIds)
	return &ackOut{AcknowledgedEvents{done.Done, done.Unknown}}, err
}

// ownConsumer opens the brand's log to the caller and names a consumer of theirs there.
func (s *server) ownConsumer(ctx context.Context, c *account.Caller, appID, field, name string) (event.ConsumerKey, error) {
	b, _, err := s.Accounts.OpenLog(ctx, c, appID)
	if err != nil {
		return event.ConsumerKey{}, err
	}
	return consumerKey(b, c, field, name)
}

// extendIn is the body of ExtendEvents.
type extendIn struct {
	AppPath
	Body struct {
		Consumer string   `maxLength:"64"`
		AckIds   []string `minItems:"1" maxItems:"500" doc:"AckId of events that were pulled and are not acknowledged."`
		Extend   int      `required:"false" minimum:"10" maximum:"3600" doc:"Seconds from now on after which they come again."`
		Release  bool     `required:"false" doc:"In place of Extend: they come again at once."`
	}
}

// ExtendedEvents says what became of each AckId.
type ExtendedEvents struct {
	Extended []string
	Unknown  []string `doc:"Nothing was changed: no AckId of this consumer, acknowledged, or out anew under another AckId."`
}

type extendOut struct{ Body ExtendedEvents }

func (s *server) extendEvents(ctx context.Context, c *account.Caller, in *extendIn) (*extendOut, error) {
	if in.Body.Release == (in.Body.Extend != 0) {
		return nil, fault.BadField("Extend", "give the seconds from 10 to 3600, or Release true in its place")
	}
	key, err := s.ownConsumer(ctx, c, in.AppID, "Consumer", in.Body.Consumer)
	if err != nil {
		return nil, err
	}
	done, err := s.Events.Extend(ctx, key, in.Body.AckIds, time.Duration(in.Body.Extend)*time.Second)
	return &extendOut{ExtendedEvents{done.Done, done.Unknown}}, err
}

// EventConsumer is how a named consumer stands.
type EventConsumer struct {
	Consumer   string
	Owner      string    `doc:"Whose it is: app/ and the id of an OAuth app, account/ and the id of a person, or both."`
	EventNames []string  `doc:"The names and headings that it takes; empty = all."`
	StoreIds   []int     `doc:"The stores whose events it takes; empty = all events."`
	Behind     int       `doc:"How many events of the log it has not come to; they include those that it does not take."`
	Out        int       `doc:"Events that are pulled and not acknowledged in their time yet."`
	Waiting    int       `doc:"Events that come again, or wait for an earlier one of their order."`
	Lost       int       `doc:"Events that were deleted by age before it came to them."`
	CreateTime wire.Time `doc:"When it was made."`
	LastUsed   wire.Time `doc:"When something was pulled or acknowledged last, to the hour. After 90 days the consumer is dropped."`
}

type consumersOut struct {
	Body wire.Result[[]EventConsumer]
}

func (s *server) getEventConsumers(ctx context.Context, c *account.Caller, in *AppPath) (*consumersOut, error) {
	b, sight, err := s.Accounts.OpenLog(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	owner := ownerOf(c)
	if sight.Whole {
		owner = "" // who sees the whole log sees who reads it
	}
	all, err := s.Events.Consumers(ctx, b.ID, owner)
	out := &consumersOut{wire.Result[[]EventConsumer]{Data: []EventConsumer{}}}
	for _, e := range all {
		out.Body.Data = append(out.Body.Data, EventConsumer{
			Consumer: e.Name, Owner: e.Owner, EventNames: append([]string{}, e.Names...), StoreIds: append([]int{}, e.Stores...),
			Behind: int(e.Behind), Out: e.Out, Waiting: e.Waiting, Lost: int(e.Lost), CreateTime: wire.At(e.Created), LastUsed: wire.At(e.LastUsed),
		})
	}
	return out, err
}

type consumerIn struct {
	AppPath
	Name  string `path:"name"`
	Owner string `query:"owner" maxLength:"100" doc:"The Owner of a consumer that is not the caller's own; for those who see the whole log."`
}

func (s *server) deleteEventConsumer(ctx context.Context, c *account.Caller, in *consumerIn) (*none, error) {
	b, sight, err := s.Accounts.OpenLog(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	key, err := consumerKey(b, c, "name", in.Name)
	if err != nil {
		return nil, err
	}
	if in.Owner != "" && in.Owner != key.Owner {
		if !sight.Whole {
			return nil, fault.New(fault.Forbidden, "Only who sees the whole log deletes consumers of others.")
		}
		key.Owner = in.Owner
	}
	return &none{}, s.Events.DeleteConsumer(ctx, key)
}
