package api

import (
	"context"
	"io"

	"github.com/danielgtaylor/huma/v2"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// AppPath names a brand.
type AppPath struct {
	AppID string `path:"appId"`
}

type appOut struct{ Body wire.Result[wire.App] }

func answerApp(app wire.App, err error) (*appOut, error) {
	if err != nil {
		return nil, err
	}
	return &appOut{wire.Result[wire.App]{Data: app}}, nil
}

type appsIn struct {
	NameFilter string `query:"nameFilter" doc:"Part of the name or the appId, in any case."`
	Paging
}

type appsOut struct{ Body wire.Page[wire.App] }

func (s *server) getApps(ctx context.Context, c *account.Caller, in *appsIn) (*appsOut, error) {
	limit := min(in.Limit, 100)
	apps, total, err := s.Accounts.Apps(ctx, c, in.NameFilter, in.Page, limit)
	if err != nil {
		return nil, err
	}
	return &appsOut{wire.Page[wire.App]{Page: in.Page, Limit: limit, TotalRecordCount: total, Data: apps}}, nil
}

type createAppIn struct{ Body wire.CreateAppParameters }

func (s *server) createApp(ctx context.Context, c *account.Caller, in *createAppIn) (*textOut, error) {
	b, err := s.Accounts.CreateBrand(ctx, c, account.NewBrand{Name: wire.V(in.Body.Name)})
	if err != nil {
		return nil, err
	}
	return &textOut{wire.Result[string]{Data: b.AppID}}, nil
}

type countriesOut struct {
	Body wire.Result[[]wire.SupportedCountry]
}

func (s *server) getSupportedCountries(context.Context, *account.Caller, *none) (*countriesOut, error) {
	return &countriesOut{wire.Result[[]wire.SupportedCountry]{Data: account.SupportedCountries()}}, nil
}

func (s *server) getApp(ctx context.Context, c *account.Caller, in *AppPath) (*appOut, error) {
	return answerApp(s.Accounts.App(ctx, c, in.AppID))
}

func (s *server) getAppName(ctx context.Context, c *account.Caller, in *AppPath) (*textOut, error) {
	name, err := s.Accounts.AppName(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	return &textOut{wire.Result[string]{Data: name}}, nil
}

type appConfigIn struct {
	AppPath
	Body wire.AppConfigUpdateModel
}

func (s *server) setAppConfig(ctx context.Context, c *account.Caller, in *appConfigIn) (*appOut, error) {
	return answerApp(s.Accounts.SetConfig(ctx, c, in.AppID, in.Body))
}

type appLanguagesIn struct {
	AppPath
	Body []wire.Language
}

func (s *server) setAppLanguages(ctx context.Context, c *account.Caller, in *appLanguagesIn) (*appOut, error) {
	return answerApp(s.Accounts.SetLanguages(ctx, c, in.AppID, in.Body))
}

// Upload is a picture under any declared type: what it is, its bytes say.
type Upload struct {
	RawBody huma.MultipartFormFiles[struct {
		Image huma.FormFile `form:"Image" contentType:"application/octet-stream" required:"true" doc:"A PNG, JPEG, WebP or GIF image of 1 MiB at most."`
	}]
}

// read takes one byte more than an image may have, so that a longer one is seen.
func (u *Upload) read() ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(u.RawBody.Data().Image, account.MaxImage+1))
	if err != nil {
		return nil, fault.BadField("Image", "could not be read to its end: send it again")
	}
	return content, nil
}

type appLogoIn struct {
	AppPath
	Upload
}

func (s *server) uploadAppLogo(ctx context.Context, c *account.Caller, in *appLogoIn) (*none, error) {
	content, err := in.read()
	if err != nil {
		return nil, err
	}
	if _, err := s.Accounts.SetLogo(ctx, c, in.AppID, content); err != nil {
		return nil, err
	}
	return &none{}, nil
}
