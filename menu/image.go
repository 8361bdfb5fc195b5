package menu

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

// Level says which part of a path has a picture.
type Level int

// The levels of a menu, from the whole to an option.
const (
	MenuLevel Level = iota
	SectionLevel
	ItemLevel
	SetLevel
	OptionLevel
)

// SetImage stores a PNG, JPEG, WebP or GIF image and makes it the picture of a part; what it is, its bytes say. It returns
// the address of the file, which never changes and stays, because copies and placed orders may show it.
func (m *Menus) SetImage(ctx context.Context, c *account.Caller, at Part, level Level, content []byte) (url string, err error) {
	err = m.editImage(ctx, c, at, level, "changed the picture of", func(d *draft) (name string, _ string, err error) {
		f, err := m.accounts.NewImage(d.old.Brand, "menu", content)
		if err != nil {
			return "", "", err
		}
		d.beside = append(d.beside, f.Put)
		url = f.URL
		return f.Name, f.URL, nil
	})
	return url, err
}

// DeleteImage leaves a part without a picture.
func (m *Menus) DeleteImage(ctx context.Context, c *account.Caller, at Part, level Level) error {
	return m.editImage(ctx, c, at, level, "removed the picture of", func(*draft) (string, string, error) { return "", "", nil })
}

// editImage sets the name and address of a part's picture.
func (m *Menus) editImage(ctx context.Context, c *account.Caller, at Part, level Level, did string, image func(*draft) (name, url string, err error)) error {
	where := scope{Part: at}
	switch level {
	case OptionLevel:
		return m.editOption(ctx, c, where, func(d *draft, _ *checker, o *wire.MenuItemOptionSetItem) (_ string, err error) {
			_, o.ImageUrl, err = image(d)
			return did, err
		})
	case SetLevel:
		return m.editSet(ctx, c, where, func(d *draft, _ *checker, _ *wire.MenuSectionItem, set *wire.MenuItemOptionSet) (_ string, err error) {
			set.ImageName, set.ImageUrl, err = image(d)
			return did, err
		})
	case ItemLevel:
		return m.editItem(ctx, c, where, func(d *draft, _ *checker, it *wire.MenuSectionItem) (_ string, err error) {
			it.ImageName, it.ImageUrl, err = image(d)
			return did, err
		})
	case SectionLevel:
		return m.editSection(ctx, c, where, func(d *draft, _ *checker, s *wire.MenuSection) (_ string, err error) {
			s.ImageName, s.ImageUrl, err = image(d)
			return did, err
		})
	default:
		return m.editMenu(ctx, c, where, func(d *draft, _ *checker) (_ string, err error) {
			d.doc.ImageName, d.doc.ImageUrl, err = image(d)
			return did, err
		})
	}
}
