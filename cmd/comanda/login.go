package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"comanda/internal/client"
	"comanda/oauth"
)

type loginCommand struct{ server }

// Run lets a person agree in a browser and remembers the token that comes of it.
func (c *loginCommand) Run(ctx context.Context) error {
	if _, err := c.read(); err != nil {
		return err
	}
	if c.Server == "" {
		return missing("the server", "--server URL")
	}
	c.Server = strings.TrimRight(c.Server, "/")
	all, err := readSignIns()
	if err != nil {
		return err
	}
	api, err := c.client(client.Config{ID: oauth.CommandLine})
	if err != nil {
		return err
	}
	defer api.Close()
	device, err := api.StartDevice(ctx, "api")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "Open this page, go on only if it shows the code %s, and allow it:\n\n  %s\n\nWaiting …\n", device.UserCode, device.Page)
	made := signIn{Server: c.Server, CAFile: c.CAFile}
	if made.Token, made.Expires, err = api.AwaitDevice(ctx, device); err != nil {
		return err
	}
	brands, err := client.Data[[]struct{ AppId, Name string }](ctx, api, http.MethodGet, "/api/v1.0/apps", nil)
	if err != nil {
		return err
	}
	person, err := client.Data[struct{ Email string }](ctx, api, http.MethodGet, "/api/v1.0/accounts", nil)
	if err != nil {
		return err
	}
	if len(brands) != 1 {
		return fmt.Errorf("the sign-in is for %d brands and not for one; start again", len(brands))
	}
	made.App, made.Person = brands[0].AppId, person.Email
	all.add(made)
	if err := all.save(); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(made.shown())
	}
	fmt.Printf("Signed in to %s as %s, for the brand %s (%s), until %s.\n", made.Server, made.Person, brands[0].Name, made.App, made.Expires.Local().Format(time.DateOnly))
	return nil
}

// shown is a sign-in without its token.
func (s signIn) shown() any {
	return struct {
		Server, App, Person string
		Expires             time.Time
	}{s.Server, s.App, s.Person, s.Expires.UTC().Truncate(time.Second)}
}

type logoutCommand struct {
	server
	App string `help:"App id of the brand; default: the latest sign-in." placeholder:"ID"`
}

// Run ends a sign-in, on the server too.
func (c *logoutCommand) Run(ctx context.Context) error {
	if _, err := c.read(); err != nil {
		return err
	}
	all, err := readSignIns()
	if err != nil {
		return err
	}
	i := all.find(c.Server, c.App)
	if i < 0 {
		return fmt.Errorf("there is no such sign-in; comanda login makes one")
	}
	gone := all.List[i]
	c.Server = gone.Server
	if c.CAFile == "" {
		c.CAFile = gone.CAFile
	}
	api, err := c.client(client.Config{ID: oauth.CommandLine})
	if err == nil {
		defer api.Close()
		err = api.Revoke(ctx, gone.Token)
	}
	all.List = slices.Delete(all.List, i, i+1)
	if saved := all.save(); saved != nil {
		return saved
	}
	if err != nil {
		return fmt.Errorf("the sign-in is forgotten here, but %s did not end it: %w; its token works until %s, or until you revoke it under Connected apps", gone.Server, err, gone.Expires.Local().Format(time.DateOnly))
	}
	if c.JSON {
		return printJSON(gone.shown())
	}
	fmt.Printf("Signed out of %s, brand %s.\n", gone.Server, gone.App)
	return nil
}
