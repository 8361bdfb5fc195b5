package conformance_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// "Core" is OpenID Connect Core 1.0. What is asked of every answer, token and user info is in flow_test.go and
// idtoken_test.go; here stands what each module adds.

// A plain request ends with an ID token, an access token and a working user info endpoint (Core 3.1, 3.3). Codes and
// tokens cannot be guessed (RFC 6749, 10.10): two flows share nothing, and each secret has 128 bits at least.
func server(r *run) {
	first := r.flow(r.request(r.main))
	second := r.flow(r.request(r.main))
	for _, pair := range [][2]string{{first.code, second.code}, {first.access, second.access}} {
		if pair[0] == pair[1] || entropy(pair[0]) < 96 {
			r.Errorf("guessable: %.0f bits by the counts of its characters", entropy(pair[0]))
		}
	}
}

// A request without response_type is an error: a page, or invalid_request or unsupported_response_type at the redirect
// URI (RFC 6749, 3.1.1).
func responseTypeMissing(r *run) {
	q := r.request(r.main, without("response_type"))
	if p := r.send(q); p.left == nil {
		r.shownError(p)
	} else {
		r.isError(r.read(q, p.left), "invalid_request", "unsupported_response_type")
	}
}

// ID tokens are signed with RS256 unless the client chose otherwise, and name their key (Core 3.1.3.7, 10.1).
func idTokenSignature(r *run) {
	got := r.flow(r.request(r.main))
	for _, t := range []*idToken{got.front, got.id} {
		if t != nil && (t.alg != "RS256" || t.kid == "") {
			r.Errorf("alg %q, kid %q", t.alg, t.kid)
		}
	}
}

// Unsigned ID tokens are optional (Core 2). They are not served, so discovery must not list "none", and no OAuth app can
// choose it.
func idTokenUnsigned(r *run) {
	if slices.Contains(r.meta.IDTokenAlgs, "none") {
		r.Errorf("id_token_signing_alg_values_supported %q", r.meta.IDTokenAlgs)
	}
	body := []byte(`{"IdTokenSigningAlg":"none"}`)
	where := r.base + "/api/v1.0/" + r.brand + "/oauthclients/" + r.main.id + "/settings"
	status, _, raw := r.provider.send(r, http.MethodPut, where, http.Header{"Authorization": {"Bearer " + r.provider.token}, "Content-Type": {"application/json"}}, body)
	if status != http.StatusBadRequest {
		r.Errorf("an OAuth app chose unsigned ID tokens: status %d: %s", status, raw)
	}
}

// The user info is read by GET with the token in the header, as JSON with the sub of the ID token (Core 5.3.1, 5.3.2).
func userInfoGet(r *run) {
	got := r.flow(r.request(r.main))
	r.sameSubject(got, r.userInfo(got.access))
}

// The same by POST with the token in the header (Core 5.3.1).
func userInfoPostHeader(r *run) {
	got := r.flow(r.request(r.main))
	status, header, body := r.provider.send(r, http.MethodPost, r.meta.UserInfo, http.Header{"Authorization": {"Bearer " + got.access}}, nil)
	r.sameSubject(got, r.claimsOf(status, header, body))
}

// The same by POST with the token in the form (RFC 6750, 2.2). The suite only warns where that is not served.
func userInfoPostBody(r *run) {
	got := r.flow(r.request(r.main))
	status, header, body := r.post(r, r.meta.UserInfo, nil, url.Values{"access_token": {got.access}})
	r.sameSubject(got, r.claimsOf(status, header, body))
}

func (r *run) sameSubject(got tokens, info map[string]any) {
	r.Helper()
	if info["sub"] != got.id.claims["sub"] {
		r.Errorf("sub is %v in the user info and %v in the ID token", info["sub"], got.id.claims["sub"])
	}
}

// Where no ID token is issued in front, the nonce is optional (Core 3.1.2.1), and then the ID token has none.
func withoutNonceSucceeds(r *run) { r.flow(r.request(r.main, without("nonce"))) }

// Where an ID token is issued in front, a request without nonce is an error: a page, or invalid_request at the redirect
// URI (Core 3.2.2.1, 3.3.2.11).
func withoutNonceFails(r *run) {
	q := r.request(r.main, without("nonce"))
	if p := r.send(q); p.left == nil {
		r.shownError(p)
	} else {
		r.isError(r.read(q, p.left), "invalid_request")
	}
}

// scopeClaims are the claims of each scope (Core 5.4).
var scopeClaims = map[string][]string{
	"profile": {
		"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
		"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
	},
	"email":   {"email", "email_verified"},
	"address": {"address"},
	"phone":   {"phone_number", "phone_number_verified"},
}

// scopes makes a flow with scopes beside openid and compares the user info with what they stand for: all of their claims
// that discovery says are served, and none of another scope. (The suite warns unless a server serves every claim of
// OpenID Connect; the owner's profile has all that is served here.)
func (r *run) scopes(asked ...string) map[string]any {
	r.Helper()
	got := r.flow(r.request(r.main, with("scope", strings.Join(append([]string{"openid"}, asked...), " "))))
	info := r.userInfo(got.access)
	r.tells(info, asked...)
	return info
}

func (r *run) tells(info map[string]any, asked ...string) {
	r.Helper()
	for scope, claims := range scopeClaims {
		for _, claim := range claims {
			_, told := info[claim]
			if want := slices.Contains(asked, scope) && slices.Contains(r.meta.Claims, claim); told != want {
				r.Errorf("scope %q: claim %s told: %t, want %t", asked, claim, told, want)
			}
		}
	}
}

// served skips a module whose scope discovery does not list, as the suite does, after looking that discovery lists none of
// its claims either and that asking for it does no harm: scopes that are not known are ignored (Core 3.1.2.1).
func (r *run) served(scope string) {
	r.Helper()
	if slices.Contains(r.meta.Scopes, scope) {
		return
	}
	for _, claim := range scopeClaims[scope] {
		if slices.Contains(r.meta.Claims, claim) {
			r.Errorf("claims_supported has %s, scopes_supported lacks %s", claim, scope)
		}
	}
	r.scopes(scope)
	r.Skipf("the scope %s is not served, and discovery says so", scope)
}

// The scope profile gives the name and what else is known of it (Core 5.4).
func scopeProfile(r *run) {
	if info := r.scopes("profile"); info["name"] != r.owner.name || info["locale"] != r.owner.language || info["zoneinfo"] != r.owner.zone {
		r.Errorf("name %v, locale %v, zoneinfo %v", info["name"], info["locale"], info["zoneinfo"])
	}
}

// The scope email gives the address and whether it was verified, in the user info and not in the ID token (Core 5.4).
func scopeEmail(r *run) {
	if info := r.scopes("email"); info["email"] != r.owner.email || info["email_verified"] != true {
		r.Errorf("email %v, verified %v", info["email"], info["email_verified"])
	}
}

// The scope address gives the address (Core 5.4).
func scopeAddress(r *run) {
	r.served("address")
	r.scopes("address")
}

// The scope phone gives the number (Core 5.4).
func scopePhone(r *run) {
	r.served("phone")
	if info := r.scopes("phone"); info["phone_number"] != r.owner.phone {
		r.Errorf("phone_number %v", info["phone_number"])
	}
}

// All scopes at once (Core 5.4); the suite skips it where one of them is not served.
func scopeAll(r *run) { r.scopes("profile", "email", "address", "phone") }

// Neither the order of scopes nor that of parameters matters (RFC 6749, 3.3).
func alternateHappyFlow(r *run) {
	q := r.request(r.main, with("scope", "email openid"))
	q.order = keysOf(q.values)
	slices.Reverse(q.order)
	r.tells(r.userInfo(r.flow(q).access), "email")
}

// display=page is no error (Core 3.1.2.1, 15.1).
func displayPage(r *run) { r.flow(r.request(r.main, with("display", "page"))) }

// display=popup is no error (Core 3.1.2.1, 15.1).
func displayPopup(r *run) { r.flow(r.request(r.main, with("display", "popup"))) }

// prompt=login asks somebody who is signed in to prove it again, and the new auth_time is later (Core 3.1.2.1).
func promptLogin(r *run) {
	first := r.flow(r.request(r.main, with("max_age", "15000")))
	waitUntil(first.id.seconds(r, "auth_time") + 1)
	second := r.flow(r.request(r.main, with("prompt", "login"), with("max_age", "15000")))
	r.sameSubject(first, second.id.claims)
	if r.browser.signIns != 2 {
		r.Errorf("asked to sign in %d times, want 2", r.browser.signIns)
	}
	if a, b := first.id.seconds(r, "auth_time"), second.id.seconds(r, "auth_time"); b <= a {
		r.Errorf("auth_time %d, then %d", a, b)
	}
}

// prompt=none for somebody who is not signed in comes back at once as an error that says that a page was needed, with a
// long state as it was sent (Core 3.1.2.6).
func promptNoneNotLoggedIn(r *run) {
	r.refused(r.request(r.main, with("prompt", "none"), with("state", strings.Repeat("Zx9-._~ &=+%/?", 9))), "login_required")
	if r.browser.signIns+r.browser.consents != 0 {
		r.Error("a page asked for something")
	}
}

// prompt=none for somebody who is signed in and has agreed succeeds without a page: the same person, the same auth_time
// (Core 3.1.2.1).
func promptNoneLoggedIn(r *run) {
	first := r.flow(r.request(r.main, with("max_age", "15000")))
	r.again(first, with("prompt", "none"), with("max_age", "15000"))
}

// again makes a second request in the same browser that must need no page and tell of the same sign-in.
func (r *run) again(first tokens, changes ...func(*request)) {
	r.Helper()
	pages := r.browser.signIns + r.browser.consents
	waitUntil(first.id.seconds(r, "auth_time") + 1) // so that a new sign-in would show
	second := r.flow(r.request(r.main, changes...))
	if r.browser.signIns+r.browser.consents != pages {
		r.Error("a page asked for something")
	}
	r.sameSubject(first, second.id.claims)
	if a, b := first.id.seconds(r, "auth_time"), second.id.seconds(r, "auth_time"); a != b {
		r.Errorf("auth_time %d, then %d", a, b)
	}
}

// With max_age=1, a sign-in of two seconds ago is too old: it is asked for again, and auth_time is there, later and recent,
// in every ID token (Core 2, 3.1.2.1).
func maxAge1(r *run) {
	first := r.flow(r.request(r.main, with("max_age", "15000")))
	waitUntil(first.id.seconds(r, "auth_time") + 2)
	second := r.flow(r.request(r.main, with("max_age", "1")))
	if r.browser.signIns != 2 {
		r.Errorf("asked to sign in %d times, want 2", r.browser.signIns)
	}
	for _, t := range []*idToken{second.front, second.id} {
		if t == nil {
			continue
		}
		if a, b := first.id.seconds(r, "auth_time"), t.seconds(r, "auth_time"); b <= a || time.Since(time.Unix(b, 0)) > skew {
			r.Errorf("auth_time %d, then %d", a, b)
		}
	}
}

// With max_age=10000, a sign-in of just now is good: no page, and auth_time is there and the same (Core 2, 3.1.2.1).
func maxAge10000(r *run) {
	first := r.flow(r.request(r.main, with("max_age", "15000")))
	r.again(first, with("max_age", "10000"))
}

// A parameter that is not known is ignored (RFC 6749, 3.1).
func unknownParameter(r *run) {
	r.flow(r.request(r.main, with("foobar", "baz"), with("Response_Type", "x")))
}

// id_token_hint with prompt=none succeeds for the person whom the hint names (Core 3.1.2.1). For another subject it must
// not (3.1.2.2); a hint that was not issued here proves nothing, and the least that may come of it is an error.
func idTokenHint(r *run) {
	first := r.flow(r.request(r.main, with("max_age", "15000")))
	r.again(first, with("prompt", "none"), with("id_token_hint", first.id.raw), with("max_age", "15000"))
}

// A login_hint, here of somebody else, is a hint only: no error (Core 3.1.2.1).
func loginHint(r *run) { r.flow(r.request(r.main, with("login_hint", "buffy@client.example"))) }

// ui_locales with languages that the pages do not have is no error (Core 3.1.2.1).
func uiLocales(r *run) { r.flow(r.request(r.main, with("ui_locales", "se tlh-Latn"))) }

// The same for claims_locales (Core 5.2).
func claimsLocales(r *run) { r.flow(r.request(r.main, with("claims_locales", "se"))) }

// acr_values is no error; where discovery lists values, the ID token tells one of those that were asked for (Core 3.1.2.1).
func acrValues(r *run) {
	asked := r.meta.ACRs
	if len(asked) == 0 {
		asked = []string{"urn:example:silver", "urn:example:bronze"}
	}
	got := r.flow(r.request(r.main, with("acr_values", strings.Join(asked, " "))))
	acr, told := got.id.claims["acr"].(string)
	if len(r.meta.ACRs) > 0 && !slices.Contains(asked, acr) || len(r.meta.ACRs) == 0 && told && slices.Contains(asked, acr) {
		r.Errorf("acr %q, asked for %q", acr, asked)
	}
}

// A code works once (RFC 6749, 4.1.2).
func codeReuse(r *run) {
	q := r.request(r.main)
	got := r.flow(q)
	r.invalidGrant(r.main, r.redemption(q, got.code))
}

// A code works once, also half a minute later, and the second try ends what the first got: access tokens of either
// endpoint and the refresh token (RFC 6749, 4.1.2; the suite warns).
//
// The wait of the suite catches servers that allow a retry at first. Here the only thing that decides is whether the code
// was redeemed before, which is as true at once as it is later; so the wait is made in soak runs only.
func codeReuse30Seconds(r *run) {
	q := r.request(r.main, with("scope", "openid offline_access"), with("prompt", "consent"))
	got := r.flow(q)
	if os.Getenv("COMANDA_SOAK") != "" {
		time.Sleep(30 * time.Second)
	}
	r.invalidGrant(r.main, r.redemption(q, got.code))
	r.deadToken(got.access)
	if got.early != "" {
		r.deadToken(got.early)
	}
	if got.refresh == "" {
		r.Fatal("no refresh token")
	}
	r.invalidGrant(r.main, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.refresh}})
}

// A redirect URI that is not registered gets no answer, nor does a registered one in its place: the person sees an error
// (Core 3.1.2.1, RFC 6749, 3.1.2.4).
func registeredRedirectURI(r *run) {
	for _, uri := range []string{r.main.redirect + "/" + rand.Text(), r.main.redirect + "?x=1", strings.ToUpper(r.main.redirect[:20]) + r.main.redirect[20:]} {
		r.shownError(r.send(r.request(r.main, with("redirect_uri", uri))))
	}
}

// The authorization endpoint takes its parameters by POST too (Core 3.1.2.1; the suite warns). The form comes from the
// client's site, so it arrives without the cookie of somebody who is signed in.
func postRequest(r *run) {
	q := r.request(r.main)
	q.post = true
	r.flow(q)
}

// The client authenticates in the form (RFC 6749, 2.3.1).
func clientSecretPost(r *run) {
	if !slices.Contains(r.meta.AuthMethods, "client_secret_post") {
		r.Errorf("token_endpoint_auth_methods_supported %q", r.meta.AuthMethods)
	}
	r.flow(r.request(r.poster))
}

// asObject is a request as an unsigned request object: beside it stand only the parameters that OAuth requires (Core 6.1).
func asObject(q *request) (object string, beside url.Values) {
	claims := map[string]any{"iss": q.client.id}
	beside = url.Values{}
	for name, v := range q.values {
		claims[name] = v[0]
		if slices.Contains([]string{"client_id", "response_type", "response_mode", "scope", "redirect_uri"}, name) {
			beside[name] = v
		}
	}
	payload, _ := json.Marshal(claims)
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"none"}`)) + "." + b64(payload) + ".", beside
}

// A request object by reference is processed or refused as request_uri_not_supported at the redirect URI (Core 6.2, 3.1.2.6).
// It is not served: discovery says so in as many words, because there the default is true.
func requestURI(r *run) {
	if r.meta.RequestURI == nil || *r.meta.RequestURI {
		r.Error("request_uri_parameter_supported is not false")
	}
	q := r.request(r.main)
	object, beside := asObject(q)
	sum := sha256.Sum256([]byte(object))
	beside.Set("request_uri", "https://client.example/request.jwt#"+base64.RawURLEncoding.EncodeToString(sum[:]))
	q.values = beside
	r.refused(q, "request_uri_not_supported")
}

// A request object by value is processed or refused as request_not_supported at the redirect URI (Core 6.1, 3.1.2.6). It is
// not served.
func requestObject(r *run) {
	if r.meta.Request != nil && *r.meta.Request || len(r.meta.ObjectAlgs) > 0 {
		r.Errorf("discovery tells of request objects: %v %q", r.meta.Request, r.meta.ObjectAlgs)
	}
	q := r.request(r.main)
	object, beside := asObject(q)
	beside.Set("request", object)
	q.values = beside
	r.refused(q, "request_not_supported")
}

// A claim that is asked for by the claims parameter is in the user info, and only there (Core 5.5, 5.5.1; the suite warns).
func claimsEssential(r *run) {
	got := r.flow(r.request(r.main, with("claims", `{"userinfo":{"name":{"essential":true}}}`)))
	info := r.userInfo(got.access)
	if info["name"] != r.owner.name {
		r.Errorf("name %v", info["name"])
	}
	if _, told := info["email"]; told {
		r.Error("the user info tells email, which was not asked for")
	}
}

// A request object is not processed, so the redirect URI beside it counts, which is not registered: an error page, not an
// answer to the one inside (Core 6.1, RFC 6749, 4.1.2.1).
func requestObjectWithRedirectURI(r *run) {
	q := r.request(r.main)
	object, beside := asObject(q)
	beside.Set("request", object)
	beside.Set("redirect_uri", r.main.redirect+"/"+rand.Text())
	q.values = beside
	r.shownError(r.send(q))
}

// Two clients get refresh tokens, each works for its own client and gives new tokens about the same sign-in (Core 12.2);
// one that was used stops working, and using it again ends its family (RFC 9700, 4.14.2); no client can use another's.
func refreshToken(r *run) {
	if !slices.Contains(r.meta.GrantTypes, "refresh_token") || !slices.Contains(r.meta.Scopes, "offline_access") {
		r.Errorf("grant_types_supported %q, scopes_supported %q", r.meta.GrantTypes, r.meta.Scopes)
	}
	first, second := r.renewed(r.main, true), r.renewed(r.second, false)
	r.invalidGrant(r.main, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {second.refresh}})
	if first.refresh == second.refresh {
		r.Error("two clients have the same refresh token")
	}
}

// renewed is one client's part: a flow, a refresh, the replay of the used token.
func (r *run) renewed(c *client, narrow bool) tokens {
	r.Helper()
	q := r.request(c, with("scope", "openid offline_access"), with("prompt", "consent"), with("max_age", "15000"))
	first := r.flow(q)
	if len(first.refresh) < 22 {
		r.Fatalf("a refresh token of %d characters", len(first.refresh))
	}
	waitUntil(first.id.seconds(r, "iat") + 1)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.refresh}}
	if narrow { // RFC 6749, 6: the scope may be named again
		form.Set("scope", "openid offline_access")
	}
	// A nonce need not come again, but if it does it is the same: verify sees to that.
	same := *q
	got := r.token(c, form, http.StatusOK)
	if raw, _ := got["id_token"].(string); raw != "" && !bytes.Contains(payload(raw), []byte(`"nonce"`)) {
		same.values = url.Values{}
	}
	second := r.issued(&same, tokens{}, got)
	if second.access == first.access || second.refresh == first.refresh || second.refresh == "" {
		r.Error("a refresh did not give new tokens")
	}
	if second.id == nil {
		r.Fatal("a refresh gave no ID token")
	}
	for _, claim := range []string{"iss", "sub", "auth_time", "azp"} {
		if a, b := first.id.claims[claim], second.id.claims[claim]; a != b {
			r.Errorf("%s was %v, is %v after the refresh", claim, a, b)
		}
	}
	if !slices.Equal(first.id.audience(), second.id.audience()) {
		r.Errorf("aud was %q, is %q after the refresh", first.id.audience(), second.id.audience())
	}
	if a, b := first.id.seconds(r, "iat"), second.id.seconds(r, "iat"); b <= a {
		r.Errorf("iat was %d, is %d after the refresh", a, b)
	}
	r.sameSubject(first, r.userInfo(second.access))
	if narrow {
		r.invalidGrant(c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.refresh}})
		r.invalidGrant(c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {second.refresh}})
		r.deadToken(second.access)
	}
	return second
}

func payload(jwt string) []byte {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return nil
	}
	out, _ := base64.RawURLEncoding.DecodeString(parts[1])
	return out
}

// A request with a challenge succeeds with its verifier, and with no other (RFC 7636, 4.5, 4.6).
func validPKCE(r *run) {
	r.flow(r.request(r.main, challenge))
	q := r.request(r.main, challenge)
	got := r.front(q, r.answered(q))
	q.verifier = strings.Repeat("x", 64)
	r.invalidGrant(r.main, r.redemption(q, got.code))
}
