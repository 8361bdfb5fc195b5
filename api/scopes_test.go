package api_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/internal/dbtest"
	"comanda/oauth"
	"comanda/wire"
)

// scoped gets a token by client credentials with some scopes only.
func scoped(k *apptest.Kit, id, secret, scope string) string {
	k.Helper()
	return tokenBy(k, id, secret, url.Values{"grant_type": {"client_credentials"}, "scope": {scope}})
}

// tokenBy asks the token endpoint for a token; it has the scope that was asked for.
func tokenBy(k *apptest.Kit, id, secret string, grant url.Values) string {
	k.Helper()
	r := httptest.NewRequest("POST", "/identity/connect/token", strings.NewReader(grant.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	w := httptest.NewRecorder()
	k.OAuth.Handler().ServeHTTP(w, r)
	var answer struct {
		Token string `json:"access_token"`
		Scope string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Token == "" || grant.Has("scope") && answer.Scope != grant.Get("scope") {
		k.Fatalf("%d %s", w.Code, w.Body)
	}
	return answer.Token
}

// The scopes of a token are enforced by the table of routes, and again by what the caller's grant includes.
func TestScopesNarrowAToken(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		id, secret, err := k.OAuth.CreateApp(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, wire.OAuthApp{OauthAppName: wire.P("POS")})
		k.Must(err)
		k.Vars["id"] = id
		orders := scoped(k, id, secret, "orders:read")
		dev := scoped(k, id, secret, "developer")
		const needs = "The scopes of this access token do not include this call."
		k.Run(
			apptest.Call{Name: "orders", As: orders, Method: "GET", Path: "/api/v1.0/orders", Status: 200},
			apptest.Call{Name: "the brand's name goes with it", As: orders, Method: "GET", Path: app + "/name", Status: 200},
			apptest.Call{Name: "accept", As: orders, Method: "POST", Path: "/api/v1.0/orders/1/accept", Body: `{}`, Status: 403, Want: apptest.Want{"Message": needs}, Text: "orders:write, api"},
			apptest.Call{Name: "refund", As: orders, Method: "POST", Path: "/api/v1.0/orders/1/refund", Body: `{}`, Status: 403, Text: "orders:refund, api"},
			apptest.Call{Name: "menus", As: orders, Method: "GET", Path: "/api/v1.0/{appId}/menus", Status: 403, Text: "menus:read"},
			apptest.Call{Name: "developer tools", As: orders, Method: "GET", Path: clients, Status: 403, Text: "developer"},
			apptest.Call{Name: "settings", As: orders, Method: "POST", Path: app + "/config", Body: `{"Name":"Mine"}`, Status: 403, Text: "brand:write"},
			apptest.Call{Name: "a person's own calls", As: orders, Method: "GET", Path: "/api/v1.0/accounts/connectedapps", Status: 403, Text: "scopes api"},
			apptest.Call{Name: "a narrow token does not widen itself", As: orders, Method: "GET", Path: client + "/secret", Status: 403, Lacks: secret},
			apptest.Call{Name: "nor by way of a new token", As: dev, Method: "GET", Path: client + "/accesstoken", Status: 403, Lacks: "cmd_at_"},
			apptest.Call{Name: "nor does the developer scope", As: dev, Method: "GET", Path: client + "/secret", Status: 403, Lacks: secret},
			apptest.Call{Name: "developer scope", As: dev, Method: "GET", Path: clients, Status: 200},
			apptest.Call{Name: "developer scope, orders", As: dev, Method: "GET", Path: "/api/v1.0/orders", Status: 403, Text: "orders:read"},
		)
		w := k.Send(apptest.Call{As: orders, Method: "POST", Path: "/api/v1.0/orders/1/accept", Body: `{}`})
		if got := w.Header().Get("WWW-Authenticate"); got != `Bearer error="insufficient_scope", scope="orders:write"` {
			t.Error(got)
		}
		// Behind the door, too.
		c, err := k.OAuth.Authenticate(k.Context(), oauth.Bearer(orders))
		k.Must(err)
		if c.Require(account.ReadOrders, k.Brand.ID, 0) != nil || c.Require(account.EditOrders, k.Brand.ID, 0) == nil || c.Require(account.ReadMenus, k.Brand.ID, 0) == nil {
			t.Errorf("%+v", c.Grants)
		}
	})
}

// The reference names for each call the scopes that do, and each right but that of reading secrets has a narrow one.
func TestTheReferenceShowsScopes(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Security    []map[string][]string
		}
		Components struct {
			SecuritySchemes map[string]struct {
				Flows map[string]struct{ Scopes map[string]string }
			} `json:"securitySchemes"`
		}
	}
	if err := json.Unmarshal(k.Send(apptest.Call{Method: "GET", Path: "/openapi.json"}).Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	known := doc.Components.SecuritySchemes["oauth2"].Flows["clientCredentials"].Scopes
	if known["orders:read"] == "" || known["api"] == "" || known["openid"] != "" {
		t.Fatalf("%v", known)
	}
	of := map[string]string{}
	for _, methods := range doc.Paths {
		for _, op := range methods {
			var scopes []string
			for _, s := range op.Security {
				for _, name := range s["oauth2"] {
					if known[name] == "" {
						t.Errorf("%s names the scope %s, which nobody explains", op.OperationID, name)
					}
					scopes = append(scopes, name)
				}
			}
			of[op.OperationID] = strings.Join(scopes, " ")
		}
	}
	for id, want := range map[string]string{
		"AcceptOrder": "orders:write api", "GetOrders": "orders:read orders:write orders:refund api", "Ping": "", "GetMyConnectedApps": "api",
		"RefundOrder": "orders:refund api", "CreateWebhookSubscription": "developer api",
	} {
		if of[id] != want {
			t.Errorf("%s: %q, want %q", id, of[id], want)
		}
	}
	for _, r := range account.AllRights() {
		if n := len(oauth.ScopesFor(r)); n < 2 && r != account.RevealSecrets {
			t.Errorf("%s has no scope of its own", r)
		}
	}
}

func TestClientSettings(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		id, _, err := k.OAuth.CreateApp(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, wire.OAuthApp{OauthAppName: wire.P("POS")})
		k.Must(err)
		k.Vars["id"] = id
		const settings = client + "/settings"
		const jwks = `{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`
		const private = `{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}]}`
		change := func(name, body string, status int, text string) apptest.Call {
			return apptest.Call{Name: name, As: apptest.Owner, Method: "PUT", Path: settings, Body: body, Status: status, Text: text, Unknown: true}
		}
		k.Run(
			apptest.Call{Name: "new", As: apptest.Integrator, Method: "GET", Path: settings, Status: 200, Unknown: true, Want: apptest.Want{
				"Data.ClientType": "Confidential", "Data.TokenEndpointAuthMethod": "client_secret", "Data.IdTokenSigningAlg": "RS256",
				"Data.PostLogoutRedirectUris.#": 0, "Data.Jwks.keys.#": 0, "Data.AccessLevel": "Owner", "Data.DpopBoundAccessTokens": false,
			}},
			apptest.Call{Name: "a stranger", As: apptest.Stranger, Method: "GET", Path: settings, Status: 403},
			apptest.Call{Name: "one who reads", As: apptest.ReadOnly, Method: "PUT", Path: settings, Body: `{}`, Status: 403},
			apptest.Call{Name: "a developer sends back what stands there", As: apptest.Integrator, Method: "PUT", Path: settings, Body: `{"ClientType":"Confidential","TokenEndpointAuthMethod":"client_secret","AccessLevel":"Owner","Jwks":{"keys":[]}}`, Status: 200, Unknown: true},
			apptest.Call{Name: "a developer opens the app to everybody", As: apptest.Integrator, Method: "PUT", Path: settings, Body: `{"ClientType":"Public"}`, Status: 403},
			apptest.Call{Name: "a developer puts keys of their own", As: apptest.Integrator, Method: "PUT", Path: settings, Body: `{"Jwks":` + jwks + `}`, Status: 403},
			change("addresses", `{"PostLogoutRedirectUris":["https://client.example/bye","https://client.example/bye"]}`, 200, `["https://client.example/bye"]`),
			change("what is not given stays", `{"IdTokenSigningAlg":"ES256"}`, 200, `["https://client.example/bye"]`),
			change("bad address", `{"PostLogoutRedirectUris":["javascript:x","http://evil.example"]}`, 400, "PostLogoutRedirectUris[1]"),
			change("keys without being asked for", `{"TokenEndpointAuthMethod":"private_key_jwt"}`, 400, "public keys"),
			change("private keys", `{"Jwks":`+private+`}`, 400, "keep it, and send its public part"),
			change("no key set", `{"Jwks":{"keys":7}}`, 400, "JSON Web Key Set"),
			change("keys", `{"TokenEndpointAuthMethod":"private_key_jwt","Jwks":`+jwks+`}`, 200, "private_key_jwt"),
			change("public and signing", `{"ClientType":"Public","TokenEndpointAuthMethod":"private_key_jwt"}`, 400, "Confidential"),
			change("public", `{"ClientType":"Public"}`, 200, `"TokenEndpointAuthMethod":"none"`),
			change("none for a confidential one", `{"ClientType":"Confidential","TokenEndpointAuthMethod":"none"}`, 400, "Public"),
			change("back", `{"ClientType":"Confidential","TokenEndpointAuthMethod":"client_secret","AccessLevel":"Integrator"}`, 200, `"AccessLevel":"Integrator"`),
			change("unknown level", `{"AccessLevel":"King"}`, 400, "AccessLevel"),
		)
	})
}

// Who presents a token that is bound to a key as if it were not is told how to present it.
func TestABoundTokenIsAskedForByItsScheme(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	id, secret, err := k.OAuth.CreateApp(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, wire.OAuthApp{OauthAppName: wire.P("POS")})
	k.Must(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k.Must(err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	k.Must(err)
	proof := func(claims map[string]any) string {
		claims["jti"], claims["iat"] = rand.Text(), clock.Now().Unix()
		text, err := jwt.Signed(signer).Claims(claims).Serialize()
		k.Must(err)
		return text
	}
	r := httptest.NewRequest("POST", "/identity/connect/token", strings.NewReader("grant_type=client_credentials"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("DPoP", proof(map[string]any{"htm": "POST", "htu": "https://comanda.test/identity/connect/token"}))
	r.SetBasicAuth(id, secret)
	w := httptest.NewRecorder()
	k.OAuth.Handler().ServeHTTP(w, r)
	var bound struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &bound); err != nil || bound.Type != "DPoP" {
		t.Fatal(w.Body)
	}
	sum := sha256.Sum256([]byte(bound.Token))
	good := proof(map[string]any{"htm": "GET", "htu": "https://comanda.test/api/v1.0/apps", "ath": base64.RawURLEncoding.EncodeToString(sum[:])})
	for _, c := range []struct {
		scheme, proof string
		status        int
		challenge     string
	}{
		{"Bearer", "", 401, `error="invalid_token"`},
		{"DPoP", "", 401, `error="invalid_token"`},
		{"DPoP", proof(map[string]any{"htm": "GET", "htu": "https://comanda.test/api/v1.0/apps"}), 401, `error="invalid_dpop_proof"`},
		{"DPoP", good, 200, ""},
		{"DPoP", good, 401, `error="invalid_dpop_proof"`},
	} {
		header := http.Header{"Authorization": {c.scheme + " " + bound.Token}}
		if c.proof != "" {
			header.Set("DPoP", c.proof)
		}
		w := k.Send(apptest.Call{Method: "GET", Path: "/api/v1.0/apps", Header: header})
		got := w.Header().Get("WWW-Authenticate")
		if w.Code != c.status || !strings.Contains(got, c.challenge) || (c.status == 401) != strings.HasPrefix(got, `DPoP algs="`) {
			t.Errorf("%s: %d %s %s", c.scheme, w.Code, got, w.Body)
		}
	}
}
