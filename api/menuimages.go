package api

import (
	"context"

	"comanda/account"
	"comanda/menu"
	"comanda/wire"
)

// Pictures of a menu and its parts: one operation a level to upload, one to remove.

func (s *server) uploadPicture(ctx context.Context, c *account.Caller, at menu.Part, level menu.Level, u *Upload) (*textOut, error) {
	content, err := u.read()
	if err != nil {
		return nil, err
	}
	url, err := s.Menus.SetImage(ctx, c, at, level, content)
	if err != nil {
		return nil, err
	}
	return &textOut{wire.Result[string]{Data: url}}, nil
}

type menuPictureIn struct {
	MenuPath
	Seen
	Upload
}

func (s *server) uploadMenuImage(ctx context.Context, c *account.Caller, in *menuPictureIn) (*textOut, error) {
	return s.uploadPicture(ctx, c, in.part(in.Seen), menu.MenuLevel, &in.Upload)
}

func (s *server) deleteMenuImage(ctx context.Context, c *account.Caller, in *menuEdit) (*none, error) {
	return &none{}, s.Menus.DeleteImage(ctx, c, in.part(in.Seen), menu.MenuLevel)
}

type sectionPictureIn struct {
	SectionPath
	Seen
	Upload
}

func (s *server) uploadSectionImage(ctx context.Context, c *account.Caller, in *sectionPictureIn) (*textOut, error) {
	return s.uploadPicture(ctx, c, in.part(in.Seen), menu.SectionLevel, &in.Upload)
}

func (s *server) deleteSectionImage(ctx context.Context, c *account.Caller, in *sectionEdit) (*none, error) {
	return &none{}, s.Menus.DeleteImage(ctx, c, in.part(in.Seen), menu.SectionLevel)
}

type itemPictureIn struct {
	ItemPath
	Seen
	Upload
}

func (s *server) uploadItemImage(ctx context.Context, c *account.Caller, in *itemPictureIn) (*textOut, error) {
	return s.uploadPicture(ctx, c, in.part(in.Seen), menu.ItemLevel, &in.Upload)
}

func (s *server) deleteItemImage(ctx context.Context, c *account.Caller, in *itemEdit) (*none, error) {
	return &none{}, s.Menus.DeleteImage(ctx, c, in.part(in.Seen), menu.ItemLevel)
}

type optionSetPictureIn struct {
	OptionSetPath
	Seen
	Upload
}

func (s *server) uploadOptionSetImage(ctx context.Context, c *account.Caller, in *optionSetPictureIn) (*textOut, error) {
	return s.uploadPicture(ctx, c, in.part(in.Seen), menu.SetLevel, &in.Upload)
}

func (s *server) deleteOptionSetImage(ctx context.Context, c *account.Caller, in *optionSetEdit) (*none, error) {
	return &none{}, s.Menus.DeleteImage(ctx, c, in.part(in.Seen), menu.SetLevel)
}

type optionPictureIn struct {
	OptionPath
	Seen
	Upload
}

func (s *server) uploadOptionImage(ctx context.Context, c *account.Caller, in *optionPictureIn) (*textOut, error) {
	return s.uploadPicture(ctx, c, in.part(in.Seen), menu.OptionLevel, &in.Upload)
}

func (s *server) deleteOptionImage(ctx context.Context, c *account.Caller, in *optionEdit) (*none, error) {
	return &none{}, s.Menus.DeleteImage(ctx, c, in.part(in.Seen), menu.OptionLevel)
}
