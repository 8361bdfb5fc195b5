package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"

	"comanda/internal/client"
	"comanda/internal/clock"
)

// server is what every command that talks to a server takes.
type server struct {
	Server      string `help:"Base URL of the server, such as https://orders.example.com." placeholder:"URL"`
	CAFile      string `name:"ca-file" help:"PEM file of the authority that the server's certificate comes from, where the machine does not know it." type:"path" placeholder:"FILE"`
	Credentials string `help:"JSON file that says which server, and as whom, such as the demo's demo.json." type:"path" placeholder:"FILE"`
	JSON        bool   `name:"json" help:"Print JSON."`
}

// connection is what commands take that act for a brand. A flag goes before the credentials file, and both before a sign-in.
type connection struct {
	server
	App          string `help:"App id of the brand." placeholder:"ID"`
	ClientID     string `name:"client-id" help:"Id of the OAuth app, which is its client_id." placeholder:"ID"`
	ClientSecret string `name:"client-secret" help:"Secret of the OAuth app; in COMANDA_CLIENT_SECRET no other user of the machine sees it." placeholder:"SECRET"`
	Token        string `help:"Access token to use instead of the secret; better in COMANDA_TOKEN." placeholder:"TOKEN"`
}

// credentials is what a credentials file has of a connection.
type credentials struct{ BaseURL, CAFile, AppID, OAuthAppID, ClientSecret string }

// fill sets the flag where it was left open.
func fill(flag *string, value string) {
	if *flag == "" {
		*flag = value
	}
}

// read fills what the flags left open of the server from the credentials file, if one is named, and returns the rest of it.
func (s *server) read() (file credentials, err error) {
	if s.Credentials == "" {
		return file, nil
	}
	raw, err := os.ReadFile(s.Credentials)
	if err != nil {
		return file, err
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return file, fmt.Errorf("%s is no credentials file: %w", s.Credentials, err)
	}
	fill(&s.Server, file.BaseURL)
	fill(&s.CAFile, file.CAFile)
	return file, nil
}

// client makes a client of the server that calls as who says.
func (s *server) client(who client.Config) (*client.Client, error) {
	who.Server, who.CAFile, who.Agent = s.Server, s.CAFile, "comanda/"+version()
	return client.New(who)
}

// open fills what the flags left open from the credentials file, or a sign-in, and makes the client.
func (c *connection) open() (*client.Client, error) {
	file, err := c.read()
	if err != nil {
		return nil, err
	}
	fill(&c.App, file.AppID)
	fill(&c.ClientID, file.OAuthAppID)
	fill(&c.ClientSecret, file.ClientSecret)
	if c.Token == "" && c.ClientSecret == "" {
		if err := c.signedIn(); err != nil {
			return nil, err
		}
	}
	switch {
	case c.Server == "":
		return nil, missing("the server", "--server URL")
	case c.App == "":
		return nil, missing("the brand", "--app ID")
	case c.Token == "" && (c.ClientID == "" || c.ClientSecret == ""):
		return nil, missing("who is calling", "--client-id ID and COMANDA_CLIENT_SECRET, or COMANDA_TOKEN")
	}
	return c.client(client.Config{Token: c.Token, ID: c.ClientID, Secret: c.ClientSecret})
}

// signedIn fills in the latest sign-in to the server and the brand, where they are named. The token never goes to another server.
func (c *connection) signedIn() error {
	all, err := readSignIns()
	if err != nil {
		return err
	}
	i := all.find(c.Server, c.App)
	if i < 0 {
		return nil
	}
	one := all.List[i]
	if !one.Expires.After(clock.Now()) {
		return fmt.Errorf("the sign-in to %s has ended; sign in again with comanda login --server %s", one.Server, one.Server)
	}
	c.Server, c.App, c.Token = one.Server, one.App, one.Token
	fill(&c.CAFile, one.CAFile)
	return nil
}

func missing(what, flags string) error {
	return &usageError{fmt.Errorf("%s is missing: sign in with comanda login, or give %s, or --credentials FILE", what, flags)}
}

// brand is the path of the brand's operations.
func (c *connection) brand() string { return "/api/v1.0/" + url.PathEscape(c.App) }

// oauthApp is the id of the OAuth app that a command is about: the one that was named, or else the only one of the brand.
func (c *connection) oauthApp(ctx context.Context, api *client.Client) (string, error) {
	if c.ClientID != "" {
		return c.ClientID, nil
	}
	apps, err := client.Data[[]oauthApp](ctx, api, http.MethodGet, c.brand()+"/oauthclients", nil)
	if err != nil {
		return "", err
	}
	switch len(apps) {
	case 0:
		return "", fmt.Errorf("the brand %s has no OAuth app yet; comanda apps create NAME makes one", c.App)
	case 1:
		return apps[0].ID, nil
	}
	names := make([]string, len(apps))
	for i, a := range apps {
		names[i] = a.ID + " " + a.Name
	}
	return "", &usageError{fmt.Errorf("say which OAuth app with --client-id ID: %s", strings.Join(names, ", "))}
}

// hooks is the path of the OAuth app's webhook subscriptions.
func (c *connection) hooks(ctx context.Context, api *client.Client) (string, error) {
	id, err := c.oauthApp(ctx, api)
	return c.brand() + "/webhooks/" + url.PathEscape(id) + "/subscriptions", err
}

// usageError is a command line that cannot be run.
type usageError struct{ error }

// exitCode is what the program ends with: 1 it failed, 2 the command line is wrong, 3 the server refused.
func exitCode(err error) int {
	var usage *usageError
	var refused *client.Refusal
	switch {
	case errors.As(err, &usage):
		return 2
	case errors.As(err, &refused) && refused.Status/100 == 4:
		return 3
	}
	return 1
}

// hint is what to do about an error that the server cannot say, because it does not know how it was called.
func hint(err error) string {
	var refused *client.Refusal
	if errors.As(err, &refused) && refused.Code == "" && refused.Status == http.StatusUnauthorized {
		return "Sign in again with comanda login, or give another --token."
	}
	return ""
}

// printJSON prints a value on lines of its own, indented.
func printJSON(v any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// table prints rows under a heading, cells aligned.
func table(rows ...[]any) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				_, _ = fmt.Fprint(w, "\t")
			}
			_, _ = fmt.Fprint(w, cell)
		}
		_, _ = fmt.Fprintln(w)
	}
	return w.Flush()
}
