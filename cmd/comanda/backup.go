package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"comanda/app"
	"comanda/internal/db"
)

// where says which installation a command works on.
type where struct {
	Data        string `help:"Folder of the installation." default:"comanda-data" type:"path"`
	DatabaseURL string `name:"database-url" help:"PostgreSQL that it uses instead of the database in the folder." placeholder:"postgres://…"`
}

func (w where) config() app.Config { return app.Config{Data: w.Data, DatabaseURL: w.DatabaseURL} }

type backupCommand struct {
	where
	File string `arg:"" help:"File to write; it must not exist." type:"path"`
	JSON bool   `name:"json" help:"Print the result as JSON."`
}

// Run backs up while the server goes on.
func (c *backupCommand) Run(ctx context.Context) error {
	made, err := app.Backup(ctx, c.config(), c.File)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(made)
	}
	fmt.Printf("%d rows of %d tables are in %s.\n", made.Rows, made.Tables, c.File)
	fmt.Printf("It holds personal data: keep it safe, and keep %s apart from it. A restore needs both.\n", filepath.Join(c.Data, "master.key"))
	return nil
}

type restoreCommand struct {
	where
	File   string `arg:"" help:"Backup to read." type:"existingfile"`
	Verify bool   `help:"Check the restored database: its integrity, and that no log has a gap."`
	JSON   bool   `name:"json" help:"Print the result as JSON."`
}

// Run restores into an empty folder or database.
func (c *restoreCommand) Run(ctx context.Context) error {
	restored, err := app.Restore(ctx, c.config(), c.File)
	if err != nil {
		return err
	}
	var checked *db.Verified
	if c.Verify {
		v, err := app.Verify(ctx, c.config())
		if err != nil {
			return fmt.Errorf("restored, but the check failed: %w", err)
		}
		checked = &v
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(struct {
			Restored db.Archived
			Verified *db.Verified
		}{restored, checked})
	}
	fmt.Printf("%d rows of %d tables restored.\n", restored.Rows, restored.Tables)
	if checked != nil {
		fmt.Printf("Verified: %d events in the logs of %d brands, without a gap.\n", checked.Events, checked.Brands)
	}
	key := filepath.Join(c.Data, "master.key")
	if _, err := os.Stat(key); err != nil {
		fmt.Printf("Before you start the server, put the installation's master key at %s (or name it with --master-key-file).\n", key)
	}
	return nil
}
