package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"comanda/account"
	"comanda/oauth"
)

// newDocument starts the OpenAPI document: what is not told by the table of operations.
func newDocument(c Config, groups []group) *huma.OpenAPI {
	version := c.Version
	if version == "" {
		version = "0"
	}
	scopes := map[string]string{}
	for _, sc := range oauth.ScopeList() {
		scopes[sc.Name] = sc.About + "."
	}
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:   "Comanda API",
			Version: version,
			Description: "Restaurant ordering: stores, menus, orders and webhooks. Names are in Pascal case, times in UTC with Z, " +
				"amounts are JSON numbers in the store's currency. Many writes answer 200 with an empty body.",
		},
		Components: &huma.Components{
			Schemas: newRegistry(),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"bearer": {
					Type: "http", Scheme: "bearer",
					Description: "An access token of an OAuth app or of a person, in the header Authorization.",
				},
				"session": {
					Type: "apiKey", In: "cookie", Name: "__Host-comanda",
					Description: "The session of a person who is signed in; for pages of this server only.",
				},
				"oauth2": {
					Type:        "oauth2",
					Description: "Ask the token endpoint with the OAuth app's id and secret, or let a person sign in and agree.",
					Flows: &huma.OAuthFlows{
						ClientCredentials: &huma.OAuthFlow{TokenURL: c.PublicURL + "/identity/connect/token", Scopes: scopes},
						AuthorizationCode: &huma.OAuthFlow{
							AuthorizationURL: c.PublicURL + "/identity/connect/authorize",
							TokenURL:         c.PublicURL + "/identity/connect/token", RefreshURL: c.PublicURL + "/identity/connect/token", Scopes: scopes,
						},
					},
				},
			},
		},
	}
	if c.PublicURL != "" {
		doc.Servers = []*huma.Server{{URL: c.PublicURL}}
	}
	for _, g := range groups {
		if len(g.rows) > 0 {
			doc.Tags = append(doc.Tags, &huma.Tag{Name: g.tag, Description: g.about})
		}
	}
	return doc
}

// describe is an operation before its handler's types are known.
func describe(g group, r row) huma.Operation {
	d := descriptions()[r.id]
	op := huma.Operation{
		OperationID:   r.id,
		Method:        r.method,
		Path:          r.path,
		Tags:          []string{g.tag},
		Summary:       r.summary,
		Description:   strings.Join(slices.DeleteFunc([]string{d.text, r.access.words(), eventsInWords(d.events)}, isEmpty), "\n\n"),
		DefaultStatus: r.status,
		Responses:     map[string]*huma.Response{},

		// The normaliser has validated both before huma decodes them, and limited the body.
		SkipValidateParams: true,
		SkipValidateBody:   true,
		MaxBodyBytes:       -1,
		BodyReadTimeout:    -1,
	}
	if len(d.events) > 0 {
		op.Extensions = map[string]any{"x-comanda-events": d.events}
	}
	switch {
	case r.access.visitor:
		op.Security = []map[string][]string{{}, {"session": {}}}
	case r.access.driver:
		op.Security = []map[string][]string{{"bearer": {}}}
	case !r.access.public:
		op.Security = []map[string][]string{{"bearer": {}}, {"session": {}}}
		for _, scope := range oauth.ScopesFor(r.access.right) { // any one of them does
			op.Security = append(op.Security, map[string][]string{"oauth2": {scope}})
		}
	}
	for status, why := range refusals(r, d) {
		refuses(&op, status, why)
	}
	return op
}

// refuses adds what causes a status to an operation.
func refuses(op *huma.Operation, status int, why string) {
	code := strconv.Itoa(status)
	if said := op.Responses[code]; said != nil {
		said.Description = why + " " + said.Description
		return
	}
	schema := "RestApiErrorResult"
	switch status {
	case http.StatusUnauthorized:
		schema = "RestApiUnauthorizedResult"
	case http.StatusForbidden:
		schema = "RestApiForbiddenResult"
	}
	op.Responses[code] = &huma.Response{
		Description: why,
		Content:     map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Ref: componentRef + schema}}},
	}
}

// describeInput says what an operation refuses because of what it is sent.
func describeInput(op *huma.Operation) {
	if op.RequestBody == nil {
		if len(op.Parameters) == 0 {
			op.Responses["400"].Description = "The request cannot be read."
		}
		return
	}
	refuses(op, http.StatusRequestEntityTooLarge, "The body is too large; JSON may have 1 MiB.")
	refuses(op, http.StatusUnsupportedMediaType, "The body is of a media type that is not taken here.")
}

// words say who may call an operation.
func (a access) words() string {
	switch {
	case a.visitor:
		return "No token is needed, and pages of other origins are refused."
	case a.public:
		return "No token is needed."
	case a.driver:
		return "Needs the token of a driver who signed in by `POST …/drivers/login`."
	case a.right == "":
		return "Needs a caller who is signed in; of an OAuth app's token, the scope " + scopesInWords(a.right) + "."
	}
	return "Needs the right of " + string(a.right) + "; of an OAuth app's token, the scope " + scopesInWords(a.right) + "."
}

func scopesInWords(right account.Right) string {
	return "`" + strings.Join(oauth.ScopesFor(right), "` or `") + "`"
}

func eventsInWords(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "Events: `" + strings.Join(names, "`, `") + "`."
}

func isEmpty(s string) bool { return s == "" }

// refusals are the statuses by which an operation refuses, with what causes each: what its kind of operation has, and
// what its description adds.
func refusals(r row, d description) map[int]string {
	out := map[int]string{
		http.StatusBadRequest:          "A parameter or a member of the body is not valid. `Errors` names each of them with what is wrong.",
		http.StatusInternalServerError: "Something went wrong on our side. `RequestId` finds it in the server's log.",
	}
	if r.access != anyone {
		out[http.StatusServiceUnavailable] = "The database is not available or did not confirm in time. Repeat the request after the time in Retry-After."
	}
	switch {
	case r.access.visitor:
		out[http.StatusForbidden] = "A page of another origin asks."
	case !r.access.public:
		out[http.StatusUnauthorized] = "There is no access token, or it is unknown, expired or revoked."
		out[http.StatusForbidden] = "The scopes of the token leave this call out."
		if r.access.driver {
			out[http.StatusForbidden] = "The caller is no driver."
		}
		if r.access.right != "" {
			out[http.StatusForbidden] = "The caller lacks the right of " + string(r.access.right) + " here, or the scopes of the token leave it out."
		}
	}
	if r.access.limited {
		out[http.StatusTooManyRequests] = "This address has sent too many requests. Retry-After says when to go on."
	}
	for status, why := range d.refusals {
		out[status] = strings.TrimSpace(out[status] + " " + why)
	}
	return out
}

// encodeDocument writes the document with the schemas of refusals, which no handler's type mentions, and the examples.
func encodeDocument(doc *huma.OpenAPI) []byte {
	text := func(about string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: about} }
	refusal := &huma.Schema{
		Type:     huma.TypeObject,
		Required: []string{"Message"},
		Properties: map[string]*huma.Schema{
			"Message":   text("What is wrong."),
			"RequestId": text("Names this request in the server's log."),
			"Details":   text("How to put it right."),
		},
	}
	schemas := doc.Components.Schemas.Map()
	schemas["RestApiUnauthorizedResult"] = refusal
	schemas["RestApiForbiddenResult"] = refusal
	schemas["ValidationErrorResult"] = &huma.Schema{
		Type: huma.TypeObject,
		Properties: map[string]*huma.Schema{
			"FieldName": text("The member or parameter, such as Items[2].Quantity."),
			"Errors":    {Type: huma.TypeArray, Items: text("")},
		},
	}
	schemas["RestApiErrorResult"] = &huma.Schema{
		Type:     huma.TypeObject,
		Required: []string{"Message"},
		Properties: map[string]*huma.Schema{
			"Message":    refusal.Properties["Message"],
			"ErrorCode":  {Type: huma.TypeInteger, Format: "int32", Description: "The HTTP status again."},
			"StackTrace": {Type: huma.TypeString, Nullable: true, Description: "Always null."},
			"Errors":     {Type: huma.TypeArray, Items: &huma.Schema{Ref: "#/components/schemas/ValidationErrorResult"}},
			"RequestId":  refusal.Properties["RequestId"],
			"Details":    refusal.Properties["Details"],
			"Data":       {Description: "What goes with the refusal, such as the new quote when a price moved."},
		},
	}
	tellOfKeys(doc)
	showExamples(doc)
	return must(json.Marshal(doc))
}

// tellOfKeys adds the header Idempotency-Key to the operations that heed it: those that refuse a key for another request.
func tellOfKeys(doc *huma.OpenAPI) {
	const name = "Idempotency-Key"
	for _, op := range operationsOf(doc) {
		if op.Responses["422"] == nil || slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == name }) {
			continue
		}
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: name, In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "Optional: 16 to 255 visible ASCII characters, new for each request and the same for its repeats, best a UUID. " +
				"A repeat within 48 hours is answered like the first and does nothing.",
		})
	}
}

// operationsOf are the operations of a document.
func operationsOf(doc *huma.OpenAPI) (out []*huma.Operation) {
	for _, path := range doc.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Head, path.Post, path.Put, path.Delete} {
			if op != nil {
				out = append(out, op)
			}
		}
	}
	return out
}
