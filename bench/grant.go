package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
)

// grantor is an OAuth app with the server that grants it tokens, and a person who lets it in.
type grantor struct {
	TokenURL    string `json:"tokenUrl"`
	ClientID    string `json:"clientId"`
	Secret      string `json:"secret"`
	RedirectURI string `json:"redirectUri"`
	Email       string `json:"email"`
	Password    string `json:"password"`
}

var clientCredentials = url.Values{"grant_type": {"client_credentials"}, "scope": {"api"}}

// granted is an answer of a token endpoint.
type granted struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
}

// token asks a token endpoint by HTTP Basic.
func (g grantor) token(c *http.Client, form url.Values) (out granted, err error) {
	req, err := http.NewRequest(http.MethodPost, g.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return out, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(g.ClientID, g.Secret)
	status, body, _, err := send(c, req)
	if err != nil {
		return out, err
	}
	if status != http.StatusOK {
		return out, fmt.Errorf("%d: %.300s", status, body)
	}
	if err = json.Unmarshal(body, &out); err == nil && out.AccessToken == "" {
		err = errors.New("an answer without a token")
	}
	return out, err
}

func send(c *http.Client, req *http.Request) (status int, body []byte, h http.Header, err error) {
	res, err := c.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, body, res.Header, err
}

// sessionCookie is the one that a sign-in sets.
const sessionCookie = "__Host-comanda"

// browser is somebody who is signed in.
type browser struct {
	seeded
	cookie string
}

// signIn signs the seeded person in.
func (s seeded) signIn(c *http.Client) (b browser, err error) {
	b.seeded = s
	_, _, h, err := b.post(c, "/identity/login", url.Values{"email": {s.OAuth.Email}, "password": {s.OAuth.Password}})
	if err != nil {
		return b, err
	}
	for _, line := range h.Values("Set-Cookie") {
		if cookie, err := http.ParseSetCookie(line); err == nil && cookie.Name == sessionCookie {
			b.cookie = cookie.Value
			return b, nil
		}
	}
	return b, errors.New("the sign-in set no cookie")
}

func (b browser) post(c *http.Client, path string, form url.Values) (int, []byte, http.Header, error) {
	req, err := http.NewRequest(http.MethodPost, b.BaseURL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.with(c, req)
}

func (b browser) with(c *http.Client, req *http.Request) (int, []byte, http.Header, error) {
	if b.cookie != "" {
		req.AddCookie(&http.Cookie{Name: sessionCookie, Value: b.cookie})
	}
	return send(c, req)
}

// authorize makes an authorization request for a code. Where the person has not agreed yet, page is what asks them.
func (b browser) authorize(c *http.Client, scope string) (code, page string, err error) {
	q := url.Values{
		"client_id": {b.OAuth.ClientID}, "redirect_uri": {b.OAuth.RedirectURI}, "response_type": {"code"}, "scope": {scope}, "state": {"s"},
	}
	req, err := http.NewRequest(http.MethodGet, b.BaseURL+"/identity/connect/authorize?"+q.Encode(), http.NoBody)
	if err != nil {
		return "", "", err
	}
	status, body, h, err := b.with(c, req)
	if err != nil {
		return "", "", err
	}
	if status == http.StatusOK {
		return "", string(body), nil
	}
	at, err := url.Parse(h.Get("Location"))
	if err != nil {
		return "", "", err
	}
	if code = at.Query().Get("code"); code == "" {
		err = fmt.Errorf("authorize: %d to %s: %.300s", status, at.Path, body)
	}
	return code, "", err
}

var (
	hiddenRequest = regexp.MustCompile(`name="request" value="([^"]+)"`)
	offeredBrand  = regexp.MustCompile(`name="brand" value="([0-9]+)"`)
)

// consent lets the app in once, so that later requests are answered without a page.
func (b browser) consent(c *http.Client, scope string) error {
	code, page, err := b.authorize(c, scope)
	if err != nil || code != "" {
		return err
	}
	request, brand := hiddenRequest.FindStringSubmatch(page), offeredBrand.FindStringSubmatch(page)
	if request == nil || brand == nil {
		return errors.New("the consent page has no form")
	}
	status, body, _, err := b.post(c, "/identity/consent", url.Values{
		"request": {request[1]}, "decision": {"approve"}, "brand": {brand[1]}, "all_stores": {"true"},
	})
	if err == nil && status != http.StatusSeeOther {
		err = fmt.Errorf("consent: %d: %.300s", status, body)
	}
	return err
}

// steps are the outcome of a whole flow, each step done by all before the next begins.
type steps struct{ Authorize, Redeem, Refresh loaded }

// flow takes n people's worth of codes for somebody who agreed before, redeems each and refreshes each once, and prints
// what each step came to.
func flow(data, scope string, clients, n, pid int) error {
	s, err := readSeeded(data)
	if err != nil {
		return err
	}
	roots, err := s.roots()
	if err != nil {
		return err
	}
	client := newClient(roots)
	person, err := s.signIn(client)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if err := person.consent(client, scope); err != nil {
		return err
	}
	var mu sync.Mutex
	var codes, refreshes []string
	var out steps
	out.Authorize, err = s.crew(clients, pid, func(turn int) bool { return turn < n }, func(c *http.Client, _ int) error {
		code, page, err := person.authorize(c, scope)
		if page != "" {
			err = errors.New("asked for consent again")
		}
		mu.Lock()
		defer mu.Unlock()
		codes = append(codes, code)
		return err
	})
	if err != nil {
		return err
	}
	out.Redeem, err = s.crew(clients, pid, func(turn int) bool { return turn < len(codes) }, func(c *http.Client, turn int) error {
		got, err := s.OAuth.token(c, url.Values{"grant_type": {"authorization_code"}, "code": {codes[turn]}, "redirect_uri": {s.OAuth.RedirectURI}})
		mu.Lock()
		defer mu.Unlock()
		refreshes = append(refreshes, got.RefreshToken)
		return err
	})
	if err != nil {
		return err
	}
	out.Refresh, err = s.crew(clients, pid, func(turn int) bool { return turn < len(refreshes) }, func(c *http.Client, turn int) error {
		_, err := s.OAuth.token(c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshes[turn]}})
		return err
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}
