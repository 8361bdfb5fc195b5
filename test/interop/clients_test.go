package interop

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// nodePatience bounds one file of Node tests.
const nodePatience = 2 * time.Minute

// TestNodeClients runs the certified client libraries of npm; each file has its own story.
func TestNodeClients(t *testing.T) {
	node := nodeWith(t, "openid-client")
	eachSubject(t, func(t *testing.T, p *provider) { nodeClients(t, p, node) })
}

func nodeClients(t *testing.T, p *provider, node string) {
	file := filepath.Join(t.TempDir(), "interop.json")
	check(t, os.WriteFile(file, must(json.Marshal(map[string]any{
		"issuer": p.issuer, "api": p.api, "ours": !*onPeer, "driver": drive(t, p), "email": p.person.email, "callback": callback, "signedOut": signedOut,
		"clients": p.clients, "privateKey": p.clients["jwt"].privateKey,
	}))(t), 0o600))
	for _, name := range []string{"openid-client", "oauth4webapi", "jose"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), nodePatience)
			defer cancel()
			cmd := exec.CommandContext(ctx, node, "--test", "--test-reporter=spec", "--test-timeout=60000", name+".test.js")
			cmd.Env = append(os.Environ(), "INTEROP="+file, "NODE_EXTRA_CA_CERTS="+p.trusted, "NODE_NO_WARNINGS=1", "NODE_OPTIONS=", "NO_COLOR=1")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if testing.Verbose() {
				t.Logf("\n%s", out)
			}
		})
	}
}

// drive lets another process send people to the provider: POST /visit with an address, answered by where they ended.
func drive(t *testing.T, p *provider) string {
	t.Helper()
	var mu sync.Mutex
	known := map[string]*person{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /visit", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var want struct {
			URL, Who, Code string
			Refuse         bool
		}
		if err := json.NewDecoder(r.Body).Decode(&want); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		who := known[want.Who]
		if who == nil {
			who = p.newPerson(t)
		}
		if want.Who != "" {
			known[want.Who] = who
		}
		who.code, who.refuse = want.Code, want.Refuse
		end, err := who.visit(want.URL)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(end)
	})
	s := httptest.NewUnstartedServer(mux)
	s.Listener = must(net.Listen("tcp", "127.0.0.1:0"))(t)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}
