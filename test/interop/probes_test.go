package interop

import (
	"crypto/elliptic"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

var p256 = elliptic.P256()

// probes are the requests that both providers answer.
var probes = slices.Concat(authorizeProbes, signedInProbes, tokenProbes, assertionProbes, dpopProbes, parProbes, deviceProbes, tokenStateProbes, userinfoProbes, endSessionProbes, discoveryProbes)

var authorizeProbes = []probe{
	{"authorize: right in all respects", authorize("basic")},
	{"authorize: by POST", func(o *oracle) *http.Request { return o.post(o.endpoint("authorize"), o.request("basic")) }},
	{"authorize: by POST as JSON", func(o *oracle) *http.Request {
		r := o.post(o.endpoint("authorize"), o.request("basic"))
		r.Header.Set("Content-Type", "application/json")
		return r
	}},
	{"authorize: no client_id", authorize("basic", "-client_id")},
	{"authorize: unknown client_id", authorize("basic", "client_id=1234567890123456789012")},
	{"authorize: client_id that none can be", authorize("basic", "client_id=<nobody>")},
	{"authorize: no redirect_uri", authorize("basic", "-redirect_uri")},
	{"authorize: redirect_uri of nobody", authorize("basic", "redirect_uri=https://evil.test/callback")},
	{"authorize: redirect_uri with a query added", authorize("basic", "redirect_uri="+callback+"?a=b")},
	{"authorize: redirect_uri with a slash added", authorize("basic", "redirect_uri="+callback+"/")},
	{"authorize: redirect_uri with a fragment", authorize("basic", "redirect_uri="+callback+"#a")},
	{"authorize: redirect_uri in other letters", authorize("basic", "redirect_uri=https://RP.test/callback")},
	{"authorize: redirect_uri by http", authorize("basic", "redirect_uri=http://rp.test/callback")},
	{"authorize: redirect_uri that goes up", authorize("basic", "redirect_uri="+callback+"/../callback")},
	{"authorize: redirect_uri that is no address", authorize("basic", "redirect_uri=callback")},
	{"authorize: redirect_uri registered with a query", authorize("basic", "redirect_uri="+callback+"?fixed=1")},
	{"authorize: error to a redirect_uri with a query", authorize("basic", "redirect_uri="+callback+"?fixed=1", "prompt=none")},
	{"authorize: no response_type", authorize("basic", "-response_type")},
	{"authorize: unknown response_type", authorize("basic", "response_type=coffee")},
	{"authorize: response_type in another order", authorize("basic", "response_type=id_token code")},
	{"authorize: response_type id_token", authorize("basic", "response_type=id_token")},
	{"authorize: response_type token", authorize("basic", "response_type=token")},
	{"authorize: response_type none", authorize("basic", "response_type=none")},
	{"authorize: response_type twice the same", authorize("basic", "response_type=code code")},
	{"authorize: hybrid for a public client", authorize("public", "response_type=code id_token")},
	{"authorize: hybrid by query", authorize("basic", "response_type=code id_token", "response_mode=query")},
	{"authorize: code token by query", authorize("basic", "response_type=code token", "response_mode=query")},
	{"authorize: unknown response_mode", authorize("basic", "response_mode=pigeon")},
	{"authorize: error by form_post", authorize("basic", "response_mode=form_post", "prompt=none")},
	{"authorize: error by fragment", authorize("basic", "response_mode=fragment", "prompt=none")},
	{"authorize: error by query", authorize("basic", "response_mode=query", "prompt=none")},
	{"authorize: error of a hybrid request", authorize("basic", "response_type=code id_token", "prompt=none")},
	{"authorize: error of a hybrid request by form_post", authorize("basic", "response_type=code id_token token", "response_mode=form_post", "prompt=none")},
	{"authorize: code without nonce", authorize("basic", "-nonce")},
	{"authorize: code token without nonce", authorize("basic", "response_type=code token", "-nonce")},
	{"authorize: code id_token without nonce", authorize("basic", "response_type=code id_token", "-nonce")},
	{"authorize: code id_token token without nonce", authorize("basic", "response_type=code id_token token", "-nonce")},
	{"authorize: code id_token without nonce by form_post", authorize("basic", "response_type=code id_token", "response_mode=form_post", "-nonce")},
	{"authorize: without state", authorize("basic", "-state")},
	{"authorize: without scope", authorize("basic", "-scope", "-nonce")},
	{"authorize: scope api alone", authorize("basic", "scope=api", "-nonce")},
	{"authorize: unknown scope", authorize("basic", "scope=openid coffee")},
	{"authorize: only an unknown scope", authorize("basic", "scope=coffee", "-nonce")},
	{"authorize: hybrid without openid", authorize("basic", "response_type=code id_token", "scope=api")},
	{"authorize: PKCE plain", authorize("basic", "code_challenge_method=plain")},
	{"authorize: PKCE of an unknown method", authorize("basic", "code_challenge_method=S512")},
	{"authorize: PKCE without a method", authorize("basic", "-code_challenge_method")},
	{"authorize: PKCE method without a challenge", authorize("basic", "-code_challenge")},
	{"authorize: PKCE challenge too short", authorize("basic", "code_challenge=abc")},
	{"authorize: PKCE challenge with wrong characters", authorize("basic", "code_challenge="+strings.Repeat("!", 43))},
	{"authorize: public client without PKCE", authorize("public", "-code_challenge", "-code_challenge_method")},
	{"authorize: confidential client without PKCE", authorize("basic", "-code_challenge", "-code_challenge_method")},
	{"authorize: prompt none", authorize("basic", "prompt=none")},
	{"authorize: prompt none with login", authorize("basic", "prompt=none login")},
	{"authorize: unknown prompt", authorize("basic", "prompt=coffee")},
	{"authorize: max_age below zero", authorize("basic", "max_age=-1")},
	{"authorize: max_age that is no number", authorize("basic", "max_age=soon")},
	{"authorize: max_age zero", authorize("basic", "max_age=0")},
	{"authorize: a request object", authorize("basic", "request=eyJhbGciOiJub25lIn0.e30.")},
	{"authorize: a request_uri elsewhere", authorize("basic", "request_uri=https://rp.test/request")},
	{"authorize: a request_uri that was never pushed", authorize("basic", "request_uri=urn:ietf:params:oauth:request_uri:nothing")},
	{"authorize: registration", authorize("basic", "registration={}")},
	{"authorize: id_token_hint that is none", authorize("basic", "id_token_hint=abc")},
	{"authorize: hints that are allowed", authorize("basic", "login_hint=ada@example.com", "ui_locales=en de", "acr_values=1", "claims_locales=en")},
	{"authorize: display popup", authorize("basic", "display=popup")},
	{"authorize: unknown display", authorize("basic", "display=hologram")},
	{"authorize: an unknown parameter", authorize("basic", "flavour=vanilla")},
	{"authorize: dpop_jkt that is none", authorize("basic", "dpop_jkt=abc")},
	{"authorize: client_id twice", authorize("basic", "+client_id=other")},
	{"authorize: redirect_uri twice", authorize("basic", "+redirect_uri=https://evil.test/")},
	{"authorize: response_type twice", authorize("basic", "+response_type=token")},
	{"authorize: response_mode twice", authorize("basic", "response_mode=query", "+response_mode=fragment")},
	{"authorize: scope twice", authorize("basic", "+scope=api")},
	{"authorize: state twice", authorize("basic", "+state=t")},
	{"authorize: code_challenge twice", authorize("basic", "+code_challenge="+challengeOf("another"))},
	{"authorize: an unknown parameter twice", authorize("basic", "flavour=vanilla", "+flavour=mint")},
	{"authorize: empty parameters", authorize("basic", "prompt=", "max_age=", "display=")},
}

var signedInProbes = []probe{
	{"signed in: code", agreed("basic")},
	{"signed in: code by form_post", agreed("basic", "response_mode=form_post")},
	{"signed in: code by fragment", agreed("basic", "response_mode=fragment")},
	{"signed in: code id_token", agreed("basic", "response_type=code id_token")},
	{"signed in: code id_token by form_post", agreed("basic", "response_type=code id_token", "response_mode=form_post")},
	{"signed in: code token", agreed("basic", "response_type=code token")},
	{"signed in: code token by form_post", agreed("basic", "response_type=code token", "response_mode=form_post")},
	{"signed in: code id_token token", agreed("basic", "response_type=code id_token token")},
	{"signed in: code id_token token by form_post", agreed("basic", "response_type=code id_token token", "response_mode=form_post")},
	{"signed in: code by a pushed request", func(o *oracle) *http.Request {
		uri := o.pushed("basic")
		r := agreed("basic")(o)
		r.URL.RawQuery = url.Values{"client_id": {o.p.clients["basic"].ID}, "request_uri": {uri}}.Encode()
		return r
	}},
	{"signed in: prompt none", agreed("basic", "prompt=none")},
	{"signed in: prompt none, hybrid", agreed("basic", "prompt=none", "response_type=code id_token token")},
	{"signed in: prompt none without consent", agreed("jwt", "prompt=none")},
	{"signed in: prompt none without consent by form_post", agreed("jwt", "prompt=none", "response_mode=form_post")},
	{"signed in: prompt none with a long max_age", agreed("basic", "prompt=none", "max_age=86400")},
	{"signed in: prompt none with an id_token_hint", func(o *oracle) *http.Request {
		return agreed("basic", "prompt=none", "id_token_hint="+o.tokens("basic").ID)(o)
	}},
	{"signed in: prompt none with an id_token_hint of another client", func(o *oracle) *http.Request {
		return agreed("basic", "prompt=none", "id_token_hint="+o.tokens("post").ID)(o)
	}},
	{"signed in: consent refused", declined("basic")},
	{"signed in: consent refused by form_post", declined("basic", "response_mode=form_post")},
	{"signed in: consent refused, hybrid", declined("basic", "response_type=code id_token")},
	{"signed in: public client", agreed("public")},
}

// redeemed redeems a fresh code, with the request changed.
func redeemed(name string, changes ...string) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request {
		return o.authenticated(name, "token", change(o.redeem(o.code(name)), changes))
	}
}

// asked asks the token endpoint by a client that authenticates rightly.
func asked(name string, parameters ...string) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request { return o.authenticated(name, "token", change(url.Values{}, parameters)) }
}

// bare asks the token endpoint for client credentials, with nothing but these parameters and this header.
func bare(parameters func(c client) []string, header func(c client, r *http.Request)) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request {
		c := o.p.clients["basic"]
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {"api"}}
		if parameters != nil {
			form = change(form, parameters(c))
		}
		r := o.post(o.endpoint("token"), form)
		if header != nil {
			header(c, r)
		}
		return r
	}
}

var tokenProbes = []probe{
	{"token: a code", redeemed("basic")},
	{"token: a code by a client with its secret in the body", redeemed("post")},
	{"token: a code by a client with an assertion", redeemed("jwt")},
	{"token: a code by a public client", redeemed("public")},
	{"token: no grant_type", redeemed("basic", "-grant_type")},
	{"token: unknown grant_type", redeemed("basic", "grant_type=coffee")},
	{"token: grant_type password", asked("basic", "grant_type=password", "username=ada", "password=x")},
	{"token: grant_type twice", redeemed("basic", "+grant_type=authorization_code")},
	{"token: code twice", redeemed("basic", "+code=another")},
	{"token: no code", redeemed("basic", "-code")},
	{"token: unknown code", redeemed("basic", "code=nothing")},
	{"token: a code used before", func(o *oracle) *http.Request {
		form := o.redeem(o.code("basic"))
		o.must(o.authenticated("basic", "token", form), http.StatusOK)
		return o.authenticated("basic", "token", form)
	}},
	{"token: a code of another client", func(o *oracle) *http.Request { return o.authenticated("post", "token", o.redeem(o.code("basic"))) }},
	{"token: no redirect_uri", redeemed("basic", "-redirect_uri")},
	{"token: another redirect_uri", redeemed("basic", "redirect_uri="+callback+"?fixed=1")},
	{"token: no verifier", redeemed("basic", "-code_verifier")},
	{"token: wrong verifier", redeemed("basic", "code_verifier="+strings.Repeat("x", 43))},
	{"token: verifier too short", redeemed("basic", "code_verifier=abc")},
	{"token: a verifier without a challenge", func(o *oracle) *http.Request {
		return o.authenticated("basic", "token", o.redeem(o.code("basic", "-code_challenge", "-code_challenge_method")))
	}},
	{"token: neither challenge nor verifier", func(o *oracle) *http.Request {
		return o.authenticated("basic", "token", change(o.redeem(o.code("basic", "-code_challenge", "-code_challenge_method")), []string{"-code_verifier"}))
	}},
	{"token: parameters as JSON", func(o *oracle) *http.Request {
		r := redeemed("basic")(o)
		r.Header.Set("Content-Type", "application/json")
		return r
	}},
	{"token: by GET", func(o *oracle) *http.Request { return o.get(o.endpoint("token"), nil) }},
	{"token: an unknown parameter", redeemed("basic", "flavour=vanilla")},

	{"refresh: a token", func(o *oracle) *http.Request { return o.refresh("basic", "basic") }},
	{"refresh: a token of a public client", func(o *oracle) *http.Request { return o.refresh("public", "public") }},
	{"refresh: no token", asked("basic", "grant_type=refresh_token")},
	{"refresh: unknown token", asked("basic", "grant_type=refresh_token", "refresh_token=nothing")},
	{"refresh: a token of another client", func(o *oracle) *http.Request { return o.refresh("basic", "post") }},
	{"refresh: an access token", func(o *oracle) *http.Request {
		return asked("basic", "grant_type=refresh_token", "refresh_token="+o.tokens("basic").Access)(o)
	}},
	{"refresh: narrower scope", func(o *oracle) *http.Request { return o.refresh("basic", "basic", "scope=openid") }},
	{"refresh: wider scope", func(o *oracle) *http.Request { return o.refresh("basic", "basic", "scope=openid phone") }},
	{"refresh: unknown scope", func(o *oracle) *http.Request { return o.refresh("basic", "basic", "scope=openid coffee") }},
	{"refresh: a token used before", func(o *oracle) *http.Request {
		r, again := o.refreshTwice("basic")
		o.must(r, http.StatusOK)
		return again
	}},

	{"client credentials: by Basic", asked("basic", "grant_type=client_credentials", "scope=api")},
	{"client credentials: in the body", asked("post", "grant_type=client_credentials", "scope=api")},
	{"client credentials: without scope", asked("basic", "grant_type=client_credentials")},
	{"client credentials: unknown scope", asked("basic", "grant_type=client_credentials", "scope=coffee")},
	{"client credentials: scope openid", asked("basic", "grant_type=client_credentials", "scope=openid")},
	{"client credentials: by a public client", asked("public", "grant_type=client_credentials", "scope=api")},

	{"client authentication: none", bare(nil, nil)},
	{"client authentication: client_id alone", bare(func(c client) []string { return []string{"client_id=" + c.ID} }, nil)},
	{"client authentication: unknown client", bare(nil, func(_ client, r *http.Request) { r.SetBasicAuth("1234567890123456789012", "secret") })},
	{"client authentication: unknown client in the body", bare(func(client) []string { return []string{"client_id=1234567890123456789012", "client_secret=secret"} }, nil)},
	{"client authentication: wrong secret", bare(nil, func(c client, r *http.Request) { r.SetBasicAuth(c.ID, c.Secret+"x") })},
	{"client authentication: wrong secret in the body", func(o *oracle) *http.Request {
		c := o.p.clients["post"]
		return bare(func(client) []string { return []string{"client_id=" + c.ID, "client_secret=" + c.Secret + "x"} }, nil)(o)
	}},
	{"client authentication: empty secret", bare(nil, func(c client, r *http.Request) { r.SetBasicAuth(c.ID, "") })},
	{"client authentication: by both ways", bare(func(c client) []string { return []string{"client_id=" + c.ID, "client_secret=" + c.Secret} },
		func(c client, r *http.Request) { r.SetBasicAuth(c.ID, c.Secret) })},
	{"client authentication: another client_id in the body", bare(func(client) []string { return []string{"client_id=other"} },
		func(c client, r *http.Request) { r.SetBasicAuth(c.ID, c.Secret) })},
	{"client authentication: the same client_id in the body", bare(func(c client) []string { return []string{"client_id=" + c.ID} },
		func(c client, r *http.Request) { r.SetBasicAuth(c.ID, c.Secret) })},
	{"client authentication: in the body though registered for Basic", bare(func(c client) []string { return []string{"client_id=" + c.ID, "client_secret=" + c.Secret} }, nil)},
	{"client authentication: Basic though registered for the body", func(o *oracle) *http.Request {
		c := o.p.clients["post"]
		return bare(nil, func(_ client, r *http.Request) { r.SetBasicAuth(c.ID, c.Secret) })(o)
	}},
	{"client authentication: Basic that is not base64", bare(nil, func(_ client, r *http.Request) { r.Header.Set("Authorization", "Basic !!!") })},
	{"client authentication: Basic without a colon", bare(nil, func(_ client, r *http.Request) { r.Header.Set("Authorization", "Basic YWJj") })},
	{"client authentication: a bearer token", bare(nil, func(_ client, r *http.Request) { r.Header.Set("Authorization", "Bearer abc") })},
	{"client authentication: client_secret twice", bare(func(c client) []string { return []string{"client_id=" + c.ID, "client_secret=a", "+client_secret=b"} }, nil)},
	{"client authentication: in the address", func(o *oracle) *http.Request {
		c := o.p.clients["basic"]
		r := bare(nil, nil)(o)
		r.URL.RawQuery = url.Values{"client_id": {c.ID}, "client_secret": {c.Secret}}.Encode()
		return r
	}},
	{"client authentication: a public client with a secret", func(o *oracle) *http.Request {
		r := redeemed("public", "client_secret=abc")(o)
		return r
	}},
}

func (o *oracle) refresh(owner, by string, changes ...string) *http.Request {
	o.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {o.tokens(owner).Refresh}}
	return o.authenticated(by, "token", change(form, changes))
}

func (o *oracle) refreshTwice(name string) (first, second *http.Request) {
	o.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {o.tokens(name).Refresh}}
	return o.authenticated(name, "token", form), o.authenticated(name, "token", form)
}

// asserted authenticates by an assertion whose header and claims are changed.
func asserted(header, claims map[string]any, parameters ...string) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request {
		c := o.p.clients["jwt"]
		return o.post(o.endpoint("token"), change(url.Values{
			"grant_type": {"client_credentials"}, "scope": {"api"}, "client_id": {c.ID},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {o.assertion(c, header, claims)},
		}, parameters))
	}
}

type object = map[string]any

var assertionProbes = []probe{
	{"assertion: right in all respects", asserted(nil, nil)},
	{"assertion: without client_id", asserted(nil, nil, "-client_id")},
	{"assertion: for the token endpoint", func(o *oracle) *http.Request { return asserted(nil, object{"aud": o.endpoint("token")})(o) }},
	{"assertion: for somebody else", asserted(nil, object{"aud": "https://evil.test"})},
	{"assertion: expired", asserted(nil, object{"exp": time.Now().Add(-time.Hour).Unix()})},
	{"assertion: without an end", asserted(nil, object{"exp": nil})},
	{"assertion: not valid yet", asserted(nil, object{"nbf": time.Now().Add(time.Hour).Unix()})},
	{"assertion: without jti", asserted(nil, object{"jti": nil})},
	{"assertion: of another subject", asserted(nil, object{"sub": "other"})},
	{"assertion: of another issuer", asserted(nil, object{"iss": "other"})},
	{"assertion: alg none", asserted(object{"alg": "none"}, nil)},
	{"assertion: alg HS256", asserted(object{"alg": "HS256"}, nil)},
	{"assertion: another client_id beside it", asserted(nil, nil, "client_id=1234567890123456789012")},
	{"assertion: of an unknown type", asserted(nil, nil, "client_assertion_type=coffee")},
	{"assertion: without its type", asserted(nil, nil, "-client_assertion_type")},
	{"assertion: that is no JWT", asserted(nil, nil, "client_assertion=abc")},
	{"assertion: beside a secret", asserted(nil, nil, "client_secret=abc")},
	{"assertion: changed after signing", func(o *oracle) *http.Request {
		c := o.p.clients["jwt"]
		a, b := strings.Split(o.assertion(c, nil, nil), "."), strings.Split(o.assertion(c, nil, nil), ".")
		return asserted(nil, nil, "client_assertion="+strings.Join([]string{a[0], b[1], a[2]}, "."))(o)
	}},
	{"assertion: used before", func(o *oracle) *http.Request {
		a := o.assertion(o.p.clients["jwt"], nil, nil)
		o.must(asserted(nil, nil, "client_assertion="+a)(o), http.StatusOK)
		return asserted(nil, nil, "client_assertion="+a)(o)
	}},
	{"assertion: of a client that is registered for a secret", func(o *oracle) *http.Request {
		c := o.p.clients["basic"]
		c.privateKey = o.p.clients["jwt"].privateKey
		return asserted(nil, nil, "client_id="+c.ID, "client_assertion="+o.assertion(c, nil, nil))(o)
	}},
}

// proved asks for client credentials with a DPoP proof whose header and claims are changed.
func proved(header, claims object) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request {
		r := asked("basic", "grant_type=client_credentials", "scope=api")(o)
		key, _ := newKey(o.T)
		r.Header.Set("DPoP", o.proof(key, http.MethodPost, o.endpoint("token"), "", header, claims))
		return r
	}
}

// boundInfo asks userinfo with a bound token; change may spoil the request.
func boundInfo(spoil func(o *oracle, r *http.Request, key jwk, token string)) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request {
		key, _ := newKey(o.T)
		r := o.authenticated("basic", "token", o.redeem(o.code("basic")))
		r.Header.Set("DPoP", o.proof(key, http.MethodPost, o.endpoint("token"), "", nil, nil))
		var got tokens
		decode(o.T, o.do(r), http.StatusOK, &got)
		r = o.get(o.endpoint("userinfo"), nil)
		r.Header.Set("Authorization", "DPoP "+got.Access)
		r.Header.Set("DPoP", o.proof(key, http.MethodGet, o.endpoint("userinfo"), got.Access, nil, nil))
		if spoil != nil {
			spoil(o, r, key, got.Access)
		}
		return r
	}
}

var dpopProbes = []probe{
	{"DPoP: right in all respects", proved(nil, nil)},
	{"DPoP: address with a query", func(o *oracle) *http.Request { return proved(nil, object{"htu": o.endpoint("token") + "?a=b"})(o) }},
	{"DPoP: of another method", proved(nil, object{"htm": "GET"})},
	{"DPoP: for another address", proved(nil, object{"htu": "https://evil.test/"})},
	{"DPoP: an hour old", proved(nil, object{"iat": time.Now().Add(-time.Hour).Unix()})},
	{"DPoP: of the future", proved(nil, object{"iat": time.Now().Add(time.Hour).Unix()})},
	{"DPoP: without a time", proved(nil, object{"iat": nil})},
	{"DPoP: without jti", proved(nil, object{"jti": nil})},
	{"DPoP: of another type", proved(object{"typ": "JWT"}, nil)},
	{"DPoP: without a key", proved(object{"jwk": nil}, nil)},
	{"DPoP: alg none", proved(object{"alg": "none"}, nil)},
	{"DPoP: alg HS256", proved(object{"alg": "HS256"}, nil)},
	{"DPoP: with the private key", func(o *oracle) *http.Request {
		r := proved(nil, nil)(o)
		key, _ := newKey(o.T)
		private := object{"kty": key.Type, "crv": key.Curve, "x": key.X, "y": key.Y, "d": key.D}
		r.Header.Set("DPoP", o.proof(key, http.MethodPost, o.endpoint("token"), "", object{"jwk": private}, nil))
		return r
	}},
	{"DPoP: with another's key", func(o *oracle) *http.Request {
		_, other := newKey(o.T)
		return proved(object{"jwk": object{"kty": other.Type, "crv": other.Curve, "x": other.X, "y": other.Y}}, nil)(o)
	}},
	{"DPoP: that is no JWT", func(o *oracle) *http.Request {
		r := proved(nil, nil)(o)
		r.Header.Set("DPoP", "abc")
		return r
	}},
	{"DPoP: two proofs", func(o *oracle) *http.Request {
		r := proved(nil, nil)(o)
		r.Header.Add("DPoP", r.Header.Get("DPoP"))
		return r
	}},
	{"DPoP: used before", func(o *oracle) *http.Request {
		r := proved(nil, nil)(o)
		again := asked("basic", "grant_type=client_credentials", "scope=api")(o)
		again.Header.Set("DPoP", r.Header.Get("DPoP"))
		o.must(r, http.StatusOK)
		return again
	}},
	{"DPoP: a code bound to another key by dpop_jkt", func(o *oracle) *http.Request {
		r := o.authenticated("basic", "token", o.redeem(o.code("basic", "dpop_jkt="+challengeOf("another key"))))
		key, _ := newKey(o.T)
		r.Header.Set("DPoP", o.proof(key, http.MethodPost, o.endpoint("token"), "", nil, nil))
		return r
	}},
	{"DPoP: a code bound by dpop_jkt, without a proof", func(o *oracle) *http.Request {
		return o.authenticated("basic", "token", o.redeem(o.code("basic", "dpop_jkt="+challengeOf("another key"))))
	}},
	{"DPoP: userinfo by a bound token", boundInfo(nil)},
	{"DPoP: userinfo by a bound token as a bearer", boundInfo(func(_ *oracle, r *http.Request, _ jwk, token string) {
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Del("DPoP")
	})},
	{"DPoP: userinfo by a bound token as a bearer with a proof", boundInfo(func(_ *oracle, r *http.Request, _ jwk, token string) {
		r.Header.Set("Authorization", "Bearer "+token)
	})},
	{"DPoP: userinfo without a proof", boundInfo(func(_ *oracle, r *http.Request, _ jwk, _ string) { r.Header.Del("DPoP") })},
	{"DPoP: userinfo with a proof for another token", boundInfo(func(o *oracle, r *http.Request, key jwk, _ string) {
		r.Header.Set("DPoP", o.proof(key, http.MethodGet, o.endpoint("userinfo"), "another", nil, nil))
	})},
	{"DPoP: userinfo with a proof for no token", boundInfo(func(o *oracle, r *http.Request, key jwk, _ string) {
		r.Header.Set("DPoP", o.proof(key, http.MethodGet, o.endpoint("userinfo"), "", nil, nil))
	})},
	{"DPoP: userinfo with a proof of another key", boundInfo(func(o *oracle, r *http.Request, _ jwk, token string) {
		key, _ := newKey(o.T)
		r.Header.Set("DPoP", o.proof(key, http.MethodGet, o.endpoint("userinfo"), token, nil, nil))
	})},
	{"DPoP: userinfo by a token that is not bound", boundInfo(func(o *oracle, r *http.Request, key jwk, _ string) {
		token := o.tokens("basic").Access
		r.Header.Set("Authorization", "DPoP "+token)
		r.Header.Set("DPoP", o.proof(key, http.MethodGet, o.endpoint("userinfo"), token, nil, nil))
	})},
	{"DPoP: a public client's refresh token without its proof", func(o *oracle) *http.Request {
		key, _ := newKey(o.T)
		r := o.authenticated("public", "token", o.redeem(o.code("public")))
		r.Header.Set("DPoP", o.proof(key, http.MethodPost, o.endpoint("token"), "", nil, nil))
		var got tokens
		decode(o.T, o.do(r), http.StatusOK, &got)
		return asked("public", "grant_type=refresh_token", "refresh_token="+got.Refresh)(o)
	}},
}

// push pushes a request that is changed.
func push(name string, changes ...string) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request { return o.authenticated(name, "par", o.request(name, changes...)) }
}

var parProbes = []probe{
	{"PAR: right in all respects", push("basic")},
	{"PAR: by a public client", push("public")},
	{"PAR: without authentication", func(o *oracle) *http.Request { return o.post(o.endpoint("par"), o.request("basic")) }},
	{"PAR: wrong secret", func(o *oracle) *http.Request {
		r := push("basic")(o)
		r.SetBasicAuth(o.p.clients["basic"].ID, "wrong")
		return r
	}},
	{"PAR: redirect_uri of nobody", push("basic", "redirect_uri=https://evil.test/")},
	{"PAR: no redirect_uri", push("basic", "-redirect_uri")},
	{"PAR: unknown response_type", push("basic", "response_type=coffee")},
	{"PAR: no response_type", push("basic", "-response_type")},
	{"PAR: a request_uri inside", push("basic", "request_uri=urn:ietf:params:oauth:request_uri:nothing")},
	{"PAR: another client_id inside", push("basic", "client_id=1234567890123456789012")},
	{"PAR: hybrid without nonce", push("basic", "response_type=code id_token", "-nonce")},
	{"PAR: PKCE plain", push("basic", "code_challenge_method=plain")},
	{"PAR: public client without PKCE", push("public", "-code_challenge", "-code_challenge_method")},
	{"PAR: state twice", push("basic", "+state=t")},
	{"PAR: by GET", func(o *oracle) *http.Request { return o.get(o.endpoint("par"), nil) }},
	{"PAR: prompt none is only asked when it is used", push("basic", "prompt=none")},
	{"PAR: used without client_id", func(o *oracle) *http.Request {
		return o.get(o.endpoint("authorize"), url.Values{"request_uri": {o.pushed("basic")}})
	}},
	{"PAR: used by another client", func(o *oracle) *http.Request {
		return o.get(o.endpoint("authorize"), url.Values{"client_id": {o.p.clients["post"].ID}, "request_uri": {o.pushed("basic")}})
	}},
	{"PAR: used", func(o *oracle) *http.Request {
		return o.get(o.endpoint("authorize"), url.Values{"client_id": {o.p.clients["basic"].ID}, "request_uri": {o.pushed("basic")}})
	}},
	{"PAR: used with other parameters beside it", func(o *oracle) *http.Request {
		return o.get(o.endpoint("authorize"), o.request("basic", "request_uri="+o.pushed("basic", "prompt=none"), "redirect_uri=https://evil.test/", "response_mode=form_post"))
	}},
	{"PAR: used again after it was answered", func(o *oracle) *http.Request {
		used := url.Values{"client_id": {o.p.clients["basic"].ID}, "request_uri": {o.pushed("basic")}}
		must(o.someone.visit(o.endpoint("authorize") + "?" + used.Encode()))(o)
		return o.get(o.endpoint("authorize"), used)
	}},
}

// poll asks for the tokens of a device code.
func (o *oracle) poll(name, code string) *http.Request {
	return o.authenticated(name, "token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {code}})
}

// answered is a device code to which a person has said yes or no.
func (o *oracle) answered(refuse bool) string {
	o.Helper()
	d := o.device("basic")
	who := *o.someone
	who.refuse = refuse
	if end := must(who.visit(d.Page))(o); end.Status >= 500 {
		o.Fatalf("the device page: %d %s", end.Status, end.Text)
	}
	return d.Device
}

var deviceProbes = []probe{
	{"device: right in all respects", func(o *oracle) *http.Request {
		return o.authenticated("basic", "deviceauthorization", url.Values{"scope": {"openid"}})
	}},
	{"device: by a public client", func(o *oracle) *http.Request {
		return o.authenticated("public", "deviceauthorization", url.Values{"scope": {"openid"}})
	}},
	{"device: without scope", func(o *oracle) *http.Request { return o.authenticated("basic", "deviceauthorization", url.Values{}) }},
	{"device: unknown scope", func(o *oracle) *http.Request {
		return o.authenticated("basic", "deviceauthorization", url.Values{"scope": {"openid coffee"}})
	}},
	{"device: without authentication", func(o *oracle) *http.Request {
		return o.post(o.endpoint("deviceauthorization"), url.Values{"client_id": {o.p.clients["basic"].ID}, "scope": {"openid"}})
	}},
	{"device: unknown client", func(o *oracle) *http.Request {
		return o.post(o.endpoint("deviceauthorization"), url.Values{"client_id": {"1234567890123456789012"}, "scope": {"openid"}})
	}},
	{"device: scope twice", func(o *oracle) *http.Request {
		return o.authenticated("basic", "deviceauthorization", url.Values{"scope": {"openid", "api"}})
	}},
	{"device: by GET", func(o *oracle) *http.Request { return o.get(o.endpoint("deviceauthorization"), nil) }},
	{"device: nobody has answered yet", func(o *oracle) *http.Request { return o.poll("basic", o.device("basic").Device) }},
	{"device: asked again at once", func(o *oracle) *http.Request {
		code := o.device("basic").Device
		o.must(o.poll("basic", code), http.StatusBadRequest)
		return o.poll("basic", code)
	}},
	{"device: agreed", func(o *oracle) *http.Request { return o.poll("basic", o.answered(false)) }},
	{"device: refused", func(o *oracle) *http.Request { return o.poll("basic", o.answered(true)) }},
	{"device: agreed, used before", func(o *oracle) *http.Request {
		code := o.answered(false)
		o.must(o.poll("basic", code), http.StatusOK)
		return o.poll("basic", code)
	}},
	{"device: unknown code", func(o *oracle) *http.Request { return o.poll("basic", "nothing") }},
	{"device: no code", asked("basic", "grant_type=urn:ietf:params:oauth:grant-type:device_code")},
	{"device: a code of another client", func(o *oracle) *http.Request { return o.poll("post", o.device("basic").Device) }},
}

// tell asks introspection or revocation about a token.
func (o *oracle) tell(name, endpoint, token string, changes ...string) *http.Request {
	return o.authenticated(name, endpoint, change(url.Values{"token": {token}}, changes))
}

var tokenStateProbes = []probe{
	{"introspection: a person's token", func(o *oracle) *http.Request { return o.tell("basic", "introspect", o.tokens("basic").Access) }},
	{"introspection: a client's token", func(o *oracle) *http.Request { return o.tell("basic", "introspect", o.clientToken("basic")) }},
	{"introspection: a refresh token", func(o *oracle) *http.Request { return o.tell("basic", "introspect", o.tokens("basic").Refresh) }},
	{"introspection: a refresh token with the wrong hint", func(o *oracle) *http.Request {
		return o.tell("basic", "introspect", o.tokens("basic").Refresh, "token_type_hint=access_token")
	}},
	{"introspection: an ID token", func(o *oracle) *http.Request { return o.tell("basic", "introspect", o.tokens("basic").ID) }},
	{"introspection: unknown token", func(o *oracle) *http.Request { return o.tell("basic", "introspect", "nothing") }},
	{"introspection: another client's token", func(o *oracle) *http.Request { return o.tell("post", "introspect", o.tokens("basic").Access) }},
	{"introspection: no token", func(o *oracle) *http.Request { return o.tell("basic", "introspect", "", "-token") }},
	{"introspection: token twice", func(o *oracle) *http.Request { return o.tell("basic", "introspect", "a", "+token=b") }},
	{"introspection: without authentication", func(o *oracle) *http.Request {
		return o.post(o.endpoint("introspect"), url.Values{"token": {"nothing"}})
	}},
	{"introspection: wrong secret", func(o *oracle) *http.Request {
		r := o.tell("basic", "introspect", "nothing")
		r.SetBasicAuth(o.p.clients["basic"].ID, "wrong")
		return r
	}},
	{"introspection: by a public client", func(o *oracle) *http.Request { return o.tell("public", "introspect", o.tokens("public").Access) }},
	{"introspection: by GET", func(o *oracle) *http.Request { return o.get(o.endpoint("introspect"), nil) }},

	{"revocation: a person's token", func(o *oracle) *http.Request { return o.tell("basic", "revocation", o.tokens("basic").Access) }},
	{"revocation: a client's token", func(o *oracle) *http.Request { return o.tell("basic", "revocation", o.clientToken("basic")) }},
	{"revocation: a refresh token", func(o *oracle) *http.Request { return o.tell("basic", "revocation", o.tokens("basic").Refresh) }},
	{"revocation: unknown token", func(o *oracle) *http.Request { return o.tell("basic", "revocation", "nothing") }},
	{"revocation: another client's token", func(o *oracle) *http.Request { return o.tell("post", "revocation", o.tokens("basic").Access) }},
	{"revocation: another client's token lives on", func(o *oracle) *http.Request {
		token := o.tokens("basic").Access
		_ = o.do(o.tell("post", "revocation", token)).Body.Close()
		return o.info("Bearer " + token)
	}},
	{"revocation: no token", func(o *oracle) *http.Request { return o.tell("basic", "revocation", "", "-token") }},
	{"revocation: token twice", func(o *oracle) *http.Request { return o.tell("basic", "revocation", "a", "+token=b") }},
	{"revocation: an unknown token_type_hint", func(o *oracle) *http.Request {
		return o.tell("basic", "revocation", o.tokens("basic").Access, "token_type_hint=coffee")
	}},
	{"revocation: without authentication", func(o *oracle) *http.Request {
		return o.post(o.endpoint("revocation"), url.Values{"token": {"nothing"}})
	}},
	{"revocation: by a public client", func(o *oracle) *http.Request { return o.tell("public", "revocation", o.tokens("public").Access) }},
	{"revocation: by GET", func(o *oracle) *http.Request { return o.get(o.endpoint("revocation"), nil) }},
	{"revocation: the access token afterwards", func(o *oracle) *http.Request {
		token := o.tokens("basic").Access
		o.must(o.tell("basic", "revocation", token), http.StatusOK)
		return o.info("Bearer " + token)
	}},
	{"revocation: the access token after its refresh token", func(o *oracle) *http.Request {
		got := o.tokens("basic")
		o.must(o.tell("basic", "revocation", got.Refresh), http.StatusOK)
		return o.info("Bearer " + got.Access)
	}},
	{"revocation: the refresh token after its access token", func(o *oracle) *http.Request {
		got := o.tokens("basic")
		o.must(o.tell("basic", "revocation", got.Access), http.StatusOK)
		return asked("basic", "grant_type=refresh_token", "refresh_token="+got.Refresh)(o)
	}},
	{"replay: the access token of a code used twice", func(o *oracle) *http.Request {
		form := o.redeem(o.code("basic"))
		var got tokens
		decode(o.T, o.do(o.authenticated("basic", "token", form)), http.StatusOK, &got)
		o.must(o.authenticated("basic", "token", form), http.StatusBadRequest)
		return o.info("Bearer " + got.Access)
	}},
	{"replay: the refresh token of a code used twice", func(o *oracle) *http.Request {
		form := o.redeem(o.code("basic"))
		var got tokens
		decode(o.T, o.do(o.authenticated("basic", "token", form)), http.StatusOK, &got)
		o.must(o.authenticated("basic", "token", form), http.StatusBadRequest)
		return asked("basic", "grant_type=refresh_token", "refresh_token="+got.Refresh)(o)
	}},
	{"replay: the new refresh token after the old is used again", func(o *oracle) *http.Request {
		first, second := o.refreshTwice("basic")
		var got tokens
		decode(o.T, o.do(first), http.StatusOK, &got)
		o.must(second, http.StatusBadRequest)
		return asked("basic", "grant_type=refresh_token", "refresh_token="+got.Refresh)(o)
	}},
}

// info asks userinfo with an Authorization header.
func (o *oracle) info(authorization string) *http.Request {
	o.Helper()
	r := o.get(o.endpoint("userinfo"), nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

var userinfoProbes = []probe{
	{"userinfo: by GET", func(o *oracle) *http.Request { return o.info("Bearer " + o.tokens("basic").Access) }},
	{"userinfo: by POST", func(o *oracle) *http.Request {
		r := o.post(o.endpoint("userinfo"), url.Values{})
		r.Header.Set("Authorization", "Bearer "+o.tokens("basic").Access)
		return r
	}},
	{"userinfo: token in the body", func(o *oracle) *http.Request {
		return o.post(o.endpoint("userinfo"), url.Values{"access_token": {o.tokens("basic").Access}})
	}},
	{"userinfo: token in the address", func(o *oracle) *http.Request {
		return o.get(o.endpoint("userinfo"), url.Values{"access_token": {o.tokens("basic").Access}})
	}},
	{"userinfo: token in header and body", func(o *oracle) *http.Request {
		token := o.tokens("basic").Access
		r := o.post(o.endpoint("userinfo"), url.Values{"access_token": {token}})
		r.Header.Set("Authorization", "Bearer "+token)
		return r
	}},
	{"userinfo: no token", func(o *oracle) *http.Request { return o.info("") }},
	{"userinfo: an empty token", func(o *oracle) *http.Request { return o.info("Bearer ") }},
	{"userinfo: unknown token", func(o *oracle) *http.Request { return o.info("Bearer nothing") }},
	{"userinfo: two tokens in one header", func(o *oracle) *http.Request { return o.info("Bearer a b") }},
	{"userinfo: Basic", func(o *oracle) *http.Request { return o.info("Basic YTpi") }},
	{"userinfo: a client's token", func(o *oracle) *http.Request { return o.info("Bearer " + o.clientToken("basic")) }},
	{"userinfo: an ID token", func(o *oracle) *http.Request { return o.info("Bearer " + o.tokens("basic").ID) }},
	{"userinfo: a refresh token", func(o *oracle) *http.Request { return o.info("Bearer " + o.tokens("basic").Refresh) }},
	{"userinfo: a code", func(o *oracle) *http.Request { return o.info("Bearer " + o.code("basic")) }},
	{"userinfo: a token without openid", func(o *oracle) *http.Request {
		var got tokens
		decode(o.T, o.do(o.authenticated("basic", "token", o.redeem(o.code("basic", "scope=api", "-nonce")))), http.StatusOK, &got)
		return o.info("Bearer " + got.Access)
	}},
}

// leaving ends the session of somebody who has just signed in, and confirms; where they end counts.
func leaving(by string, parameters func(o *oracle, id string) url.Values) func(o *oracle) *http.Request {
	return func(o *oracle) *http.Request {
		o.Helper()
		stays := o.someone
		o.someone = o.p.newPerson(o.T)
		got := o.tokens(by)
		o.walker, o.someone = o.someone, stays
		return o.get(o.endpoint("endsession"), parameters(o, got.ID))
	}
}

var endSessionProbes = []probe{
	{"end session: nothing said", leaving("basic", func(*oracle, string) url.Values { return nil })},
	{"end session: hint and address and state", leaving("basic", func(_ *oracle, id string) url.Values {
		return url.Values{"id_token_hint": {id}, "post_logout_redirect_uri": {signedOut}, "state": {"s"}}
	})},
	{"end session: hint and address", leaving("basic", func(_ *oracle, id string) url.Values {
		return url.Values{"id_token_hint": {id}, "post_logout_redirect_uri": {signedOut}}
	})},
	{"end session: client_id and address", leaving("basic", func(o *oracle, _ string) url.Values {
		return url.Values{"client_id": {o.p.clients["basic"].ID}, "post_logout_redirect_uri": {signedOut}}
	})},
	{"end session: hint alone", leaving("basic", func(_ *oracle, id string) url.Values { return url.Values{"id_token_hint": {id}} })},
	{"end session: state alone", leaving("basic", func(*oracle, string) url.Values { return url.Values{"state": {"s"}} })},
	{"end session: address alone", leaving("basic", func(*oracle, string) url.Values { return url.Values{"post_logout_redirect_uri": {signedOut}} })},
	{"end session: address of nobody", leaving("basic", func(_ *oracle, id string) url.Values {
		return url.Values{"id_token_hint": {id}, "post_logout_redirect_uri": {"https://evil.test/"}}
	})},
	{"end session: address with a query added", leaving("basic", func(_ *oracle, id string) url.Values {
		return url.Values{"id_token_hint": {id}, "post_logout_redirect_uri": {signedOut + "?a=b"}}
	})},
	{"end session: a changed hint", leaving("basic", func(_ *oracle, id string) url.Values {
		parts := strings.Split(id, ".")
		parts[2] = strings.Repeat("A", len(parts[2]))
		return url.Values{"id_token_hint": {strings.Join(parts, ".")}, "post_logout_redirect_uri": {signedOut}}
	})},
	{"end session: a hint that is none", leaving("basic", func(*oracle, string) url.Values {
		return url.Values{"id_token_hint": {"abc"}, "post_logout_redirect_uri": {signedOut}}
	})},
	{"end session: hint of another client", leaving("basic", func(o *oracle, id string) url.Values {
		return url.Values{"id_token_hint": {id}, "client_id": {o.p.clients["post"].ID}, "post_logout_redirect_uri": {signedOut}}
	})},
	{"end session: unknown client_id", leaving("basic", func(*oracle, string) url.Values {
		return url.Values{"client_id": {"1234567890123456789012"}, "post_logout_redirect_uri": {signedOut}}
	})},
	{"end session: address twice", leaving("basic", func(_ *oracle, id string) url.Values {
		return url.Values{"id_token_hint": {id}, "post_logout_redirect_uri": {signedOut, signedOut}}
	})},
	{"end session: by somebody who is not signed in", func(o *oracle) *http.Request {
		o.walker = o.p.newPerson(o.T)
		return o.get(o.endpoint("endsession"), url.Values{"client_id": {o.p.clients["basic"].ID}, "post_logout_redirect_uri": {signedOut}})
	}},
}

var discoveryProbes = []probe{
	{"discovery: the document", func(o *oracle) *http.Request { return o.get(o.p.issuer+"/.well-known/openid-configuration", nil) }},
	{"discovery: the keys", func(o *oracle) *http.Request { return o.get(o.p.issuer+"/.well-known/jwks", nil) }},
	{"discovery: by POST", func(o *oracle) *http.Request { return o.post(o.p.issuer+"/.well-known/openid-configuration", nil) }},
	{"discovery: an address that is none", func(o *oracle) *http.Request { return o.get(o.endpoint("coffee"), nil) }},
}
