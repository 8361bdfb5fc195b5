package portal_test

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"comanda/account"
	"comanda/wire"
)

// call calls the API as the site's OAuth app and returns the id of the request.
func (s *site) call(method, path, body string) string {
	s.Helper()
	token, err := s.node.OAuth.AccessToken(s.Context(), s.owner(), s.made.AppID, s.made.OAuthAppID)
	s.must(err)
	req, err := http.NewRequestWithContext(s.Context(), method, s.url+"/api/v1.0/"+path, strings.NewReader(body))
	s.must(err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "TillSoft/4.2")
	res, err := (&http.Client{Transport: insecure()}).Do(req)
	s.must(err)
	_ = res.Body.Close()
	return res.Header.Get("X-Request-Id")
}

// logged waits until a page of the log has a request.
func (s *site) logged(p *person, id string) {
	s.Helper()
	for range 100 {
		if p.get(s.path("logs", id)).status == http.StatusOK {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.Fatalf("the request %s is not logged", id)
}

// TestARequestLeadsToItsEventAndBack finds a refused call, and one that caused an event, and follows it to the event and back.
func TestARequestLeadsToItsEventAndBack(t *testing.T) {
	each(t, func(s *site) {
		p := s.signIn()
		p.has("no requests", p.get(s.path("logs")), http.StatusOK, "No requests yet")
		refused := s.call("POST", s.made.AppID+"/webhooks/"+s.made.OAuthAppID+"/subscriptions", `{"CallbackUrl":"x"}`)
		made := s.call("POST", s.made.AppID+"/storegroups", `{"Name":"North","Currency":"EUR"}`)
		s.logged(p, refused)
		s.logged(p, made)
		p.has("all", p.get(s.path("logs")), http.StatusOK, refused, made)
		if got := p.get(s.path("logs") + "?status=4"); strings.Contains(got.text, made) || !strings.Contains(got.text, refused) {
			t.Errorf("refused ones: %s", main(got.text))
		}
		if got := p.get(s.path("apps", s.made.OAuthAppID, "logs") + "?path=storegroups"); !strings.Contains(got.text, made) || strings.Contains(got.text, refused) {
			t.Errorf("of the app, by path: %s", main(got.text))
		}
		p.has("totals", p.get(s.path("logs")+"?last=hour"), http.StatusOK, "2 requests of this brand in this time, 50.0 % of them errors: 1 refused (4xx), 0 failed (5xx).", made, refused, "Till sync")
		for _, filter := range []string{"?method=GET", "?from=2090-01-01T00:00", "?last=hour&to=2020-01-01T00:00"} {
			p.has(filter, p.get(s.path("logs")+filter), http.StatusOK, "No request here fits")
		}
		p.has("a method", p.get(s.path("logs")+"?method=POST&from=2020-01-01T00:00&to=2090-01-01T00:00"), http.StatusOK, made, refused, `value="2020-01-01T00:00"`)
		p.has("no time", p.get(s.path("logs")+"?from=yesterday"), http.StatusBadRequest, "From and to are dates with a time", `value="yesterday"`)
		p.has("none fits", p.get(s.path("logs")+"?status=5"), http.StatusOK, "No request here fits")
		p.has("no place", p.get(s.path("logs")+"?before=x"), http.StatusBadRequest)
		p.has("refused", p.get(s.path("logs", refused)), http.StatusOK, "400 Bad Request", "CallbackUrl", "TillSoft/4.2")
		one := p.get(s.path("logs", made))
		p.has("made", one, http.StatusOK, "CreateStoreGroup", "storegroup")
		link := regexp.MustCompile(`/portal/[^"]*/events/[0-9a-f-]{36}`).FindString(one.text)
		p.has("its event", p.get(s.url+link), http.StatusOK, "North", s.path("logs", made)[len(s.url):], "No attempt is logged")
		p.has("events", p.get(s.path("events")+"?name=store_group.created"), http.StatusOK, link)
		p.has("no event fits", p.get(s.path("events")+"?order=99"), http.StatusOK, "No event fits")
		p.has("no event", p.get(s.path("events", "x")), http.StatusNotFound)
	})
}

// TestTheLogSaysWhoAsked calls the API as a person, and as nobody: owners read the person's name, others only that it was one of the
// team.
func TestTheLogSaysWhoAsked(t *testing.T) {
	each(t, func(s *site) {
		b, err := s.node.Accounts.Open(s.Context(), s.owner(), s.made.AppID, account.Develop)
		s.must(err)
		s.must(s.node.Accounts.SetMember(s.Context(), s.owner(), b.ID, s.person("dev@bellanapoli.example"), wire.AppAccessLevelIntegrator, nil))
		owner, dev := s.signIn(), s.signInAs("dev@bellanapoli.example")
		nobody := &person{s, &http.Client{Transport: insecure()}}
		ids := []string{}
		for _, p := range []*person{owner, dev, nobody} {
			req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+"/api/v1.0/apps/"+s.made.AppID, nil)
			s.must(err)
			res, err := p.client.Do(req)
			s.must(err)
			s.must(res.Body.Close())
			ids = append(ids, res.Header.Get("X-Request-Id"))
			s.logged(owner, ids[len(ids)-1])
		}
		own, err := s.node.Accounts.Profile(s.Context(), s.made.Account)
		s.must(err)
		name := cmp.Or(own.Name, own.Email)
		for i, want := range []string{"By " + name, "By dev Address", "By Nobody known"} {
			if got := main(owner.get(s.path("logs", ids[i])).text); !strings.Contains(got, want) {
				t.Errorf("to the owner: no %q in %s", want, got)
			}
		}
		for i, want := range []string{"By A teammate", "By dev Address"} {
			if got := main(dev.get(s.path("logs", ids[i])).text); !strings.Contains(got, want) {
				t.Errorf("to another: no %q in %s", want, got)
			}
		}
	})
}

// TestLogsLook opens the pages of the logs at every size.
func TestLogsLook(t *testing.T) {
	s := start(t, "")
	tab := s.browse()
	tab.Goto(s.path("logs"))
	tab.Look("logs-none")
	s.call("POST", s.made.AppID+"/webhooks/"+s.made.OAuthAppID+"/subscriptions", `{"CallbackUrl":"x"}`)
	s.call("GET", "apps/"+s.made.AppID, "")
	id := s.call("POST", s.made.AppID+"/storegroups", `{"Name":"North","Currency":"EUR"}`)
	s.happen(4801, &wire.OrderCreatedEvent{Description: "Order 4801", Order: &wire.Order{OrderId: 4801, ChefNote: "No onions"}})
	s.logged(s.signIn(), id)
	tab.Goto(s.path("logs"))
	tab.Look("logs")
	tab.Goto(s.path("logs", id))
	tab.Look("log")
	tab.Press(".table td a")
	tab.Look("event")
	tab.Goto(s.path("events"))
	tab.Look("events")
}
