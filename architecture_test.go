package comanda_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The architecture rule, as docs/architecture.md tells it: cmd → app → doors → promises → business → log → vocabulary →
// internal. A folder imports itself and lower layers; what else it may import, or may not, stands in its line here.
// A folder without a line fails the test: add the line together with the folder.
var folders = map[string]folder{
	"cmd":  {layer: 9},
	"demo": {layer: 8, beside: []string{"app"}},
	"app":  {layer: 8},

	"simulate": {layer: 8, beside: []string{"app", "demo"}},

	"api":        {layer: 7, never: noSQL},
	"identity":   {layer: 7, never: noSQL},
	"portal":     {layer: 7, never: noSQL},
	"storefront": {layer: 7, never: noSQL},
	"terminal":   {layer: 7, never: noSQL},
	"developers": {layer: 7, never: noSQL},

	"webhook":    {layer: 6, beside: []string{"oauth"}},
	"oauth":      {layer: 6},
	"sink":       {layer: 6},
	"notice":     {layer: 6, without: noHTTP},
	"requestlog": {layer: 6, without: noHTTP},

	// Only order looks sideways, and driver at order; the others look at account and store at most, and a voucher may be a customer's. Business never sees net/http.
	"order":    {layer: 5, beside: []string{"store", "menu", "customer", "voucher", "payment", "account"}, without: noHTTP},
	"driver":   {layer: 5, beside: []string{"account", "store", "order"}, without: noHTTP},
	"menu":     {layer: 5, beside: []string{"account", "store"}, without: noHTTP},
	"customer": {layer: 5, beside: []string{"account", "store"}, without: noHTTP},
	"voucher":  {layer: 5, beside: []string{"account", "store", "customer"}, without: noHTTP},
	"payment":  {layer: 5, beside: []string{"account", "store"}, without: noHTTP, adapters: true},
	"store":    {layer: 5, beside: []string{"account"}, without: noHTTP},
	"account":  {layer: 5, without: noHTTP, adapters: true},

	"event": {layer: 4, without: noHTTP},

	"docs":  {layer: 3, without: noIO}, // texts that a door shows
	"money": {layer: 3, beside: []string{"wire"}, without: noIO},
	"wire":  {layer: 3, without: noIO},

	"internal": {layer: 1},

	// Outside the program: they use it, nothing uses them.
	"bench": {layer: 10},
	"test":  {layer: 10},
}

var (
	noSQL  = []string{"database/sql"}
	noHTTP = []string{"net/http"}
	noIO   = []string{"net", "net/http", "database/sql"}
	// kits are the internal packages that stand on top of the program instead of below it.
	kits = []string{"internal/apptest"}
	// vague names say nothing about what a package owns.
	vague = []string{"util", "utils", "common", "model", "models", "helper", "helpers", "manager", "managers", "service", "services", "misc", "shared"}
)

type folder struct {
	layer    int
	beside   []string // folders of the same layer that it may import
	never    []string // what its packages must not import themselves
	without  []string // what must not be anywhere among its dependencies
	adapters bool     // packages below the folder itself are adapters, free of "without"
}

// pkg is what the rule needs to know of one package: an import path without the module's name, its own imports and all
// dependencies, both with the module's name cut off where they are ours.
type pkg struct {
	path    string
	imports []string
	deps    []string
}

func TestArchitecture(t *testing.T) {
	graph := load(t)
	if len(graph) < 5 {
		t.Fatalf("go list found only %d packages of this module; the test looks in the wrong place", len(graph))
	}
	for _, v := range violations(graph) {
		t.Error(v)
	}
}

// TestArchitectureCanFail proves that each part of the rule refuses what it is there to refuse.
func TestArchitectureCanFail(t *testing.T) {
	for _, c := range []struct {
		name  string
		graph []pkg
		want  string // "" = allowed
	}{
		{"business may use the log", []pkg{{path: "order", imports: []string{ours("event")}}}, ""},
		{"order may look sideways", []pkg{{path: "order", imports: []string{ours("menu"), ours("store")}}}, ""},
		{"a sub-package belongs to its folder", []pkg{{path: "wire/internal/gen", imports: []string{ours("wire")}}}, ""},
		{"a payment adapter may use net/http", []pkg{{path: "payment/stripe", deps: []string{"net/http"}}}, ""},
		{"a kit stands on top", []pkg{{path: "internal/apptest", imports: []string{ours("app")}}}, ""},

		{"upwards", []pkg{{path: "event", imports: []string{ours("order")}}}, "event imports order"},
		{"business uses a door", []pkg{{path: "store", imports: []string{ours("api")}}}, "store imports api"},
		{"sideways", []pkg{{path: "menu", imports: []string{ours("order")}}}, "menu imports order"},
		{"sideways to a peer that only order may see", []pkg{{path: "store", imports: []string{ours("menu")}}}, "store imports menu"},
		{"a door uses a door", []pkg{{path: "api", imports: []string{ours("portal")}}}, "api imports portal"},
		{"internal uses the business", []pkg{{path: "internal/db", imports: []string{ours("account")}}}, "internal imports account"},
		{"the program uses a kit", []pkg{{path: "app", imports: []string{ours("internal/apptest")}}}, "test kit"},
		{"business sees net/http through others", []pkg{{path: "order", deps: []string{"net", "net/http"}}}, "order depends on net/http"},
		{"the payment folder itself is business", []pkg{{path: "payment", deps: []string{"net/http"}}}, "payment depends on net/http"},
		{"a door runs SQL", []pkg{{path: "api", imports: []string{"database/sql"}}}, "api imports database/sql"},
		{"money reads rows", []pkg{{path: "money", deps: []string{"database/sql"}}}, "money depends on database/sql"},
		{"a vague name", []pkg{{path: "order/util"}}, "says nothing"},
		{"an unknown folder", []pkg{{path: "plugins"}}, "no line"},
		{"folders in a circle", []pkg{
			{path: "oauth", imports: []string{ours("webhook")}},
			{path: "webhook", imports: []string{ours("oauth")}},
		}, "circle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(violations(c.graph), "\n")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("violations = %q, want %q in it", got, c.want)
			}
		})
	}
}

const module = "comanda"

func ours(path string) string { return module + "/" + path }

// violations says what in a graph breaks the rule, a sentence each.
func violations(graph []pkg) []string {
	var out []string
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	uses := map[string][]string{} // folder → folders it imports
	for _, p := range graph {
		top, _, nested := strings.Cut(p.path, "/")
		rule, known := folders[top]
		if !known {
			bad("%s: the folder %s has no line in architecture_test.go; say which layer it belongs to", p.path, top)
			continue
		}
		if name := p.path[strings.LastIndex(p.path, "/")+1:]; slices.Contains(vague, name) {
			bad("%s: the name %q says nothing about what the package owns", p.path, name)
		}
		kit := slices.Contains(kits, p.path)
		for _, imp := range p.imports {
			if slices.Contains(rule.never, imp) {
				bad("%s imports %s, which its layer never does", p.path, imp)
			}
			path, isOurs := strings.CutPrefix(imp, module+"/")
			if !isOurs {
				continue
			}
			to, _, _ := strings.Cut(path, "/")
			if slices.Contains(kits, path) && rule.layer < 10 {
				bad("%s imports %s, a test kit", p.path, path)
			}
			if to == top || kit {
				continue
			}
			if !slices.Contains(uses[top], to) {
				uses[top] = append(uses[top], to)
			}
			if folders[to].layer >= rule.layer && !slices.Contains(rule.beside, to) {
				bad("%s: %s imports %s; allowed are lower layers and %v", p.path, top, to, rule.beside)
			}
		}
		for _, no := range rule.without {
			if slices.Contains(p.deps, no) && (!rule.adapters || !nested) {
				bad("%s depends on %s, which its layer must not see, not even through others", p.path, no)
			}
		}
	}
	if circle := findCircle(uses); circle != nil {
		bad("folders import each other in a circle: %s", strings.Join(circle, " → "))
	}
	return out
}

// findCircle returns one circle in a graph of folders, its first member repeated at the end, or nil.
func findCircle(uses map[string][]string) []string {
	done := map[string]bool{}
	var walk func(path []string) []string
	walk = func(path []string) []string {
		at := path[len(path)-1]
		if i := slices.Index(path[:len(path)-1], at); i >= 0 {
			return path[i:]
		}
		if done[at] {
			return nil
		}
		for _, next := range uses[at] {
			if c := walk(append(slices.Clone(path), next)); c != nil {
				return c
			}
		}
		done[at] = true
		return nil
	}
	for from := range uses {
		if c := walk([]string{from}); c != nil {
			return c
		}
	}
	return nil
}

// load asks the go command for this module's packages.
func load(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr(err))
	}
	var graph []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			ImportPath    string
			Imports, Deps []string
			GoFiles       []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return graph
		} else if err != nil {
			t.Fatal(err)
		}
		if path, ok := strings.CutPrefix(p.ImportPath, module+"/"); ok && len(p.GoFiles) > 0 {
			graph = append(graph, pkg{path, p.Imports, p.Deps})
		}
	}
}

func stderr(err error) []byte {
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		return e.Stderr
	}
	return nil
}
