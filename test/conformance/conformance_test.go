// Package conformance_test holds the modules of the OpenID Foundation's certification plans for an OpenID Provider, each
// as a Go test of its name: Basic, Hybrid (three response types), Form Post of both, Config and RP-initiated logout.
//
// They run against the whole server over TLS and know it only by HTTP: the pages through a small browser of their own, the
// set-up through public operations of the API. ID tokens are verified by go-jose, not by our own code. A finding that the
// official suite only warns of fails here, unless the module says why not. What the suite calls "skipped because the
// server does not support it" is a refusal that is checked here.
//
// This is no certification: the official suite is run by the Foundation's own server.
package conformance_test

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"comanda/internal/dbtest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// More modules at once than there are processors: those about auth_time wait for the next second of the server's clock.
	_ = flag.Set("test.parallel", "16")
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	dbtest.Main(m)
}

// variant is what a plan varies.
type variant struct {
	types string // response_type
	mode  string // response_mode; empty = the response type's own, and the parameter is not sent
	flow  string // that the OAuth app is registered for
	fresh bool   // a new sign-in for each module; else those that do not look at the sign-in share one
}

var (
	basic  = variant{types: "code", flow: "AuthorizationCode", fresh: true}
	hybrid = []variant{
		{types: "code id_token", flow: "Hybrid"},
		{types: "code token", flow: "Hybrid"},
		{types: "code id_token token", flow: "Hybrid"},
	}
)

func byFormPost(v variant) variant {
	v.mode, v.fresh = "form_post", false
	return v
}

func TestBasic(t *testing.T) {
	t.Parallel()
	start(t, "").plan(t, basic)
}

func TestHybrid(t *testing.T) {
	t.Parallel()
	start(t, "").plans(t, hybrid...)
}

func TestFormPostBasic(t *testing.T) {
	t.Parallel()
	start(t, "").plan(t, byFormPost(basic))
}

func TestFormPostHybrid(t *testing.T) {
	t.Parallel()
	start(t, "").plans(t, byFormPost(hybrid[0]), byFormPost(hybrid[1]), byFormPost(hybrid[2]))
}

func TestConfig(t *testing.T) {
	t.Parallel()
	start(t, "").config(t)
}

func TestRPInitiatedLogout(t *testing.T) {
	t.Parallel()
	start(t, "").logoutPlan(t)
}

// What the engine can change, once more on PostgreSQL: the plain response type, the one that issues everything, logout.
func TestOnPostgreSQL(t *testing.T) {
	t.Parallel()
	p := start(t, dbtest.PostgresURL(t))
	p.plans(t, basic, hybrid[2])
	t.Run("RPInitiatedLogout", func(t *testing.T) { p.logoutPlan(t) })
}

// module is one test of the suite. It is the same for all response types and modes.
type module struct {
	name  string
	run   func(*run)
	fresh bool // it looks at the sign-in, so it does not share one
	only  func(variant) bool
}

var modules = []module{
	{name: "server", run: server},
	{name: "response-type-missing", run: responseTypeMissing},
	{name: "idtoken-signature", run: idTokenSignature},
	{name: "idtoken-unsigned", run: idTokenUnsigned, only: codeFlow},
	{name: "userinfo-get", run: userInfoGet},
	{name: "userinfo-post-header", run: userInfoPostHeader},
	{name: "userinfo-post-body", run: userInfoPostBody},
	{name: "ensure-request-without-nonce-succeeds-for-code-flow", run: withoutNonceSucceeds, only: noIDTokenInFront},
	{name: "ensure-request-without-nonce-fails", run: withoutNonceFails, only: idTokenInFront},
	{name: "scope-profile", run: scopeProfile},
	{name: "scope-email", run: scopeEmail},
	{name: "scope-address", run: scopeAddress},
	{name: "scope-phone", run: scopePhone},
	{name: "scope-all", run: scopeAll},
	{name: "alternate-happy-flow", run: alternateHappyFlow},
	{name: "display-page", run: displayPage},
	{name: "display-popup", run: displayPopup},
	{name: "prompt-login", run: promptLogin, fresh: true},
	{name: "prompt-none-not-logged-in", run: promptNoneNotLoggedIn, fresh: true},
	{name: "prompt-none-logged-in", run: promptNoneLoggedIn, fresh: true},
	{name: "max-age-1", run: maxAge1, fresh: true},
	{name: "max-age-10000", run: maxAge10000, fresh: true},
	{name: "ensure-request-with-unknown-parameter-succeeds", run: unknownParameter},
	{name: "id-token-hint", run: idTokenHint},
	{name: "login-hint", run: loginHint, fresh: true},
	{name: "ui-locales", run: uiLocales, fresh: true},
	{name: "claims-locales", run: claimsLocales},
	{name: "ensure-request-with-acr-values-succeeds", run: acrValues},
	{name: "codereuse", run: codeReuse},
	{name: "codereuse-30seconds", run: codeReuse30Seconds},
	{name: "ensure-registered-redirect-uri", run: registeredRedirectURI},
	{name: "ensure-post-request-succeeds", run: postRequest, only: codeFlow, fresh: true},
	{name: "server-client-secret-post", run: clientSecretPost},
	{name: "request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", run: requestURI},
	{name: "unsigned-request-object-supported-correctly-or-rejected-as-unsupported", run: requestObject},
	{name: "claims-essential", run: claimsEssential},
	{name: "ensure-request-object-with-redirect-uri", run: requestObjectWithRedirectURI},
	{name: "refresh-token", run: refreshToken},
	{name: "ensure-request-with-valid-pkce-succeeds", run: validPKCE},
}

func codeFlow(v variant) bool         { return v.types == "code" }
func idTokenInFront(v variant) bool   { return v.issues("id_token") }
func noIDTokenInFront(v variant) bool { return !v.issues("id_token") }

// plans runs variants side by side.
func (p *provider) plans(t *testing.T, variants ...variant) {
	for _, v := range variants {
		t.Run(v.types, func(t *testing.T) {
			t.Parallel()
			p.plan(t, v)
		})
	}
}

// plan runs all modules of a variant, with OAuth apps of its own.
func (p *provider) plan(t *testing.T, v variant) {
	name := fmt.Sprintf("%s %s", v.types, v.mode)
	clients := clients{
		main: p.register(t, name, v.flow, nil, "https://client.example/callback"),
		// With a query of its own, which answers must keep (RFC 6749, 3.1.2).
		second: p.register(t, name+" second", v.flow, nil, "https://second.example/callback?shop=7&lang=en"),
		poster: p.register(t, name+" post", v.flow, nil, "https://client.example/callback"),
	}
	clients.poster.post = true
	var shared *browser
	if !v.fresh {
		shared = p.browser(t)
		shared.signIn()
	}
	for _, m := range modules {
		if m.only != nil && !m.only(v) {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			b := p.browser(t)
			if shared != nil && !m.fresh {
				b.cookies = shared.cookies
			}
			m.run(&run{T: t, provider: p, variant: v, clients: clients, browser: b})
		})
	}
}
