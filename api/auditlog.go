package api

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

// AuditEntry is an entry of the audit log. The log is ours, so its shape is.
type AuditEntry struct {
	Key        string    `doc:"Names the entry; newer ones have greater keys."`
	Time       wire.Time `doc:"When it happened."`
	Action     string    `doc:"What was done, such as oauthapp.secret.revealed."`
	Target     string    `doc:"What it was done to, such as oauthapp/1234567890123456789012."`
	Detail     string    `doc:"More words for people; may be empty."`
	UserId     int       `doc:"The account that did it, or the creator of the OAuth app that did; 0 is Comanda itself."`
	OauthAppId *string   `nullable:"true" doc:"The OAuth app whose token was used; null when a person was signed in."`
	Name       string    `doc:"The name of the person or the OAuth app at that time."`
	IpAddress  *string   `nullable:"true" doc:"Where the request came from; null when unknown."`
}

// AuditQuery is the filter of the audit log, to be embedded.
type AuditQuery struct {
	Action  string              `query:"action" maxLength:"200" doc:"What the action begins with, such as oauthapp."`
	Account int                 `query:"account" minimum:"0" doc:"Only what this account did."`
	From    Optional[wire.Time] `query:"from" doc:"Included."`
	To      Optional[wire.Time] `query:"to" doc:"Not included."`
	Before  string              `query:"before" maxLength:"36" doc:"The Key of the last entry that was read: goes on behind it. The log may grow meanwhile."`
	Limit   int                 `query:"limit" default:"20" minimum:"1" doc:"Entries a page; more than 100 is taken as 100."`
}

func (q AuditQuery) filter() account.AuditFilter {
	f := account.AuditFilter{Action: q.Action, Account: q.Account, Before: q.Before, Limit: min(q.Limit, 100)}
	if t := q.From.Ptr(); t != nil {
		f.From = t.Time
	}
	if t := q.To.Ptr(); t != nil {
		f.To = t.Time
	}
	return f
}

type auditLogIn struct {
	AppPath
	AuditQuery
}

type auditLogOut struct {
	Body wire.Result[[]AuditEntry]
}

func answerAuditLog(entries []account.AuditEntry, err error) (*auditLogOut, error) {
	if err != nil {
		return nil, err
	}
	out := &auditLogOut{wire.Result[[]AuditEntry]{Data: make([]AuditEntry, len(entries))}}
	for i, e := range entries {
		out.Body.Data[i] = AuditEntry{
			Key: e.Key, Time: wire.At(e.At), Action: e.Action, Target: e.Target, Detail: e.Detail, UserId: e.Account,
			OauthAppId: textOrNull(e.OAuthApp), Name: e.Name, IpAddress: textOrNull(e.IPAddress),
		}
	}
	return out, nil
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (s *server) getAuditLog(ctx context.Context, c *account.Caller, in *auditLogIn) (*auditLogOut, error) {
	return answerAuditLog(s.Accounts.AuditLog(ctx, c, in.AppID, in.filter()))
}

func (s *server) getOwnAuditLog(ctx context.Context, c *account.Caller, in *AuditQuery) (*auditLogOut, error) {
	return answerAuditLog(s.Accounts.OwnAuditLog(ctx, c, in.filter()))
}
