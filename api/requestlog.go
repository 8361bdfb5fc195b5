package api

import (
	"context"
	"net/url"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/requestlog"
	"comanda/wire"
)

// logRequest notes the answered request in the log of its brand: that in its path or, without one, the only one that the
// caller has.
func (c *call) logRequest() {
	if c.s.Requests == nil || c.endpoint == nil {
		return
	}
	path, appID := c.loggedPath()
	r := requestlog.Request{
		ID: c.id, At: clock.Now().Add(-clock.Mono().Sub(c.start)), Duration: clock.Mono().Sub(c.start), Method: c.r.Method,
		Operation: c.endpoint.id, Path: path, Status: c.w.status, Bytes: c.w.written, AppID: appID,
	}
	if who := c.caller; who != nil && who.Kind != account.Anonymous {
		if appID == "" && len(who.Grants) == 1 {
			r.AppID = who.Grants[0].AppID
		}
		for _, g := range who.Grants {
			if strings.EqualFold(g.AppID, r.AppID) { // what others are called is not told to the brand
				r.OAuthApp, r.Account, r.Address, r.Agent = who.OAuthApp, who.Account, who.IP, c.r.UserAgent()
			}
		}
	}
	if p := c.refusal; p != nil {
		r.Message = p.Message
		if len(p.Errors) > 0 { // what is said of members may quote them
			r.Message = "These members are not valid:"
		}
		for _, f := range p.Errors {
			r.Fields = append(r.Fields, f.FieldName)
		}
	}
	if r.AppID != "" {
		c.s.Requests.Add(r)
	}
}

// loggedPath is the path as the log has it, where what is no id is left as the name of its variable: it may be a secret.
func (c *call) loggedPath() (path, appID string) {
	vars := c.endpoint.vars
	var out strings.Builder
	for i, seg := range segments(c.endpoint.path) {
		out.WriteByte('/')
		if len(vars) == 0 || vars[0].index != i {
			out.WriteString(seg)
			continue
		}
		name := vars[0].name
		vars = vars[1:]
		switch {
		case i >= len(c.segments):
		case name == "appId" || name == "appNameId":
			appID, _ = url.PathUnescape(c.segments[i])
			out.WriteString(c.segments[i])
		case name == "id" || strings.HasSuffix(name, "Id") || name == "eventName" || name == "deliveryType":
			out.WriteString(c.segments[i])
		default:
			out.WriteString(seg)
		}
	}
	return out.String(), appID
}

// LoggedRequest is an API request as the request log has it. The log is ours, so its shape is.
type LoggedRequest struct {
	RequestId   string    `doc:"The X-Request-Id of the answer."`
	Time        wire.Time `doc:"When it began."`
	Method      string
	Operation   string   `doc:"The operation's id in this document."`
	Path        string   `doc:"Without the query. What is no id in it, such as a tracking token, is left as the name of its variable."`
	StatusCode  int      `doc:"Of the answer; 499 = the client went away."`
	Duration    float64  `doc:"In milliseconds."`
	Bytes       int64    `doc:"Of the answer's body."`
	OAuthAppId  string   `doc:"Whose token was used; empty without one."`
	UserId      int      `doc:"The account of the person, or of who made the OAuth app; 0 = none of this brand."`
	IpAddress   string   `doc:"Of the client; empty where UserId is 0."`
	UserAgent   string   `doc:"What the client calls itself; empty where UserId is 0."`
	Message     string   `doc:"Why it was refused; empty where it was not. What was wrong with members is not kept, because it may quote them."`
	WrongFields []string `doc:"The members that were wrong."`
}

// LoggedRequests is a part of the request log.
type LoggedRequests struct {
	Data   []LoggedRequest
	Totals RequestTotals
	Next   string `doc:"The before of the next call; empty at the end. One call looks at a bounded part of the log, so Data may be shorter than the limit, even empty, and more follow."`
}

// RequestTotals count the requests of a brand in a time.
type RequestTotals struct {
	Requests int64 `doc:"All of them from from to to, to a second or so, whatever else was asked for."`
	Refused  int64 `doc:"Of these, answered with 4xx."`
	Failed   int64 `doc:"Of these, answered with 5xx."`
}

// CausedEvent is an event that a request caused.
type CausedEvent struct {
	FlipdishEventId string
	EventName       string
	Position        int64
}

// LoggedRequestDetail is a request with what it caused.
type LoggedRequestDetail struct {
	LoggedRequest
	Events []CausedEvent `doc:"The events that it caused, as far as the caller may see them and they are kept."`
}

func loggedRequest(r *requestlog.Request) LoggedRequest {
	return LoggedRequest{
		RequestId: r.ID, Time: wire.At(r.At), Method: r.Method, Operation: r.Operation, Path: r.Path, StatusCode: r.Status,
		Duration: milliseconds(r.Duration), Bytes: r.Bytes, OAuthAppId: r.OAuthApp, UserId: r.Account, IpAddress: r.Address,
		UserAgent: r.Agent, Message: r.Message, WrongFields: append([]string{}, r.Fields...),
	}
}

type requestsIn struct {
	AppPath
	OAuthApp string              `query:"oAuthAppId" maxLength:"64" doc:"Only those with a token of this OAuth app."`
	Method   string              `query:"method" enum:"GET,HEAD,POST,PUT,PATCH,DELETE"`
	Status   int                 `query:"status" minimum:"100" maximum:"599" doc:"Only those that were answered with this status."`
	Class    int                 `query:"statusClass" minimum:"1" maximum:"5" doc:"Only those whose status begins with this digit."`
	Path     string              `query:"path" maxLength:"200" doc:"Only those whose path contains this, in any case."`
	From     Optional[wire.Time] `query:"from" doc:"Only those that began then or later."`
	To       Optional[wire.Time] `query:"to" doc:"Only those that began before."`
	Before   string              `query:"before" maxLength:"200" doc:"The Next of the page before."`
	Limit    int                 `query:"limit" default:"20" minimum:"1" doc:"Requests a page; more than 100 is taken as 100."`
}

type requestsOut struct{ Body LoggedRequests }

func (s *server) getRequests(ctx context.Context, c *account.Caller, in *requestsIn) (*requestsOut, error) {
	page, err := s.Requests.List(ctx, c, in.AppID, requestlog.Filter{
		OAuthApp: in.OAuthApp, Method: in.Method, Status: in.Status, Class: in.Class, Path: in.Path,
		From: timeOf(in.From), To: timeOf(in.To), Before: in.Before, Limit: min(in.Limit, 100),
	})
	out := &requestsOut{LoggedRequests{
		Data: make([]LoggedRequest, len(page.Requests)), Totals: RequestTotals(page.Totals), Next: page.Next,
	}}
	for i := range page.Requests {
		out.Body.Data[i] = loggedRequest(&page.Requests[i])
	}
	return out, err
}

func timeOf(t Optional[wire.Time]) time.Time {
	if p := t.Ptr(); p != nil {
		return p.Time
	}
	return time.Time{}
}

type requestIn struct {
	AppPath
	ID string `path:"requestId" maxLength:"64"`
}

type requestOut struct {
	Body wire.Result[LoggedRequestDetail]
}

func (s *server) getRequest(ctx context.Context, c *account.Caller, in *requestIn) (*requestOut, error) {
	r, caused, err := s.Requests.Get(ctx, c, in.AppID, in.ID)
	if err != nil {
		return nil, err
	}
	out := LoggedRequestDetail{LoggedRequest: loggedRequest(&r), Events: make([]CausedEvent, len(caused))}
	for i, e := range caused {
		out.Events[i] = CausedEvent{e.ID, e.Name, e.Position}
	}
	return &requestOut{wire.Result[LoggedRequestDetail]{Data: out}}, nil
}
