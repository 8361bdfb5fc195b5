package portal_test

import (
	"strings"
	"testing"
	"time"

	"comanda/account"
	"comanda/internal/clock"
)

func TestTheClockOfASandboxIsMoved(t *testing.T) {
	each(t, func(s *site) {
		p, at := s.signIn(), s.path("sandbox")
		p.has("not moved", p.get(at), 200, "real time")
		p.has("a day", p.post(at, "by", "1440"), 200, "The clock is set.", "1 day ahead")
		p.has("typed", p.post(at, "minutes", "60"), 200, "25 hours ahead")
		now, err := s.node.Accounts.Clock(t.Context(), s.owner(), s.made.AppID)
		s.must(err)
		if ahead := now.Time.Sub(clock.Now()); ahead < 25*time.Hour-time.Minute || ahead > 25*time.Hour+time.Minute {
			t.Errorf("the clock is %v ahead", ahead)
		}
		for _, minutes := range []string{"soon", "", "0", "-5", "99999999"} {
			p.has("minutes "+minutes, p.post(at, "minutes", minutes), 400, `id="minutes-error"`, "25 hours ahead")
		}
		live, err := s.node.Accounts.CreateBrand(t.Context(), s.owner(), account.NewBrand{Name: "Live"})
		s.must(err)
		of := strings.Replace(at, s.made.AppID, live.AppID, 1)
		p.has("a live brand", p.get(of), 200, "This brand is live")
		p.has("its clock", p.post(of, "by", "60"), 403, "cannot be set")
	})
}

func TestTheSandboxPageFits(t *testing.T) {
	s := start(t, "")
	tab := s.browse()
	tab.Goto(s.path("sandbox"))
	tab.Press(`[value="1440"]`)
	tab.Look("sandbox")
}
