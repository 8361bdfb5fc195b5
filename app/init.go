package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

// First is what an installation begins with.
type First struct {
	Email    string
	Password string
	Brand    string
	Country  string // ISO 3166, two letters
	Currency wire.Currency
	Store    string
	Sandbox  bool
}

// Made says what Init made. The secret of the OAuth app is shown only here.
type Made struct {
	Account      int    `json:"accountId"`
	AppID        string `json:"appId"`
	StoreGroupID int    `json:"storeGroupId"`
	StoreID      int    `json:"storeId"`
	OAuthAppID   string `json:"oauthAppId"`
	ClientSecret string `json:"clientSecret"`
}

// check names the flags that cannot work. Init writes step by step and an owner cannot be taken back, so whatever a later
// step would refuse is refused before the first.
func (f First) check() error {
	var err error
	refuse := func(flag, format string, args ...any) {
		err = errors.Join(err, fmt.Errorf(flag+": "+format, args...))
	}
	if _, e := account.NormaliseEmail(f.Email); e != nil {
		refuse("--email", "%q is not an e-mail address such as name@example.com", f.Email)
	}
	if n := utf8.RuneCountInString(f.Password); n < 8 || len(f.Password) > 1024 {
		refuse("--password-stdin", "a password has 8 characters at least and 1024 bytes at most; this one has %d characters", n)
	}
	for _, name := range []struct{ flag, text string }{{"--brand", f.Brand}, {"--store", f.Store}} {
		if n := utf8.RuneCountInString(name.text); strings.TrimSpace(name.text) == "" || n > 100 || !utf8.ValidString(name.text) || strings.ContainsFunc(name.text, unicode.IsControl) {
			refuse(name.flag, "%.120q is not a name of 1 to 100 characters that can be seen", name.text)
		}
	}
	var codes []string
	for _, c := range account.SupportedCountries() {
		codes = append(codes, c.CountryCode)
	}
	if !slices.Contains(codes, strings.ToUpper(f.Country)) {
		refuse("--country", "%q is not the code of a supported country: choose from %s", f.Country, strings.Join(codes, " "))
	}
	if !slices.Contains(f.Currency.Values(), string(f.Currency)) {
		refuse("--currency", "%q is not a currency that stores can sell in: write an ISO 4217 code such as EUR", f.Currency)
	}
	return err
}

// Init makes the owner, the brand, the store group, the store and an OAuth app of an empty installation. It refuses one
// that has an account already.
func Init(ctx context.Context, c Config, f First) (made Made, err error) {
	f.Currency = wire.Currency(strings.ToUpper(string(f.Currency)))
	if err := f.check(); err != nil {
		return made, err
	}
	c.Listen = ":8443" // nothing listens; the default satisfies the check
	if err := c.validate(); err != nil {
		return made, err
	}
	s := &Server{config: c}
	defer func() { _ = s.Close() }()
	s.config.Signup = string(account.SignUpFirst)
	if err := s.assemble(ctx, "https://localhost"); err != nil {
		return made, err
	}
	return s.first(ctx, f)
}

func (s *Server) first(ctx context.Context, f First) (made Made, err error) {
	// The sign-up mode "first" lets exactly one person in, also when two try at once.
	if made.Account, err = s.Accounts.SignUp(ctx, &account.Caller{}, account.NewAccount{Email: f.Email, Password: f.Password}); err != nil {
		if refused := (*fault.Error)(nil); errors.As(err, &refused) && refused.Kind == fault.Forbidden {
			return made, errors.New("this installation has its first account already, perhaps of an init that broke off: init wants an empty folder (--data) or database (--database-url)")
		}
		return made, err
	}
	brand, err := s.Accounts.CreateBrand(ctx, &account.Caller{Kind: account.System, Name: "Comanda"},
		account.NewBrand{Name: f.Brand, CountryID: f.Country, Sandbox: f.Sandbox, Owner: made.Account})
	if err != nil {
		return made, err
	}
	made.AppID = brand.AppID
	owner, err := s.Accounts.PersonCaller(ctx, made.Account)
	if err != nil {
		return made, err
	}
	group, err := s.Stores.CreateGroup(ctx, owner, brand.AppID, wire.StoreGroupBase{Name: &f.Store, Currency: &f.Currency})
	if err != nil {
		return made, err
	}
	made.StoreGroupID = group.StoreGroupId
	st, err := s.Stores.Create(ctx, owner, store.NewStore{
		Group: group.StoreGroupId, StoreCreateBase: wire.StoreCreateBase{Name: &f.Store, EmailAddress: &f.Email},
	})
	if err != nil {
		return made, err
	}
	made.StoreID = st.ID
	made.OAuthAppID, made.ClientSecret, err = s.OAuth.CreateApp(ctx, owner, brand.AppID, wire.OAuthApp{OauthAppName: wire.P("First integration")})
	return made, err
}
