package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"

	"comanda/app"
	"comanda/oauth"
)

type keysCommand struct {
	List      keysListCommand      `cmd:"" help:"List the keys that sign ID tokens, with their states."`
	Rotate    keysRotateCommand    `cmd:"" help:"Let the next keys sign from now on; what the active ones signed stays good."`
	Emergency keysEmergencyCommand `cmd:"" help:"A key has leaked: let the next keys sign, and make all that was signed before worthless."`
}

type keyOptions struct {
	where
	MasterKeyFile string `name:"master-key-file" help:"File of the master key. Default: master.key in the data folder." type:"path"`
	JSON          bool   `name:"json" help:"Print the keys as JSON."`
}

func (o keyOptions) config() app.Config {
	c := o.where.config()
	c.MasterKeyFile = o.MasterKeyFile
	return c
}

func (o keyOptions) print(keys []oauth.Key, err error) error {
	if err != nil {
		return err
	}
	if o.JSON {
		return json.NewEncoder(os.Stdout).Encode(keys)
	}
	const day = "2006-01-02 15:04 MST"
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "KEY\tALGORITHM\tSTATE\tSIGNS FROM\tPUBLISHED UNTIL")
	for _, k := range keys {
		until := "-"
		if !k.Gone.IsZero() {
			until = k.Gone.Format(day)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Algorithm, k.State, k.Active.Format(day), until)
	}
	if len(keys) == 0 {
		_, _ = fmt.Fprintln(w, "none yet: the server makes them at its first start")
	}
	return w.Flush()
}

type keysListCommand struct{ keyOptions }

// Run lists the keys of an installation, running or not.
func (c *keysListCommand) Run(ctx context.Context) error {
	return c.print(app.SigningKeys(ctx, c.config()))
}

// rotation is what both commands that change something take beside the rest.
type rotation struct {
	keyOptions
	Admin string `help:"Admin address of the running server, asked when it holds the data folder." default:"127.0.0.1:9090"`
}

func (r rotation) rotate(ctx context.Context, emergency bool) error {
	c := r.config()
	c.Admin = r.Admin
	return r.print(app.RotateSigningKeys(ctx, c, emergency))
}

type keysRotateCommand struct{ rotation }

// Run rotates the keys.
func (c *keysRotateCommand) Run(ctx context.Context) error { return c.rotate(ctx, false) }

type keysEmergencyCommand struct{ rotation }

// Run rotates the keys and takes the old ones from what is published.
func (c *keysEmergencyCommand) Run(ctx context.Context) error { return c.rotate(ctx, true) }
