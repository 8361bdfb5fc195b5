package web

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

// TestJSONIsFolded shows values and reads them back as text.
func TestJSONIsFolded(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"b":[],"c":{"d":"<&\n"}}`:                  "{\n  \"a\": 1,\n  \"b\": [],\n  \"c\": {\n    \"d\": \"<&\\n\"\n  }\n}",
		`{"B":{"O":{"Id":7,"Sum":17.50,"x":{},"y":null}}}`: "{\n  \"B\": {\n    \"O\": { Id 7, Sum 17.50, 2 more }      \"Id\": 7,\n      \"Sum\": 17.50,\n      \"x\": {},\n      \"y\": null\n    \n  }\n}",
		`[[[true,null]]]`:                                  "[\n  [\n    [ 2 in a list ]      true,\n      null\n    \n  ]\n]",
		`{"a":{"b":{"c":[]}}}`:                             "{\n  \"a\": {\n    \"b\": { 1 inside }      \"c\": []\n    \n  }\n}",
		`1 2`:                                              `1 2`,
		`{"a":1`:                                           `{"a":1`,
		`<b>not JSON</b>`:                                  `<b>not JSON</b>`,
		``:                                                 ``,
	} {
		shown := string(foldedJSON(text))
		if strings.Contains(shown, "<b>") {
			t.Errorf("%s is not escaped: %s", text, shown)
		}
		if got := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(shown, "")); got != want {
			t.Errorf("%s\nis shown as %q\nwant        %q", text, got, want)
		}
	}
	if shown := string(foldedJSON(`{"B":{"O":{"Id":7}}}`)); strings.Count(shown, "<details>") != 1 || strings.Count(shown, "</details>") != 1 {
		t.Errorf("folded: %s", shown)
	}
}
