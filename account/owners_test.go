package account_test

import (
	"context"
	"testing"

	"comanda/internal/db"
	"comanda/wire"
)

// A message about something that a person made goes to that person, or to the Owners when they have no say there any more.
func TestMailGoesToAMemberOrElseToTheOwners(t *testing.T) {
	eachTeam(t, func(k *team) {
		stranger, _ := newBrand(t, k.a, "Other")
		member, _ := k.join("dev@example.com", wire.AppAccessLevelIntegrator)
		name := func(id int) (email string) {
			k.must(k.d.Read(context.Background(), func(tx *db.Tx) (err error) { _, email, err = k.a.Known(tx, id); return err }))
			return email
		}
		for subject, to := range map[string]int{"to a member": member.Account, "to a stranger": stranger.Account, "to nobody": 0} {
			k.must(k.d.Write(context.Background(), func(tx *db.Tx) error { return k.a.MailMember(tx, k.brand.ID, to, subject, "text") }))
		}
		for {
			n, err := k.box.RunOnce(context.Background())
			k.must(err)
			if n == 0 {
				break
			}
		}
		got := map[string]string{}
		for _, m := range k.sent.Messages() {
			got[m.Subject] = m.To
		}
		owner := name(k.owner.Account)
		for subject, want := range map[string]string{"to a member": "dev@example.com", "to a stranger": owner, "to nobody": owner} {
			if got[subject] != want {
				t.Errorf("%s: %q", subject, got[subject])
			}
		}
	})
}
