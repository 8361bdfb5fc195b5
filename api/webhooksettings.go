package api

import (
	"context"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"comanda/account"
	"comanda/webhook"
	"comanda/wire"
)

type hookSettingsOut struct {
	Body wire.Result[webhook.Settings]
}

func (s *server) getWebhookSettings(ctx context.Context, c *account.Caller, in *HookPath) (*hookSettingsOut, error) {
	set, err := s.Webhooks.Settings(ctx, c, in.AppID, in.OAuthApp, in.ID)
	return &hookSettingsOut{wire.Result[webhook.Settings]{Data: set}}, err
}

type updateHookSettingsIn struct {
	HookPath
	Body webhook.Settings
}

func (s *server) updateWebhookSettings(ctx context.Context, c *account.Caller, in *updateHookSettingsIn) (*hookSettingsOut, error) {
	set, err := s.Webhooks.UpdateSettings(ctx, c, in.AppID, in.OAuthApp, in.ID, in.Body)
	return &hookSettingsOut{wire.Result[webhook.Settings]{Data: set}}, err
}

// legacySignSchema stands in the document for a member that may be null: an object in place, because huma refuses null
// where it refers to a schema by name.
type legacySignSchema struct{}

// Schema implements huma.SchemaProvider.
func (legacySignSchema) Schema(r huma.Registry) *huma.Schema {
	s := huma.SchemaFromType(r, reflect.TypeFor[webhook.LegacySignature]())
	s.AdditionalProperties = nil // as finishSchemas does for the named ones
	return s
}
