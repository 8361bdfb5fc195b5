package crash

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"comanda/internal/dbtest"
	"comanda/test/program"
)

// installation is a data folder with the demo's shop in it, and what is needed to use it.
type installation struct {
	data        string
	databaseURL string // "" = SQLite in data
	masterKey   string
	creds       credentials
	basket      map[string]any
}

type credentials struct {
	AppID        string `json:"appId"`
	OAuthAppID   string `json:"oauthAppId"`
	ClientSecret string `json:"clientSecret"`
	AccessToken  string `json:"accessToken"`
	StoreID      int    `json:"storeId"`
	MenuID       int    `json:"menuId"`
	OrderID      int    `json:"orderId"`
}

// install lets the demo make its shop, and ends it.
func install(t *testing.T, engine string) *installation {
	t.Helper()
	s := &installation{data: t.TempDir()}
	if engine == "postgres" {
		s.databaseURL = dbtest.PostgresURL(t)
	}
	s.setUp(t)
	return s
}

func (s *installation) setUp(t *testing.T) {
	t.Helper()
	s.masterKey = filepath.Join(s.data, "master.key")
	program.Run(t, patience, s.args("demo", s.data, "--once", "--listen", "127.0.0.1:0")...)
	raw, err := os.ReadFile(filepath.Join(s.data, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &s.creds); err != nil {
		t.Fatal(err)
	}
}

// args is a command line on this installation's database.
func (s *installation) args(command, data string, rest ...string) []string {
	out := []string{command, "--data", data}
	if s.databaseURL != "" {
		out = append(out, "--database-url", s.databaseURL)
	}
	return append(out, rest...)
}

// emptyCopy is an installation without a database yet, with the same keys and credentials.
func (s *installation) emptyCopy(t *testing.T) *installation {
	t.Helper()
	c := *s
	c.data = filepath.Join(t.TempDir(), "restored")
	if s.databaseURL != "" {
		c.databaseURL = dbtest.PostgresURL(t)
	}
	return &c
}

// node is one serving process and how to reach it.
type node struct {
	*program.Process
	shop  *installation
	data  string
	port  string
	admin string
	http  *http.Client
}

// serve starts a node on a free port and waits until it answers.
func (s *installation) serve(t *testing.T, data string) *node {
	t.Helper()
	n := &node{shop: s, data: data, port: freePort(t), admin: "127.0.0.1:" + freePort(t)}
	n.restart(t)
	return n
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// restart starts the node, again on its port, and waits until it answers.
func (n *node) restart(t *testing.T) {
	t.Helper()
	n.Process = program.Start(t, n.shop.args("serve", n.data,
		"--listen", "127.0.0.1:"+n.port, "--admin", n.admin, "--master-key-file", n.shop.masterKey,
		"--webhook-allow", "127.0.0.0/8", // the receiver
		"--diner-rate=-1", // all diners have one address
	)...)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if n.http == nil {
			n.http = client(filepath.Join(n.data, "tls", "ca.pem"))
		}
		if n.http != nil {
			if err := n.call(t.Context(), http.MethodGet, "/api/v1.0/heartbeat", nil, nil); err == nil {
				return
			}
		}
		if !n.Running() || time.Now().After(end) {
			t.Fatal("the server does not answer")
		}
	}
}

// client trusts a node's authority; nil while there is none yet.
func client(caFile string) *http.Client {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil
	}
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: clients,
	}}
}

// refused is an answer that will be the same the next time.
type refused struct {
	status int
	body   string
}

func (r *refused) Error() string { return fmt.Sprintf("%d: %s", r.status, r.body) }

// call sends a request to a node. An answer of the 5xx range is an error that may pass, one of 4xx is [refused].
func (n *node) call(ctx context.Context, method, path string, in, out any, headers ...string) error {
	var body io.Reader = http.NoBody
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, "https://127.0.0.1:"+n.port+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, err := n.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = w.Body.Close() }()
	raw, err := io.ReadAll(w.Body)
	switch {
	case err != nil:
		return err
	case w.StatusCode >= http.StatusInternalServerError:
		return fmt.Errorf("%d: %s", w.StatusCode, raw)
	case w.StatusCode >= http.StatusBadRequest:
		return &refused{w.StatusCode, string(raw)}
	case out == nil:
		return nil
	}
	return json.Unmarshal(raw, out)
}

// api calls with the OAuth app's token.
func (n *node) api(t *testing.T, method, path string, in, out any) {
	t.Helper()
	if err := n.call(t.Context(), method, path, in, out, "Authorization", "Bearer "+n.shop.creds.AccessToken); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

func (s *installation) subscribe(t *testing.T, n *node, url string) {
	t.Helper()
	n.api(t, http.MethodPost, "/api/v1.0/"+s.creds.AppID+"/webhooks/"+s.creds.OAuthAppID+"/subscriptions", map[string]any{
		"CallbackUrl": url, "EventNames": []string{"order.created"}, "Enabled": true, "Version": "2", "VerifyToken": "kill-9",
	}, nil)
}

// prepare makes the basket that every diner orders: one dish that needs no choice.
func (s *installation) prepare(t *testing.T, n *node) {
	t.Helper()
	if s.basket != nil {
		return
	}
	var menu struct {
		Data struct {
			MenuSections []struct {
				MenuItems []struct {
					PublicId           string
					IsAvailable        bool
					Price              float64
					MenuItemOptionSets []struct{ MinSelectCount int }
				}
			}
		}
	}
	n.api(t, http.MethodGet, fmt.Sprintf("/api/v1.0/menus/%d", s.creds.MenuID), nil, &menu)
	for _, section := range menu.Data.MenuSections {
		for _, item := range section.MenuItems {
			plain := item.IsAvailable && item.Price > 0
			for _, set := range item.MenuItemOptionSets {
				plain = plain && set.MinSelectCount == 0
			}
			if !plain {
				continue
			}
			basket := map[string]any{
				"StoreId": s.creds.StoreID, "DeliveryType": "Pickup", "PickupLocationType": "TakeOut",
				"Items":   []any{map[string]any{"MenuItemPublicId": item.PublicId, "Quantity": 1, "Options": []any{}}},
				"Contact": map[string]any{"Name": "Kim Nine", "PhoneNumber": "+353870000009", "EmailAddress": "kim@example.com"},
				"Payment": map[string]any{"Method": "Cash"}, "TipAmount": 0,
			}
			var quote struct{ Data struct{ Amount json.Number } }
			path := "/api/v1.0/" + s.creds.AppID + "/storefront/quotes"
			if err := n.call(t.Context(), http.MethodPost, path, basket, &quote); err != nil {
				t.Fatalf("quote: %v", err)
			}
			basket["ExpectedAmount"] = quote.Data.Amount
			s.basket = basket
			return
		}
	}
	t.Fatal("the demo's menu has no dish that needs no choice")
}

// place orders under a key and returns the order's id.
func (n *node) place(ctx context.Context, key string) (int, error) {
	var order struct{ Data struct{ OrderId int } }
	err := n.call(ctx, http.MethodPost, "/api/v1.0/"+n.shop.creds.AppID+"/storefront/orders", n.shop.basket, &order,
		"Idempotency-Key", key)
	if err == nil && order.Data.OrderId == 0 {
		err = errors.New("the answer has no OrderId")
	}
	return order.Data.OrderId, err
}

func (s *installation) mustPlace(t *testing.T, n *node) acknowledgement {
	t.Helper()
	s.prepare(t, n)
	key := rand.Text()
	id, err := n.place(t.Context(), key)
	if err != nil {
		t.Fatalf("place an order: %v", err)
	}
	return acknowledgement{key, id}
}
