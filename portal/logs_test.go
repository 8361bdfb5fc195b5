package portal_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

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
