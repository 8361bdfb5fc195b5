package identity

import (
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrCode is a text to be read by a camera, as an SVG path of black modules, each one unit wide. The quiet zone around it is
// not in it.
type qrCode struct {
	Size int
	Path string
}

// quietZone is how many modules of white stand around a QR code (ISO/IEC 18004).
const quietZone = 4

// Box is the viewBox that has the quiet zone around the code.
func (c qrCode) Box() string {
	side := strconv.Itoa(c.Size + 2*quietZone)
	edge := strconv.Itoa(-quietZone)
	return edge + " " + edge + " " + side + " " + side
}

// qrOf draws a text; the zero code for one that is too long.
func qrOf(text string) qrCode {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return qrCode{}
	}
	var path strings.Builder
	size := code.Bounds().Dx()
	black := func(x, y int) bool {
		if x == size {
			return false
		}
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for black(x, y) {
				x++
			}
			if run := x - from; run > 0 {
				path.WriteString("M" + strconv.Itoa(from) + " " + strconv.Itoa(y) + "h" + strconv.Itoa(run) + "v1h-" + strconv.Itoa(run) + "z")
			}
		}
	}
	return qrCode{size, path.String()}
}
