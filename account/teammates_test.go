package account_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/internal/mail"
	"comanda/internal/seal"
	"comanda/wire"
)

// team is a brand whose people are invited.
type team struct {
	*testing.T
	d     *db.DB
	a     *account.Accounts
	box   *mail.Outbox
	sent  *mail.Mailbox
	owner *account.Caller
	brand account.Brand
}

func newTeam(t *testing.T, d *db.DB) *team {
	t.Helper()
	k := &team{T: t, d: d, sent: &mail.Mailbox{}}
	key := seal.NewKey()
	var err error
	k.box, err = mail.NewOutbox(d, key, k.sent)
	k.must(err)
	k.a = account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap, MasterKey: key, Mail: k.box, PublicURL: "https://comanda.test"})
	k.owner, k.brand = newBrand(t, k.a, "Bella")
	return k
}

func eachTeam(t *testing.T, fn func(k *team)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(newTeam(t, d)) })
}

func (k *team) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func (k *team) want(err error, kind fault.Kind) {
	k.Helper()
	if err == nil || fault.KindOf(err) != kind {
		k.Errorf("got %v, want kind %d", err, kind)
	}
}

var codeInMail = regexp.MustCompile(`/identity/invite\?code=(\S+)`)

// invite invites an address and returns the teammate and the code in the mail.
func (k *team) invite(c *account.Caller, email string, level wire.AppAccessLevel) (wire.Teammate, string) {
	k.Helper()
	mate, err := k.a.Invite(context.Background(), c, k.brand.AppID, wire.CreateTeammate{Email: &email, AppAccessLevel: &level})
	k.must(err)
	return mate, k.code(email)
}

// code reads the newest code that was mailed to an address.
func (k *team) code(email string) string {
	k.Helper()
	for n := 1; n > 0; {
		var err error
		n, err = k.box.RunOnce(context.Background())
		k.must(err)
	}
	for _, m := range k.sent.Messages() {
		if m.To == email {
			return codeInMail.FindStringSubmatch(m.Text)[1]
		}
	}
	k.Fatalf("there is no mail to %s", email)
	return ""
}

// join makes a person a teammate by an invitation.
func (k *team) join(email string, level wire.AppAccessLevel) (*account.Caller, wire.Teammate) {
	k.Helper()
	mate, code := k.invite(k.owner, email, level)
	c := signUp(k.T, k.a, email)
	_, err := k.a.AcceptInvitation(context.Background(), c, k.brand.AppID, code)
	k.must(err)
	return person(k.T, k.a, c.Account), mate
}

func (k *team) list() []wire.Teammate {
	k.Helper()
	all, err := k.a.Teammates(context.Background(), system, k.brand.AppID)
	k.must(err)
	return all
}

// checkLog fails unless the events, in their order, tell exactly the teammates that there are.
func (k *team) checkLog() {
	k.Helper()
	told := map[string]string{}
	k.must(k.d.Read(context.Background(), func(tx *db.Tx) error {
		events, err := event.Read(tx, k.brand.ID, 0, 100_000)
		for _, e := range events {
			switch e.Name {
			case "teammate.invite.sent":
				told[e.Subject] = "Pending"
			case "teammate.invite.accepted":
				if told[e.Subject] != "Pending" {
					k.Errorf("%s accepts at %d after %q", e.Subject, e.Position, told[e.Subject])
				}
				told[e.Subject] = "Accepted"
			case "teammate.deleted":
				if told[e.Subject] == "" {
					k.Errorf("%s is deleted twice, at %d", e.Subject, e.Position)
				}
				delete(told, e.Subject)
			}
		}
		return err
	}))
	for _, mate := range k.list() {
		subject := "teammate/" + mate.TeammateId
		if status, there := told[subject]; there && status != string(mate.InvitationStatus) || !there && mate.UserId != nil && *mate.UserId != k.owner.Account {
			k.Errorf("%s is %s, the log tells %q", subject, mate.InvitationStatus, status)
		}
		delete(told, subject)
	}
	if len(told) > 0 {
		k.Errorf("the log tells of %v, who are not there", told)
	}
}

func TestOfOwnersWhoRemoveEachOtherAtOnceOneStays(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		for round := range 20 {
			ann, annMate := k.join(fmt.Sprintf("ann%d@example.com", round), wire.AppAccessLevelOwner)
			bob, bobMate := k.join(fmt.Sprintf("bob%d@example.com", round), wire.AppAccessLevelOwner)
			var removed atomic.Int32
			parallel(2, func(i int) {
				by, whom := ann, bobMate
				if i == 1 {
					by, whom = bob, annMate
				}
				switch err := k.a.RemoveTeammate(ctx, by, k.brand.AppID, whom.TeammateId); fault.KindOf(err) {
				case fault.Forbidden:
				default:
					k.must(err)
					removed.Add(1)
				}
			})
			if n := removed.Load(); n != 1 {
				k.Fatalf("round %d: %d were removed", round, n)
			}
		}
		k.checkLog()
	})
}

func TestTheLastOwnersCannotAllLeaveAtOnce(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		ann, annMate := k.join("ann@example.com", wire.AppAccessLevelOwner)
		ownMate := fmt.Sprint(k.owner.Account)
		var left atomic.Int32
		parallel(2, func(i int) {
			by, whom := ann, annMate.TeammateId
			if i == 1 {
				by, whom = k.owner, ownMate
			}
			if err := k.a.RemoveTeammate(ctx, by, k.brand.AppID, whom); err == nil {
				left.Add(1)
			} else {
				k.want(err, fault.Conflict)
			}
		})
		if left.Load() != 1 {
			k.Fatalf("%d left", left.Load())
		}
	})
}

func TestAnInvitationAcceptedInParallelGivesOneMembership(t *testing.T) {
	eachTeam(t, func(k *team) {
		for round := range 5 {
			email := fmt.Sprintf("ann%d@example.com", round)
			_, code := k.invite(k.owner, email, wire.AppAccessLevelIntegrator)
			ann := signUp(k.T, k.a, email)
			parallel(20, func(int) {
				r, err := k.a.AcceptInvitation(context.Background(), ann, k.brand.AppID, code)
				if err != nil || r.InvitationStatus != wire.InvitationStatusAccepted {
					k.Errorf("%v, %v", r, err)
				}
			})
			if n := len(logged(k.T, k.d, k.brand.ID, "teammate.invite.accepted")); n != round+1 {
				k.Fatalf("%d events of %d acceptances", n, round+1)
			}
			if g := person(k.T, k.a, ann.Account).Grants; len(g) != 1 || g[0].Level != wire.AppAccessLevelIntegrator {
				k.Fatalf("%+v", g)
			}
		}
		if n := len(k.list()); n != 6 {
			k.Errorf("%d teammates", n)
		}
		k.checkLog()
	})
}

// Whatever comes first, the log tells what there is.
func TestInvitingAcceptingAndRemovingAtOnce(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		ann := signUp(k.T, k.a, "ann@example.com")
		level, email := wire.AppAccessLevelSupport, "ann@example.com"
		for range 15 {
			for _, mate := range k.list() {
				if mate.Email == email {
					k.must(k.a.RemoveTeammate(ctx, k.owner, k.brand.AppID, mate.TeammateId))
				}
			}
			mate, code := k.invite(k.owner, email, level)
			parallel(6, func(i int) {
				var err error
				switch i % 3 {
				case 0:
					_, err = k.a.Invite(ctx, k.owner, k.brand.AppID, wire.CreateTeammate{Email: &email, AppAccessLevel: &level})
				case 1:
					_, err = k.a.AcceptInvitation(ctx, ann, k.brand.AppID, code)
				case 2:
					err = k.a.RemoveTeammate(ctx, k.owner, k.brand.AppID, mate.TeammateId)
				}
				if kind := fault.KindOf(err); err != nil && kind != fault.NotFound && kind != fault.Conflict {
					k.Error(err)
				}
			})
			k.checkLog()
		}
	})
}

func TestAnInvitationIsVoidWithoutItsSender(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		bob, bobMate := k.join("bob@example.com", wire.AppAccessLevelOwner)
		_, code := k.invite(bob, "ann@example.com", wire.AppAccessLevelIntegrator)
		ann := signUp(k.T, k.a, "ann@example.com")
		k.must(k.a.SetMember(ctx, k.owner, k.brand.ID, bob.Account, wire.AppAccessLevelIntegrator, nil))
		_, err := k.a.AcceptInvitation(ctx, ann, k.brand.AppID, code)
		k.want(err, fault.Forbidden)
		k.must(k.a.RemoveTeammate(ctx, k.owner, k.brand.AppID, bobMate.TeammateId))
		_, err = k.a.AcceptInvitation(ctx, ann, "", code)
		k.want(err, fault.Forbidden)
		all, err := k.a.AcceptInvitations(ctx, ann)
		if err != nil || len(all) != 1 || all[0].InvitationStatus != wire.InvitationStatusPending {
			k.Errorf("%v, %v", all, err)
		}
		if g := person(k.T, k.a, ann.Account).Grants; len(g) != 0 {
			k.Fatalf("%+v", g)
		}

		// What an owner changes, that owner answers for.
		level := wire.AppAccessLevelSupport
		for _, mate := range k.list() {
			if mate.Email == "ann@example.com" {
				_, err = k.a.UpdateTeammate(ctx, k.owner, k.brand.AppID, mate.TeammateId, wire.TeammateBase{AppAccessLevel: &level})
				k.must(err)
			}
		}
		r, err := k.a.AcceptInvitation(ctx, ann, "", code)
		if err != nil || r.InvitationStatus != wire.InvitationStatusAccepted || person(k.T, k.a, ann.Account).Grants[0].Level != level {
			k.Errorf("%v, %v", r, err)
		}
	})
}

// Either the acceptance came first, or it was refused.
func TestNobodyJoinsByASenderWhoIsGone(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		for round := range 15 {
			bob, bobMate := k.join(fmt.Sprintf("bob%d@example.com", round), wire.AppAccessLevelOwner)
			annMate, code := k.invite(bob, fmt.Sprintf("ann%d@example.com", round), wire.AppAccessLevelOwner)
			ann := signUp(k.T, k.a, annMate.Email)
			parallel(2, func(i int) {
				if i == 0 {
					k.must(k.a.RemoveTeammate(ctx, k.owner, k.brand.AppID, bobMate.TeammateId))
				} else if _, err := k.a.AcceptInvitation(ctx, ann, "", code); err != nil {
					k.want(err, fault.Forbidden)
				}
			})
			var joined, gone int64
			k.must(k.d.Read(ctx, func(tx *db.Tx) error {
				events, err := event.Read(tx, k.brand.ID, 0, 100_000)
				for _, e := range events {
					switch {
					case e.Name == "teammate.invite.accepted" && e.Subject == "teammate/"+annMate.TeammateId:
						joined = e.Position
					case e.Name == "teammate.deleted" && e.Subject == "teammate/"+bobMate.TeammateId:
						gone = e.Position
					}
				}
				return err
			}))
			if gone == 0 || joined > gone {
				k.Fatalf("the sender was gone at %d, the acceptance came at %d", gone, joined)
			}
		}
	})
}

func TestANewInvitationReplacesTheOpenOne(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		first, old := k.invite(k.owner, "ann@example.com", wire.AppAccessLevelOwner)
		second, code := k.invite(k.owner, "ann@example.com", wire.AppAccessLevelSupport)
		if first.TeammateId != second.TeammateId || old == code {
			k.Errorf("%v, then %v", first, second)
		}
		ann := signUp(k.T, k.a, "ann@example.com")
		_, err := k.a.AcceptInvitation(ctx, ann, "", old)
		k.want(err, fault.NotFound)
		_, err = k.a.Invitation(ctx, "", old)
		k.want(err, fault.NotFound)
		_, err = k.a.AcceptInvitation(ctx, ann, "", code)
		k.must(err)
		if g := person(k.T, k.a, ann.Account).Grants; len(g) != 1 || g[0].Level != wire.AppAccessLevelSupport {
			k.Errorf("%+v", g)
		}
	})
}

func TestAnInvitationIsForItsVerifiedAddressAndForAPerson(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		_, code := k.invite(k.owner, "ann@example.com", wire.AppAccessLevelOwner)
		ann, eve := signUp(k.T, k.a, "ann@example.com"), signUp(k.T, k.a, "eve@example.com")
		_, err := k.a.AcceptInvitation(ctx, eve, "", code)
		k.want(err, fault.Forbidden)
		k.must(k.d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update accounts set verified = false where id = $1`, ann.Account)
			return err
		}))
		_, err = k.a.AcceptInvitation(ctx, ann, "", code)
		k.want(err, fault.Forbidden)
		if open, err := k.a.Invitations(ctx, ann); err != nil || len(open) != 0 {
			k.Errorf("an unverified address sees %v, %v", open, err)
		}
		k.must(k.d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update accounts set verified = true where id = $1`, ann.Account)
			return err
		}))
		for name, c := range map[string]*account.Caller{
			"nobody": {}, "an app": {Kind: account.App, Account: ann.Account, OAuthApp: "1"},
			"a delegated token": {Kind: account.Person, Account: ann.Account, OAuthApp: "1"},
		} {
			if _, err := k.a.AcceptInvitation(ctx, c, "", code); fault.KindOf(err) != fault.Forbidden {
				k.Errorf("%s accepts: %v", name, err)
			}
			if _, err := k.a.AcceptInvitations(ctx, c); fault.KindOf(err) != fault.Forbidden {
				k.Errorf("%s accepts: %v", name, err)
			}
			if _, err := k.a.Invitations(ctx, c); fault.KindOf(err) != fault.Forbidden {
				k.Errorf("%s lists: %v", name, err)
			}
		}
		k.checkLog()
	})
}

func TestAnInvitationDiesAfterThirtyDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTeam(t, dbtest.SQLite(t))
		ctx := t.Context()
		mate, code := k.invite(k.owner, "ann@example.com", wire.AppAccessLevelOwner)
		ann := signUp(t, k.a, "ann@example.com")
		time.Sleep(30*24*time.Hour - time.Second)
		if i, err := k.a.Invitation(ctx, "", code); err != nil || i.Status != wire.InvitationStatusPending {
			t.Errorf("%v, %v", i, err)
		}
		time.Sleep(time.Second)
		if i, err := k.a.Invitation(ctx, "", code); err != nil || i.Status != wire.InvitationStatusExpired {
			t.Errorf("%v, %v", i, err)
		}
		r, err := k.a.AcceptInvitation(ctx, ann, "", code)
		if err != nil || r.InvitationStatus != wire.InvitationStatusExpired || len(person(t, k.a, ann.Account).Grants) != 0 {
			t.Errorf("%v, %v", r, err)
		}
		if open, err := k.a.Invitations(ctx, ann); err != nil || len(open) != 0 {
			t.Errorf("%v, %v", open, err)
		}
		if got, err := k.a.Teammate(ctx, k.owner, k.brand.AppID, mate.TeammateId); err != nil || got.InvitationStatus != wire.InvitationStatusExpired {
			t.Errorf("%v, %v", got, err)
		}
		_, code = k.invite(k.owner, "ann@example.com", wire.AppAccessLevelOwner)
		if r, err = k.a.AcceptInvitation(ctx, ann, "", code); err != nil || r.InvitationStatus != wire.InvitationStatusAccepted {
			t.Errorf("%v, %v", r, err)
		}
	})
}

func TestChangingTheTeamNeedsARecentSignIn(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		email, level := "ann@example.com", wire.AppAccessLevelSupport
		_, mate := k.join("bob@example.com", wire.AppAccessLevelSupport)
		in := wire.CreateTeammate{Email: &email, AppAccessLevel: &level}
		stale := *k.owner
		stale.Authenticated = time.Now().Add(-account.StepUp - time.Minute)
		for name, call := range map[string]func() error{
			"Invite":      func() error { _, err := k.a.Invite(ctx, &stale, k.brand.AppID, in); return err },
			"GrantAccess": func() error { _, err := k.a.GrantAccess(ctx, &stale, k.brand.AppID, in); return err },
			"UpdateTeammate": func() error {
				_, err := k.a.UpdateTeammate(ctx, &stale, k.brand.AppID, mate.TeammateId, wire.TeammateBase{})
				return err
			},
			"RemoveTeammate": func() error { return k.a.RemoveTeammate(ctx, &stale, k.brand.AppID, mate.TeammateId) },
		} {
			if err := call(); fault.KindOf(err) != fault.Forbidden || !strings.Contains(err.Error(), "Sign in again") {
				k.Errorf("%s: %v", name, err)
			}
		}
		if _, err := k.a.Teammates(ctx, &stale, k.brand.AppID); err != nil {
			k.Error("reading asks for a recent sign-in:", err)
		}
	})
}

// A caller whose own rights were read before they lost them cannot use them any more.
func TestWhoLostTheRightAMomentAgoChangesNothing(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		ann, mate := k.join("ann@example.com", wire.AppAccessLevelOwner)
		k.must(k.a.SetMember(ctx, k.owner, k.brand.ID, ann.Account, wire.AppAccessLevelIntegrator, nil))
		email, level := "eve@example.com", wire.AppAccessLevelOwner
		_, err := k.a.Invite(ctx, ann, k.brand.AppID, wire.CreateTeammate{Email: &email, AppAccessLevel: &level})
		k.want(err, fault.Forbidden)
		_, err = k.a.UpdateTeammate(ctx, ann, k.brand.AppID, mate.TeammateId, wire.TeammateBase{AppAccessLevel: &level})
		k.want(err, fault.Forbidden)
		k.must(k.a.RemoveTeammate(ctx, k.owner, k.brand.AppID, mate.TeammateId))
		k.want(k.a.RemoveTeammate(ctx, ann, k.brand.AppID, fmt.Sprint(k.owner.Account)), fault.Forbidden)
		k.checkLog()
	})
}

func TestOnePersonSendsSoManyInvitationsADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTeam(t, dbtest.SQLite(t))
		level := wire.AppAccessLevelSupport
		invite := func(n int) error {
			email := fmt.Sprintf("a%d@example.com", n)
			mate, err := k.a.Invite(t.Context(), k.owner, k.brand.AppID, wire.CreateTeammate{Email: &email, AppAccessLevel: &level})
			if err == nil {
				err = k.a.RemoveTeammate(t.Context(), k.owner, k.brand.AppID, mate.TeammateId) // makes no room
			}
			return err
		}
		for n := range 200 {
			k.must(invite(n))
		}
		k.want(invite(200), fault.TooMany)
		time.Sleep(24*time.Hour + time.Second)
		k.must(invite(200))
	})
}

func TestWhoIsInvitedSignsUpWithTheCode(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		a := account.New(k.d, event.NewLog(k.d), account.Config{SignUp: account.SignUpInvite, Hashing: cheap, Mail: k.box}) // another node, where nobody signs up alone
		_, code := k.invite(k.owner, "ann@example.com", wire.AppAccessLevelSupport)
		if i, err := a.Invitation(ctx, "bella", code); err != nil || !i.IsNewUser || i.Email != "ann@example.com" || i.BrandName != "Bella" {
			k.Errorf("%+v, %v", i, err)
		}
		for field, n := range map[string]account.NewAccount{"Password": {Password: "short"}, "Name": {Name: "\x00", Password: "correct horse"}} {
			_, err := a.Join(ctx, account.Visitor{}, code, n)
			wantField(k.T, err, field)
		}
		_, err := a.Join(ctx, account.Visitor{}, "cmd_in_"+strings.Repeat("A", 43), account.NewAccount{Password: "correct horse"})
		k.want(err, fault.NotFound)

		var joined atomic.Int32
		var session atomic.Pointer[account.Session]
		parallel(8, func(int) {
			in, err := a.Join(ctx, account.Visitor{}, code, account.NewAccount{Email: "eve@example.com", Name: "Ann", Password: "correct horse"})
			if err == nil {
				joined.Add(1)
				session.Store(&in.Session)
			} else if kind := fault.KindOf(err); kind != fault.Conflict {
				k.Error(err)
			}
		})
		if joined.Load() != 1 {
			k.Fatalf("%d joined", joined.Load())
		}
		p, err := a.Profile(ctx, session.Load().Account)
		if err != nil || p.Email != "ann@example.com" || !p.Verified || p.Name != "Ann" {
			k.Errorf("%+v, %v", p, err)
		}
		if g := person(k.T, a, p.Account).Grants; len(g) != 1 || g[0].Level != wire.AppAccessLevelSupport {
			k.Errorf("%+v", g)
		}
		if _, err := a.SignInPassword(ctx, account.Visitor{}, "ann@example.com", "correct horse"); err != nil {
			k.Error(err)
		}
		if n := len(logged(k.T, k.d, k.brand.ID, "teammate.invite.accepted")); n != 1 {
			k.Errorf("%d events", n)
		}
		k.checkLog()
	})
}

// Somebody who signs up with an address that is not theirs gains nothing when its owner is invited.
func TestJoiningTakesOverAnAccountThatNobodyVerified(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		eve, err := k.a.SignUp(ctx, &account.Caller{}, account.NewAccount{Email: "ann@example.com", Password: "eve's password"})
		k.must(err)
		_, code := k.invite(k.owner, "ann@example.com", wire.AppAccessLevelOwner)
		if i, err := k.a.Invitation(ctx, "", code); err != nil || !i.IsNewUser {
			k.Errorf("%+v, %v", i, err)
		}
		in, err := k.a.Join(ctx, account.Visitor{}, code, account.NewAccount{Password: "ann's password"})
		if err != nil || in.Session.Account != eve {
			k.Fatal(in, err)
		}
		if _, err := k.a.SignInPassword(ctx, account.Visitor{}, "ann@example.com", "eve's password"); err == nil {
			k.Error("the password from before works")
		}
		_, err = k.a.Join(ctx, account.Visitor{}, code, account.NewAccount{Password: "ann's password"})
		k.want(err, fault.Conflict)
	})
}

// A token whose scopes leave the right to manage teammates, and little else, gives nobody more than that.
func TestAScopeBoundsWhatItsTokenGives(t *testing.T) {
	eachTeam(t, func(k *team) {
		ctx := context.Background()
		_, ann := k.join("ann@example.com", wire.AppAccessLevelIntegrator)
		_, none := k.join("bob@example.com", wire.AppAccessLevelNone)
		narrow := *k.owner
		g, _ := narrow.GrantOn(k.brand.ID)
		g.Only = []account.Right{account.EditTeammates, account.ReadApp}
		narrow.Grants = []account.Grant{g}
		for _, level := range []wire.AppAccessLevel{wire.AppAccessLevelOwner, wire.AppAccessLevelSupport} {
			email := "eve@example.com"
			_, err := k.a.Invite(ctx, &narrow, k.brand.AppID, wire.CreateTeammate{Email: &email, AppAccessLevel: &level})
			k.want(err, fault.Forbidden)
			_, err = k.a.UpdateTeammate(ctx, &narrow, k.brand.AppID, none.TeammateId, wire.TeammateBase{AppAccessLevel: &level})
			k.want(err, fault.Forbidden)
		}
		level := wire.AppAccessLevelNone
		_, err := k.a.UpdateTeammate(ctx, &narrow, k.brand.AppID, ann.TeammateId, wire.TeammateBase{AppAccessLevel: &level})
		k.want(err, fault.Forbidden)
		k.want(k.a.RemoveTeammate(ctx, &narrow, k.brand.AppID, ann.TeammateId), fault.Forbidden)
		k.must(k.a.RemoveTeammate(ctx, &narrow, k.brand.AppID, none.TeammateId))
	})
}
