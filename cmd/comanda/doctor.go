package main

import (
	"context"
	"fmt"
	"time"

	"comanda/app"
	"comanda/internal/clock"
)

type doctorCommand struct {
	app.Config
	JSON bool `name:"json" help:"Print the report as JSON."`
}

// Run looks at an installation with the flags that its server has, and fails when something is broken.
func (c *doctorCommand) Run(ctx context.Context) error {
	c.Config.Version = version()
	tell := func(f app.Finding) {
		fmt.Printf("%-4s  %-15s %s\n", f.State, f.Check, f.Text)
		if f.Mend != "" {
			fmt.Printf("      %-15s %s\n", "", f.Mend)
		}
	}
	if c.JSON {
		tell = func(app.Finding) {}
	}
	all := app.Doctor(ctx, c.Config, tell)
	if c.JSON {
		err := printJSON(struct {
			Version  string
			Time     time.Time
			Findings []app.Finding
		}{c.Config.Version, clock.Now(), all})
		if err != nil {
			return err
		}
	}
	broken := 0
	for _, f := range all {
		if f.State == app.Fail {
			broken++
		}
	}
	if broken > 0 {
		return fmt.Errorf("what is marked fail needs mending: %d of %d", broken, len(all))
	}
	return nil
}
