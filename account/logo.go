package account

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	_ "image/gif" // formats that an image is checked for
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

// MaxImage is how many bytes an image has at most.
const MaxImage = 1 << 20

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
	f, err := a.NewImage(opened.ID, "logo", content)
	if err != nil {
		return wire.App{}, err
	}
	return a.change(ctx, c, appID, func(b *Brand) { b.Settings.LogoImageUrl = assetPath + f.Name }, f.PutAlone)
}

// Image is a picture that is about to be a public file.
type Image struct {
	Name string // the last segment of its address
	URL  string
	Asset
	brand int
	kind  string
}

// NewImage checks a PNG, JPEG, WebP or GIF image of a brand; what it is, its bytes say. The same bytes of one brand and
// kind are the same file.
func (a *Accounts) NewImage(brand int, kind string, content []byte) (Image, error) {
	if len(content) > MaxImage {
		return Image{}, fault.Newf(fault.TooLarge, "Image: the file is larger than 1 MiB.").With("Make the image smaller.")
	}
	contentType, extension, err := sniffImage(content)
	if err != nil {
		return Image{}, err
	}
	digest := sha256.New()
	digest.Write([]byte(kind + "/" + strconv.Itoa(brand) + "\n"))
	digest.Write(content)
	name := hex.EncodeToString(digest.Sum(nil)[:16]) + extension
	return Image{Name: name, URL: a.assetURL(assetPath + name), Asset: Asset{contentType, content}, brand: brand, kind: kind}, nil
}

// Put stores the file.
func (f Image) Put(tx *db.Tx) error {
	_, err := tx.Exec(sqlInsertAsset, f.Name, f.brand, f.kind, f.ContentType, f.Content, clock.Micros(clock.Now()))
	return err
}

// PutAlone stores the file as the only one of its brand and kind.
func (f Image) PutAlone(tx *db.Tx) error {
	if err := DropImages(tx, f.brand, f.kind); err != nil {
		return err
	}
	return f.Put(tx)
}

// DropImages removes all images of a brand that are of one kind.
func DropImages(tx *db.Tx, brand int, kind string) error {
	_, err := tx.Exec(sqlDropAssets, brand, kind)
	return err
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

// AssetPath is the path on this server of one of our own files by its address; empty for what is elsewhere.
func (a *Accounts) AssetPath(address string) string {
	if path, ours := strings.CutPrefix(address, a.cfg.PublicURL); ours && strings.HasPrefix(path, assetPath) {
		return path
	}
	return ""
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
