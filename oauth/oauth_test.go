package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/internal/seal"
	"comanda/store"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var system = &account.Caller{Kind: account.System}

// kit is an installation with one brand and its owner.
type kit struct {
	t        testing.TB
	db       *db.DB
	key      []byte
	accounts *account.Accounts
	*Server
	owner *account.Caller
	brand account.Brand
}

func newKit(t testing.TB, d *db.DB) *kit {
	t.Helper()
	k := &kit{t: t, db: d, key: seal.NewKey()}
	k.accounts, k.Server = k.node()
	k.owner = k.person("owner@example.com")
	b, err := k.accounts.CreateBrand(context.Background(), k.owner, account.NewBrand{Name: "Bella"})
	k.must(err)
	k.brand = b
	k.owner = k.again(k.owner)
	return k
}

// node makes another node on the same database.
func (k *kit) node() (*account.Accounts, *Server) {
	k.t.Helper()
	log := event.NewLog(k.db)
	accounts := account.New(k.db, log, account.Config{SignUp: account.SignUpOpen, Hashing: account.Hashing{Memory: 8, Passes: 1, Lanes: 1}})
	s, err := New(k.db, log, accounts, Config{
		Issuer: "https://comanda.example/identity", MasterKey: k.key, Stores: store.New(k.db, log, accounts),
	})
	k.must(err)
	return accounts, s
}

func (k *kit) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *kit) person(email string) *account.Caller {
	k.t.Helper()
	id, err := k.accounts.SignUp(context.Background(), system, account.NewAccount{Email: email, Password: "correct horse"})
	k.must(err)
	return k.again(&account.Caller{Account: id})
}

// again is a person with what they may do now.
func (k *kit) again(c *account.Caller) *account.Caller {
	k.t.Helper()
	c, err := k.accounts.PersonCaller(context.Background(), c.Account)
	k.must(err)
	return c
}

// member makes a teammate of the brand.
func (k *kit) member(level wire.AppAccessLevel, stores ...int) *account.Caller {
	k.t.Helper()
	c := k.person("level." + strings.ToLower(string(level)) + "@example.com")
	k.must(k.accounts.SetMember(context.Background(), k.owner, k.brand.ID, c.Account, level, stores))
	return k.again(c)
}

// app registers an OAuth app as somebody.
func (k *kit) app(c *account.Caller, name string) (id, secret string) {
	k.t.Helper()
	id, secret, err := k.CreateApp(context.Background(), c, k.brand.AppID, wire.OAuthApp{OauthAppName: &name})
	k.must(err)
	return id, secret
}

// answer is what the token endpoint said.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) String() string { return fmt.Sprint(a.status, " ", a.body) }

// post sends a form to the token endpoint, with HTTP Basic where user is set.
func (k *kit) post(form, user, password string) answer {
	k.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/identity/connect/token", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if user != "" {
		r.SetBasicAuth(url.QueryEscape(user), url.QueryEscape(password))
	}
	return k.do(r)
}

func (k *kit) do(r *http.Request) answer {
	k.t.Helper()
	w := httptest.NewRecorder()
	k.Handler().ServeHTTP(w, r)
	a := answer{w.Code, w.Header(), nil}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil && r.Method != http.MethodHead && w.Body.Len() > 0 {
		k.t.Fatalf("the answer is no JSON object: %q", w.Body)
	}
	return a
}

// token gets an access token by client credentials.
func (k *kit) token(id, secret string) string {
	k.t.Helper()
	a := k.post("grant_type=client_credentials", id, secret)
	if a.status != http.StatusOK {
		k.t.Fatal(a)
	}
	return a.body["access_token"].(string)
}

func (k *kit) caller(token string) *account.Caller {
	k.t.Helper()
	c, err := k.Authenticate(context.Background(), Bearer(token))
	k.must(err)
	return c
}

func (k *kit) refused(s *Server, token string) {
	k.t.Helper()
	if c, err := s.Authenticate(context.Background(), Bearer(token)); fault.KindOf(err) != fault.Unauthenticated || c != nil {
		k.t.Fatalf("the token stands for %+v (%v), want Unauthenticated", c, err)
	}
}

func each(t *testing.T, fn func(t *testing.T, k *kit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, newKit(t, d)) })
}

// parallel runs fn n times at once and waits for all.
func parallel(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; fn(i) })
	}
	close(start)
	wg.Wait()
}
