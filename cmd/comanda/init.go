package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"comanda/app"
	"comanda/wire"
)

type initCommand struct {
	where
	Email         string        `help:"E-mail address of the owner." required:""`
	PasswordStdin bool          `name:"password-stdin" help:"Read the owner's password from standard input; otherwise one is made and printed once."`
	Brand         string        `help:"Name of the brand." required:""`
	Store         string        `help:"Name of the first store." required:""`
	Country       string        `help:"Country of the brand, two letters." default:"IE"`
	Currency      wire.Currency `help:"Currency of the store, three letters." default:"EUR"`
	Sandbox       bool          `help:"Make a brand for trying out."`
	JSON          bool          `name:"json" help:"Print the result as JSON."`
}

// Run makes the first things of an empty installation. The server must not be running on the same data folder.
func (c *initCommand) Run(ctx context.Context) error {
	password := rand.Text()
	if c.PasswordStdin {
		raw, err := io.ReadAll(io.LimitReader(os.Stdin, 4096))
		if err != nil {
			return err
		}
		password = strings.TrimRight(string(raw), "\r\n")
	}
	made, err := app.Init(ctx, c.config(), app.First{
		Email: c.Email, Password: password, Brand: c.Brand, Country: c.Country, Currency: c.Currency, Store: c.Store, Sandbox: c.Sandbox,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		out := struct {
			app.Made
			Password string `json:"password,omitempty"`
		}{Made: made}
		if !c.PasswordStdin {
			out.Password = password
		}
		return json.NewEncoder(os.Stdout).Encode(out)
	}
	fmt.Printf("Brand %s with store group %d and store %d is ready.\n", made.AppID, made.StoreGroupID, made.StoreID)
	fmt.Printf("OAuth app of the first integration: client_id %s, client_secret %s — shown only now.\n", made.OAuthAppID, made.ClientSecret)
	if !c.PasswordStdin {
		fmt.Printf("%s signs in with the password %s — it is shown only now.\n", c.Email, password)
	}
	return nil
}
