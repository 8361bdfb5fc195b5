package api_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"comanda/api"
	"comanda/internal/apptest"
	"comanda/wire"
)

const (
	apps    = "/api/v1.0/apps"
	app     = apps + "/{appId}"
	clients = "/api/v1.0/{appId}/oauthclients"
	client  = clients + "/{id}"
	tokens  = "/api/v1.0/{appId}/authorizationtokens"
)

func TestApps(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.Run(
			apptest.Call{Name: "list", As: apptest.Owner, Method: "GET", Path: apps, Status: 200, Want: apptest.Want{
				"Page": 1, "Limit": 20, "TotalRecordCount": 1, "Data.#": 1, "Data.0.AppId": "bella-napoli", "Data.0.AppAccessLevel": "Owner",
				"Data.0.MapCenter": nil, "Data.0.Features.#": 0,
			}},
			apptest.Call{
				Name: "list, filtered and clamped", As: apptest.Owner, Method: "GET", Path: apps + "?NameFilter=NAPOLI&limit=1000", Status: 200,
				Want: apptest.Want{"Limit": 100, "TotalRecordCount": 1},
			},
			apptest.Call{
				Name: "list, beyond the end", As: apptest.Owner, Method: "GET", Path: apps + "?page=2147483647", Status: 200,
				Want: apptest.Want{"TotalRecordCount": 1, "Data.#": 0},
			},
			apptest.Call{Name: "list, bad page", As: apptest.Owner, Method: "GET", Path: apps + "?page=0", Status: 400, Text: "page"},
			apptest.Call{Name: "list, no token", Method: "GET", Path: apps, Status: 401, Lacks: "bella"},
			apptest.Call{Name: "list, unknown token", As: "cmd_at_x", Method: "GET", Path: apps, Status: 401},

			apptest.Call{Name: "countries", As: apptest.ReadOnly, Method: "GET", Path: apps + "/SupportedCountries", Status: 200, Text: `"CountryCode":"IE","Name":"Ireland","PhoneCode":353`},

			apptest.Call{
				Name: "create", As: apptest.Stranger, Method: "POST", Path: apps, Body: `{"Name":"Bella Napoli"}`, Status: 200,
				Want: apptest.Want{"Data": "bella-napoli-2"}, Events: apptest.Events{"app.created"},
			},
			apptest.Call{Name: "create, no name", As: apptest.Owner, Method: "POST", Path: apps, Body: `{}`, Status: 400, Text: `"FieldName":"Name"`},
			apptest.Call{Name: "create, null", As: apptest.Owner, Method: "POST", Path: apps, Body: `{"Name":null}`, Status: 400, Text: `"FieldName":"Name"`},
			apptest.Call{Name: "create, number", As: apptest.Owner, Method: "POST", Path: apps, Body: `{"Name":1}`, Status: 400, Text: `"FieldName":"Name"`},
			apptest.Call{Name: "create, broken", As: apptest.Owner, Method: "POST", Path: apps, Body: `{"Name":`, Status: 400},
			apptest.Call{Name: "create, nothing", As: apptest.Owner, Method: "POST", Path: apps, Status: 400},

			apptest.Call{Name: "one", As: apptest.Finance, Method: "GET", Path: "/api/v1.0/APPS/Bella-NAPOLI", Status: 200, Want: apptest.Want{
				"Data.AppId": "bella-napoli", "Data.AppAccessLevel": "FinanceManger", "Data.CountryId": "IE",
				"Data.AppResourceSet.#": 9, "Data.WebToAppRedirect": "NoRedirect",
			}},
			apptest.Call{Name: "one, another brand's", As: apptest.Owner, Method: "GET", Path: apps + "/{otherAppId}", Status: 403, Lacks: "Roma"},
			apptest.Call{Name: "one, unknown", As: apptest.Owner, Method: "GET", Path: apps + "/no-such-brand", Status: 403},
			apptest.Call{Name: "name", As: apptest.ReadOnly, Method: "GET", Path: app + "/name", Status: 200, Want: apptest.Want{"Data": "Bella Napoli"}},

			apptest.Call{
				Name: "config", As: apptest.Owner, Method: "POST", Path: app + "/config",
				Body: `{"name":"Bella Due","ApplicationCategory":1,"MainColor":null,"Unknown":1}`, Status: 200,
				Want:   apptest.Want{"Data.Name": "Bella Due", "Data.ApplicationCategory": "Cafe", "Data.AppId": "bella-napoli"},
				Events: apptest.Events{"app.updated"},
			},
			apptest.Call{Name: "config, nothing new", As: apptest.Owner, Method: "POST", Path: app + "/config", Body: `{"Name":"Bella Due"}`, Status: 200},
			apptest.Call{
				Name: "config, bad", As: apptest.Owner, Method: "POST", Path: app + "/config", Body: `{"Name":"X","CountryId":"XX","MainColor":"red"}`, Status: 400,
				Text: `"FieldName":"MainColor"`, Want: apptest.Want{"Errors.#": 2},
			},
			apptest.Call{Name: "config, long country", As: apptest.Owner, Method: "POST", Path: app + "/config", Body: `{"CountryId":"IRL"}`, Status: 400, Text: `"FieldName":"CountryId"`},
			apptest.Call{Name: "config, unknown category", As: apptest.Owner, Method: "POST", Path: app + "/config", Body: `{"ApplicationCategory":"Bar"}`, Status: 400, Text: `"FieldName":"ApplicationCategory"`},
			apptest.Call{Name: "config, without the right", As: apptest.Integrator, Method: "POST", Path: app + "/config", Body: `{"Name":"Mine"}`, Status: 403},
			apptest.Call{Name: "config, stranger", As: apptest.Stranger, Method: "POST", Path: app + "/config", Body: `{"Name":"Mine"}`, Status: 403, Lacks: "Due"},

			apptest.Call{
				Name: "languages", As: apptest.Owner, Method: "POST", Path: app + "/config/languages",
				Body: `[{"LanguageId":"it","DisplayOrder":2,"Enabled":true},{"LanguageId":"en","DisplayOrder":1,"Enabled":"True"}]`, Status: 200,
				Want: apptest.Want{"Data.Languages.0.LanguageId": "en", "Data.Languages.1.Name": "Italiano"}, Events: apptest.Events{"app.updated"},
			},
			apptest.Call{Name: "languages, unknown", As: apptest.Owner, Method: "POST", Path: app + "/config/languages", Body: `[{"LanguageId":"xx","Enabled":true}]`, Status: 400, Text: "[0].LanguageId"},
			apptest.Call{Name: "languages, none", As: apptest.Owner, Method: "POST", Path: app + "/config/languages", Body: `[]`, Status: 400},
			apptest.Call{Name: "languages, no list", As: apptest.Owner, Method: "POST", Path: app + "/config/languages", Body: `{}`, Status: 400},
		)
	})
}

// imageForm is a multipart form with a file, and its header.
func imageForm(k *apptest.Kit, field string, content []byte) (string, http.Header) {
	k.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile(field, "logo.exe")
	k.Must(err)
	_, err = part.Write(content)
	k.Must(err)
	k.Must(w.Close())
	return b.String(), http.Header{"Content-Type": {w.FormDataContentType()}}
}

// pixels is a small picture.
func pixels(k *apptest.Kit) []byte {
	k.Helper()
	var b bytes.Buffer
	k.Must(png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))))
	return b.Bytes()
}

func TestLogo(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		picture := pixels(k)
		body, header := imageForm(k, "Image", picture)
		k.Run(
			apptest.Call{Name: "upload", As: apptest.Owner, Method: "POST", Path: app + "/logo", Body: body, Header: header, Status: 200, Events: apptest.Events{"app.updated"}},
			apptest.Call{Name: "read", As: apptest.Owner, Method: "GET", Path: app, Status: 200, Save: map[string]string{"logo": "Data.LogoImageUrl"}},
			apptest.Call{Name: "without the right", As: apptest.Integrator, Method: "POST", Path: app + "/logo", Body: body, Header: header, Status: 403},
			apptest.Call{Name: "stranger", As: apptest.Stranger, Method: "POST", Path: app + "/logo", Body: body, Header: header, Status: 403},
			apptest.Call{Name: "JSON", As: apptest.Owner, Method: "POST", Path: app + "/logo", Body: `{}`, Header: http.Header{"Content-Type": {"application/json"}}, Status: 415},
		)
		for name, c := range map[string]struct {
			field   string
			content []byte
			status  int
		}{
			"another field": {"File", picture, 400}, "text": {"Image", []byte("hello"), 400}, "empty": {"Image", nil, 400},
			"too large": {"Image", append(picture, make([]byte, 1<<20)...), 413},
		} {
			body, header := imageForm(k, c.field, c.content)
			text := `"FieldName":"Image"`
			if c.status == 413 {
				text = "1 MiB"
			}
			k.Call(apptest.Call{Name: name, As: apptest.Owner, Method: "POST", Path: app + "/logo", Body: body, Header: header, Status: c.status, Text: text})
		}

		url, files := k.Vars["logo"], api.Assets(k.Accounts)
		get := func(method, url string, header ...string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, url, nil)
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			w := httptest.NewRecorder()
			files.ServeHTTP(w, r)
			return w
		}
		if !strings.HasPrefix(url, "https://comanda.test/assets/") {
			t.Fatal(url)
		}
		w := get("GET", url)
		if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" || !bytes.Equal(w.Body.Bytes(), picture) ||
			w.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		if w := get("HEAD", url); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != fmt.Sprint(len(picture)) {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		if w := get("GET", url, "If-None-Match", w.Header().Get("ETag")); w.Code != 304 || w.Body.Len() != 0 {
			t.Errorf("%d", w.Code)
		}
		for _, other := range []string{"https://comanda.test/assets/", "https://comanda.test/assets/x.png", "https://comanda.test/assets/%00'"} {
			if w := get("GET", other); w.Code != 404 {
				t.Errorf("%s: %d", other, w.Code)
			}
		}
		if w := get("POST", url); w.Code != 405 {
			t.Errorf("%d", w.Code)
		}
	})
}

func TestOAuthClients(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		w := k.Call(apptest.Call{Name: "create", As: apptest.Owner, Method: "POST", Path: clients, Body: `{"OauthAppName":"POS","Flow":2,"OauthAppId":"1","OwnerUserId":99}`, Status: 200})
		location := w.Header().Get("Location")
		k.Vars["id"] = location[strings.LastIndexByte(location, '/')+1:]
		if location != k.Expand("/api/v1.0/{appId}/oauthclients/{id}") {
			t.Errorf("Location is %q", location)
		}
		k.Run(
			apptest.Call{Name: "create, no name", As: apptest.Owner, Method: "POST", Path: clients, Body: `{}`, Status: 400, Text: `"FieldName":"OauthAppName"`},
			apptest.Call{Name: "create, bad", As: apptest.Owner, Method: "POST", Path: clients, Body: `{"OauthAppName":"X","AccessTokenLifetime":5,"LogoUri":"x"}`, Status: 400, Want: apptest.Want{"Errors.#": 2}},
			apptest.Call{Name: "create, unknown flow", As: apptest.Owner, Method: "POST", Path: clients, Body: `{"OauthAppName":"X","Flow":"Device"}`, Status: 400, Text: `"FieldName":"Flow"`},
			apptest.Call{Name: "create, without the right", As: apptest.ReadOnly, Method: "POST", Path: clients, Body: `{"OauthAppName":"X"}`, Status: 403},
			apptest.Call{Name: "create, stranger", As: apptest.Stranger, Method: "POST", Path: clients, Body: `{"OauthAppName":"X"}`, Status: 403},

			apptest.Call{Name: "list", As: apptest.Integrator, Method: "GET", Path: clients, Status: 200, Want: apptest.Want{
				"Data.#": 1, "Data.0.OauthAppId": "{id}", "Data.0.OauthAppName": "POS", "Data.0.Flow": "Hybrid", "Data.0.RefreshTokenUsage": "OneTimeOnly",
				"Data.0.AccessTokenLifetime": 3600, "Data.0.AbsoluteRefreshTokenLifetime": 2592000,
			}},
			apptest.Call{Name: "list, filtered", As: apptest.Owner, Method: "GET", Path: clients + "?oauthAppName=nothing", Status: 200, Want: apptest.Want{"Data.#": 0}},
			apptest.Call{Name: "names", As: apptest.Owner, Method: "GET", Path: clients + "/AppNames", Status: 200, Want: apptest.Want{"Data.0.OauthAppId": "{id}", "Data.0.OauthAppName": "POS"}},
			apptest.Call{Name: "one", As: apptest.Owner, Method: "GET", Path: client, Status: 200, Want: apptest.Want{"Data.OauthAppId": "{id}", "Data.LogoUri": ""}},
			apptest.Call{Name: "one, unknown", As: apptest.Owner, Method: "GET", Path: clients + "/1234567890123456789012", Status: 404},
			apptest.Call{Name: "one, nonsense", As: apptest.Owner, Method: "GET", Path: clients + "/%27%22--", Status: 404},
			apptest.Call{Name: "one, stranger", As: apptest.Stranger, Method: "GET", Path: client, Status: 403, Lacks: "POS"},
			apptest.Call{Name: "one, through another brand", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/{otherAppId}/oauthclients/{id}", Status: 404, Lacks: "POS"},

			apptest.Call{Name: "update", As: apptest.Integrator, Method: "POST", Path: client, Body: `{"LogoUri":"https://example.com/l.png","AccessTokenLifetime":null}`, Status: 200},
			apptest.Call{Name: "updated", As: apptest.Owner, Method: "GET", Path: client, Status: 200, Want: apptest.Want{"Data.LogoUri": "https://example.com/l.png", "Data.OauthAppName": "POS", "Data.AccessTokenLifetime": 3600}},
			apptest.Call{Name: "update, bad", As: apptest.Owner, Method: "POST", Path: client, Body: `{"AccessTokenLifetime":-1}`, Status: 400, Text: `"FieldName":"AccessTokenLifetime"`},
			apptest.Call{Name: "update, unknown", As: apptest.Owner, Method: "POST", Path: clients + "/1234567890123456789012", Body: `{}`, Status: 404},

			apptest.Call{
				Name: "add uri", As: apptest.Owner, Method: "POST", Path: client + "/redirecturis", Body: `"https://example.com/cb"`, Status: 200,
				Want: apptest.Want{"Data.Uri": "https://example.com/cb"}, Save: map[string]string{"uri": "Data.Id"},
			},
			apptest.Call{
				Name: "add uri, bare text", As: apptest.Owner, Method: "POST", Path: client + "/redirecturis", Body: `oob://localhost/wpf.webview.client`, Status: 200,
				Want: apptest.Want{"Data.Uri": "oob://localhost/wpf.webview.client"},
			},
			apptest.Call{Name: "add uri again", As: apptest.Owner, Method: "POST", Path: client + "/redirecturis", Body: `"https://example.com/cb"`, Status: 200, Want: apptest.Want{"Data.Id": func(v any) error {
				if fmt.Sprint(v) != k.Vars["uri"] {
					return fmt.Errorf("is %v, was %s", v, k.Vars["uri"])
				}
				return nil
			}}},
			apptest.Call{Name: "add uri, bad", As: apptest.Owner, Method: "POST", Path: client + "/redirecturis", Body: `"javascript:alert(1)"`, Status: 400, Text: `"FieldName":"uri"`},
			apptest.Call{Name: "uris", As: apptest.Owner, Method: "GET", Path: client + "/redirecturis", Status: 200, Want: apptest.Want{"Data.#": 2}},
			apptest.Call{Name: "remove uri", As: apptest.Owner, Method: "DELETE", Path: client + "/redirecturis/{uri}", Status: 200},
			apptest.Call{Name: "remove uri again", As: apptest.Owner, Method: "DELETE", Path: client + "/redirecturis/{uri}", Status: 404},
			apptest.Call{Name: "remove uri, no number", As: apptest.Owner, Method: "DELETE", Path: client + "/redirecturis/x", Status: 400},

			apptest.Call{Name: "secret, without the right", As: apptest.Integrator, Method: "GET", Path: client + "/secret", Status: 403, Lacks: "cmd_sk_"},
			apptest.Call{Name: "secret", As: apptest.Owner, Method: "GET", Path: client + "/secret", Status: 200, Text: `{"Data":"cmd_sk_`, Save: map[string]string{"secret": "Data"}},
			apptest.Call{Name: "token", As: apptest.Owner, Method: "GET", Path: client + "/accesstoken", Status: 200, Text: `{"Data":"cmd_at_`, Save: map[string]string{"token": "Data"}},
			apptest.Call{Name: "token, without the right", As: apptest.Finance, Method: "GET", Path: client + "/accesstoken", Status: 403},
		)
		for _, path := range []string{client + "/secret", client + "/accesstoken"} {
			if w := k.Send(apptest.Call{As: apptest.Owner, Method: "GET", Path: path}); w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be kept: %v", path, w.Header())
			}
		}
		token := k.Vars["token"]
		k.Run(
			apptest.Call{Name: "as the app", As: token, Method: "GET", Path: app + "/name", Status: 200, Want: apptest.Want{"Data": "Bella Napoli"}},
			apptest.Call{Name: "the app elsewhere", As: token, Method: "GET", Path: apps + "/{otherAppId}", Status: 403},
			apptest.Call{Name: "a person's call by the app", As: token, Method: "POST", Path: apps, Body: `{"Name":"Mine"}`, Status: 403},
			apptest.Call{Name: "tokens", As: apptest.Integrator, Method: "GET", Path: tokens + "/{id}?limit=1", Status: 200, Want: apptest.Want{
				"Page": 1, "Limit": 1, "TotalRecordCount": 2, "Data.#": 1, "Data.0.ClientId": "{id}", "Data.0.TokenType": "access_token", "Data.0.SubjectId": apptest.Present,
			}},
			apptest.Call{Name: "tokens, the other", As: apptest.Owner, Method: "GET", Path: tokens + "/{id}?limit=1&page=2", Status: 200, Save: map[string]string{"key": "Data.0.Key"}},
			apptest.Call{Name: "tokens of an unknown app", As: apptest.Owner, Method: "GET", Path: tokens + "/1", Status: 404},
			apptest.Call{Name: "revoke, stranger", As: apptest.Stranger, Method: "DELETE", Path: tokens + "/{key}", Status: 403},
			apptest.Call{Name: "revoke through another brand", As: apptest.Stranger, Method: "DELETE", Path: "/api/v1.0/{otherAppId}/authorizationtokens/{key}", Status: 404},
			apptest.Call{Name: "revoke", As: apptest.Integrator, Method: "DELETE", Path: tokens + "/{key}", Status: 200},
			apptest.Call{Name: "revoke again", As: apptest.Owner, Method: "DELETE", Path: tokens + "/{key}", Status: 404},
			apptest.Call{Name: "the revoked token", As: token, Method: "GET", Path: app + "/name", Status: 401},

			apptest.Call{Name: "delete", As: apptest.Owner, Method: "DELETE", Path: client, Status: 200},
			apptest.Call{Name: "delete again", As: apptest.Owner, Method: "DELETE", Path: client, Status: 404},
			apptest.Call{Name: "list after", As: apptest.Owner, Method: "GET", Path: clients, Status: 200, Want: apptest.Want{"Data.#": 0}},
		)
	})
}

// A token that the app got for its own secret reads that secret by either header, and a blank one nothing.
func TestAClientCredentialsTokenAtTheDoor(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		id, secret, err := k.OAuth.CreateApp(k.Context(), k.Caller(apptest.Integrator), k.Brand.AppID, wire.OAuthApp{OauthAppName: wire.P("POS")})
		k.Must(err)
		k.Vars["id"] = id
		r := httptest.NewRequest("POST", "/identity/connect/token", strings.NewReader("grant_type=client_credentials&scope=api"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(id, secret)
		w := httptest.NewRecorder()
		k.OAuth.Handler().ServeHTTP(w, r)
		_, rest, _ := strings.Cut(w.Body.String(), `"access_token":"`)
		token, _, _ := strings.Cut(rest, `"`)
		k.Run(
			apptest.Call{Name: "Authorization", As: token, Method: "GET", Path: client + "/secret", Status: 200, Want: apptest.Want{"Data": secret}},
			apptest.Call{Name: "Authentication", Header: http.Header{"Authentication": {"Bearer " + token}}, Method: "GET", Path: client + "/secret", Status: 200, Want: apptest.Want{"Data": secret}},
			apptest.Call{Name: "blank", Header: http.Header{"Authorization": {"Bearer "}}, Method: "GET", Path: client + "/secret", Status: 401},
			apptest.Call{Name: "nobody", Method: "GET", Path: client + "/secret", Status: 401},
			apptest.Call{Name: "beyond its owner", As: token, Method: "POST", Path: app + "/config", Body: `{"Name":"Mine"}`, Status: 403},
		)
	})
}
