package docs

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"comanda/api"
)

var update = flag.Bool("update", false, "write the generated part of compatibility.md again")

// TestEachDirectDependencyHasItsReason compares dependencies.md with go.mod, both ways.
func TestEachDirectDependencyHasItsReason(t *testing.T) {
	direct := map[string]bool{}
	for line := range strings.Lines(read(t, "../go.mod")) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) >= 2 && strings.HasPrefix(f[1], "v") && !strings.Contains(line, "// indirect") {
			direct[f[0]] = true
		}
	}
	if len(direct) < 3 {
		t.Fatalf("go.mod has only the direct dependencies %v; the test reads it wrongly", slices.Collect(maps.Keys(direct)))
	}
	told := map[string]bool{}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.{20,}) \\|$")
	for _, m := range row.FindAllStringSubmatch(read(t, "dependencies.md"), -1) {
		told[m[1]] = true
	}
	for module := range direct {
		if !told[module] {
			t.Errorf("dependencies.md gives no reason for %s", module)
		}
	}
	for module := range told {
		if !direct[module] {
			t.Errorf("dependencies.md gives a reason for %s, which go.mod does not require directly", module)
		}
	}
}

// TestServedOperationsAreListed compares the list in compatibility.md with the route table and the contract.
func TestServedOperationsAreListed(t *testing.T) {
	const begin, end = "<!-- served: go test ./docs -update -->\n", "<!-- end of served -->"
	have := read(t, "compatibility.md")
	before, rest, ok := strings.Cut(have, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("compatibility.md lacks its marks %q and %q", begin, end)
	}
	want := before + begin + served(t) + end + after
	if have == want {
		return
	}
	if *update {
		if err := os.WriteFile("compatibility.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("compatibility.md does not list the operations that are served: run go test ./docs -update")
}

// served is a table of the tags that have a served operation, from the API's own document.
func served(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://localhost/openapi.json", http.NoBody)
	api.New(api.Config{PublicURL: "https://localhost"}).ServeHTTP(w, r)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Tags        []string
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusOK {
		t.Fatalf("/openapi.json: %d, %v", w.Code, err)
	}
	operations := map[string][]string{}
	for _, methods := range doc.Paths {
		for _, o := range methods {
			for _, tag := range o.Tags {
				operations[tag] = append(operations[tag], o.OperationID)
			}
		}
	}
	if len(operations) == 0 {
		t.Fatal("/openapi.json lists no operation")
	}
	contract, all := map[string]int{}, 0
	for i, line := range strings.Split(strings.TrimSpace(read(t, "../api/testdata/contract/operations.tsv")), "\n") {
		if i > 0 {
			contract[strings.Split(line, "\t")[1]]++
			all++
		}
	}
	var b strings.Builder
	total := 0
	b.WriteString("| tag | served | operations |\n| --- | --- | --- |\n")
	for _, tag := range slices.Sorted(maps.Keys(operations)) {
		ids := operations[tag]
		slices.Sort(ids)
		of := "ours"
		if contract[tag] > 0 {
			total += len(ids)
			of = fmt.Sprintf("%d of %d", len(ids), contract[tag])
			if len(ids) == contract[tag] {
				of = fmt.Sprintf("all %d", len(ids))
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", tag, of, strings.Join(ids, ", "))
	}
	fmt.Fprintf(&b, "\n%d of the contract's %d operations.\n", total, all)
	return b.String()
}

// TestLinksLeadSomewhere follows the relative links of all documents.
func TestLinksLeadSomewhere(t *testing.T) {
	files, err := filepath.Glob("../*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"*.md", "decisions/*.md", "../bench/*.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	link := regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	checked := 0
	for _, file := range files {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			checked++
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", file, m[1])
			}
		}
	}
	if checked < 5 {
		t.Errorf("only %d links found; the test looks wrongly", checked)
	}
}

// TestReadmeNamesEachFolder compares the README's tree with the folders that git knows.
func TestReadmeNamesEachFolder(t *testing.T) {
	_, tree, _ := strings.Cut(read(t, "../README.md"), "## Folders")
	told := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^    ([a-z]+)/\S* +\S`).FindAllStringSubmatch(tree, -1) {
		told[m[1]] = true
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		goFiles := false
		if e.IsDir() && !strings.HasPrefix(name, ".") {
			_ = filepath.WalkDir(filepath.Join("..", name), func(path string, _ os.DirEntry, _ error) error {
				goFiles = goFiles || strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "go.mod") || strings.HasSuffix(path, ".md")
				return nil
			})
		}
		if goFiles && !told[name] {
			t.Errorf("README.md has no line for the folder %s", name)
		}
		delete(told, name)
	}
	for name := range told {
		t.Errorf("README.md tells of a folder %s, which is not there", name)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
