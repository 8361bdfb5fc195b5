// Package account knows who may do what: people, brands (the contract's Apps), the level that a person has on a brand,
// and the [Caller] that every protected method of every package takes.
//
// It owns the tables accounts, account_first, sessions, account_sites, account_pins, account_resets, account_totp,
// account_recovery, passkeys, passkey_answers, brands, memberships, teammate_invitations, assets and audit_entries (which is only ever added
// to, see [Accounts.Audit]), and the events app.created, app.updated and teammate.*.
//
// Every business package calls [Accounts.Open] for a path that names a brand and [Caller.Require] for a row it has loaded.
//
//	sign up ─→ account ─(creates a brand, becomes its Owner)→ membership ─→ Grant ─→ Caller
//	          account ─(accepts an invitation to its verified address)→ membership
//	                                       OAuth app of the brand ─(never more than its creator)─→ Grant ─→ Caller
//
// A person proves who they are and gets a session, whose token is the cookie of one browser:
//
//	password, PIN, passkey ─→ (authenticator app or recovery code, if set up) ─→ Session ─→ Caller
package account
