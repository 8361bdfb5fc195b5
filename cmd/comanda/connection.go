package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"text/tabwriter"

	"comanda/internal/client"
)

// connection is what every command that talks to a server takes. A flag goes before the credentials file.
type connection struct {
	Server       string `help:"Base URL of the server, such as https://orders.example.com." placeholder:"URL"`
	CAFile       string `name:"ca-file" help:"PEM file of the authority that the server's certificate comes from, where the machine does not know it." type:"path" placeholder:"FILE"`
	App          string `help:"App id of the brand." placeholder:"ID"`
	ClientID     string `name:"client-id" help:"Id of the OAuth app, which is its client_id." placeholder:"ID"`
	ClientSecret string `name:"client-secret" help:"Secret of the OAuth app; in COMANDA_CLIENT_SECRET no other user of the machine sees it." placeholder:"SECRET"`
	Token        string `help:"Access token to use instead of the secret; better in COMANDA_TOKEN." placeholder:"TOKEN"`
	Credentials  string `help:"JSON file that has all of these, such as the demo's demo.json." type:"path" placeholder:"FILE"`
	JSON         bool   `name:"json" help:"Print JSON."`
}

// open fills what the flags left open from the credentials file and makes the client.
func (c *connection) open() (*client.Client, error) {
	if c.Credentials != "" {
		if err := c.read(); err != nil {
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
	return client.New(client.Config{
		Server: c.Server, CAFile: c.CAFile, Token: c.Token, ID: c.ClientID, Secret: c.ClientSecret, Agent: "comanda/" + version(),
	})
}

func missing(what, flags string) error {
	return &usageError{fmt.Errorf("%s is missing: give %s, or --credentials FILE", what, flags)}
}

func (c *connection) read() error {
	raw, err := os.ReadFile(c.Credentials)
	if err != nil {
		return err
	}
	var file struct{ BaseURL, CAFile, AppID, OAuthAppID, ClientSecret string }
	if err := json.Unmarshal(raw, &file); err != nil {
		return fmt.Errorf("%s is no credentials file: %w", c.Credentials, err)
	}
	for _, x := range []struct {
		flag  *string
		value string
	}{{&c.Server, file.BaseURL}, {&c.CAFile, file.CAFile}, {&c.App, file.AppID}, {&c.ClientID, file.OAuthAppID}, {&c.ClientSecret, file.ClientSecret}} {
		if *x.flag == "" {
			*x.flag = x.value
		}
	}
	return nil
}

// brand is the path of the brand's operations.
func (c *connection) brand() string { return "/api/v1.0/" + url.PathEscape(c.App) }

// hooks is the path of the OAuth app's webhook subscriptions.
func (c *connection) hooks() (string, error) {
	if c.ClientID == "" {
		return "", missing("the OAuth app whose webhooks these are", "--client-id ID")
	}
	return c.brand() + "/webhooks/" + url.PathEscape(c.ClientID) + "/subscriptions", nil
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
