package account_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

// audit writes entries, one transaction each.
func audit(t *testing.T, d *db.DB, a *account.Accounts, c *account.Caller, brand int, actions ...string) {
	t.Helper()
	for _, action := range actions {
		err := d.Write(context.Background(), func(tx *db.Tx) error { return a.Audit(tx, c, brand, action, "thing/1", "") })
		if err != nil {
			t.Fatal(err)
		}
	}
}

func actionsOf(entries []account.AuditEntry) (out []string) {
	for _, e := range entries {
		out = append(out, e.Action)
	}
	return out
}

func TestAuditLogIsReadNewestFirstAndInPages(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *account.Accounts) {
		ctx := context.Background()
		owner, b := newBrand(t, a, "Bella")
		other, otherBrand := newBrand(t, a, "Roma")
		owner.IP = "192.0.2.7"
		audit(t, d, a, owner, b.ID, "a.1", "a.2", "b.1", "a.3", "a_4")
		audit(t, d, a, other, otherBrand.ID, "a.foreign")
		audit(t, d, a, owner, 0, "own.1")
		audit(t, d, a, other, 0, "own.2")
		audit(t, d, a, system, b.ID, "s.1")

		read := func(f account.AuditFilter) []account.AuditEntry {
			t.Helper()
			if f.Limit == 0 {
				f.Limit = 100
			}
			out, err := a.AuditLog(ctx, owner, b.AppID, f)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		all := []string{"s.1", "a_4", "a.3", "b.1", "a.2", "a.1", "app.created"}
		whole := read(account.AuditFilter{})
		if got := actionsOf(whole); !slices.Equal(got, all) {
			t.Errorf("the whole log is %v", got)
		}
		if e := whole[1]; e.Account != owner.Account || e.Name != "bella" || e.IPAddress != "192.0.2.7" || e.Target != "thing/1" || e.At.IsZero() {
			t.Errorf("an entry is %+v", e)
		}
		if e := whole[0]; e.Account != 0 || e.Name != "Comanda" {
			t.Errorf("an entry of Comanda itself is %+v", e)
		}

		var paged []string
		before := ""
		for range 10 {
			page := read(account.AuditFilter{Before: before, Limit: 2})
			if len(page) == 0 {
				break
			}
			paged = append(paged, actionsOf(page)...)
			before = page[len(page)-1].Key
			audit(t, d, a, owner, b.ID, "late") // never moves what is older
		}
		if !slices.Equal(paged, all) {
			t.Errorf("the pages together are %v", paged)
		}

		for _, c := range []struct {
			f    account.AuditFilter
			want []string
		}{
			{account.AuditFilter{Action: "a."}, []string{"a.3", "a.2", "a.1"}},
			{account.AuditFilter{Action: "%"}, nil},
			{account.AuditFilter{Account: other.Account}, nil},
			{account.AuditFilter{Account: owner.Account, Action: "b"}, []string{"b.1"}},
			{account.AuditFilter{To: whole[4].At, From: whole[6].At, Action: "a."}, []string{"a.1"}},
			{account.AuditFilter{From: time.Now().Add(time.Hour)}, nil},
		} {
			if got := actionsOf(read(c.f)); !slices.Equal(got, c.want) {
				t.Errorf("%+v finds %v, want %v", c.f, got, c.want)
			}
		}

		for field, f := range map[string]account.AuditFilter{
			"before": {Before: "'; drop", Limit: 1}, "action": {Action: "\x00", Limit: 1},
		} {
			_, err := a.AuditLog(ctx, owner, b.AppID, f)
			wantField(t, err, field)
		}
		own, err := a.OwnAuditLog(ctx, owner, account.AuditFilter{Account: other.Account, Limit: 10})
		if got := actionsOf(own); err != nil || !slices.Equal(got, []string{"own.1"}) {
			t.Errorf("the own log is %v, %v", got, err)
		}
	})
}

func TestAuditLogIsForOwnersAndForThePerson(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *account.Accounts) {
		ctx := context.Background()
		owner, b := newBrand(t, a, "Bella")
		dev := signUp(t, a, "dev@example.com")
		if err := a.SetMember(ctx, owner, b.ID, dev.Account, wire.AppAccessLevelIntegrator, nil); err != nil {
			t.Fatal(err)
		}
		stranger, _ := newBrand(t, a, "Roma")
		for name, c := range map[string]*account.Caller{"an integrator": person(t, a, dev.Account), "a stranger": stranger, "nobody": {}} {
			if _, err := a.AuditLog(ctx, c, b.AppID, account.AuditFilter{Limit: 1}); fault.KindOf(err) != fault.Forbidden {
				t.Errorf("%s reads the log: %v", name, err)
			}
		}
		for name, c := range map[string]*account.Caller{
			"nobody":            {},
			"an app":            {Kind: account.App, Account: owner.Account, OAuthApp: "1"},
			"a delegated token": {Kind: account.Person, Account: owner.Account, OAuthApp: "1"},
		} {
			if _, err := a.OwnAuditLog(ctx, c, account.AuditFilter{Limit: 1}); fault.KindOf(err) != fault.Forbidden {
				t.Errorf("%s reads a person's log: %v", name, err)
			}
		}
	})
}

func TestAnEntryIsThereOnlyIfWhatItReportsIs(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *account.Accounts) {
		ctx := context.Background()
		owner, b := newBrand(t, a, "Bella")
		failed := errors.New("no")
		err := d.Write(ctx, func(tx *db.Tx) error {
			if err := a.Audit(tx, owner, b.ID, "x.done", "x/1", strings.Repeat("é", 5000)); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		if err := a.RemoveMember(ctx, owner, b.ID, owner.Account); fault.KindOf(err) != fault.Conflict {
			t.Fatal(err)
		}
		log, err := a.AuditLog(ctx, owner, b.AppID, account.AuditFilter{Limit: 10})
		if got := actionsOf(log); err != nil || !slices.Equal(got, []string{"app.created"}) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestALongDetailIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		a := account.New(d, event.NewLog(d), account.Config{SignUp: account.SignUpOpen, Hashing: cheap})
		owner, b := newBrand(t, a, "Bella")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			return a.Audit(tx, owner, b.ID, "x.done", "x/1", "."+strings.Repeat("é", 5000))
		})
		if err != nil {
			t.Fatal(err)
		}
		log, err := a.AuditLog(t.Context(), owner, b.AppID, account.AuditFilter{Limit: 1})
		if err != nil || len(log[0].Detail) > 2010 || !strings.HasSuffix(log[0].Detail, "é…") || !log[0].At.Equal(time.Now()) {
			t.Errorf("%d bytes, %v", len(log[0].Detail), err)
		}
	})
}

// The log is append-only because the program has no statement that does anything else to its table.
func TestNoStatementChangesTheAuditLog(t *testing.T) {
	changes := regexp.MustCompile(`(?i)\b(update|delete\s+from|truncate(\s+table)?|replace\s+into|drop\s+table|merge\s+into)\s+"?audit_entries`)
	inserts := regexp.MustCompile(`(?i)insert\s+into\s+audit_entries[^` + "`" + `]*`)
	found := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".sql") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if m := changes.Find(text); m != nil {
			t.Errorf("%s has %q", path, m)
		}
		for _, m := range inserts.FindAll(text, -1) {
			found++
			if strings.Contains(strings.ToLower(string(m)), "conflict") {
				t.Errorf("%s may change an entry: %q", path, m)
			}
		}
		return nil
	})
	if err != nil || found != 1 {
		t.Errorf("%d statements insert into the audit log, want one (%v)", found, err)
	}
}
