package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"comanda/internal/client"
)

type appsCommand struct {
	List   appsListCommand   `cmd:"" help:"List the OAuth apps of a brand."`
	Create appsCreateCommand `cmd:"" help:"Register an OAuth app."`
	Reveal appsRevealCommand `cmd:"" help:"Print the secret of an OAuth app; a person must have signed in within ten minutes."`
}

// oauthApp is what is printed of an OAuth app.
type oauthApp struct {
	ID   string `json:"OauthAppId"`
	Name string `json:"OauthAppName"`
	Flow string
}

type appsListCommand struct{ connection }

// Run lists the OAuth apps.
func (c *appsListCommand) Run(ctx context.Context) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	defer api.Close()
	raw, err := client.Data[json.RawMessage](ctx, api, http.MethodGet, c.brand()+"/oauthclients", nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(raw)
	}
	var all []oauthApp
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Println("This brand has no OAuth apps.")
		return nil
	}
	rows := [][]any{{"ID", "FLOW", "NAME"}}
	for _, a := range all {
		rows = append(rows, []any{a.ID, a.Flow, a.Name})
	}
	return table(rows...)
}

type appsCreateCommand struct {
	connection
	Name string `arg:"" help:"Name of the app, which people see when they let it in."`
}

// Run registers an OAuth app.
func (c *appsCreateCommand) Run(ctx context.Context) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	defer api.Close()
	at, err := api.Create(ctx, c.brand()+"/oauthclients", map[string]string{"OauthAppName": c.Name})
	if err != nil {
		return err
	}
	if c.JSON {
		raw, err := client.Data[json.RawMessage](ctx, api, http.MethodGet, at, nil)
		if err != nil {
			return err
		}
		return printJSON(raw)
	}
	id := path.Base(at)
	fmt.Printf("The OAuth app %s is registered; its client_id is %s.\nIts secret: comanda apps reveal %s\n", strings.TrimSpace(c.Name), id, id)
	return nil
}

// credential is a command that prints something secret of an OAuth app and nothing else, so that a script can take it.
type credential struct {
	connection
	ID string `arg:"" optional:"" help:"Id of the OAuth app; default: --client-id, or the only one of the brand."`
}

func (c *credential) print(ctx context.Context, name string, get func(api *client.Client, id string) (string, error)) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	defer api.Close()
	id := c.ID
	if id == "" {
		if id, err = c.oauthApp(ctx, api); err != nil {
			return err
		}
	}
	value, err := get(api, id)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(map[string]string{"OauthAppId": id, name: value})
	}
	_, err = fmt.Println(value)
	return err
}

// path is that of an operation on an OAuth app.
func (c *credential) path(id, operation string) string {
	return c.brand() + "/oauthclients/" + url.PathEscape(id) + operation
}

type appsRevealCommand struct{ credential }

// Run prints the secret.
func (c *appsRevealCommand) Run(ctx context.Context) error {
	return c.print(ctx, "ClientSecret", func(api *client.Client, id string) (string, error) {
		return client.Data[string](ctx, api, http.MethodGet, c.path(id, "/secret"), nil)
	})
}

type tokenCommand struct{ credential }

// Run prints an access token: of the token endpoint where the app's secret is at hand, else as the portal's button makes it.
func (c *tokenCommand) Run(ctx context.Context) error {
	return c.print(ctx, "AccessToken", func(api *client.Client, id string) (string, error) {
		if id == c.ClientID && c.ClientSecret != "" && c.Token == "" {
			return api.Token(ctx)
		}
		return client.Data[string](ctx, api, http.MethodGet, c.path(id, "/accesstoken"), nil)
	})
}
