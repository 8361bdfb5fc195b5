// Package browsertest opens pages in a real Chromium: what a person would see, click and type. A missing Chromium skips
// loudly, and fails where COMANDA_TEST_REQUIRE lists chromium. COMANDA_TEST_CHROMIUM names one that is not found.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long anything in the browser may take.
const patience = 30 * time.Second

// Find returns the Chromium of this machine. It skips the test, or fails it where required, when there is none.
func Find(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("COMANDA_TEST_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "set COMANDA_TEST_CHROMIUM, or install Chromium so that it is found"
	if strings.Contains(os.Getenv("COMANDA_TEST_REQUIRE"), "chromium") {
		t.Fatalf("Chromium is required by COMANDA_TEST_REQUIRE but missing: %s", missing)
	}
	t.Skipf("SKIPPED, no Chromium: %s", missing)
	return ""
}

// Tab is one tab of a browser with a profile of its own, closed at the end of the test.
type Tab struct {
	testing.TB
	Context context.Context // of chromedp, for what is not here

	scriptless bool

	mu         sync.Mutex
	complaints []string
}

// Open starts a browser. Certificates are not checked: the authority of a test's server is nobody's.
func Open(t testing.TB) *Tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(Find(t)), chromedp.IgnoreCertErrors, chromedp.DisableGPU)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // the sandbox refuses root
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	tab := &Tab{TB: t}
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithListener(tab.hear))
	ctx, late := context.WithTimeout(ctx, 4*patience)
	tab.Context = ctx
	t.Cleanup(func() { late(); closeTab(); stop() })
	tab.must(chromedp.Call(ctx, log.Enable, struct{}{}))
	// A window that nobody looks at has no focus, and so shows none.
	tab.must(chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
	tab.Size(1280, 900)
	return tab
}

// hear notes what the browser complains about: violations of the content policy, failed loads, uncaught exceptions.
// Its tips, which are verbose, are no complaints.
func (t *Tab) hear(ev any) {
	var text string
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelVerbose {
			return
		}
		text = string(ev.Entry.Level) + ": " + ev.Entry.Text + " " + ev.Entry.URL
	case *runtime.EventExceptionThrown:
		text = "exception: " + ev.ExceptionDetails.Text
		if e := ev.ExceptionDetails.Exception; e != nil {
			text += " " + e.Description
		}
	default:
		return
	}
	t.mu.Lock()
	t.complaints = append(t.complaints, text)
	t.mu.Unlock()
}

// Complaints are what the browser wrote to its console since the last call.
func (t *Tab) Complaints() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.complaints
	t.complaints = nil
	return out
}

func (t *Tab) must(_ any, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// do runs actions, each within the time that anything may take.
func (t *Tab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatalf("%s at %s: %v", what, t.URL(), err)
	}
}

// Goto opens an address and waits until it is loaded.
func (t *Tab) Goto(address string) {
	t.Helper()
	t.do("open "+address, chromedp.Navigate(address))
}

// Fill types into the field with a name.
func (t *Tab) Fill(name, text string) {
	t.Helper()
	sel := chromedp.CSS(`[name="` + name + `"]`)
	t.do("fill "+name, chromedp.Clear(sel), chromedp.SendKeys(sel, text))
}

// Type types into what a CSS selector finds.
func (t *Tab) Type(selector, text string) {
	t.Helper()
	t.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Keys presses keys where the focus is.
func (t *Tab) Keys(keys string) {
	t.Helper()
	t.do("keys", chromedp.KeyEvent(keys))
}

// Send presses a key that leads to another page and waits until that is loaded.
func (t *Tab) Send(key string) {
	t.Helper()
	t.leave("key", chromedp.KeyEvent(key))
}

// Click clicks what a CSS selector finds.
func (t *Tab) Click(selector string) {
	t.Helper()
	t.do("click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Press clicks what a CSS selector finds and waits until the page that it leads to is loaded.
func (t *Tab) Press(selector string) {
	t.Helper()
	t.leave("press "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

func (t *Tab) leave(what string, act chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.WaitEvent(page.LoadEventFired, nil, act)); err != nil {
		t.Fatalf("%s at %s: %v", what, t.URL(), err)
	}
}

// Await waits for a page whose h1 is the title, wherever the redirects and scripts of others lead.
func (t *Tab) Await(title string) {
	t.Helper()
	t.do("await "+title, chromedp.WaitVisible(`//h1[text()="`+title+`"]`))
}

// See waits until something is visible that a CSS selector finds, and returns its text.
func (t *Tab) See(selector string) string {
	t.Helper()
	t.do("see "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	text, err := chromedp.Run(t.Context, chromedp.Text(chromedp.CSS(selector)))
	t.must(nil, err)
	return text
}

// Until waits until an expression of JavaScript is true; what it stands for is told when that never comes.
func (t *Tab) Until(what, expression string) {
	t.Helper()
	late := time.After(patience)
	for !Eval[bool](t, "!!("+expression+")") {
		select {
		case <-late:
			t.Fatalf("at %s is not seen: %s", t.URL(), what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// URL is the address of the page.
func (t *Tab) URL() string {
	address, _ := chromedp.Run(t.Context, chromedp.Evaluate[string]("location.href"))
	return address
}

// Eval evaluates an expression of JavaScript; a promise is waited for.
func Eval[T any](t *Tab, expression string) T {
	t.Helper()
	v, err := chromedp.Run(t.Context, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Size sets the size of the page in CSS pixels.
func (t *Tab) Size(width, height int64) {
	t.Helper()
	t.do("size", chromedp.EmulateViewport(width, height))
}

// Dark makes the browser prefer a dark look, or a light one.
func (t *Tab) Dark(yes bool) {
	t.Helper()
	scheme := "light"
	if yes {
		scheme = "dark"
	}
	t.must(chromedp.Call(t.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}))
}

// Scripts switches the scripts of pages on or off.
func (t *Tab) Scripts(on bool) {
	t.Helper()
	t.must(chromedp.Call(t.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}))
	t.scriptless = !on
}

// Shot writes a picture of the whole page to a PNG file.
func (t *Tab) Shot(file string) {
	t.Helper()
	Eval[bool](t, "(scrollTo(0, 0), true)") // what sticks would be drawn where it stuck
	picture, err := chromedp.Run(t.Context, chromedp.FullScreenshot(100))
	t.must(nil, err)
	t.must(nil, os.MkdirAll(filepath.Dir(file), 0o750)) //nolint:gosec // where the person who runs the test wants it
	t.must(nil, os.WriteFile(file, picture, 0o600))     //nolint:gosec // likewise
}
