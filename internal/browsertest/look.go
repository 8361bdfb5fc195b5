package browsertest

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Look holds the page to what every page must be: one h1, at most one red button, a label for every field and words for
// every button, no inline style, nothing wider than the screen of a phone or a desk, no serious finding of axe-core, light
// or dark, and an empty console. With COMANDA_SHOTS it writes pictures into that folder: name-phone-dark.png and so on.
func (t *Tab) Look(name string) {
	t.Helper()
	for _, wrong := range Eval[[]string](t, marks) {
		t.Errorf("%s: %s", name, wrong)
	}
	for _, width := range []int64{320, 390, 1280} {
		t.Size(width, 844)
		if got := Eval[int64](t, "document.documentElement.scrollWidth"); got > width {
			t.Errorf("%s is %d pixels wide on a screen of %d", name, got, width)
		}
	}
	t.access(name)
	t.Dark(true)
	t.Size(390, 844)
	t.access(name)
	if folder := os.Getenv("COMANDA_SHOTS"); folder != "" {
		t.shots(filepath.Join(folder, name), "dark")
		t.Dark(false)
		t.shots(filepath.Join(folder, name), "light")
	}
	t.Dark(false)
	t.Size(1280, 900)
	for _, c := range t.Complaints() {
		t.Errorf("%s: %s", name, c)
	}
}

// marks finds what is wrong in the page's markup.
const marks = `(() => {
	const out = [];
	const all = (selector) => [...document.querySelectorAll(selector)].filter(e => !e.closest("[class*=scalar-]"));
	if (document.querySelectorAll("h1").length !== 1) out.push("not one h1");
	if (document.documentElement.lang !== "en") out.push("no lang");
	if (all(".btn.red").length > 1) out.push("more than one red button");
	for (const e of all("input:not([type=hidden]), select, textarea"))
		if (!e.labels.length && !e.getAttribute("aria-label")) out.push("no label: " + e.name);
	for (const e of all("a, button"))
		if (!e.textContent.trim() && !e.getAttribute("aria-label")) out.push("no words: " + e.outerHTML);
	for (const e of all("[aria-describedby], [aria-labelledby]"))
		for (const id of (e.getAttribute("aria-describedby") || e.getAttribute("aria-labelledby")).split(" "))
			if (!document.getElementById(id)) out.push("nothing is called " + id);
	for (const e of all("[style]")) out.push("inline style: " + e.cloneNode().outerHTML);
	const ids = all("[id]").map(e => e.id);
	if (new Set(ids).size !== ids.length) out.push("an id twice: " + ids.filter((id, i) => ids.indexOf(id) !== i));
	return out;
})()`

// shots writes the page as it is on a phone and on a desk.
func (t *Tab) shots(file, scheme string) {
	t.Helper()
	t.Size(390, 844)
	t.Shot(file + "-phone-" + scheme + ".png")
	t.Size(1280, 900)
	t.Shot(file + "-desk-" + scheme + ".png")
}

// axe is axe-core as npm installed it in test/browser; empty where it is not.
var axe = sync.OnceValue(func() string {
	for folder := "."; ; folder = filepath.Join(folder, "..") {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			text, _ := os.ReadFile(filepath.Join(folder, "test", "browser", "node_modules", "axe-core", "axe.min.js"))
			return string(text)
		}
		if abs, err := filepath.Abs(folder); err != nil || abs == filepath.Dir(abs) {
			return ""
		}
	}
})

// access fails for each serious or critical finding of axe-core in the page as it is shown now. Without axe-core it says so,
// and fails where COMANDA_TEST_REQUIRE lists node. Where scripts are off axe-core cannot run either: that page is not asked.
func (t *Tab) access(name string) {
	t.Helper()
	if t.scriptless {
		return
	}
	if axe() == "" {
		const missing = "axe-core is not installed, accessibility is not checked: run `npm ci --ignore-scripts` in test/browser"
		if strings.Contains(os.Getenv("COMANDA_TEST_REQUIRE"), "node") {
			t.Fatal(missing)
		}
		t.Log(missing)
		return
	}
	Eval[bool](t, "window.axe || (() => {"+axe()+"})(), true")
	for _, wrong := range Eval[[]string](t, `axe.run({resultTypes: ["violations"], preload: false}).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + " " + n.failureSummary).join(" | ")))`) {
		t.Errorf("%s: %s", name, wrong)
	}
}
