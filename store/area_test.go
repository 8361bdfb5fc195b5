package store

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"comanda/wire"
)

func mustArea(t interface{ Fatalf(string, ...any) }, text string) area {
	a, err := parseArea(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	read, err := readArea(text)
	if err != nil {
		t.Fatalf("%s is taken, and not read: %v", text, err)
	}
	if fmt.Sprintf("%T", read) != fmt.Sprintf("%T", a) {
		t.Fatalf("%s is taken as %T, and read as %T", text, a, read)
	}
	return read
}

func place(x, y float64) wire.Coordinates { return wire.Coordinates{Longitude: x, Latitude: y} }

// On a grid of whole numbers, which side of an edge a corner lies on is exact.
func TestATriangleHoldsWhatIsOnNoOuterSideOfItsEdges(t *testing.T) {
	type point struct{ x, y int }
	side := func(a, b, p point) int { return (b.x-a.x)*(p.y-a.y) - (b.y-a.y)*(p.x-a.x) }
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) point {
			return point{rapid.IntRange(-8, 8).Draw(t, name+" x"), rapid.IntRange(-8, 8).Draw(t, name+" y")}
		}
		a, b, c := draw("a"), draw("b"), draw("c")
		text := fmt.Sprintf("POLYGON((%d %d,%d %d,%d %d,%d %d))", a.x, a.y, b.x, b.y, c.x, c.y, a.x, a.y)
		if side(a, b, c) == 0 {
			if _, err := parseArea(text); err == nil {
				t.Fatalf("%s has no inside and is taken", text)
			}
			return
		}
		of := mustArea(t, text)
		for x := -9; x <= 9; x++ {
			for y := -9; y <= 9; y++ {
				p := point{x, y}
				s1, s2, s3 := side(a, b, p), side(b, c, p), side(c, a, p)
				want := s1 >= 0 && s2 >= 0 && s3 >= 0 || s1 <= 0 && s2 <= 0 && s3 <= 0
				if got := of.covers(place(float64(x), float64(y))); got != want {
					t.Fatalf("%s holds %d %d: %v, want %v", text, x, y, got, want)
				}
			}
		}
	})
}

func TestAHoleIsOutsideAndItsEdgeInside(t *testing.T) {
	of := mustArea(t, "polygon ((0 0, 8 0, 8 8, 0 8, 0 0), (2 2, 6 2, 6 6, 2 6, 2 2))")
	for x := -1; x <= 9; x++ {
		for y := -1; y <= 9; y++ {
			want := x >= 0 && x <= 8 && y >= 0 && y <= 8 && (x <= 2 || x >= 6 || y <= 2 || y >= 6)
			if got := of.covers(place(float64(x), float64(y))); got != want {
				t.Errorf("holds %d %d: %v", x, y, got)
			}
		}
	}
}

func TestPolygonsOnBothSidesOfTheDateLineAreOneArea(t *testing.T) {
	of := mustArea(t, "MULTIPOLYGON(((179 -44,180 -44,180 -43,179 -43,179 -44)),((-180 -44,-176 -44,-176 -43,-180 -43,-180 -44)))")
	for _, at := range []wire.Coordinates{place(179.5, -43.5), place(180, -43.5), place(-180, -43.5), place(-176.5, -43.9)} {
		if !of.covers(at) {
			t.Errorf("%v is outside", at)
		}
	}
	if of.covers(place(0, -43.5)) || of.covers(place(178.9, -43.5)) {
		t.Error("the wrong way around the earth is inside")
	}
}

// The place at a bearing and a distance is found by the direct formula on the sphere, which the haversine is not made of.
func TestACircleEndsAtItsRadius(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lon, lat := rapid.Float64Range(-180, 180).Draw(t, "longitude"), rapid.Float64Range(-89, 89).Draw(t, "latitude")
		radius := rapid.Float64Range(1, maxRadius).Draw(t, "radius")
		bearing := rapid.Float64Range(0, 2*math.Pi).Draw(t, "bearing")
		of := mustArea(t, fmt.Sprintf("CIRCLE (%v %v %v)", lon, lat, radius))
		if !of.covers(place(lon, lat)) {
			t.Fatal("the centre is outside")
		}
		for _, c := range []struct {
			share  float64
			inside bool
		}{{0.5, true}, {0.9999, true}, {1.0001, false}, {2, false}} {
			d := radius * c.share / 6_371_008.8
			north := math.Asin(math.Sin(lat*degree)*math.Cos(d) + math.Cos(lat*degree)*math.Sin(d)*math.Cos(bearing))
			east := lon*degree + math.Atan2(math.Sin(bearing)*math.Sin(d)*math.Cos(lat*degree), math.Cos(d)-math.Sin(lat*degree)*math.Sin(north))
			if of.covers(place(math.Remainder(east/degree, 360), north/degree)) != c.inside {
				t.Fatalf("at %v of the radius: inside is not %v", c.share, c.inside)
			}
		}
	})
}

func TestPlacesDrawnOfAnAreaAreInIt(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for text, least := range map[string]int{
		"POLYGON((0 0,10 10,10 9.999,0 0))":                                        1, // so thin that its middle has to do
		"POLYGON((0 0,8 0,8 8,0 8,0 0),(0.1 0.1,7.9 0.1,7.9 7.9,0.1 7.9,0.1 0.1))": 100,
		"CIRCLE(-6.26 53.34 2500)":                                                 200,
		"CIRCLE (180 10 1000)":                                                     50,
		"CIRCLE (0 90 5000)":                                                       1,
		"CIRCLE (12 -89.9 1000000)":                                                1,
	} {
		of := mustArea(t, text)
		seen := map[wire.Coordinates]bool{}
		for range 200 {
			at := of.somewhere(chance)
			seen[at] = true
			if !of.covers(at) || math.Abs(at.Latitude) > 90 || math.Abs(at.Longitude) > 180 {
				t.Fatalf("%s: %v was drawn", text, at)
			}
		}
		if len(seen) < least {
			t.Errorf("%s: only %d places were drawn", text, len(seen))
		}
	}
}

func TestAreasThatNobodyCanMeanAreRefused(t *testing.T) {
	var corners strings.Builder
	for i := range maxAreaPoints + 1 {
		fmt.Fprintf(&corners, "%g %g,", math.Cos(float64(i)/maxAreaPoints), math.Sin(float64(i)/maxAreaPoints))
	}
	for _, c := range []struct{ text, words string }{
		{"", "write it as POLYGON"},
		{"Temple Bar", "write it as POLYGON"},
		{"POINT(1 2)", "write it as POLYGON"},
		{"POLYGON EMPTY", "write it as POLYGON"},
		{"POLYGON Z((0 0 1,1 0 1,1 1 1,0 0 1))", "write it as POLYGON"},
		{"SRID=4326;POLYGON((0 0,1 0,1 1,0 0))", "write it as POLYGON"},
		{"POLYGON()", "not well-known text"},
		{"POLYGON(())", "not well-known text"},
		{"POLYGON((0 0,1 0,1 1,0 0)", "not well-known text"},
		{"POLYGON((0 0,1 0,1 1,0 0)) 7", "not well-known text"},
		{"POLYGON((0,0 1,0 1,1 0,0))", "not well-known text"},
		{"POLYGON((1e400 0,1 0,1 1,1e400 0))", "not well-known text"},
		{"POLYGON((NaN 0,1 0,1 1,NaN 0))", "between its brackets"},
		{"POLYGON((-Inf 0,1 0,1 1,-Inf 0))", "between its brackets"},
		{"POLYGON((0x1p4 0,1 0,1 1,0x1p4 0))", "between its brackets"},
		{"POLYGON((1_0 0,1 0,1 1,1_0 0))", "between its brackets"},
		{"POLYGON((0 0,1 0,1 1))", "ring 1 is not closed"},
		{"POLYGON((0 0,1 1,0 0))", "ring 1 is not closed"},
		{"POLYGON((0 0,0 0,0 0,0 0))", "ring 1 crosses or touches itself"},
		{"POLYGON((0 0,1 0,2 0,0 0))", "ring 1 crosses or touches itself"},
		{"POLYGON((0 0,4 4,4 0,0 4,0 0))", "ring 1 crosses or touches itself"},
		{"POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,3 3,3 1,1 3,1 1))", "ring 2 crosses or touches itself"},
		{"POLYGON((0 0,9 0,9 9,0 9,0 0),(10 10,11 10,11 11,10 10))", "holes do not fit"},
		{"POLYGON((0 0,9 0,9 9,0 9,0 0),(5 5,12 5,12 6,5 5))", "holes do not fit"},
		{"POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,2 1,2 2,1 1),(1 1,2 1,2 2,1 1))", "holes do not fit"},
		{"MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0)),((2 2,6 2,6 6,2 6,2 2)))", "overlap"},
		{"MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0)),((4 0,8 0,8 4,4 4,4 0)))", "overlap"},
		{"POLYGON((53.3 -96.2,53.4 -96.2,53.4 -96.1,53.3 -96.2))", "the longitude comes first"},
		{"POLYGON((181 0,182 0,182 1,181 0))", "a longitude is from -180 to 180"},
		{"POLYGON((0 0,1e300 0,1 1,0 0))", "a longitude is from -180 to 180"},
		{"CIRCLE (1 2)", "write it as CIRCLE"},
		{"CIRCLE (1 2 3", "write it as CIRCLE"},
		{"CIRCLE (1 2 3) 4", "write it as CIRCLE"},
		{"CIRCLE (1 2 3 4)", "write it as CIRCLE"},
		{"CIRCLE (1 2 e)", "not a number"},
		{"CIRCLE (1 2 1e999)", "not a number"},
		{"CIRCLE (1 2 0)", "not from 1 to 1000000 metres"},
		{"CIRCLE (1 2 -5)", "not from 1 to 1000000 metres"},
		{"CIRCLE (1 2 1000001)", "not from 1 to 1000000 metres"},
		{"CIRCLE (1 91 5)", "the longitude comes first"},
		{"CIRCLE (200 91 5)", "a longitude is from -180 to 180"},
		{"POLYGON((" + corners.String() + "1 0))", "1002 corners"},
		{"POLYGON((" + strings.Repeat("1 1,", maxAreaText) + "1 1))", "bytes"},
	} {
		if _, err := parseArea(c.text); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%.80s: %v, want %q", c.text, err, c.words)
		}
	}
}

// Whatever is taken is read back, and asking it of any place does no harm.
func TestNoTextBreaksAnArea(t *testing.T) {
	word := rapid.SampledFrom([]string{"POLYGON", "MULTIPOLYGON", "CIRCLE", "(", ")", ",", " ", "0", "1", "-1", "7.5", "1e2", "180", "90", "+", "E", "e9", "(("})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(word, 0, 30).Draw(t, "words"), "")
		if rapid.Bool().Draw(t, "shaped") {
			text = "POLYGON((" + text + "))"
		}
		if _, err := parseArea(text); err == nil {
			mustArea(t, text).covers(place(1, 1))
		}
	})
}
