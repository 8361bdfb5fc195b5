package api

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"comanda/account"
	"comanda/event"
	"comanda/internal/fault"
	"comanda/wire"
)

// EventQuery is the filter that the searches of events share: what is given must all hold.
type EventQuery struct {
	Paging
	Start      Optional[wire.Time] `query:"start" doc:"The CreateTime, included."`
	End        Optional[wire.Time] `query:"end" doc:"The CreateTime, not included."`
	Order      int                 `query:"orderId" minimum:"1" doc:"Events about this order."`
	Store      int                 `query:"storeId" minimum:"1" doc:"Events of this store, or of one in storeIdList."`
	Stores     []int               `query:"storeIdList,explode" doc:"Events of one of these stores."`
	StoreGroup int                 `query:"storeGroupId" minimum:"1" doc:"Events about this store group, its stores and their orders."`
	User       int                 `query:"userId" minimum:"1" doc:"What this account did."`
	Menu       int                 `query:"menuId" minimum:"1" doc:"Events about this menu."`
	Campaign   int                 `query:"campaignId" minimum:"1" doc:"Events about this campaign."`
	UserEmail  string              `query:"userEmail" doc:"What the account with this e-mail address did; the whole address, in any case."`
	UserName   string              `query:"userName" doc:"What somebody of this name did; the whole name, in any case."`
	Voucher    string              `query:"voucherCode" doc:"Events about the voucher with this code, and orders that used it."`
	Types      []string            `query:"eventType,explode" doc:"Names such as order.created, or classes such as OrderCreatedEvent."`
	EventID    string              `query:"flipdishEventId" doc:"The event with this id."`
}

// query is the filter in the log's terms.
func (q EventQuery) query() (event.Query, error) {
	var wrong fault.Collector
	limit := min(q.Limit, 100)
	out := event.Query{Names: namesOf(q.Types, &wrong), Except: ownNames, Stores: q.Stores, Skip: (q.Page - 1) * limit, Limit: limit}
	if t := q.Start.Ptr(); t != nil {
		out.From = t.Time
	}
	if t := q.End.Ptr(); t != nil {
		out.To = t.Time
		if q.Start.Set && t.Before(out.From) {
			wrong.Add("end", "is before start: nothing happens in between.")
		}
	}
	if q.EventID != "" {
		id, err := uuid.Parse(q.EventID)
		if err != nil {
			wrong.Add("flipdishEventId", "%.60q is no id of an event: write it as 0198c0de-0000-7000-8000-000000000000.", q.EventID)
		}
		out.ID = id.String()
	}
	if q.Store != 0 {
		out.Stores = append(out.Stores, q.Store)
	}
	for _, a := range []struct {
		id    int
		about func(int) event.About
	}{
		{q.Order, event.AboutOrder},
		{q.StoreGroup, event.AboutStoreGroup},
		{q.User, event.AboutUser},
		{q.Menu, event.AboutMenu},
		{q.Campaign, event.AboutCampaign},
	} {
		if a.id != 0 {
			out.About = append(out.About, a.about(a.id))
		}
	}
	for _, a := range []struct {
		text  string
		about func(string) event.About
	}{
		{q.UserEmail, event.AboutUserEmail},
		{q.UserName, event.AboutUserName},
		{q.Voucher, event.AboutVoucher},
	} {
		if a.text != "" {
			out.About = append(out.About, a.about(a.text))
		}
	}
	return out, wrong.Err()
}

// kinds are the event names by what a search may call them, in lower case: the name itself, its class, the class's member
// of EventSearchResult. A class whose name is not publicly known has none, and is never sent.
var kinds = func() map[string][]string {
	out := map[string][]string{}
	t := reflect.TypeFor[wire.EventSearchResult]()
	for i := range t.NumField() {
		out[strings.ToLower(t.Field(i).Name)] = nil
		out[strings.ToLower(t.Field(i).Type.Elem().Name())] = nil
	}
	for _, e := range wire.Catalogue {
		for _, called := range []string{e.Name, e.Class, placeOf[e.Class].name} {
			out[strings.ToLower(called)] = []string{e.Name}
		}
	}
	return out
}()

// namesOf are the event names of an eventType filter; nil = all.
func namesOf(types []string, wrong *fault.Collector) []string {
	if len(types) == 0 {
		return nil
	}
	names := []string{}
	for i, t := range types {
		found, known := kinds[strings.ToLower(strings.TrimSpace(t))]
		if !known {
			wrong.Add(fmt.Sprintf("eventType[%d]", i), "%.60q is no event: write a name such as order.created or a class such as "+
				"OrderCreatedEvent. GET /api/v1.0/{appId}/webhooks/events lists the names.", t)
		}
		names = append(names, found...)
	}
	return names
}

// ownNames are the events for which EventSearchResult has no member: the search does not know them.
var ownNames = func() (out []string) {
	for _, e := range wire.Own {
		out = append(out, e.Name)
	}
	return out
}()

// place is a member of EventSearchResult.
type place struct {
	name  string
	index int
}

// placeOf are the places of the classes.
var placeOf = func() map[string]place {
	out := map[string]place{}
	t := reflect.TypeFor[wire.EventSearchResult]()
	for i := range t.NumField() {
		out[t.Field(i).Type.Elem().Name()] = place{baseName(t.Field(i).Tag.Get("json")), i}
	}
	return out
}()

// places are the indices of places by event name.
var places = func() map[string]int {
	out := map[string]int{}
	for _, e := range wire.Catalogue {
		out[e.Name] = placeOf[e.Class].index
	}
	return out
}()

// grouped writes an EventSearchResult: every member, in it the bytes of its events as webhooks send them.
func grouped(b []byte, events []event.Event) []byte {
	byPlace := map[int][]event.Event{}
	for _, e := range events {
		if i, ok := places[e.Name]; ok {
			byPlace[i] = append(byPlace[i], e)
		}
	}
	t := reflect.TypeFor[wire.EventSearchResult]()
	b = append(b, '{')
	for i := range t.NumField() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, baseName(t.Field(i).Tag.Get("json"))...)
		b = append(b, `":[`...)
		for n, e := range byPlace[i] {
			if n > 0 {
				b = append(b, ',')
			}
			b = append(b, e.Flat()...)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

type eventsOut struct {
	Body Stored[wire.RestApiEventSearchPaginationResult]
}

// search answers a search. about and stores hold on top of what the query asks for.
func (s *server) search(ctx context.Context, c *account.Caller, appID string, in EventQuery, narrow ...func(*event.Query)) (*eventsOut, error) {
	q, err := in.query()
	if err != nil {
		return nil, err
	}
	for _, n := range narrow {
		n(&q)
	}
	found, total, err := s.Accounts.FindEvents(ctx, c, appID, q)
	if err != nil {
		return nil, err
	}
	b := grouped([]byte(`{"Data":`), found)
	b = append(b, `,"Page":`...)
	b = strconv.AppendInt(b, int64(in.Page), 10)
	b = append(b, `,"Limit":`...)
	b = strconv.AppendInt(b, int64(q.Limit), 10)
	b = append(b, `,"TotalRecordCount":`...)
	b = strconv.AppendInt(b, int64(total), 10)
	return &eventsOut{StoredBody[wire.RestApiEventSearchPaginationResult](append(b, '}'))}, nil
}

// about narrows a search to one thing more.
func about(a event.About) func(*event.Query) {
	return func(q *event.Query) { q.About = append(q.About, a) }
}

// nothing makes a search find nothing.
func nothing(q *event.Query) { q.Names = []string{} }

type eventsIn struct {
	AppPath
	EventQuery
	WhiteLabel int `query:"whiteLabelId" minimum:"1" doc:"The brand's number: any other finds nothing."`
	Customer   int `query:"customerId" minimum:"1" doc:"Events about this customer."`
}

func (s *server) getEvents(ctx context.Context, c *account.Caller, in *eventsIn) (*eventsOut, error) {
	var narrow []func(*event.Query)
	if in.Customer != 0 {
		narrow = append(narrow, about(event.AboutCustomer(in.Customer)))
	}
	if in.WhiteLabel != 0 {
		narrow = append(narrow, ofBrand(c, in.AppID, in.WhiteLabel))
	}
	return s.search(ctx, c, in.AppID, in.EventQuery, narrow...)
}

// ofBrand lets nothing through but for the number of the brand itself.
func ofBrand(c *account.Caller, appID string, number int) func(*event.Query) {
	return func(q *event.Query) {
		for _, g := range c.Grants {
			if strings.EqualFold(g.AppID, appID) && g.Brand == number {
				return
			}
		}
		nothing(q)
	}
}

type orderEventsIn struct {
	AppPath
	EventQuery
	PathOrder int `path:"orderId"`
}

func (s *server) getOrderEvents(ctx context.Context, c *account.Caller, in *orderEventsIn) (*eventsOut, error) {
	return s.search(ctx, c, in.AppID, in.EventQuery, about(event.AboutOrder(in.PathOrder)))
}

type customersOrderEventsIn struct {
	AppPath
	EventQuery
	Customer int `query:"customerId" required:"true" minimum:"1" doc:"Whose orders."`
}

func (s *server) getOrderEventsByCustomer(ctx context.Context, c *account.Caller, in *customersOrderEventsIn) (*eventsOut, error) {
	return s.search(ctx, c, in.AppID, in.EventQuery, about(event.AboutCustomer(in.Customer)), onlyOrders)
}

// orderNames are the names of the catalogue's group Order.
var orderNames = func() (out []string) {
	for _, e := range wire.Catalogue {
		if e.Group == "Order" {
			out = append(out, e.Name)
		}
	}
	return out
}()

func onlyOrders(q *event.Query) {
	if q.Names == nil {
		q.Names = orderNames
		return
	}
	q.Names = slices.DeleteFunc(q.Names, func(name string) bool { return !slices.Contains(orderNames, name) })
}

type customerEventsIn struct {
	AppPath
	EventQuery
	Customer int `path:"customerId"`
}

func (s *server) getCustomerEvents(ctx context.Context, c *account.Caller, in *customerEventsIn) (*eventsOut, error) {
	return s.search(ctx, c, in.AppID, in.EventQuery, about(event.AboutCustomer(in.Customer)))
}

type menuEventsIn struct {
	AppPath
	EventQuery
	PathMenu int `path:"menuId"`
}

func (s *server) getMenuEvents(ctx context.Context, c *account.Caller, in *menuEventsIn) (*eventsOut, error) {
	return s.search(ctx, c, in.AppID, in.EventQuery, about(event.AboutMenu(in.PathMenu)))
}

type storeEventsIn struct {
	AppPath
	EventQuery
	PathStore int `path:"storeId"`
}

func (s *server) getStoreEvents(ctx context.Context, c *account.Caller, in *storeEventsIn) (*eventsOut, error) {
	return s.search(ctx, c, in.AppID, in.EventQuery, func(q *event.Query) {
		if q.Stores != nil && !slices.Contains(q.Stores, in.PathStore) {
			nothing(q)
		}
		q.Stores = []int{in.PathStore}
	})
}

type userEventsIn struct {
	AppPath
	EventQuery
	PathUser int `path:"userId"`
}

func (s *server) getUserEvents(ctx context.Context, c *account.Caller, in *userEventsIn) (*eventsOut, error) {
	return s.search(ctx, c, in.AppID, in.EventQuery, about(event.AboutUser(in.PathUser)))
}

type whiteLabelEventsIn struct {
	AppPath
	EventQuery
	WhiteLabel int `path:"whitelabelId"`
}

func (s *server) getWhiteLabelEvents(ctx context.Context, c *account.Caller, in *whiteLabelEventsIn) (*eventsOut, error) {
	return s.search(ctx, c, in.AppID, in.EventQuery, ofBrand(c, in.AppID, in.WhiteLabel))
}

type eventIn struct {
	AppPath
	ID wire.UUID `path:"eventId"`
}

type eventOut struct {
	Body Stored[wire.EventSearchResult]
}

func (s *server) getEvent(ctx context.Context, c *account.Caller, in *eventIn) (*eventOut, error) {
	e, err := s.Accounts.Event(ctx, c, in.AppID, string(in.ID))
	if err == nil && slices.Contains(ownNames, e.Name) {
		err = event.Unknown(e.ID)
	}
	if err != nil {
		return nil, err
	}
	return &eventOut{StoredBody[wire.EventSearchResult](grouped(nil, []event.Event{e}))}, nil
}
