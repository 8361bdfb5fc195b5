package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/oauth"
	"comanda/wire"
)

// The probe is an API of our own with one operation of each kind of parameter and body: what the handler received is
// what it answers.

type probeIn struct {
	AppID string                    `path:"appId"`
	Order int                       `path:"orderId"`
	IDs   []int                     `query:"physicalRestaurantId,explode"`
	State []wire.OrderState         `query:"state,explode"`
	From  Optional[wire.Time]       `query:"from"`
	Page  int                       `query:"page" default:"1" minimum:"1"`
	Flag  Optional[bool]            `query:"preOrderConfig.flag"`
	Rate  Optional[wire.Decimal]    `query:"rate"`
	One   Optional[wire.OrderState] `query:"one"`
}

type echo struct {
	AppID string            `json:"AppID"`
	Order int               `json:"Order"`
	IDs   []int             `json:"IDs"`
	State []wire.OrderState `json:"State"`
	From  *wire.Time        `json:"From"`
	Page  int               `json:"Page"`
	Flag  *bool             `json:"Flag"`
	Rate  *wire.Decimal     `json:"Rate"`
	One   *wire.OrderState  `json:"One"`
}

type echoOut struct{ Body echo }

func probeGet(_ context.Context, _ *account.Caller, in *probeIn) (*echoOut, error) {
	return &echoOut{echo{in.AppID, in.Order, in.IDs, in.State, in.From.Ptr(), in.Page, in.Flag.Ptr(), in.Rate.Ptr(), in.One.Ptr()}}, nil
}

type (
	bodyIn[T any] struct{ Body T }
	rawOut        struct{ Body json.RawMessage }
)

func probeBody[T any](_ context.Context, _ *account.Caller, in *bodyIn[T]) (*rawOut, error) {
	b, err := json.Marshal(in.Body)
	return &rawOut{b}, err
}

// thingBody is a body with a member of each kind.
type thingBody struct {
	Name     string            `json:"Name" maxLength:"10"`
	Count    *int              `json:"Count" required:"false" minimum:"0" maximum:"200"`
	Price    *wire.Decimal     `json:"Price" required:"false"`
	At       *wire.Time        `json:"At" required:"false"`
	State    *wire.OrderState  `json:"State" required:"false" enum:"Created,ReadyToProcess,Dispatched"`
	Yes      *bool             `json:"Yes" required:"false"`
	Id       *wire.UUID        `json:"Id" required:"false" format:"uuid"`
	Nullable *int              `json:"Nullable" required:"false" nullable:"true"`
	Items    []thingItem       `json:"Items" required:"false"`
	Tags     []string          `json:"Tags" required:"false"`
	Meta     map[string]string `json:"Meta" required:"false"`
	Item     *thingItem        `json:"Item" required:"false"`
	Code     *string           `json:"Code" required:"false" pattern:"^[A-Z]{3}$" patternDescription:"of three capitals"`
}

type thingItem struct {
	Quantity int `json:"Quantity"`
}

type showIn struct {
	Show bool `path:"show"`
}
type showOut struct{ Body bool }

type testAuth map[string]*account.Caller

func (a testAuth) Authenticate(_ context.Context, cred oauth.Credential) (*account.Caller, error) {
	if c := a[cred.Token]; c != nil {
		return c, nil
	}
	return nil, fault.New(fault.Unauthenticated, "The access token is unknown.")
}

func probe(tb testing.TB) *server {
	tb.Helper()
	c := Config{Auth: testAuth{
		"owner": {Kind: account.Person, Grants: []account.Grant{{Brand: 1, AppID: "bella", Level: wire.AppAccessLevelOwner}}},
		"staff": {Kind: account.Person, Grants: []account.Grant{{Brand: 1, AppID: "bella", Level: wire.AppAccessLevelStoreStaff}}},
	}, Log: slog.New(slog.DiscardHandler)}
	s := &server{Config: c, router: newRouter(), limiter: newLimiter(1, 2)}
	s.register([]group{{"Probe", "", []row{
		on("Get", get, "/api/v1.0/{appId}/probe/{orderId}", anyone, probeGet, ""),
		on("Show", post, "/api/v1.0/probe/tax/show/{show}", anyone, func(_ context.Context, _ *account.Caller, in *showIn) (*showOut, error) {
			return &showOut{in.Show}, nil
		}, ""),
		on("Thing", post, "/api/v1.0/probe/thing", anyone, probeBody[thingBody], ""),
		on("Text", post, "/api/v1.0/probe/text", anyone, probeBody[string], ""),
		on("Bool", post, "/api/v1.0/probe/bool", anyone, probeBody[bool], ""),
		on("Int", post, "/api/v1.0/probe/int", anyone, probeBody[int], ""),
		on("Ints", post, "/api/v1.0/probe/ints", anyone, probeBody[[]int], ""),
		on("Opt", post, "/api/v1.0/probe/opt", anyone, probeBody[*wire.Accept], ""),
		on("Accept", post, "/api/v1.0/probe/accept", anyone, probeBody[wire.Accept], ""),
		on("Limited", get, "/api/v1.0/probe/limited", diner, s.ping, ""),
		on("SignedIn", get, "/api/v1.0/probe/signedin", signedIn, s.ping, ""),
		on("Refund", get, "/api/v1.0/probe/refund", can(account.RefundOrders), s.ping, ""),
		on("Stored", get, "/api/v1.0/probe/stored", anyone, func(context.Context, *account.Caller, *none) (*storedOut, error) {
			return &storedOut{StoredData[wire.Result[wire.Order]]([]byte(`{"OrderId":1}`))}, nil
		}, ""),
		on("Empty", post, "/api/v1.0/probe/empty", anyone, func(context.Context, *account.Caller, *none) (*none, error) {
			return &none{}, nil
		}, ""),
		on("Upload", post, "/api/v1.0/probe/upload", anyone, probeUpload, ""),
		on("Fail", post, "/api/v1.0/probe/fail/{how}", anyone, probeFail, ""),
	}}})
	return s
}

type storedOut struct {
	Body Stored[wire.Result[wire.Order]]
}

type failIn struct {
	How string `path:"how"`
}

func probeFail(_ context.Context, _ *account.Caller, in *failIn) (*none, error) {
	return nil, failures[in.How]()
}

type uploadIn struct {
	RawBody huma.MultipartFormFiles[struct {
		Image huma.FormFile `form:"Image" contentType:"image/png,image/jpeg" required:"true"`
	}]
}

func probeUpload(_ context.Context, _ *account.Caller, in *uploadIn) (*textOut, error) {
	f := in.RawBody.Data().Image
	b, err := io.ReadAll(f)
	return &textOut{wire.Result[string]{Data: f.Filename + " " + f.ContentType + " " + string(b)}}, err
}
