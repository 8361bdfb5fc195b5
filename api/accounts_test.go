package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"comanda/internal/apptest"
	"comanda/wire"
)

const own = "/api/v1.0/accounts"

var mailedPIN = regexp.MustCompile(`PIN is (\d{6})\.`)

// cookies are what a browser would send after an answer.
func cookies(w *httptest.ResponseRecorder) http.Header {
	var all []string
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 {
			all = append(all, c.Name+"="+c.Value)
		}
	}
	return http.Header{"Cookie": {strings.Join(all, "; ")}}
}

func session(token string, more ...string) http.Header {
	h := http.Header{"Cookie": {"__Host-comanda=" + token}}
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

func pinMailed(k *apptest.Kit, to string) string {
	k.Helper()
	found := mailedPIN.FindStringSubmatch(k.MustMail(to).Text)
	if found == nil {
		k.Fatalf("no PIN was mailed to %s", to)
	}
	return found[1]
}

func TestSigningUpByTheContract(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		w := k.Call(apptest.Call{Name: "create", Method: "POST", Path: own, Body: `{"Email":"New@Comanda.test","StoreName":"Casa Nuova","LanguageId":"it","RecaptchaToken":"x"}`, Status: 200})
		step := cookies(w)
		if strings.Contains(step.Get("Cookie"), "__Host-comanda=") {
			t.Fatal("signing up signs in before the address is verified")
		}
		again := k.Call(apptest.Call{Name: "create, a known address", Method: "POST", Path: own, Body: `{"Email":"owner@comanda.test","StoreName":"X"}`, Status: 200})
		if again.Body.String() != w.Body.String() || cookies(again).Get("Cookie") == "" {
			t.Error("the answer tells who has an account")
		}
		pin := pinMailed(k, "new@comanda.test")
		wrong := "100000"
		if pin == wrong {
			wrong = "100001"
		}
		k.Run(
			apptest.Call{Name: "no cookie", Method: "PUT", Path: own + "/password/pin", Body: `{"Pin":` + pin + `,"NewPassword":"battery staple"}`, Status: 400, Text: "whose PIN"},
			apptest.Call{Name: "a wrong PIN", Method: "PUT", Path: own + "/password/pin", Header: step, Body: `{"Pin":` + wrong + `,"NewPassword":"battery staple"}`, Status: 400, Text: `"FieldName":"Pin"`},
			apptest.Call{Name: "a short password", Method: "PUT", Path: own + "/password/pin", Header: step, Body: `{"Pin":` + pin + `,"NewPassword":"short"}`, Status: 400, Text: `"FieldName":"Password"`},
		)
		w = k.Call(apptest.Call{
			Name: "the PIN", Method: "PUT", Path: own + "/password/pin", Header: step, Body: `{"Pin":"` + pin + `","NewPassword":"battery staple"}`, Status: 200,
			Events: apptest.Events{"app.created"},
		})
		signed := cookies(w)
		k.Run(
			apptest.Call{Name: "details", Method: "GET", Path: own, Header: signed, Status: 200, Want: apptest.Want{
				"Data.Email": "new@comanda.test", "Data.IsVerified": true, "Data.Language": "it", "Data.Name": "new", "Data.SignupSteps.#": 0, "Data.AccountId": apptest.Present, "Data.CreatedAt": apptest.Present,
			}},
			apptest.Call{Name: "the brand", Method: "GET", Path: "/api/v1.0/apps/casa-nuova", Header: signed, Status: 200, Want: apptest.Want{"Data.Name": "Casa Nuova", "Data.AppAccessLevel": "Owner"}},
			apptest.Call{Name: "the PIN again", Method: "PUT", Path: own + "/password/pin", Header: step, Body: `{"Pin":` + pin + `,"NewPassword":"battery staple"}`, Status: 400},
			apptest.Call{Name: "basic", Method: "POST", Path: own + "/basic-account", Header: signed, Body: `{"StoreName":"Second Place","LanguageId":"de"}`, Status: 200, Text: `"second-place"`, Events: apptest.Events{"app.created"}},
			apptest.Call{Name: "create, no address", Method: "POST", Path: own, Body: `{"Email":"x","StoreName":"X"}`, Status: 400, Text: `"FieldName":"Email"`},
			apptest.Call{Name: "create, no store", Method: "POST", Path: own, Body: `{"Email":"x@example.com"}`, Status: 400, Text: `"FieldName":"StoreName"`},
			apptest.Call{Name: "basic, nobody", Method: "POST", Path: own + "/basic-account", Body: `{"StoreName":"X"}`, Status: 401},
		)
	})
}

func TestSigningInAndOutByTheContract(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		w := k.Call(apptest.Call{Name: "login", Method: "POST", Path: own + "/login", Body: `{"Email":"owner@comanda.test","Password":"correct horse"}`, Status: 200})
		cookie := ""
		for _, c := range w.Result().Cookies() {
			if c.Name != "__Host-comanda" {
				continue
			}
			cookie = c.Value
			if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("%+v", c)
			}
		}
		bad := k.Send(apptest.Call{Method: "POST", Path: own + "/login", Body: `{"Email":"owner@comanda.test","Password":"wrong"}`})
		unknown := k.Send(apptest.Call{Method: "POST", Path: own + "/login", Body: `{"Email":"nobody@comanda.test","Password":"wrong"}`})
		if bad.Code != 401 || unknown.Code != 401 || len(bad.Result().Cookies())+len(unknown.Result().Cookies()) != 0 {
			t.Error(bad.Code, unknown.Code)
		}
		k.Run(
			apptest.Call{Name: "details", Method: "GET", Path: own, Header: session(cookie), Status: 200, Want: apptest.Want{"Data.Email": "owner@comanda.test"}},
			apptest.Call{Name: "another operation", Method: "GET", Path: "/api/v1.0/apps/{appId}", Header: session(cookie), Status: 200},
			apptest.Call{Name: "same origin", Method: "GET", Path: own, Header: session(cookie, "Sec-Fetch-Site", "same-origin", "Origin", "https://comanda.test"), Status: 200},
			apptest.Call{Name: "a page elsewhere", Method: "GET", Path: own, Header: session(cookie, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.test"), Status: 401},
			apptest.Call{Name: "a page next door", Method: "GET", Path: own, Header: session(cookie, "Sec-Fetch-Site", "same-site"), Status: 401},
			apptest.Call{Name: "an old browser's page elsewhere", Method: "PUT", Path: own, Header: session(cookie, "Origin", "https://evil.test"), Body: `{"Name":"Eve"}`, Status: 401},
			apptest.Call{Name: "a link elsewhere", Method: "GET", Path: own, Header: session(cookie, "Sec-Fetch-Site", "none"), Status: 401},
			apptest.Call{Name: "no session", Method: "GET", Path: own, Header: session("cmd_ss_x"), Status: 401},
			apptest.Call{Name: "a token counts before the cookie", As: apptest.Stranger, Method: "GET", Path: own, Header: session(cookie), Status: 200, Want: apptest.Want{"Data.Email": "stranger@comanda.test"}},
			apptest.Call{Name: "login from a page elsewhere", Method: "POST", Path: own + "/login", Header: http.Header{"Origin": {"https://evil.test"}}, Body: `{"Email":"owner@comanda.test","Password":"correct horse"}`, Status: 403},
			apptest.Call{Name: "login without a password", Method: "POST", Path: own + "/login", Body: `{"Email":"owner@comanda.test"}`, Status: 400, Text: `"FieldName":"Password"`},
			apptest.Call{Name: "logout elsewhere", Method: "POST", Path: own + "/logout", Header: session(cookie, "Sec-Fetch-Site", "cross-site"), Status: 403},
			apptest.Call{Name: "still signed in", Method: "GET", Path: own, Header: session(cookie), Status: 200},
			apptest.Call{Name: "logout", Method: "POST", Path: own + "/logout", Header: session(cookie), Status: 200},
			apptest.Call{Name: "signed out", Method: "GET", Path: own, Header: session(cookie), Status: 401},
			apptest.Call{Name: "logout again", Method: "POST", Path: own + "/logout", Header: session(cookie), Status: 200},

			apptest.Call{Name: "ask for a PIN", Method: "POST", Path: own + "/pin", Body: `{"Email":"owner@comanda.test"}`, Status: 200, Want: apptest.Want{"LoginPinSentViaEmail": true, "ForceOktaLogin": false}},
			apptest.Call{Name: "ask for nobody", Method: "POST", Path: own + "/pin", Body: `{"Email":"nobody@comanda.test"}`, Status: 200, Want: apptest.Want{"LoginPinSentViaEmail": true, "ForceOktaLogin": false}},
		)
		pin := pinMailed(k, "owner@comanda.test")
		w = k.Call(apptest.Call{Name: "login by PIN", Method: "POST", Path: own + "/login/pin", Body: `{"Email":"owner@comanda.test","Pin":` + pin + `}`, Status: 200})
		k.Run(
			apptest.Call{Name: "signed in", Method: "GET", Path: own, Header: cookies(w), Status: 200},
			apptest.Call{Name: "the PIN again", Method: "POST", Path: own + "/login/pin", Body: `{"Email":"owner@comanda.test","Pin":` + pin + `}`, Status: 401},
			apptest.Call{Name: "no number", Method: "POST", Path: own + "/login/pin", Body: `{"Email":"owner@comanda.test","Pin":"abc"}`, Status: 400},
		)
	})
}

func TestPasswordsByTheContract(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		mine, other := k.MustSession(apptest.Owner), k.MustSession(apptest.Owner)
		k.Run(
			apptest.Call{Name: "wrong old", Method: "PUT", Path: own + "/password", Header: session(mine), Body: `{"OldPassword":"x","NewPassword":"battery staple"}`, Status: 400, Text: `"FieldName":"OldPassword"`},
			apptest.Call{Name: "short new", Method: "PUT", Path: own + "/password", Header: session(mine), Body: `{"OldPassword":"correct horse","NewPassword":"x"}`, Status: 400, Text: `"FieldName":"NewPassword"`},
			apptest.Call{Name: "change", Method: "PUT", Path: own + "/password", Header: session(mine), Body: `{"OldPassword":"correct horse","NewPassword":"battery staple"}`, Status: 200},
			apptest.Call{Name: "this session", Method: "GET", Path: own, Header: session(mine), Status: 200},
			apptest.Call{Name: "the other session", Method: "GET", Path: own, Header: session(other), Status: 401},
			apptest.Call{Name: "the old password", Method: "POST", Path: own + "/login", Body: `{"Email":"owner@comanda.test","Password":"correct horse"}`, Status: 401},
			apptest.Call{Name: "nobody", Method: "PUT", Path: own + "/password", Body: `{"OldPassword":"a","NewPassword":"b"}`, Status: 401},

			apptest.Call{Name: "ask for a link", Method: "POST", Path: own + "/passwordreset", Body: `{"Email":"owner@comanda.test"}`, Status: 200},
			apptest.Call{Name: "ask for nobody's link", Method: "POST", Path: own + "/passwordreset", Body: `{"Email":"nobody@comanda.test"}`, Status: 200},
		)
		_, token, _ := strings.Cut(k.MustMail("owner@comanda.test").Text, "token=")
		token, _, _ = strings.Cut(token, "\n")
		k.Run(
			apptest.Call{Name: "two passwords", Method: "POST", Path: own + "/password", Body: `{"Token":"` + token + `","Password":"tr0ubador","PasswordConfirmation":"troubadour"}`, Status: 400, Text: `"FieldName":"PasswordConfirmation"`},
			apptest.Call{Name: "wrong token", Method: "POST", Path: own + "/password", Body: `{"Token":"cmd_pr_x","Password":"troubadour","PasswordConfirmation":"troubadour"}`, Status: 400, Text: `"FieldName":"Token"`},
			apptest.Call{Name: "no token", Method: "POST", Path: own + "/password", Body: `{"Password":"troubadour","PasswordConfirmation":"troubadour"}`, Status: 400, Text: `"FieldName":"Token"`},
			apptest.Call{Name: "the token", Method: "POST", Path: own + "/password", Body: `{"Token":"` + token + `","Password":"troubadour","PasswordConfirmation":"troubadour"}`, Status: 200},
			apptest.Call{Name: "the token again", Method: "POST", Path: own + "/password", Body: `{"Token":"` + token + `","Password":"troubadour","PasswordConfirmation":"troubadour"}`, Status: 400},
			apptest.Call{Name: "all sessions ended", Method: "GET", Path: own, Header: session(mine), Status: 401},
			apptest.Call{Name: "ask for nobody's PIN", Method: "POST", Path: own + "/password/resetpin", Body: `{"Email":"nobody@comanda.test"}`, Status: 200, Want: apptest.Want{"PasswordResetPinSentViaEmail": true}},
			apptest.Call{Name: "ask for a PIN of whom", Method: "POST", Path: own + "/password/resetpin", Body: `{}`, Status: 400, Text: `"FieldName":"Email"`},
		)
		w := k.Call(apptest.Call{Name: "ask for a PIN", Method: "POST", Path: own + "/password/resetpin", Body: `{"Email":"owner@comanda.test"}`, Status: 200, Want: apptest.Want{"PasswordResetPinSentViaEmail": true}})
		pin := pinMailed(k, "owner@comanda.test")
		k.Run(
			apptest.Call{Name: "by PIN", Method: "PUT", Path: own + "/password/pin", Header: cookies(w), Body: `{"Pin":` + pin + `,"NewPassword":"correct horse"}`, Status: 200},
		)
		mine = k.MustSession(apptest.Owner)
		k.Run(apptest.Call{Name: "ask for my PIN", Method: "POST", Path: own + "/password/resetpin", Header: session(mine), Body: `{}`, Status: 200})
		k.Run(apptest.Call{Name: "by PIN, signed in", Method: "PUT", Path: own + "/password/pin", Header: session(mine), Body: `{"Pin":` + pinMailed(k, "owner@comanda.test") + `,"NewPassword":"correct horse"}`, Status: 200})
	})
}

func TestTheAccountOfTheCaller(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		id, _, err := k.OAuth.CreateApp(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, wire.OAuthApp{OauthAppName: wire.P("POS")})
		k.Must(err)
		app, err := k.OAuth.AccessToken(k.Context(), k.Caller(apptest.Owner), k.Brand.AppID, id)
		k.Must(err)
		k.Run(
			apptest.Call{Name: "update", As: apptest.Owner, Method: "PUT", Path: own, Body: `{"Name":"Ada","Language":"fr","TimeZoneInfoId":"Romance Standard Time","DisplayTimesInUserLocalTimeZone":true,"CreatedAt":"2001-01-01"}`, Status: 200},
			apptest.Call{Name: "updated", As: apptest.Owner, Method: "GET", Path: own, Status: 200, Want: apptest.Want{
				"Data.Name": "Ada", "Data.Language": "fr", "Data.TimeZoneInfoId": "Romance Standard Time", "Data.DisplayTimesInUserLocalTimeZone": true, "Data.ShowHiddenFeatures": false,
			}},
			apptest.Call{Name: "update, IANA", As: apptest.Owner, Method: "PUT", Path: own, Body: `{"TimeZoneInfoId":"Europe/Dublin"}`, Status: 200},
			apptest.Call{Name: "updated, the rest stays", As: apptest.Owner, Method: "GET", Path: own, Status: 200, Want: apptest.Want{"Data.TimeZoneInfoId": "GMT Standard Time", "Data.Name": "Ada"}},
			apptest.Call{Name: "update, wrong", As: apptest.Owner, Method: "PUT", Path: own, Body: `{"Name":" ","TimeZoneInfoId":"Mars"}`, Status: 400, Want: apptest.Want{"Errors.#": 2}},
			apptest.Call{Name: "zones", As: apptest.Owner, Method: "GET", Path: own + "/timezones", Status: 200, Text: `{"TimeZoneId":"GMT Standard Time","IanaTimeZoneId":"Europe/Dublin","DisplayName":"(UTC+00:00) Dublin"}`},
			apptest.Call{Name: "nobody", Method: "GET", Path: own, Status: 401},

			apptest.Call{Name: "an app", As: app, Method: "GET", Path: own, Status: 403},
			apptest.Call{Name: "an app updates", As: app, Method: "PUT", Path: own, Body: `{"Name":"X"}`, Status: 403},
			apptest.Call{Name: "an app's password", As: app, Method: "PUT", Path: own + "/password", Body: `{"OldPassword":"correct horse","NewPassword":"battery staple"}`, Status: 403},
			apptest.Call{Name: "an app's sessions", As: app, Method: "GET", Path: own + "/sessions", Status: 403},
			apptest.Call{Name: "an app makes a brand", As: app, Method: "POST", Path: own + "/basic-account", Body: `{"StoreName":"X"}`, Status: 403},
		)
	})
}

func TestSessionsAtTheDoor(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		mine, other, third := k.MustSession(apptest.Owner), k.MustSession(apptest.Owner), k.MustSession(apptest.Owner)
		strangers := k.MustSession(apptest.Stranger)
		w := k.Call(apptest.Call{Name: "list", Method: "GET", Path: own + "/sessions", Header: session(mine), Status: 200, Want: apptest.Want{
			"Data.#": 3, "Data.0.Key": apptest.Present, "Data.0.Methods.0": "pwd", "Data.0.Seen": apptest.Present, "Data.0.Expires": apptest.Present,
		}, Lacks: "cmd_ss_"})
		if strings.Count(w.Body.String(), `"Current":true`) != 1 {
			t.Error(w.Body)
		}
		s, err := k.Accounts.Session(k.Context(), other)
		k.Must(err)
		k.Vars["key"] = s.Key
		k.Run(
			apptest.Call{Name: "end, stranger", Method: "DELETE", Path: own + "/sessions/{key}", Header: session(strangers), Status: 404},
			apptest.Call{Name: "end", Method: "DELETE", Path: own + "/sessions/{key}", Header: session(mine), Status: 200},
			apptest.Call{Name: "ended", Method: "GET", Path: own, Header: session(other), Status: 401},
			apptest.Call{Name: "end again", Method: "DELETE", Path: own + "/sessions/{key}", Header: session(mine), Status: 404},
			apptest.Call{Name: "end others", Method: "DELETE", Path: own + "/sessions", Header: session(mine), Status: 200},
			apptest.Call{Name: "ended too", Method: "GET", Path: own, Header: session(third), Status: 401},
			apptest.Call{Name: "this one", Method: "GET", Path: own, Header: session(mine), Status: 200},
			apptest.Call{Name: "the stranger's", Method: "GET", Path: own, Header: session(strangers), Status: 200},
		)
	})
}

func TestASecondFactorAtTheDoor(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		owner := k.Caller(apptest.Owner)
		setup, err := k.Accounts.BeginTOTP(k.Context(), owner)
		k.Must(err)
		first, err := totp.GenerateCode(setup.Secret, time.Now())
		k.Must(err)
		next, err := totp.GenerateCode(setup.Secret, time.Now().Add(30*time.Second))
		k.Must(err)
		_, err = k.Accounts.ConfirmTOTP(k.Context(), owner, first)
		k.Must(err)
		w := k.Call(apptest.Call{Name: "login", Method: "POST", Path: own + "/login", Body: `{"Email":"owner@comanda.test","Password":"correct horse"}`, Status: 403, Text: "/login/code"})
		step := cookies(w)
		if strings.Contains(step.Get("Cookie"), "__Host-comanda=") {
			t.Fatal("signed in by one factor")
		}
		k.Run(
			apptest.Call{Name: "no cookie", Method: "POST", Path: own + "/login/code", Body: `{"Code":"` + next + `"}`, Status: 410},
			apptest.Call{Name: "wrong code", Method: "POST", Path: own + "/login/code", Header: step, Body: `{"Code":"000000"}`, Status: 401},
		)
		w = k.Call(apptest.Call{Name: "code", Method: "POST", Path: own + "/login/code", Header: step, Body: `{"Code":"` + next + `"}`, Status: 200})
		signed := cookies(w)
		k.Run(
			apptest.Call{Name: "signed in", Method: "GET", Path: own, Header: signed, Status: 200},
			apptest.Call{Name: "the code again", Method: "POST", Path: own + "/login/code", Header: step, Body: `{"Code":"` + next + `"}`, Status: 401},
		)
		s, err := k.Accounts.Sessions(k.Context(), k.Caller(apptest.Owner))
		if err != nil || len(s) != 1 || !slices.Equal(s[0].Methods, []string{"pwd", "otp", "mfa"}) {
			t.Fatal(s, err)
		}
	})
}

func TestGuessingAtTheDoorIsDelayed(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		for _, email := range []string{"owner@comanda.test", "nobody@comanda.test"} {
			var w *httptest.ResponseRecorder
			tries := 0
			for w == nil || w.Code == 401 {
				if tries++; tries > 10 {
					t.Fatal("nobody is slowed down")
				}
				w = k.Send(apptest.Call{Method: "POST", Path: own + "/login", Body: fmt.Sprintf(`{"Email":%q,"Password":"guess %d"}`, email, tries)})
			}
			if w.Code != 429 || w.Header().Get("Retry-After") == "" || tries != 7 {
				t.Errorf("%s: %d after %d tries: %s", email, w.Code, tries, w.Body)
			}
		}
	})
}
