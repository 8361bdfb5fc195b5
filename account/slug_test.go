package account

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestSlugs(t *testing.T) {
	for name, want := range map[string]string{
		"Bella Napoli":            "bella-napoli",
		"  Joe's  Café & Grill!":  "joes-cafe-grill",
		"Ærø Øl":                  "r-l",
		"Straße":                  "stra-e",
		"Übermut":                 "ubermut",
		"北京烤鸭":                    "brand",
		"---":                     "brand",
		"24/7":                    "24-7",
		"2024":                    "2024",
		"API":                     "api",
		"ＦＵＬＬ　ｗｉｄｔｈ":              "full-width",
		strings.Repeat("ab ", 40): strings.TrimSuffix(strings.Repeat("ab-", 14)[:40], "-"),
	} {
		if got := slugOf(name); got != want {
			t.Errorf("%q gives %q, want %q", name, got, want)
		}
	}
}

func TestUnusableAppIDs(t *testing.T) {
	for _, s := range []string{"2024", "0", "api", "API", "FirebaseApp", "firebaseapp", "Openapi.JSON", ".well-known", "signalr", "reporting", "storefront"} {
		if usableAppID(s) {
			t.Errorf("%q may be an appId", s)
		}
	}
	for _, s := range []string{"api-2", "24-7", "brand", "2024-2", "bella"} {
		if !usableAppID(s) {
			t.Errorf("%q may not be an appId", s)
		}
	}
}

// Every literal segment that the contract has where an appId may stand is reserved.
func TestContractSegmentsAreReserved(t *testing.T) {
	raw, err := os.ReadFile("../api/testdata/contract/operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, m := range regexp.MustCompile(`\t/api/v1\.0/([^/{\t]+)`).FindAllStringSubmatch(string(raw), -1) {
		found++
		if usableAppID(m[1]) {
			t.Errorf("a brand could be called %q, which is a path of the contract", m[1])
		}
	}
	if found < 100 {
		t.Fatalf("only %d paths read", found)
	}
}
