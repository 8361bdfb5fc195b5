package interop

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser is one Chromium; each tab of it is a person's own, with cookies of its own.
type browser struct{ ctx context.Context }

// chromium finds the browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "chromium", "Chromium is not installed")
	return ""
}

// openBrowser starts Chromium with rules that lead host names to addresses. It trusts the servers with these keys.
func openBrowser(t *testing.T, hosts map[string]string, keyPins ...string) *browser {
	t.Helper()
	var rules []string
	for name, address := range hosts {
		rules = append(rules, "MAP "+name+" "+address)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium(t)), chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU,
		chromedp.NoSandbox, // it visits nothing but our own pages
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("host-resolver-rules", strings.Join(rules, ", ")),
		chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(keyPins, ",")),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
	)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	check(t, chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	return &browser{ctx}
}

// tab is a window with empty cookies.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// tabPatience bounds all that is done in one tab.
const tabPatience = 60 * time.Second

func (b *browser) tab(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, tabPatience)
	t.Cleanup(stop)
	return &tab{t, ctx}
}

// page is what a tab shows.
type page struct {
	URL      string `json:"url"`
	Text     string `json:"text"`
	Password bool   `json:"password"` // asks for a password
	Decision bool   `json:"decision"` // asks for consent
	Logout   bool   `json:"logout"`   // asks whether to sign out
	Done     bool   `json:"done"`     // a form of it was sent off already
}

func (p page) is(address string) bool {
	at, _, _ := strings.Cut(p.URL, "#")
	at, _, _ = strings.Cut(at, "?")
	return at == address
}

func (p page) has(text string) bool { return strings.Contains(p.Text, text) }

func (b *tab) open(address string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address)); err != nil {
		b.t.Fatalf("open %s: %v", address, err)
	}
}

const look = `(() => {
  if (document.readyState !== 'complete') return null;
  const form = (field) => !!document.querySelector('form[method="post" i] ' + field);
  return {
    url: location.href, text: document.body?.innerText ?? '', password: form('input[name="password"]'), decision: form('button[name="decision"]'),
    logout: form('button[name="logout"]') || !!document.querySelector('form[method="post" i][action$="/identity/logout"]'), done: !!window.sentOff,
  };
})()`

// look says what the tab shows once it has loaded; between two pages there is nothing to see.
func (b *tab) look() (page, bool) {
	at, err := chromedp.Run(b.ctx, chromedp.Evaluate[*page](look))
	if err != nil || at == nil {
		return page{}, false
	}
	return *at, true
}

// until waits for what a page shows.
func (b *tab) until(what string, done func(page) bool) page {
	b.t.Helper()
	return b.walk(what, done, func(page) string { return "" })
}

// walk acts on pages, each once, until one is the wanted.
func (b *tab) walk(what string, done func(page) bool, act func(page) string) page {
	b.t.Helper()
	var last page
	for b.ctx.Err() == nil {
		if at, ok := b.look(); ok {
			if last = at; done(at) {
				return at
			}
			if script := act(at); script != "" && !at.Done {
				_, _ = chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void]("window.sentOff = true; "+script))
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.t.Fatalf("waited in vain until %s; the tab is at %s: %s", what, last.URL, last.Text)
	return last
}

// signIn fills in the provider's forms until a page is the wanted.
func (b *tab) signIn(who credentials, done func(page) bool) page {
	b.t.Helper()
	return b.walk("the person is signed in", done, func(at page) string {
		switch {
		case at.Password:
			return fmt.Sprintf(`{ const f = document.querySelector('input[name="password"]').form;
				f.querySelector('input[name="email"]').value = %q; f.querySelector('input[name="password"]').value = %q;
				f.requestSubmit(f.querySelector('button:not([name]), button[type="submit"]')); }`, who.email, who.password)
		case at.Decision:
			return `{ const b = document.querySelector('button[name="decision"][value="approve"]'); b.form.requestSubmit(b); }`
		}
		return ""
	})
}

// signOut confirms that the person wants to leave.
func (b *tab) signOut(done func(page) bool) page {
	b.t.Helper()
	return b.walk("the person is signed out", done, func(at page) string {
		if !at.Logout {
			return ""
		}
		return `{ const b = document.querySelector('form[method="post" i] button[name="logout"], form[action$="/identity/logout"] button'); b.form.requestSubmit(b); }`
	})
}

func (b *tab) text() string {
	b.t.Helper()
	at, _ := b.look()
	return at.Text
}
