package app

import (
	"context"

	"comanda/account"
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

// Made says what Init made.
type Made struct {
	Account      int    `json:"accountId"`
	AppID        string `json:"appId"`
	StoreGroupID int    `json:"storeGroupId"`
	StoreID      int    `json:"storeId"`
}

// Init makes the owner, the brand, the store group and the store of an empty installation. It refuses one that has an
// account already.
func Init(ctx context.Context, c Config, f First) (made Made, err error) {
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
	return made, nil
}
