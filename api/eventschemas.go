package api

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// allEvents are the contract's events and our own.
func allEvents() []wire.CatalogueEntry { return slices.Concat(wire.Catalogue, wire.Own) }

const componentRef = "#/components/schemas/"

// eventSchemas are the schemas of all events and of what they are made of, from the Go types that are encoded. They are
// stricter than those of /openapi.json, which say what the contract says: every member is written, and what is nil in Go
// is null.
var eventSchemas = sync.OnceValue(func() map[string]*huma.Schema {
	r := newRegistry()
	classes := map[string]string{}
	for _, e := range allEvents() {
		r.Schema(reflect.TypeOf(e.New()).Elem(), true, "")
		classes[e.Class] = e.Name
	}
	finishSchemas(r)
	for name, s := range r.Map() {
		s.Required = nil
		for _, f := range reflect.VisibleFields(r.TypeFromRef(componentRef + name)) {
			member, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := s.Properties[member]
			if f.Anonymous || p == nil {
				continue
			}
			if !strings.Contains(options, "omitempty") {
				s.Required = append(s.Required, member)
			}
			switch {
			case f.Type == reflect.TypeFor[wire.UUID]() && member != "FlipdishEventId", // the empty one is written as null
				f.Type.Kind() == reflect.Pointer, f.Type.Kind() == reflect.Slice, f.Type.Kind() == reflect.Map:
				s.Properties[member] = takingNull(p)
			}
		}
		if event, ok := classes[name]; ok {
			s.Required = append(s.Required, "Position")
			s.Properties["EventName"] = &huma.Schema{Type: huma.TypeString, Enum: []any{event}}
		}
	}
	return r.Map()
})

// takingNull is a schema that takes null as well.
func takingNull(p *huma.Schema) *huma.Schema {
	if p.Ref != "" {
		return &huma.Schema{AnyOf: []*huma.Schema{p, {Type: "null"}}}
	}
	p.Nullable = true
	if p.Enum != nil {
		p.Enum = append(slices.Clone(p.Enum), nil)
	}
	return p
}

var refForm = regexp.MustCompile(`"#/components/schemas/([^"]+)"`)

// eventSchema is the JSON Schema (2020-12) of one event, complete in itself.
func (s *server) eventSchema(e wire.CatalogueEntry) []byte {
	all := eventSchemas()
	defs := map[string]*huma.Schema{}
	var add func(name string)
	add = func(name string) {
		if defs[name] != nil {
			return
		}
		defs[name] = all[name]
		for _, found := range refForm.FindAllSubmatch(must(json.Marshal(all[name])), -1) {
			add(string(found[1]))
		}
	}
	add(e.Class)
	doc := must(json.Marshal(map[string]any{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"$id":         s.PublicURL + "/api/v1.0/events/schemas/" + e.Name,
		"title":       e.Name,
		"description": "The event as the log keeps it and webhooks of version 1 send it; in version 2 it is the Body of an envelope.",
		"$ref":        componentRef + e.Class,
		"$defs":       defs,
	}))
	return bytes.ReplaceAll(doc, []byte(`"`+componentRef), []byte(`"#/$defs/`))
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

type eventSchemaOut struct {
	CacheControl string `header:"Cache-Control"`
	Body         Stored[map[string]any]
}

func (s *server) getEventSchema(_ context.Context, _ *account.Caller, in *struct {
	Name string `path:"eventName" doc:"Such as order.created, or the class OrderCreatedEvent."`
},
) (*eventSchemaOut, error) {
	for _, e := range allEvents() {
		if strings.EqualFold(in.Name, e.Name) || strings.EqualFold(in.Name, e.Class) {
			return &eventSchemaOut{"public, max-age=300", StoredBody[map[string]any](s.eventSchema(e))}, nil
		}
	}
	return nil, fault.Newf(fault.NotFound, "There is no event %.60q.", in.Name).With("GET /asyncapi.json describes all of them.")
}

// deliveryHeader is a header that a delivery has.
type deliveryHeader struct {
	name, about string
	always      bool
}

var deliveryHeaders = []deliveryHeader{
	{"webhook-id", "The event's FlipdishEventId: the same in every attempt, so tell repeats by it.", true},
	{"webhook-timestamp", "When this attempt was signed, in seconds since 1970.", true},
	{"webhook-signature", "Standard Webhooks: v1, a comma and the base64 HMAC-SHA256 of id.timestamp.body under the subscription's secret; where the " +
		"subscription asks for it, v1a with an ed25519 signature of the same as well. Blanks stand between them; while keys are rotated there are two of a kind.", true},
	{"X-Verify-Token", "The subscription's VerifyToken as it was given, when it has one.", false},
	{"X-Comanda-Position", "The event's Position; a sample has none.", false},
	{"X-Comanda-Attempt", "Counts the attempts, from 1.", true},
	{"X-Comanda-Replay", "There when somebody asked for the event again: the number of the replay. Tell repeats by webhook-id only where it is missing.", false},
	{"X-Comanda-Test", "There when somebody sent a sample: nothing of it happened.", false},
	{"User-Agent", "Comanda-Webhooks and the version.", true},
}

// envelope is the body of version 2 around an event.
func envelope(event string, body *huma.Schema) *huma.Schema {
	return &huma.Schema{
		Type:        huma.TypeObject,
		Description: `Version "2", the default: what live receivers get.`,
		Required:    []string{"Type", "CreateTime", "Body"},
		Properties: map[string]*huma.Schema{
			"Type": {Type: huma.TypeString, Enum: []any{event}}, "CreateTime": {Type: huma.TypeString, Format: "date-time"}, "Body": body,
		},
	}
}

const receiving = "Answer 2xx within 10 seconds. Anything else is tried again for 24 hours, so the same event may arrive twice."

// describeWebhooks puts every event into the document's webhooks.
func describeWebhooks(doc *huma.OpenAPI) {
	doc.Webhooks = map[string]*huma.PathItem{}
	var headers []*huma.Param
	for _, h := range deliveryHeaders {
		headers = append(headers, &huma.Param{Name: h.name, In: "header", Required: h.always, Description: h.about, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	for _, e := range allEvents() {
		flat := doc.Components.Schemas.Schema(reflect.TypeOf(e.New()).Elem(), true, "")
		doc.Webhooks[e.Name] = &huma.PathItem{Post: &huma.Operation{
			Summary: e.Name, Description: receiving, Parameters: headers,
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
				"application/json": {Schema: &huma.Schema{AnyOf: []*huma.Schema{flat, envelope(e.Name, flat)}}},
			}},
			Responses: map[string]*huma.Response{"2XX": {Description: "Received"}},
		}}
	}
}
