package oauth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/wire"
)

func TestATokenStandsForItsApp(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		id, secret := k.app(k.owner, "POS")
		token := k.token(id, secret)
		if !strings.HasPrefix(token, "cmd_at_") || len(token) != 50 {
			t.Fatal("the token has another form")
		}
		c := k.caller(token)
		if c.Kind != account.App || c.OAuthApp != id || c.Account != k.owner.Account || c.Name != "POS" || c.Email != "" || !c.OwnSecret ||
			len(c.Grants) != 1 || c.Grants[0].Brand != k.brand.ID || c.Grants[0].AppID != "bella" ||
			c.Grants[0].Level != wire.AppAccessLevelOwner || c.Grants[0].Stores != nil || c.Grants[0].Limits != nil {
			t.Fatalf("%+v", c)
		}
		c.IP = "192.0.2.1"
		if again := k.caller(token); again.IP != "" {
			t.Fatal("callers of one token share their request's address")
		}
		// A call about a person is not an app's.
		if _, err := k.accounts.CreateBrand(context.Background(), c, account.NewBrand{Name: "X"}); fault.KindOf(err) != fault.Forbidden {
			t.Error(err)
		}
	})
}

func TestWhatIsNoTokenIsRefused(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		id, secret := k.app(k.owner, "POS")
		token := k.token(id, secret)
		flipped := []byte(token)
		flipped[len(flipped)-3] ^= 1
		for _, s := range []string{
			"", " ", "x", "cmd_at_", secret, strings.ToUpper(token), token + "x", token[:len(token)-1], string(flipped), " " + token,
			"cmd_at_" + strings.Repeat("A", 43), "cmd_at_" + strings.Repeat("\x00", 43), "cmd_at_" + strings.Repeat("'", 43),
		} {
			k.refused(k.Server, s)
		}
		if n := k.verified.Len(); n != 0 {
			t.Fatalf("%d refused tokens are remembered", n)
		}
	})
}

// The token's text and the app's secret are nowhere in the database.
func TestTokensAndSecretsAreNotStoredInTheClear(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		id, secret := k.app(k.owner, "POS")
		token := k.token(id, secret)
		for _, q := range []string{
			`select token_key, digest, kind, levels, stores from oauth_tokens`,
			`select oauth_app_id, digest, sealed, '', '' from oauth_secrets`,
		} {
			k.must(k.db.Read(context.Background(), func(tx *db.Tx) error {
				var cols [5][]byte
				if err := tx.QueryRow(q).Scan(&cols[0], &cols[1], &cols[2], &cols[3], &cols[4]); err != nil {
					return err
				}
				all := fmt.Sprintf("%q", cols)
				for _, s := range []string{token, token[7:], secret, secret[7:]} {
					if strings.Contains(all, s) {
						t.Errorf("%s holds %s…", q, s[:6])
					}
				}
				return nil
			}))
		}
		// Under another master key the secret neither matches nor opens.
		k.key = make([]byte, 32)
		_, other := k.node()
		if _, err := other.Secret(context.Background(), k.owner, "bella", id); err == nil {
			t.Error("the secret opened under another master key")
		}
		k.Server = other
		if a := k.post("grant_type=client_credentials", id, secret); a.status != 401 {
			t.Errorf("the secret matches under another pepper: %v", a)
		}
	})
}

// A token never does more than its app's owner may do at that moment.
func TestATokenFollowsItsOwnersLevel(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		dev := k.member(wire.AppAccessLevelIntegrator)
		id, secret := k.app(dev, "POS")
		token := k.token(id, secret)
		has := func(r account.Right) bool { return k.caller(token).Require(r, k.brand.ID, 0) == nil }
		if !has(account.EditOrders) || !has(account.Develop) || has(account.RefundOrders) || has(account.EditApp) {
			t.Fatal("an Integrator's app must have an Integrator's rights")
		}
		// A rise of its owner does not lift the app above what it was made with.
		k.must(k.accounts.SetMember(ctx, k.owner, k.brand.ID, dev.Account, wire.AppAccessLevelOwner, nil))
		if has(account.RefundOrders) {
			t.Fatal("the app rose with its owner")
		}
		k.must(k.accounts.SetMember(ctx, k.owner, k.brand.ID, dev.Account, wire.AppAccessLevelStoreStaff, []int{7}))
		if has(account.Develop) || has(account.EditStores) || !has(account.EditOrders) {
			t.Fatal("the app kept what its owner lost")
		}
		if c := k.caller(token); c.Require(account.ReadOrders, k.brand.ID, 7) != nil || c.Require(account.ReadOrders, k.brand.ID, 8) == nil {
			t.Fatal("the app reaches stores that its owner does not")
		}
		k.must(k.accounts.RemoveMember(ctx, k.owner, k.brand.ID, dev.Account))
		k.refused(k.Server, token)
		if a := k.post("grant_type=client_credentials", id, secret); a.status != 400 || a.body["error"] != "unauthorized_client" {
			t.Fatal(a)
		}
	})
}

// No way leads from a token to more than it has: neither a new app, nor a token of another app, nor a secret.
func TestATokenCannotRaiseItself(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		ownersApp, _ := k.app(k.owner, "Owner's")
		dev := k.member(wire.AppAccessLevelIntegrator)

		// A person below Owner may press the button for an Owner's app, and gets no more than they have.
		token, err := k.AccessToken(ctx, dev, "bella", ownersApp)
		k.must(err)
		c := k.caller(token)
		if c.Kind != account.App || c.Account != dev.Account || c.OwnSecret {
			t.Fatalf("%+v", c)
		}
		if c.Require(account.RefundOrders, k.brand.ID, 0) == nil || c.Require(account.EditOrders, k.brand.ID, 0) != nil {
			t.Fatal("the button gave an Integrator another's rights")
		}
		for name, err := range map[string]error{
			"the secret of the token's app": second(k.Secret(ctx, c, "bella", ownersApp)),
			"a token of the token's app":    second(k.AccessToken(ctx, c, "bella", ownersApp)),
			"a new secret":                  second(k.RotateSecret(ctx, c, "bella", ownersApp)),
		} {
			if fault.KindOf(err) != fault.Forbidden {
				t.Errorf("%s: %v", name, err)
			}
		}
		// An app made by such a token is bounded by it, although the owner on record may do more.
		made, madeSecret := k.app(c, "Made by a token")
		if m := k.caller(k.token(made, madeSecret)); m.Require(account.RefundOrders, k.brand.ID, 0) == nil {
			t.Fatal("an app made by a token has more than the token")
		}

		// An Integrator's own app: reads its own secret, but not another's.
		mine, mySecret := k.app(dev, "Mine")
		own := k.caller(k.token(mine, mySecret))
		if s, err := k.Secret(ctx, own, "bella", mine); err != nil || s != mySecret {
			t.Errorf("an app cannot read its own secret: %v", err)
		}
		if _, err := k.AccessToken(ctx, own, "bella", mine); err != nil {
			t.Errorf("an app cannot make a token of its own: %v", err)
		}
		if _, err := k.Secret(ctx, own, "bella", ownersApp); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("an Integrator's app reads an Owner's secret: %v", err)
		}
		// A delegated token reads no credentials, whoever granted it.
		delegated := *k.owner
		delegated.OAuthApp = ownersApp
		for name, err := range map[string]error{
			"secret": second(k.Secret(ctx, &delegated, "bella", ownersApp)),
			"token":  second(k.AccessToken(ctx, &delegated, "bella", ownersApp)),
		} {
			if fault.KindOf(err) != fault.Forbidden {
				t.Errorf("delegated, %s: %v", name, err)
			}
		}
		// Who pressed the button loses the token with the level.
		k.must(k.accounts.RemoveMember(ctx, k.owner, k.brand.ID, dev.Account))
		k.refused(k.Server, token)
	})
}

func second[T any](_ T, err error) error { return err }

func TestTokensAreListedAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, secret := k.app(k.owner, "POS")
		var tokens []string
		for range 5 {
			tokens = append(tokens, k.token(id, secret))
		}
		page, total, err := k.Tokens(ctx, k.owner, "bella", id, 1, 2)
		if err != nil || total != 5 || len(page) != 2 {
			t.Fatal(page, total, err)
		}
		if m := page[0]; m.TokenType != "access_token" || m.ClientId != id || m.SubjectId != fmt.Sprint(k.owner.Account) || m.Key == "" ||
			time.Until(m.Expiry.Time).Round(time.Hour) != time.Hour {
			t.Fatalf("%+v", m)
		}
		last, _, err := k.Tokens(ctx, k.owner, "bella", id, 3, 2)
		if err != nil || len(last) != 1 || last[0].Key == page[0].Key {
			t.Fatal(last, err)
		}
		for _, token := range tokens {
			k.caller(token)
		}
		k.must(k.RevokeToken(ctx, k.owner, "bella", page[0].Key)) // the newest
		k.refused(k.Server, tokens[4])                            // at once on this node
		for _, token := range tokens[:4] {
			k.caller(token)
		}
		if err := k.RevokeToken(ctx, k.owner, "bella", page[0].Key); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		if _, total, _ := k.Tokens(ctx, k.owner, "bella", id, 1, 2); total != 4 {
			t.Errorf("%d tokens after one was revoked", total)
		}
	})
}

// One winner when many revoke at once, and the token is dead for everybody afterwards.
func TestParallelRevocation(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, secret := k.app(k.owner, "POS")
		token := k.token(id, secret)
		list, _, err := k.Tokens(ctx, k.owner, "bella", id, 1, 1)
		k.must(err)
		won := make([]bool, 64)
		parallel(64, func(i int) {
			if i%2 == 0 {
				won[i] = k.RevokeToken(ctx, k.owner, "bella", list[0].Key) == nil
				return
			}
			_, _ = k.Authenticate(ctx, Bearer(token))
		})
		n := 0
		for _, w := range won {
			if w {
				n++
			}
		}
		if n != 1 {
			t.Fatalf("%d revocations of one token succeeded", n)
		}
		k.refused(k.Server, token)
	})
}

// Another node sees a revocation, a lost level and a disabled brand within two seconds, by the clock of a bubble.
func TestOtherNodesFollowWithinTwoSeconds(t *testing.T) {
	for name, change := range map[string]func(ctx context.Context, k *kit, id string, dev *account.Caller) error{
		"revoked": func(ctx context.Context, k *kit, id string, _ *account.Caller) error {
			list, _, err := k.Tokens(ctx, k.owner, "bella", id, 1, 1)
			if err != nil {
				return err
			}
			return k.RevokeToken(ctx, k.owner, "bella", list[0].Key)
		},
		"app deleted": func(ctx context.Context, k *kit, id string, _ *account.Caller) error {
			return k.DeleteApp(ctx, k.owner, "bella", id)
		},
		"owner removed": func(ctx context.Context, k *kit, _ string, dev *account.Caller) error {
			return k.accounts.RemoveMember(ctx, k.owner, k.brand.ID, dev.Account)
		},
		"brand disabled": func(ctx context.Context, k *kit, _ string, _ *account.Caller) error {
			return k.accounts.SetDisabled(ctx, system, k.brand.ID, true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t, dbtest.SQLite(t))
				_, there := k.node()
				dev := k.member(wire.AppAccessLevelIntegrator)
				id, secret := k.app(dev, "POS")
				token := k.token(id, secret)
				k.caller(token)
				for range 20 { // used all the time, which must not prolong what is remembered
					if _, err := there.Authenticate(t.Context(), Bearer(token)); err != nil {
						t.Fatal(err)
					}
					time.Sleep(100 * time.Millisecond)
				}
				k.must(change(t.Context(), k, id, dev))
				k.refused(k.Server, token)
				for range 15 {
					_, _ = there.Authenticate(t.Context(), Bearer(token))
					time.Sleep(100 * time.Millisecond)
				}
				k.refused(there, token)
			})
		})
	}
}

func TestAnExpiredTokenIsDeadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, dbtest.SQLite(t))
		id, secret := k.app(k.owner, "POS")
		k.must(k.UpdateApp(t.Context(), k.owner, "bella", id, wire.OAuthApp{AccessTokenLifetime: wire.P(60)}))
		token := k.token(id, secret)
		time.Sleep(59 * time.Second)
		k.caller(token) // remembered now, for longer than it lives
		time.Sleep(time.Second)
		k.refused(k.Server, token)
		if list, total, err := k.Tokens(t.Context(), k.owner, "bella", id, 1, 20); err != nil || total != 0 || len(list) != 0 {
			t.Fatal(list, total, err)
		}
	})
}

func TestSweepDeletesWhatExpired(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := context.Background()
		id, secret := k.app(k.owner, "POS")
		for range 3 {
			k.token(id, secret)
		}
		live := k.token(id, secret)
		k.must(k.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update oauth_tokens set expires_at = 1 where digest in (select digest from oauth_tokens order by created_at limit 3)`)
			return err
		}))
		if n, err := k.sweepOnce(ctx); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := k.sweepOnce(ctx); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		k.caller(live)
	})
}

func TestRunStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, dbtest.SQLite(t))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- k.Run(ctx) }()
		id, secret := k.app(k.owner, "POS")
		k.must(k.UpdateApp(ctx, k.owner, "bella", id, wire.OAuthApp{AccessTokenLifetime: wire.P(60)}))
		k.token(id, secret)
		time.Sleep(3 * time.Minute)
		var n int
		k.must(k.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(`select count(*) from oauth_tokens`).Scan(&n) }))
		if n != 0 {
			t.Errorf("%d expired tokens are left", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestNobodyIsLetInWhileTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, dbtest.SQLite(t))
		id, secret := k.app(k.owner, "POS")
		token := k.token(id, secret)
		k.caller(token)
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // stands for a database that does not answer
		if _, err := k.Authenticate(ctx, Bearer(token)); err != nil {
			t.Fatalf("what was read a moment ago must do: %v", err)
		}
		time.Sleep(verifyTTL)
		if c, err := k.Authenticate(ctx, Bearer(token)); err == nil || c != nil || fault.KindOf(err) == fault.Unauthenticated || !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, %v", c, err)
		}
	})
}
