package account

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	_ "image/gif" // formats that a logo is checked for
	_ "image/jpeg"
	_ "image/png"
	"regexp"
	"strconv"
	"strings"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// MaxLogo is how many bytes a logo has at most.
const MaxLogo = 1 << 20

// maxSide bounds what a reader must decode: a small file can hold an enormous picture.
const maxSide = 8192

// assetPath is where the public files are served, below the installation's public address.
const assetPath = "/assets/"

// Asset is a public file. It never changes under its name.
type Asset struct {
	ContentType string
	Content     []byte
}

// SetLogo stores a PNG, JPEG, WebP or GIF image as the brand's logo; what it is, its bytes say. The logo before it is
// gone. Right: EditApp. Event: app.updated.
func (a *Accounts) SetLogo(ctx context.Context, c *Caller, appID string, content []byte) (wire.App, error) {
	opened, err := a.Open(ctx, c, appID, EditApp)
	if err != nil {
		return wire.App{}, err
	}
	if len(content) > MaxLogo {
		return wire.App{}, fault.Newf(fault.TooLarge, "Image: the file is larger than 1 MiB.").With("Make the image smaller.")
	}
	contentType, extension, err := sniffImage(content)
	if err != nil {
		return wire.App{}, err
	}
	digest := sha256.New()
	digest.Write([]byte("logo/" + strconv.Itoa(opened.ID) + "\n"))
	digest.Write(content)
	name := hex.EncodeToString(digest.Sum(nil)[:16]) + extension
	now := clock.Micros(clock.Now())
	return a.change(ctx, c, appID, func(b *Brand) { b.Settings.LogoImageUrl = assetPath + name }, func(tx *db.Tx) error {
		if _, err := tx.Exec(sqlDropLogos, opened.ID, name); err != nil {
			return err
		}
		_, err := tx.Exec(sqlInsertLogo, name, opened.ID, contentType, content, now)
		return err
	})
}

// Asset returns a public file by the last segment of its address; NotFound when there is none.
func (a *Accounts) Asset(ctx context.Context, name string) (Asset, error) {
	var f Asset
	if !assetName.MatchString(name) {
		return f, noFile()
	}
	err := a.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlAsset, name).Scan(&f.ContentType, &f.Content) })
	if errors.Is(err, db.ErrNoRows) {
		return f, noFile()
	}
	return f, wrap("asset", err)
}

var assetName = regexp.MustCompile(`^[0-9a-f]{32}\.[a-z]+$`)

func noFile() error { return fault.New(fault.NotFound, "There is no such file.") }

// assetURL completes the address of one of our own files.
func (a *Accounts) assetURL(u string) string {
	if strings.HasPrefix(u, assetPath) {
		return a.cfg.PublicURL + u
	}
	return u
}

func sniffImage(b []byte) (contentType, extension string, err error) {
	if len(b) > 16 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP" && string(b[12:15]) == "VP8" {
		return "image/webp", ".webp", nil
	}
	cfg, format, err := image.DecodeConfig(bytes.NewReader(b))
	switch {
	case err != nil:
		return "", "", fault.BadField("Image", "the file is no PNG, JPEG, WebP or GIF image")
	case cfg.Width < 1 || cfg.Height < 1 || cfg.Width > maxSide || cfg.Height > maxSide:
		return "", "", fault.BadField("Image", "the image has %d × %d pixels; %d a side is the most", cfg.Width, cfg.Height, maxSide)
	}
	if format == "jpeg" {
		return "image/jpeg", ".jpg", nil
	}
	return "image/" + format, "." + format, nil
}
