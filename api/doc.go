// Package api is the door of the v1.0 API: every operation that is served, one table ([server.routes]), one path through
// it for every request. It owns no tables and emits no events. Package app makes it with [New] and mounts it at /api/ and
// /openapi.json, behind web.CollapseSlashes where a ServeMux stands in front; HTTPSOnly guards the other doors.
//
// What happens to a request, in order (server.serve):
//
//	CORS headers · HTTPS or 403 · route (router.go: any case, doubled slashes, an empty last boolean)
//	· contract operation that is not served: 501; unknown path: 404; wrong method: 405
//	· address budget for diners: 429 · bearer token, or session cookie of our own origin: 401, right held nowhere: 403
//	· normaliser (path and query: normalise.go, one value: scalar.go, body: body.go): 400, 413, 415
//	· huma decodes and calls the handler · problem.go maps its error · codec.go writes the answer · one log line
//
// # Adding an operation
//
// A handler is a method of server with the caller as a parameter; it decodes nothing, checks no rights and maps no
// errors. heartbeat.go is the smallest example; one with everything:
//
//	type getOrdersIn struct {
//		State []wire.OrderState `query:"state,explode"`              // a list: always explode; values come from the type
//		From  Optional[wire.Time] `query:"from"`                     // absent differs from zero: Optional, .Ptr()
//		Page  int `query:"page" default:"1" minimum:"1"`
//	}
//	type getOrdersOut struct{ Body wire.Page[wire.Order] }
//
//	func (s *server) getOrders(ctx context.Context, c *account.Caller, in *getOrdersIn) (*getOrdersOut, error) {
//		page, err := s.Orders.List(ctx, c, order.Filter{States: in.State, From: in.From.Ptr(), Page: in.Page})
//		if err != nil {
//			return nil, err
//		}
//		return &getOrdersOut{page}, nil
//	}
//
// its line in routes.go, in the group of its tag:
//
//	on("GetOrders", get, "/api/v1.0/orders", can(account.ReadOrders), s.getOrders, "Lists orders, newest first"),
//
// and its heading in descriptions.md: what a developer needs to know, the events that a call may append, and what causes the
// refusals that are its own. Every call of the API tests is compared with that. A call in tour_test.go makes its example.
//
// The rest of the conventions:
//
//   - Domain objects are fields of [Config], pointers that a test may leave nil. One file per tag.
//   - Access: anyone, diner (no token, rate-limited), visitor (a step of signing in), signedIn, can(right). It is a first fence and documentation; the
//     domain method requires the right on the brand and store at hand.
//   - Input: path:"orderId", query:"page", header:"Idempotency-Key" (also in Caller.Idempotent), Body. No pointers but
//     inside Body. default, minimum, maximum, maxLength, enum, doc tags work. Body wire.Accept, or Body string for a
//     body that is one string.
//   - Int is int32 on the wire. A member is nullable only by the tag nullable:"true", whatever its Go type, and required
//     unless tagged required:"false": on request bodies say so for each optional member.
//   - Output: a struct with Body, or [none] (return &none{}, nil) for the contract's empty 200. Envelopes are
//     wire.Result[T] and wire.Page[T]; their schemas get the contract's names. A body that is encoded already is
//     Stored[wire.Result[wire.Order]], made with StoredData: its bytes are not encoded again.
//   - Success is 200; where the contract declares 201 or 202 the row ends in .answers(201).
//   - Errors: return what the domain returned. Only a *fault.Error is shown; its Data goes out as Data.
//   - Uploads: RawBody huma.MultipartFormFiles[struct{ Image huma.FormFile `form:"Image" contentType:"image/png" required:"true"` }].
//   - Tests are tables of calls on a real installation, in package api_test: see internal/apptest.
//   - Operation ids, methods and paths are the contract's, exactly; a test compares. Our own operations stand in tags of
//     our own (Storefront).
package api
