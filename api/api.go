package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"comanda/account"
	"comanda/customer"
	"comanda/driver"
	"comanda/event"
	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/menu"
	"comanda/oauth"
	"comanda/order"
	"comanda/payment"
	"comanda/requestlog"
	"comanda/store"
	"comanda/voucher"
	"comanda/webhook"
)

// Config is what the door is made of. A domain object may be nil in a test that calls none of its operations.
type Config struct {
	Auth      Authenticator
	Accounts  *account.Accounts
	OAuth     *oauth.Server
	Stores    *store.Stores
	Menus     *menu.Menus
	Webhooks  *webhook.Webhooks
	Customers *customer.Customers
	Vouchers  *voucher.Vouchers
	Payments  *payment.Payments
	Orders    *order.Orders
	Drivers   *driver.Drivers
	Events    *event.Log
	Requests  *requestlog.Log // nil = requests are not logged

	PublicURL string     // base of every link, such as https://eat.example; the Host header never is
	Origin    web.Origin // whose forwarded headers count
	Version   string     // of the program, for the document
	Host      string     // this node's name, for GET /heartbeat/Hostname
	Log       *slog.Logger
	Stopping  <-chan struct{} // closed when the server is about to stop: streams and waiting pulls end then; nil = never

	// DinerRate is how many storefront requests a second one client address may send, DinerBurst how many at once.
	// Zero means 10 and 40; a negative rate means no limit.
	DinerRate  float64
	DinerBurst int
}

// Authenticator knows who an access token stands for. An unknown, expired or revoked token is a fault of kind
// Unauthenticated.
type Authenticator interface {
	Authenticate(ctx context.Context, cred oauth.Credential) (*account.Caller, error)
}

// server is the door. Handlers are its methods; they read its Config.
type server struct {
	Config
	router  *router
	limiter *limiter
	streams streams
	pace    pace
	doc     *huma.OpenAPI
	openAPI func() []byte // the document, packed, made at the first request for it
	events  func() []byte // and the AsyncAPI document
}

// New makes the door: every operation of routes.go under /api/, /openapi.json and /asyncapi.json.
func New(c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s := &server{Config: c, router: newRouter(), limiter: newLimiter(c.DinerRate, c.DinerBurst), pace: streamPace}
	s.register(s.routes())
	return s
}

var replaceHumaErrors = sync.OnceFunc(func() {
	huma.NewErrorWithContext = humaError
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return humaError(nil, status, msg, errs...)
	}
	huma.DefaultArrayNullable = false
})

// adapter takes the handlers that huma makes; the router calls them.
type adapter struct{ last *operation }

func (a *adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	a.last = &operation{op: op, handler: handler}
}

func (a *adapter) ServeHTTP(http.ResponseWriter, *http.Request) {} // not used: server is the handler

func (s *server) register(groups []group) {
	replaceHumaErrors()
	a := &adapter{}
	doc := newDocument(s.Config, groups)
	s.doc = doc
	hapi := huma.NewAPI(huma.Config{
		OpenAPI:       doc,
		Formats:       map[string]huma.Format{"application/json": jsonFormat},
		DefaultFormat: "application/json",
	}, a)
	served := map[string]bool{}
	var ops []*operation
	for _, g := range groups {
		for _, r := range g.rows {
			r.register(hapi, describe(g, r))
			o := a.last
			o.row = r
			o.op.OperationID = r.id // which huma writes without spaces, and the contract has one with
			describeInput(o.op)
			ops = append(ops, o)
			served[r.method+" "+r.path] = true
		}
	}
	describeWebhooks(doc)
	finishSchemas(doc.Components.Schemas)
	for _, o := range ops {
		o.compile(doc.Components.Schemas)
		s.router.add(&endpoint{id: o.id, method: o.method, path: o.row.path, op: o})
	}
	for _, c := range contractOps() {
		if !served[c.Method+" "+c.Path] {
			s.router.add(&endpoint{id: c.ID, method: c.Method, path: c.Path})
		}
	}
	s.openAPI = sync.OnceValue(func() []byte { return web.Pack(encodeDocument(doc)) })
	s.events = sync.OnceValue(func() []byte { return web.Pack(s.asyncAPI()) })
}

// isStopping says whether what goes on for long must end.
func (s *server) isStopping() bool {
	select {
	case <-s.Stopping:
		return true
	default:
		return false
	}
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := newCall(s, w, r)
	defer c.end()
	if err := s.serve(c); err != nil {
		c.refuse(err)
	}
}

func (s *server) serve(c *call) error {
	cors(c)
	if err := requireTLS(s.Origin, c.r); err != nil {
		return err
	}
	e, segs := s.router.find(c.r.Method, c.r.URL)
	if e == nil {
		return s.unrouted(c, segs)
	}
	c.endpoint, c.segments = e, segs
	if e.op == nil {
		return notServed(e)
	}
	caller, err := s.identify(c, e.op.access)
	if err != nil {
		return err
	}
	c.caller = caller
	if err := e.op.normalise(c, e, segs); err != nil {
		return err
	}
	c.serveHuma(e.op)
	return nil
}

// unrouted answers what is no operation: the document, a preflight, a wrong method, an unknown path.
func (s *server) unrouted(c *call, segs []string) error {
	if len(segs) == 1 && (c.r.Method == get || c.r.Method == head) {
		switch strings.ToLower(segs[0]) {
		case "openapi.json":
			c.w.Header().Set("Content-Type", "application/openapi+json")
			web.SendPacked(&c.w, c.r, s.openAPI())
			return nil
		case "asyncapi.json":
			c.w.Header().Set("Content-Type", "application/asyncapi+json")
			web.SendPacked(&c.w, c.r, s.events())
			return nil
		}
	}
	allowed := s.router.allowed(segs)
	if len(allowed) == 0 {
		return fault.New(fault.NotFound, "There is no operation at this path.").
			With("GET /openapi.json lists the operations.")
	}
	allow := strings.Join(append(allowed, http.MethodOptions), ", ")
	c.w.Header().Set("Allow", allow)
	if c.r.Method == http.MethodOptions {
		if c.r.Header.Get("Origin") != "" {
			c.w.Header().Set("Access-Control-Allow-Methods", allow)
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return &problem{
		status:  http.StatusMethodNotAllowed,
		Message: "This path does not take " + c.r.Method + ".",
		Details: "Use one of " + strings.Join(allowed, ", ") + ".",
	}
}

func notServed(e *endpoint) error {
	return &problem{
		status:  http.StatusNotImplemented,
		Message: e.id + " is an operation of the contract that this version does not serve.",
		Details: "docs/compatibility.md lists what is served; GET /openapi.json describes it.",
	}
}

// cors lets pages of any origin call the API with a token: the session cookie counts for pages of
// this server only, so no credentials are allowed.
func cors(c *call) {
	if c.r.Header.Get("Origin") == "" {
		return
	}
	h := c.w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
	if c.r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Headers", "Authorization, Authentication, DPoP, Content-Type, User-Agent, Idempotency-Key, Last-Event-ID")
		h.Set("Access-Control-Max-Age", "86400")
	}
}

// identify says who calls: nobody in particular where no token is asked for, else the bearer of the token.
func (s *server) identify(c *call, a access) (*account.Caller, error) {
	ip := s.Origin.ClientIP(c.r)
	caller := account.Caller{Kind: account.Anonymous}
	if a.limited {
		if wait := s.limiter.take(ip); wait > 0 {
			f := fault.New(fault.TooMany, "Too many requests from this address.").With("Wait, then try again.")
			f.RetryAfter = wait
			return nil, f
		}
	}
	if a.visitor && !web.SameOrigin(c.r, s.PublicURL) {
		return nil, fault.New(fault.Forbidden, "A page of another origin cannot sign anybody in or out here.").
			With("Send people to /identity/login, or use OAuth.")
	}
	if !a.public || a.visitor {
		known, err := s.known(c, a, false)
		if err != nil {
			return nil, err
		}
		caller = *known
	}
	if !a.public {
		if err := forDrivers(caller, a); err != nil {
			return nil, err
		}
		if err := withinScopes(caller, a.right); err != nil {
			return nil, err
		}
		if a.right != "" && caller.Kind != account.System && len(caller.Reach(a.right)) == 0 {
			return nil, fault.Newf(fault.Forbidden, "This needs the right of %s, which the caller has on no brand.", a.right).
				With("Ask an owner of the brand for an access level that includes it.")
		}
	}
	if ip.IsValid() {
		caller.IP = ip.String()
	}
	caller.Request = c.id
	caller.Idempotent = c.r.Header.Get("Idempotency-Key")
	return &caller, nil
}

// known is who holds the access token of a request or, without one, the session of a page of this server. It is an error
// to be neither, except for a visitor, who then is nobody in particular. again says that the request was let in before.
func (s *server) known(c *call, a access, again bool) (*account.Caller, error) {
	cred, ok := oauth.CredentialOf(c.r, s.PublicURL)
	cred.Proven = again
	if ok && !a.visitor && s.Drivers != nil && driver.IsToken(cred.Token) {
		return s.Drivers.Authenticate(c.ctx, cred.Token)
	}
	if ok && !a.visitor {
		if s.Auth == nil {
			return nil, unauthenticated()
		}
		caller, err := s.Auth.Authenticate(c.ctx, cred)
		if err == nil && caller == nil {
			err = unauthenticated()
		}
		if f := (*fault.Error)(nil); errors.As(err, &f) {
			if challenge := oauth.Challenge(err); challenge != "" {
				p := fromFault(f)
				p.challenge = challenge
				err = p
			}
		}
		return caller, err
	}
	err := unauthenticated()
	if token := web.SessionToken(c.r); token != "" && s.Accounts != nil && web.SameOrigin(c.r, s.PublicURL) {
		var session account.Session
		if session, err = s.Accounts.Session(c.ctx, token); err == nil {
			return s.Accounts.SessionCaller(c.ctx, session)
		}
	}
	if a.visitor && fault.KindOf(err) == fault.Unauthenticated {
		return &account.Caller{}, nil
	}
	return nil, err
}

// stillKnown is who a request that goes on for long stands for now, or why it must end.
func (s *server) stillKnown(c *call, right account.Right) (*account.Caller, error) {
	caller, err := s.known(c, can(right), true)
	if err != nil {
		return nil, err
	}
	return caller, withinScopes(*caller, right)
}

func unauthenticated() error {
	return fault.New(fault.Unauthenticated, "Authentication is missing or not valid.").
		With("Send the header Authorization: Bearer and an access token.")
}

// forDrivers keeps drivers to the calls that are made for them, and others out of those.
func forDrivers(c account.Caller, a access) error {
	switch isDriver := c.Kind == account.Driver; {
	case a.driver && !isDriver:
		return fault.New(fault.Forbidden, "Only drivers have this call.").With("Sign in by POST …/drivers/login.")
	case isDriver && !a.driver && a.right != account.DeliverOrders:
		return fault.New(fault.Forbidden, "A driver's token does not include this call.")
	}
	return nil
}

// withinScopes refuses a token whose scopes leave a right out. What the caller may do beside that is another question.
func withinScopes(c account.Caller, right account.Right) error {
	if c.Scopes == nil {
		return nil
	}
	needed := oauth.ScopesFor(right)
	for _, scope := range needed {
		if slices.Contains(c.Scopes, scope) {
			return nil
		}
	}
	return &problem{
		status:    http.StatusForbidden,
		Message:   "The scopes of this access token do not include this call.",
		Details:   "Request a token with one of the scopes " + strings.Join(needed, ", ") + ".",
		challenge: `Bearer error="insufficient_scope", scope="` + needed[0] + `"`,
	}
}

// requireTLS refuses plain HTTP: a token that crossed the network in clear text is known to others.
func requireTLS(o web.Origin, r *http.Request) error {
	if o.Secure(r) {
		return nil
	}
	return fault.New(fault.Forbidden, "Plain HTTP is not served here.").
		With("Use https://, and replace a token that was sent without it.")
}

// HTTPSOnly answers 403 with a JSON body on plain HTTP: for the other doors that take tokens, such as /identity.
func HTTPSOnly(o web.Origin, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := requireTLS(o, r); err != nil {
			c := newCall(&server{Config: Config{Log: slog.Default()}}, w, r)
			defer c.end()
			c.refuse(err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
