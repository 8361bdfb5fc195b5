package identity

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// A reader that is not ours reads from the drawing what was put into it.
func TestTheCodeCanBeRead(t *testing.T) {
	for _, text := range []string{
		"otpauth://totp/Comanda:giulia@example.com?algorithm=SHA1&digits=6&issuer=Comanda&period=30&secret=G26ESLLXOLCPAR7P3XHX3LVUJY6MJZVN",
		"x", "otpauth://totp/" + strings.Repeat("é", 200),
	} {
		code := qrOf(text)
		const scale = 4
		side := (code.Size + 2*quietZone) * scale
		img := image.NewGray(image.Rect(0, 0, side, side))
		draw.Draw(img, img.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		for _, run := range strings.Split(strings.TrimSuffix(code.Path, "z"), "z") {
			var x, y, n, back int
			if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%d", &x, &y, &n, &back); err != nil || n != back {
				t.Fatalf("%q: %v", run, err)
			}
			at := image.Rect(x, y, x+n, y+1).Add(image.Pt(quietZone, quietZone))
			draw.Draw(img, image.Rect(at.Min.X*scale, at.Min.Y*scale, at.Max.X*scale, at.Max.Y*scale), image.NewUniform(color.Black), image.Point{}, draw.Src)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
		if err != nil {
			t.Fatal(err)
		}
		read, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_CHARACTER_SET: "UTF-8"})
		if err != nil || read.GetText() != text {
			t.Errorf("%.40q is read as %v (%v)", text, read, err)
		}
	}
	if code := qrOf(strings.Repeat("x", 5000)); code.Path != "" {
		t.Error("a code that holds too much")
	}
}
