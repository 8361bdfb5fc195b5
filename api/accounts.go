package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/store"
	"comanda/wire"
)

// visitorOf is where a call that signs somebody in comes from.
func (s *server) visitorOf(ctx context.Context) account.Visitor {
	r := callOf(ctx).r
	return account.Visitor{Address: s.Origin.ClientIP(r), Agent: r.UserAgent(), Session: web.SessionToken(r)}
}

// answerSignedIn keeps the outcome of a sign-in in the browser. One that wants a second factor is refused, with its handle in the
// step cookie for LoginWithCode.
func answerSignedIn(ctx context.Context, in account.SignedIn, err error) (*none, error) {
	if err != nil {
		return nil, err
	}
	w := &callOf(ctx).w
	if in.Pending != "" {
		web.SetStep(w, in.Pending)
		return nil, fault.New(fault.Forbidden, "This account asks for a code of an authenticator app as well.").
			With("Send it to POST /api/v1.0/accounts/login/code with the cookies of this answer, or sign in at /identity/login.")
	}
	web.SetSession(w, in.Token)
	web.SetStep(w, "")
	return &none{}, nil
}

type accountOut struct {
	Body wire.Result[wire.AccountDetail]
}

func (s *server) getAccountDetails(ctx context.Context, c *account.Caller, _ *none) (*accountOut, error) {
	p, err := s.Accounts.Own(ctx, c)
	if err != nil {
		return nil, err
	}
	return &accountOut{wire.Result[wire.AccountDetail]{Data: wire.AccountDetail{
		Email: p.Email, SignupSteps: []wire.SignupStep{}, IsVerified: p.Verified, IsSelfServeUser: true, AccountId: p.Account,
		Name: p.Name, Language: p.Language, TimeZoneInfoId: zoneID(p.TimeZone), DisplayTimesInUserLocalTimeZone: p.LocalTimes,
		CreatedAt: wire.Time{Time: p.Created},
	}}}, nil
}

type createAccountIn struct{ Body wire.CreateAccountModel }

func (s *server) createAccount(ctx context.Context, _ *account.Caller, in *createAccountIn) (*none, error) {
	handle, err := s.Accounts.Register(ctx, s.visitorOf(ctx), account.NewAccount{
		Email: in.Body.Email, FirstBrand: in.Body.StoreName, Language: wire.V(in.Body.LanguageId),
	})
	if err != nil {
		return nil, err
	}
	web.SetStep(&callOf(ctx).w, handle)
	return &none{}, nil
}

type updateAccountIn struct{ Body wire.AccountDetailBase }

func (s *server) updateAccount(ctx context.Context, c *account.Caller, in *updateAccountIn) (*none, error) {
	m := account.ProfileChange{Name: in.Body.Name, Language: in.Body.Language, LocalTimes: in.Body.DisplayTimesInUserLocalTimeZone}
	if in.Body.TimeZoneInfoId != nil {
		m.TimeZone = wire.P(zoneIANA(*in.Body.TimeZoneInfoId))
	}
	return &none{}, s.Accounts.UpdateProfile(ctx, c, m)
}

type createBasicAccountIn struct{ Body wire.CreateBasicAccountModel }

type bareTextOut struct{ Body string }

func (s *server) createBasicAccount(ctx context.Context, c *account.Caller, in *createBasicAccountIn) (*bareTextOut, error) {
	b, err := s.Accounts.CreateBrand(ctx, c, account.NewBrand{Name: in.Body.StoreName})
	if err != nil {
		return nil, err
	}
	if in.Body.LanguageId != nil {
		err = s.Accounts.UpdateProfile(ctx, c, account.ProfileChange{Language: in.Body.LanguageId})
	}
	return &bareTextOut{b.AppID}, err
}

type loginIn struct{ Body wire.LoginModel }

func (s *server) login(ctx context.Context, _ *account.Caller, in *loginIn) (*none, error) {
	out, err := s.Accounts.SignInPassword(ctx, s.visitorOf(ctx), in.Body.Email, in.Body.Password)
	return answerSignedIn(ctx, out, err)
}

type loginWithPinIn struct{ Body wire.LoginWithPinModel }

func (s *server) loginWithPin(ctx context.Context, _ *account.Caller, in *loginWithPinIn) (*none, error) {
	out, err := s.Accounts.SignInPIN(ctx, s.visitorOf(ctx), in.Body.Email, pinText(in.Body.Pin))
	return answerSignedIn(ctx, out, err)
}

// pinText is a PIN as people read it.
func pinText(pin int) string { return fmt.Sprintf("%06d", pin) }

type loginWithCodeIn struct {
	Body struct {
		Code string `maxLength:"50" doc:"Six digits of the authenticator app, or a recovery code."`
	}
}

func (s *server) loginWithCode(ctx context.Context, _ *account.Caller, in *loginWithCodeIn) (*none, error) {
	out, err := s.Accounts.SecondFactor(ctx, s.visitorOf(ctx), web.Step(callOf(ctx).r), in.Body.Code)
	return answerSignedIn(ctx, out, err)
}

func (s *server) logout(ctx context.Context, _ *account.Caller, _ *none) (*none, error) {
	c := callOf(ctx)
	if token := web.SessionToken(c.r); token != "" {
		if err := s.Accounts.SignOut(ctx, token); err != nil {
			return nil, err
		}
	}
	web.ClearSession(&c.w)
	web.SetStep(&c.w, "")
	return &none{}, nil
}

type passwordResetIn struct{ Body wire.PasswordResetModel }

func (s *server) passwordResetWithToken(ctx context.Context, _ *account.Caller, in *passwordResetIn) (*none, error) {
	if in.Body.Password != in.Body.PasswordConfirmation {
		return nil, fault.BadField("PasswordConfirmation", "the two passwords differ; write the same one twice")
	}
	out, err := s.Accounts.ResetPassword(ctx, s.visitorOf(ctx), wire.V(in.Body.Token), in.Body.Password)
	return answerPasswordSet(ctx, out, err)
}

// answerPasswordSet is answerSignedIn of somebody who came for a new password and has it, also where signing in wants more.
func answerPasswordSet(ctx context.Context, in account.SignedIn, err error) (*none, error) {
	if err == nil && in.Pending != "" {
		web.SetStep(&callOf(ctx).w, "")
		return &none{}, nil
	}
	return answerSignedIn(ctx, in, err)
}

type changePasswordIn struct{ Body wire.ChangePasswordModel }

func (s *server) changePassword(ctx context.Context, c *account.Caller, in *changePasswordIn) (*none, error) {
	return &none{}, s.Accounts.ChangePassword(ctx, c, in.Body.OldPassword, in.Body.NewPassword)
}

type setPasswordWithPinIn struct{ Body wire.SetPasswordWithPinModel }

func (s *server) changePasswordWithPin(ctx context.Context, c *account.Caller, in *setPasswordWithPinIn) (*none, error) {
	handle := web.Step(callOf(ctx).r)
	if handle == "" && c.Kind == account.Person {
		var err error
		if handle, err = s.Accounts.PasswordHandle(c); err != nil {
			return nil, err
		}
	}
	if handle == "" {
		return nil, fault.New(fault.Invalid, "Nobody knows whose PIN this is.").
			With("Send it with the cookies of the call that mailed it, or with a session.")
	}
	out, err := s.Accounts.SetPasswordByPIN(ctx, s.visitorOf(ctx), handle, pinText(in.Body.Pin), in.Body.NewPassword)
	return answerPasswordSet(ctx, out, err)
}

type requestPasswordResetIn struct {
	Body wire.RequestPasswordResetModel
}

// addressOf is the address that a request names, or the caller's own.
func addressOf(c *account.Caller, email *string) string {
	if e := wire.V(email); e != "" {
		return e
	}
	return c.Email
}

type passwordPinOut struct {
	Body wire.RequestPasswordResetPinResponse
}

func (s *server) sendPinForPasswordReset(ctx context.Context, c *account.Caller, in *requestPasswordResetIn) (*passwordPinOut, error) {
	handle, err := s.Accounts.RequestPasswordPIN(ctx, s.visitorOf(ctx), addressOf(c, in.Body.Email))
	if err != nil {
		return nil, err
	}
	web.SetStep(&callOf(ctx).w, handle)
	return &passwordPinOut{wire.RequestPasswordResetPinResponse{PasswordResetPinSentViaEmail: true}}, nil
}

func (s *server) requestPasswordReset(ctx context.Context, c *account.Caller, in *requestPasswordResetIn) (*none, error) {
	return &none{}, s.Accounts.RequestReset(ctx, s.visitorOf(ctx), addressOf(c, in.Body.Email))
}

type requestLoginPinIn struct{ Body wire.RequestLoginPinModel }

type loginPinOut struct {
	Body wire.RequestLoginPinResponse
}

func (s *server) requestLoginPin(ctx context.Context, _ *account.Caller, in *requestLoginPinIn) (*loginPinOut, error) {
	if err := s.Accounts.RequestPIN(ctx, s.visitorOf(ctx), in.Body.Email); err != nil {
		return nil, err
	}
	return &loginPinOut{wire.RequestLoginPinResponse{LoginPinSentViaEmail: true}}, nil
}

type timeZonesOut struct {
	Body wire.Result[[]wire.LocalisedTimeZone]
}

func (s *server) getLocalisedTimeZones(context.Context, *account.Caller, *none) (*timeZonesOut, error) {
	out := []wire.LocalisedTimeZone{}
	for _, z := range store.TimeZones() {
		out = append(out, wire.LocalisedTimeZone{TimeZoneId: z.Windows, IanaTimeZoneId: z.IANA, DisplayName: zoneName(z.IANA)})
	}
	slices.SortFunc(out, func(a, b wire.LocalisedTimeZone) int { return strings.Compare(a.IanaTimeZoneId, b.IanaTimeZoneId) })
	return &timeZonesOut{wire.Result[[]wire.LocalisedTimeZone]{Data: out}}, nil
}

// zoneName is a zone for people: (UTC+01:00) Madrid, by its standard time.
func zoneName(iana string) string {
	name := strings.ReplaceAll(iana[strings.LastIndexByte(iana, '/')+1:], "_", " ")
	l, err := time.LoadLocation(iana)
	if err != nil {
		return name
	}
	year := clock.Now().Year()
	_, winter := time.Date(year, time.January, 1, 0, 0, 0, 0, l).Zone()
	_, summer := time.Date(year, time.July, 1, 0, 0, 0, 0, l).Zone()
	offset, sign := min(winter, summer), '+'
	if offset < 0 {
		offset, sign = -offset, '-'
	}
	return fmt.Sprintf("(UTC%c%02d:%02d) %s", sign, offset/3600, offset/60%60, name)
}

// zoneID is the contract's name of a zone, the Windows one, where there is one.
func zoneID(iana string) string {
	for _, z := range store.TimeZones() {
		if z.IANA == iana {
			return z.Windows
		}
	}
	return iana
}

// zoneIANA is the inverse of zoneID; what is no Windows name stays.
func zoneIANA(id string) string {
	for _, z := range store.TimeZones() {
		if strings.EqualFold(z.Windows, id) {
			return z.IANA
		}
	}
	return id
}
