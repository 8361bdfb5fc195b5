package oauth

import (
	"context"

	"comanda/account"
	"comanda/internal/db"
)

// logoKind is the kind of public file that the logo of an OAuth app is.
func logoKind(id string) string { return "oauthapp/" + id }

// SetLogo stores a PNG, JPEG, WebP or GIF image of 1 MiB at most as the logo of an OAuth app; what it is, its bytes say. The
// file before it is gone. Right: Develop.
func (s *Server) SetLogo(ctx context.Context, c *account.Caller, appID, id string, content []byte) error {
	_, err := s.changeApp(ctx, c, appID, id, func(b account.Brand, a *app) error {
		f, err := s.accounts.NewImage(b.ID, logoKind(id), content)
		if err != nil {
			return err
		}
		a.logoURI, a.beside = f.URL, f.PutAlone
		return nil
	})
	return err
}

// dropLogo forgets the logo of an OAuth app that is deleted.
func dropLogo(tx *db.Tx, brand int, id string) error {
	return account.DropImages(tx, brand, logoKind(id))
}
