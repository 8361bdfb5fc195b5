package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

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
	op := huma.Operation{
		OperationID:   r.id,
		Method:        r.method,
		Path:          r.path,
		Tags:          []string{g.tag},
		Summary:       r.summary,
		DefaultStatus: r.status,
		Responses:     map[string]*huma.Response{},

		// The normaliser has validated both before huma decodes them, and limited the body.
		SkipValidateParams: true,
		SkipValidateBody:   true,
		MaxBodyBytes:       -1,
		BodyReadTimeout:    -1,
	}
	refused := func(schema string, statuses ...int) {
		for _, s := range statuses {
			op.Responses[strconv.Itoa(s)] = &huma.Response{
				Description: http.StatusText(s),
				Content: map[string]*huma.MediaType{
					"application/json": {Schema: &huma.Schema{Ref: "#/components/schemas/" + schema}},
				},
			}
		}
	}
	refused("RestApiErrorResult", http.StatusBadRequest, http.StatusInternalServerError)
	if !r.access.public {
		op.Security = []map[string][]string{{"bearer": {}}, {"session": {}}}
		for _, scope := range oauth.ScopesFor(r.access.right) { // any one of them does
			op.Security = append(op.Security, map[string][]string{"oauth2": {scope}})
		}
		refused("RestApiUnauthorizedResult", http.StatusUnauthorized)
		refused("RestApiForbiddenResult", http.StatusForbidden)
	}
	if r.access.visitor {
		op.Security = []map[string][]string{{}, {"session": {}}}
		refused("RestApiUnauthorizedResult", http.StatusUnauthorized)
		refused("RestApiForbiddenResult", http.StatusForbidden)
	}
	if r.access.right != "" {
		op.Description = "Needs the right of " + string(r.access.right) + "."
	}
	if strings.Contains(r.path, "{") {
		refused("RestApiErrorResult", http.StatusNotFound)
	}
	if r.method != get && r.method != head {
		refused("RestApiErrorResult", http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable)
	}
	if r.access.limited {
		refused("RestApiErrorResult", http.StatusTooManyRequests)
	}
	return op
}

// encodeDocument writes the document with the schemas of refusals, which no handler's type mentions.
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
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return b
}
