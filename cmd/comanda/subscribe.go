package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"comanda/internal/client"
)

type webhooksCreateCommand struct {
	connection
	URL         string   `arg:"" name:"url" help:"Where deliveries go."`
	Event       []string `help:"Event name to deliver, such as order.created; may be repeated." required:"" placeholder:"NAME"`
	Version     string   `help:"What is sent: the event in its envelope (2) or flat (1)." enum:"1,2" default:"2" env:"-"`
	VerifyToken string   `help:"What the header X-Verify-Token carries." placeholder:"TOKEN"`
	Verify      bool     `help:"Ask the URL first: it must answer a challenge."`
}

// Run subscribes a URL and reveals the secret that signs what it gets, where the caller may see it.
func (c *webhooksCreateCommand) Run(ctx context.Context) error {
	api, path, err := c.openHooks(ctx)
	if err != nil {
		return err
	}
	defer api.Close()
	made := struct {
		ID     int    `json:"Id"`
		Secret string `json:"SigningSecret,omitempty"`
	}{}
	made.ID, err = client.Data[int](ctx, api, http.MethodPost, path+"?verify="+strconv.FormatBool(c.Verify), map[string]any{
		"CallbackUrl": c.URL, "Version": c.Version, "VerifyToken": c.VerifyToken, "EventNames": c.Event, "Enabled": true,
	})
	if err != nil {
		return err
	}
	made.Secret, err = client.Data[string](ctx, api, http.MethodGet, path+"/"+strconv.Itoa(made.ID)+"/secret", nil)
	if refused := (*client.Refusal)(nil); err != nil && !errors.As(err, &refused) {
		return err
	}
	if c.JSON {
		return printJSON(made)
	}
	fmt.Printf("Subscription %d sends %s to %s.\n", made.ID, strings.Join(c.Event, ", "), c.URL)
	if made.Secret == "" {
		fmt.Printf("To see its signing secret: comanda login, then comanda webhooks secret %d\n", made.ID)
		return nil
	}
	fmt.Printf("Its signing secret is %s\n", made.Secret)
	return nil
}

type webhooksSecretCommand struct{ subscription }

// Run prints the signing secret and nothing else, so that a script can take it.
func (c *webhooksSecretCommand) Run(ctx context.Context) error {
	api, path, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer api.Close()
	secret, err := client.Data[string](ctx, api, http.MethodGet, path+"/secret", nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(map[string]any{"Id": c.ID, "SigningSecret": secret})
	}
	_, err = fmt.Println(secret)
	return err
}

type webhooksEventsCommand struct{ connection }

// Run lists the event names that can be subscribed to, one a line.
func (c *webhooksEventsCommand) Run(ctx context.Context) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	defer api.Close()
	names, err := client.Data[[]string](ctx, api, http.MethodGet, c.brand()+"/webhooks/events", nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(names)
	}
	_, err = fmt.Println(strings.Join(names, "\n"))
	return err
}
