package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"comanda/internal/client"
)

// Credentials is demo.json. The names are stable.
type Credentials struct {
	BaseURL         string `json:"baseUrl"`
	AdminURL        string `json:"adminUrl"` // with /mailbox behind it
	CAFile          string `json:"caFile"`
	AppID           string `json:"appId"`
	OAuthAppID      string `json:"oauthAppId"`
	ClientSecret    string `json:"clientSecret"`
	AccessToken     string `json:"accessToken"`
	StoreID         int    `json:"storeId"`
	MenuID          int    `json:"menuId"`
	AccountEmail    string `json:"accountEmail"`
	AccountPassword string `json:"accountPassword"`
	OrderID         int    `json:"orderId"`
}

// client calls the API as the sample OAuth app.
func (c Credentials) client() (*client.Client, error) {
	return client.New(client.Config{Server: c.BaseURL, CAFile: c.CAFile, ID: c.OAuthAppID, Secret: c.ClientSecret, Agent: integrations[0].agent})
}

func file(folder string) string { return filepath.Join(folder, "demo.json") }

// load reads the credentials of an earlier demo in the folder; found is false where there was none.
func load(folder string) (c Credentials, found bool, err error) {
	raw, err := os.ReadFile(file(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, false, fmt.Errorf("%s: %w", file(folder), err)
	}
	return c, true, nil
}

// save replaces demo.json in one step.
func (c Credentials) save(folder string) error {
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	tmp := file(folder) + ".new"
	if err := os.WriteFile(tmp, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, file(folder))
}
