package api

import (
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"

	"comanda/internal/web"
)

// router finds the endpoint of a method and path. chi does the matching, on lower-case patterns and paths, so that
// literal segments match in any case; the values of variable segments are then taken from the original path, so that
// they keep their bytes.
type router struct {
	tree      *chi.Mux
	endpoints map[string][]*endpoint // by method and chi pattern; two when only the value tells them apart
}

// endpoint is one operation as the router sees it.
type endpoint struct {
	id     string
	method string
	path   string
	op     *operation // nil: in the contract, not served yet
	vars   []variable
}

// variable is a path variable: its name and the index of its segment.
type variable struct {
	name  string
	index int
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

func newRouter() *router {
	return &router{tree: chi.NewMux(), endpoints: map[string][]*endpoint{}}
}

func noHandler(http.ResponseWriter, *http.Request) {}

// add registers an endpoint. Endpoints of one method and shape share a pattern; find tells them apart by the value.
func (rt *router) add(e *endpoint) {
	var pattern strings.Builder
	for i, seg := range segments(e.path) {
		pattern.WriteByte('/')
		if v, ok := variableName(seg); ok {
			e.vars = append(e.vars, variable{v, i})
			pattern.WriteString("{x}") // one name for all, so that equal shapes are equal patterns
		} else {
			pattern.WriteString(strings.ToLower(seg))
		}
	}
	rt.register(pattern.String(), e)
	if i := len(e.vars) - 1; e.op != nil && i >= 0 && e.op.emptyLast() {
		// PHP writes false as an empty last segment.
		rt.register(strings.TrimSuffix(pattern.String(), "/{x}"), e)
	}
}

func (rt *router) register(pattern string, e *endpoint) {
	// chi wants distinct names within a pattern: number them.
	var numbered strings.Builder
	for i, part := range strings.Split(pattern, "{x}") {
		if i > 0 {
			numbered.WriteString("{v" + string(rune('a'+i)) + "}")
		}
		numbered.WriteString(part)
	}
	key := e.method + " " + numbered.String()
	if rt.endpoints[key] == nil {
		rt.tree.MethodFunc(e.method, numbered.String(), noHandler)
	}
	rt.endpoints[key] = append(rt.endpoints[key], e)
}

var routeContexts = sync.Pool{New: func() any { return chi.NewRouteContext() }}

// find returns the endpoint of a request and the raw segments of its path; nil when there is none.
func (rt *router) find(method string, u *url.URL) (*endpoint, []string) {
	segs := segments(u.EscapedPath())
	e := rt.match(method, segs)
	if e == nil && method == http.MethodHead {
		e = rt.match(http.MethodGet, segs)
	}
	return e, segs
}

// allowed lists the methods that a path has.
func (rt *router) allowed(segs []string) []string {
	var out []string
	for _, m := range methods {
		if rt.match(m, segs) != nil || m == http.MethodHead && rt.match(http.MethodGet, segs) != nil {
			out = append(out, m)
		}
	}
	return out
}

func (rt *router) match(method string, segs []string) *endpoint {
	ctx := routeContexts.Get().(*chi.Context)
	defer routeContexts.Put(ctx)
	ctx.Reset()
	pattern := rt.tree.Find(ctx, method, routingPath(segs))
	if pattern == "" {
		return nil
	}
	es := rt.endpoints[method+" "+pattern]
	if len(es) == 1 {
		return es[0]
	}
	for _, e := range es {
		last := e.vars[len(e.vars)-1]
		if isNumberName(last.name) == allDigits(segs[last.index]) {
			return e
		}
	}
	return nil
}

// isNumberName tells which of two operations of one shape takes a number. The contract has one such pair: POST
// /vouchers/{appId} creates and POST /vouchers/{voucherId} updates.
func isNumberName(name string) bool { return name != "appId" }

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// routingPath is the path as it is matched: lower case, escapes undone where that leaves a segment one segment.
func routingPath(segs []string) string {
	var b strings.Builder
	for _, s := range segs {
		b.WriteByte('/')
		if strings.Contains(s, "%") {
			if u, err := url.PathUnescape(s); err == nil && u != "" && !strings.Contains(u, "/") {
				s = u
			}
		}
		b.WriteString(strings.ToLower(s))
	}
	return b.String()
}

// segments splits an escaped path; doubled slashes and one at the end count for nothing.
func segments(path string) []string {
	path = strings.Trim(web.Collapse(path), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

func variableName(seg string) (string, bool) {
	if strings.HasPrefix(seg, "{") && strings.HasSuffix(seg, "}") {
		return seg[1 : len(seg)-1], true
	}
	return "", false
}
