package account

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// AuditEntry says who did what to what, from where and when.
type AuditEntry struct {
	Key       string // names the entry; keys rise with time
	Account   int    // the person, or the creator of the OAuth app that acted; 0 = Comanda itself
	OAuthApp  string // the OAuth app whose token was used, if any
	Name      string // of the person or the app at that time
	Action    string // such as oauthapp.secret.revealed
	Target    string // such as oauthapp/1234567890123456789012
	Detail    string // more words for people, never a secret; may be empty
	IPAddress string // empty when unknown
	At        time.Time
}

// maxAuditDetail bounds what one entry keeps of a detail, in bytes: callers may put what others wrote into it.
const maxAuditDetail = 2000

// Audit appends an entry to the audit log when tx commits: the caller did action to target. brand is the brand that it
// concerns, 0 for the caller's own account. Neither target nor detail ever holds a secret. Nothing changes or deletes an
// entry.
func (a *Accounts) Audit(tx *db.Tx, c *Caller, brand int, action, target, detail string) error {
	key, err := uuid.NewV7()
	if err != nil {
		return err
	}
	if len(detail) > maxAuditDetail {
		detail = strings.ToValidUTF8(detail[:maxAuditDetail], "") + "…"
	}
	_, err = tx.Exec(sqlInsertAudit, key.String(), brand, c.Account, c.OAuthApp, c.EventName(), action, target, detail, c.IP,
		clock.Micros(clock.Now()))
	return wrap("audit "+action, err)
}

// AuditFilter narrows the audit log; its zero value has all of it.
type AuditFilter struct {
	Action   string    // what the action begins with
	Account  int       // 0 = anybody
	From, To time.Time // From included, To not; zero = no bound
	Before   string    // the key of an entry: only what is older, which is how a reader goes on
	Limit    int       // entries to return, 1 at least
}

// auditText bounds what a filter may look for, in bytes.
const auditText = 200

// AuditLog reads what was done to a brand, newest first. Right: EditTeammates.
func (a *Accounts) AuditLog(ctx context.Context, c *Caller, appID string, f AuditFilter) ([]AuditEntry, error) {
	b, err := a.Open(ctx, c, appID, EditTeammates)
	if err != nil {
		return nil, err
	}
	return a.readAudit(ctx, b.ID, f)
}

// OwnAuditLog reads what the caller did to their own account, newest first. It is for the person, not for tokens that
// they gave to an app.
func (a *Accounts) OwnAuditLog(ctx context.Context, c *Caller, f AuditFilter) ([]AuditEntry, error) {
	if c.Kind != Person || c.OAuthApp != "" {
		return nil, fault.New(fault.Forbidden, "This is for a person who is signed in.").With("Sign in to the portal.")
	}
	f.Account = c.Account
	return a.readAudit(ctx, 0, f)
}

// lastAuditKey is behind the key of every entry.
const lastAuditKey = "ffffffff-ffff-ffff-ffff-ffffffffffff"

func (a *Accounts) readAudit(ctx context.Context, brand int, f AuditFilter) ([]AuditEntry, error) {
	var bad fault.Collector
	if f.Before == "" {
		f.Before = lastAuditKey
	} else if key, err := uuid.Parse(f.Before); err != nil || key.String() != f.Before {
		bad.Add("before", "%.40q is not the Key of an entry of this log", f.Before)
	}
	if len(f.Action) > auditText || !utf8.ValidString(f.Action) || strings.ContainsRune(f.Action, 0) {
		bad.Add("action", "write the beginning of an action, such as oauthapp.secret")
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	from, to := int64(0), int64(1<<62)
	if !f.From.IsZero() {
		from = clock.Micros(f.From)
	}
	if !f.To.IsZero() {
		to = clock.Micros(f.To)
	}
	var out []AuditEntry
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		out = []AuditEntry{}
		stmt, args := sqlAudit, []any{brand, f.Before, f.Action, utf8.RuneCountInString(f.Action), from, to, f.Limit}
		if f.Account != 0 {
			stmt, args = sqlAuditOf, append(args, f.Account)
		}
		rows, err := tx.Query(stmt, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var e AuditEntry
			var at int64
			if err := rows.Scan(&e.Key, &e.Account, &e.OAuthApp, &e.Name, &e.Action, &e.Target, &e.Detail, &e.IPAddress, &at); err != nil {
				return err
			}
			e.At = clock.FromMicros(at)
			out = append(out, e)
		}
		return rows.Err()
	})
	return out, wrap("audit log", err)
}
