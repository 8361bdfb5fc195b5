package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"comanda/account"
)

// group is the operations of one tag.
type group struct {
	tag   string
	about string // one sentence for the reference page
	rows  []row
}

// row is one operation: a line of the table in routes.go.
type row struct {
	id, method, path string
	access           access
	summary          string
	status           int                            // of success
	register         func(huma.API, huma.Operation) // fills in what the handler's types say
}

// access says who may call an operation at all. What the caller may do to this order or that store is asked where it is
// known, by the domain method.
type access struct {
	public  bool          // no token is asked for
	limited bool          // and the client's address has a budget
	driver  bool          // for drivers only
	visitor bool          // a step of signing in: no page of another origin may take it, and a session says who is there
	right   account.Right // a signed-in caller must have this on some brand
}

// The kinds of access, as the table writes them.
var (
	anyone   = access{public: true}                               // no token
	diner    = access{public: true, limited: true}                // no token, rate-limited by address: the storefront
	visitor  = access{public: true, limited: true, visitor: true} // no token: signing in and out
	drivers  = access{driver: true}                               // the token of a driver, who has signed in by phone
	signedIn = access{}                                           // any valid token, or the session of a page of this server
)

// can asks for a token whose caller has a right on at least one brand.
func can(r account.Right) access { return access{right: r} }

// on makes a row of a handler. In is a huma input struct (fields with path, query or header tags, and Body); Out is a
// struct with a Body, or [none] for an empty 200. The handler's error is mapped by [toProblem].
func on[In, Out any](
	id, method, path string, a access,
	h func(context.Context, *account.Caller, *In) (*Out, error),
	summary string,
) row {
	register := func(hapi huma.API, op huma.Operation) {
		huma.Register(hapi, op, func(ctx context.Context, in *In) (*Out, error) {
			c := callOf(ctx)
			out, err := h(ctx, c.caller, in)
			if err != nil {
				return nil, toProblem(c, err)
			}
			return out, nil
		})
	}
	return row{id, method, path, a, summary, http.StatusOK, withEnums[In](register)}
}

// answers sets another status of success than 200: the few operations for which the contract declares 201 or 202.
func (r row) answers(status int) row {
	r.status = status
	return r
}

// none is the input or output of an operation that has none.
type none = struct{}

// The methods, so that the table stays narrow.
const (
	get  = http.MethodGet
	head = http.MethodHead
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete
)

// enumerated is what a generated enumeration of package wire says of itself.
type enumerated interface{ Values() []string }

// withEnums declares the values of enumerated parameters, which huma cannot see in a string type.
func withEnums[In any](register func(huma.API, huma.Operation)) func(huma.API, huma.Operation) {
	return func(hapi huma.API, op huma.Operation) {
		t := reflect.TypeFor[In]()
		register(hapi, op)
		registered := hapi.Adapter().(*adapter).last.op
		for _, f := range reflect.VisibleFields(t) {
			name := f.Tag.Get("path")
			if name == "" {
				name = baseName(f.Tag.Get("query"))
			}
			values := enumOf(f.Type)
			if name == "" || values == nil {
				continue
			}
			for _, p := range registered.Parameters {
				if p.Name == name {
					declareEnum(p.Schema, values)
				}
			}
		}
	}
}

func enumOf(t reflect.Type) []string {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if o, ok := reflect.New(t).Interface().(optional); ok {
		return enumOf(o.valueType())
	}
	if e, ok := reflect.Zero(t).Interface().(enumerated); ok {
		return e.Values()
	}
	return nil
}

func declareEnum(s *huma.Schema, values []string) {
	if s.Type == huma.TypeArray {
		s = s.Items
	}
	if s.Enum != nil {
		return
	}
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	s.PrecomputeMessages()
}
