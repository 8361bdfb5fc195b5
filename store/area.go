package store

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/peterstace/simplefeatures/geom"

	"comanda/wire"
)

// area is a part of the map. Its boundary belongs to it.
type area interface {
	covers(at wire.Coordinates) bool
	// somewhere draws a place of the area.
	somewhere(chance *rand.Rand) wire.Coordinates
}

const (
	maxAreaText   = 64 << 10  // bytes
	maxAreaPoints = 1000      // corners of a polygon with its holes
	maxRadius     = 1_000_000 // metres
)

// parseArea reads an area that somebody drew: a POLYGON or MULTIPOLYGON of well-known text, with x the longitude and y the
// latitude in degrees, or CIRCLE (longitude latitude radius), which well-known text does not have, with the radius in
// metres. An error says what is wrong and how to mend it.
func parseArea(text string) (area, error) {
	if len(text) > maxAreaText {
		return nil, fmt.Errorf("it has %d bytes, and %d are allowed: draw fewer corners", len(text), maxAreaText)
	}
	kind, body, _ := strings.Cut(text, "(")
	kind = strings.ToUpper(strings.TrimSpace(kind))
	if strings.Trim(body, "0123456789+-.eE(), \t\r\n") != "" {
		return nil, errors.New("between its brackets are only longitudes and latitudes in degrees, such as -6.26 53.34, with commas between the corners")
	}
	switch kind {
	case "CIRCLE":
		return parseCircle(body)
	case "POLYGON", "MULTIPOLYGON":
		return parsePolygon(text)
	}
	return nil, errors.New("write it as POLYGON((longitude latitude, …)), MULTIPOLYGON(((…)),((…))) or CIRCLE (longitude latitude metres)")
}

// readArea reads what parseArea took.
func readArea(text string) (area, error) {
	kind, body, _ := strings.Cut(text, "(")
	if strings.EqualFold(strings.TrimSpace(kind), "CIRCLE") {
		return parseCircle(body)
	}
	g, err := geom.UnmarshalWKT(text, geom.NoValidate{})
	return newPolygon(g), err
}

// polygon is one polygon or some, with holes. Its edges are straight in longitude and latitude.
type polygon struct {
	shape  geom.Geometry
	bounds geom.Envelope
}

func newPolygon(g geom.Geometry) *polygon { return &polygon{g, g.Envelope()} }

func (p *polygon) covers(at wire.Coordinates) bool {
	xy := geom.XY{X: at.Longitude, Y: at.Latitude}
	return p.bounds.Contains(xy) && geom.Intersects(p.shape, xy.AsPoint().AsGeometry())
}

func (p *polygon) somewhere(chance *rand.Rand) wire.Coordinates {
	least, most, _ := p.bounds.MinMaxXYs()
	for range 50 {
		at := wire.Coordinates{
			Longitude: least.X + chance.Float64()*(most.X-least.X),
			Latitude:  least.Y + chance.Float64()*(most.Y-least.Y),
		}
		if p.covers(at) {
			return at
		}
	}
	xy, _ := p.shape.PointOnSurface().XY()
	return wire.Coordinates{Longitude: xy.X, Latitude: xy.Y}
}

func parsePolygon(text string) (area, error) {
	g, err := geom.UnmarshalWKT(text, geom.NoValidate{})
	if err != nil {
		return nil, errors.New("it is not well-known text: write it as POLYGON((-6.3 53.3, -6.2 53.3, -6.2 53.4, -6.3 53.3)), each hole as another ring after the first")
	}
	var polygons []geom.Polygon
	if one, ok := g.AsPolygon(); ok {
		polygons = append(polygons, one)
	} else {
		polygons = g.MustAsMultiPolygon().Dump()
	}
	if n := g.DumpCoordinates().Length(); n > maxAreaPoints {
		return nil, fmt.Errorf("it has %d corners, and %d are allowed: draw fewer", n, maxAreaPoints)
	}
	rings := 0
	for _, p := range polygons {
		for _, ring := range p.DumpRings() {
			rings++
			if err := checkRing(ring); err != nil {
				return nil, fmt.Errorf("ring %d %w", rings, err)
			}
		}
		if p.Validate() != nil {
			return nil, errors.New("its holes do not fit: each must lie within the outer ring, and outside the other holes, and may touch another ring in one point only")
		}
	}
	if g.Validate() != nil {
		return nil, errors.New("its polygons overlap or have an edge in common: join them into one, or make a zone of each")
	}
	return newPolygon(g), nil
}

func checkRing(ring geom.LineString) error {
	corners := ring.Coordinates()
	for i := range corners.Length() {
		if err := checkPlace(corners.GetXY(i)); err != nil {
			return err
		}
	}
	if corners.Length() < 4 || !ring.IsClosed() {
		return errors.New("is not closed: give three corners at least, and the first again as the last")
	}
	if ring.Validate() != nil || !ring.IsSimple() {
		return errors.New("crosses or touches itself: give the corners in the order in which they are met around it")
	}
	return nil
}

func checkPlace(at geom.XY) error {
	if math.Abs(at.X) <= 180 && math.Abs(at.Y) <= 90 {
		return nil
	}
	if math.Abs(at.X) <= 90 && math.Abs(at.Y) <= 180 {
		return fmt.Errorf("has the latitude %g: the longitude comes first, -180 to 180, then the latitude, -90 to 90", at.Y)
	}
	return fmt.Errorf("has a corner at %g %g: a longitude is from -180 to 180, a latitude from -90 to 90", at.X, at.Y)
}

// circle is all that is not farther from its centre than the radius, as the crow flies over a round earth.
type circle struct {
	centre wire.Coordinates
	radius float64 // metres
}

func parseCircle(body string) (area, error) {
	inner, rest, closed := strings.Cut(body, ")")
	words := strings.Fields(inner)
	if !closed || strings.TrimSpace(rest) != "" || len(words) != 3 {
		return nil, errors.New("write it as CIRCLE (-6.26 53.34 2500): longitude, latitude, and the radius in metres")
	}
	var n [3]float64
	for i, w := range words {
		var err error
		if n[i], err = strconv.ParseFloat(w, 64); err != nil {
			return nil, fmt.Errorf("%.20q is not a number that a circle can have: write it as CIRCLE (-6.26 53.34 2500)", w)
		}
	}
	if err := checkPlace(geom.XY{X: n[0], Y: n[1]}); err != nil {
		return nil, fmt.Errorf("the circle %w", err)
	}
	if n[2] < 1 || n[2] > maxRadius {
		return nil, fmt.Errorf("the radius of %g is not from 1 to %d metres", n[2], maxRadius)
	}
	return &circle{wire.Coordinates{Longitude: n[0], Latitude: n[1]}, n[2]}, nil
}

const (
	earthRadius = 6_371_008.8 // metres, the mean one
	degree      = math.Pi / 180
)

func (c *circle) covers(at wire.Coordinates) bool { return distance(c.centre, at) <= c.radius }

// distance is that of two places in metres, by the haversine formula.
func distance(a, b wire.Coordinates) float64 {
	north, east := math.Sin((b.Latitude-a.Latitude)*degree/2), math.Sin((b.Longitude-a.Longitude)*degree/2)
	h := north*north + math.Cos(a.Latitude*degree)*math.Cos(b.Latitude*degree)*east*east
	return 2 * earthRadius * math.Asin(min(1, math.Sqrt(h)))
}

func (c *circle) somewhere(chance *rand.Rand) wire.Coordinates {
	// A little less than the radius, because degrees of a circle near a pole are not all alike.
	away, towards := c.radius*math.Sqrt(chance.Float64())*0.99/earthRadius, 2*math.Pi*chance.Float64()
	at := wire.Coordinates{
		Latitude:  c.centre.Latitude + away*math.Cos(towards)/degree,
		Longitude: c.centre.Longitude + away*math.Sin(towards)/degree/math.Cos(c.centre.Latitude*degree),
	}
	if math.Abs(at.Latitude) > 90 || math.Abs(at.Longitude) > 180 || !c.covers(at) {
		return c.centre
	}
	return at
}
