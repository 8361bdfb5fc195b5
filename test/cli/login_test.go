package cli

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"comanda/test/program"
)

// person is the demo's owner in a browser.
type person struct {
	t *testing.T
	*http.Client
	base string
}

// inBrowser signs the owner in.
func (s *shop) inBrowser() *person {
	s.t.Helper()
	var told struct{ BaseURL, CAFile, AccountEmail, AccountPassword string }
	raw, err := os.ReadFile(s.credentials)
	if err == nil {
		err = json.Unmarshal(raw, &told)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	ca, err := os.ReadFile(told.CAFile)
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	s.t.Cleanup(transport.CloseIdleConnections)
	p := &person{s.t, &http.Client{Transport: transport, Jar: jar}, told.BaseURL}
	p.post("/identity/login", "email", told.AccountEmail, "password", told.AccountPassword)
	return p
}

func (p *person) post(path string, pairs ...string) (page string) {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", p.base)
	answer, err := p.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %d %v\n%s", path, answer.StatusCode, err, raw)
	}
	return string(raw)
}

var (
	shownCode = regexp.MustCompile(`the code ([A-Z]{4}-[A-Z]{4})`)
	inputs    = regexp.MustCompile(`name="(request|brand)" value="([^"]*)"`)
)

// login lets the program sign in and answers the question that it shows a person.
func (p *person) login(decision string, args ...string) *program.Process {
	p.t.Helper()
	started := program.Start(p.t, append([]string{"login"}, args...)...)
	awaits(p.t, started, "Waiting")
	form := []string{"decision", decision, "all_stores", "true"}
	for _, found := range inputs.FindAllStringSubmatch(p.post("/identity/device", "user_code", shownCode.FindStringSubmatch(started.Output())[1]), -1) {
		form = append(form, found[1], found[2])
	}
	p.post("/identity/device/decide", form...)
	return started
}

// awaits waits until a program has printed something.
func awaits(t *testing.T, p *program.Process, text string) {
	t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(p.Output(), text); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %q in:\n%s", text, p.Output())
		}
	}
}

func TestAPersonSignsInAndOut(t *testing.T) {
	s := open(t)
	owner := s.inBrowser()
	denied := owner.login("deny", "--credentials", s.credentials)
	if err := denied.Wait(patience); err == nil || !strings.Contains(denied.Output(), "access_denied") {
		t.Errorf("%v: %s", err, denied.Output())
	}
	if err := owner.login("approve", "--credentials", s.credentials).Wait(patience); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "comanda", "signins.json")
	if info, err := os.Stat(kept); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the sign-in is kept with mode %v, %v", info.Mode(), err)
	}

	s.credentials = "" // from here on the sign-in is all that the commands have
	s.says([]string{"Sample POS"}, "apps", "list")
	one := strings.TrimSpace(s.says(nil, "apps", "reveal"))
	if !strings.HasPrefix(one, "cmd_sk_") || strings.Contains(one, "\n") {
		t.Errorf("revealed: %q", one)
	}
	s.says([]string{"STATE", "1001"}, "webhooks", "list")
	var made struct{ OauthAppId, OauthAppName string }
	if err := json.Unmarshal([]byte(s.says(nil, "apps", "create", "Till sync", "--json")), &made); err != nil || made.OauthAppName != "Till sync" {
		t.Fatal(made, err)
	}
	if _, errs, code := s.run("token"); code != 2 || !strings.Contains(errs, made.OauthAppId+" Till sync") {
		t.Errorf("a token of one of two apps: exit %d, %s", code, errs)
	}
	token := strings.TrimSpace(s.says(nil, "token", made.OauthAppId))
	if !strings.HasPrefix(token, "cmd_at_") {
		t.Errorf("token %q", token)
	}
	s.says([]string{"Till sync"}, "apps", "list", "--token", token, "--server", owner.base, "--app", "bella-napoli", "--ca-file", caFile(t, kept))
	if _, errs, code := s.run("apps", "list", "--server", "https://localhost:1"); code != 2 || !strings.Contains(errs, "comanda login") {
		t.Errorf("another server than the one of the sign-in: exit %d, %s", code, errs)
	}

	before, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	s.says([]string{"Signed out of " + owner.base}, "logout")
	if _, errs, code := s.run("apps", "list"); code != 2 || !strings.Contains(errs, "comanda login") {
		t.Errorf("signed out: exit %d, %s", code, errs)
	}
	if err := os.WriteFile(kept, before, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := s.run("apps", "list"); code != 3 || !strings.Contains(errs, "Sign in again with comanda login") {
		t.Errorf("the token of a sign-in that has ended: exit %d, %s", code, errs)
	}
}

func caFile(t *testing.T, kept string) string {
	t.Helper()
	var all []struct{ CAFile string }
	raw, err := os.ReadFile(kept)
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil || len(all) != 1 {
		t.Fatal(err, len(all))
	}
	return all[0].CAFile
}
