package store

import (
	"math"
	"time"
	_ "time/tzdata" // hours must not depend on what the machine has installed

	"comanda/wire"
)

// zone is a time zone as IANA and as Windows name it (the pairs of Unicode CLDR), with a country and a place in it.
type zone struct {
	country, iana, windows string
	latitude, longitude    float64
}

// zoneOf picks the zone of a place: the country's only one, else that of the nearest place of the table, which near a
// border of zones may be the wrong one; without coordinates the country's first. False when the country is unknown.
func zoneOf(country string, at *wire.Coordinates) (zone, bool) {
	best, distance := -1, math.Inf(1)
	for i, z := range zones {
		if z.country != country {
			continue
		}
		if at == nil {
			return z, true
		}
		north := z.latitude - at.Latitude
		east := math.Remainder(z.longitude-at.Longitude, 360) * math.Cos(at.Latitude*math.Pi/180)
		if d := north*north + east*east; d < distance {
			best, distance = i, d
		}
	}
	if best < 0 {
		return zone{}, false
	}
	return zones[best], true
}

// zoneNamed finds a zone by its IANA name. One that is not in the table has no Windows name.
func zoneNamed(iana string) (zone, bool) {
	for _, z := range zones {
		if z.iana == iana {
			return z, true
		}
	}
	if _, err := time.LoadLocation(iana); err != nil || iana == "" || iana == "Local" {
		return zone{}, false
	}
	return zone{iana: iana}, true
}

// TimeZone is a time zone by both of its names.
type TimeZone struct{ IANA, Windows string }

// TimeZones lists the time zones of the supported countries, each once.
func TimeZones() (out []TimeZone) {
	seen := map[string]bool{}
	for _, z := range zones {
		if !seen[z.iana] {
			seen[z.iana] = true
			out = append(out, TimeZone{z.iana, z.windows})
		}
	}
	return out
}

// zones holds each country's zone of most people first. A country of several zones has the place that IANA names each
// after, and larger towns.
var zones = []zone{
	{"AU", "Australia/Sydney", "AUS Eastern Standard Time", -33.9, 151.2},
	{"AU", "Australia/Sydney", "AUS Eastern Standard Time", -35.3, 149.1},
	{"AU", "Australia/Sydney", "AUS Eastern Standard Time", -32.9, 151.8},
	{"AU", "Australia/Sydney", "AUS Eastern Standard Time", -30.5, 151.7},
	{"AU", "Australia/Sydney", "AUS Eastern Standard Time", -36.1, 146.9},
	{"AU", "Australia/Sydney", "AUS Eastern Standard Time", -28.6, 153.4},
	{"AU", "Australia/Sydney", "AUS Eastern Standard Time", -30.3, 153.1},
	{"AU", "Australia/Melbourne", "AUS Eastern Standard Time", -37.8, 145.0},
	{"AU", "Australia/Melbourne", "AUS Eastern Standard Time", -38.1, 144.4},
	{"AU", "Australia/Melbourne", "AUS Eastern Standard Time", -36.8, 144.3},
	{"AU", "Australia/Melbourne", "AUS Eastern Standard Time", -34.2, 142.2},
	{"AU", "Australia/Brisbane", "E. Australia Standard Time", -27.5, 153.0},
	{"AU", "Australia/Brisbane", "E. Australia Standard Time", -16.9, 145.8},
	{"AU", "Australia/Brisbane", "E. Australia Standard Time", -19.3, 146.8},
	{"AU", "Australia/Brisbane", "E. Australia Standard Time", -23.4, 150.5},
	{"AU", "Australia/Brisbane", "E. Australia Standard Time", -27.6, 152.0},
	{"AU", "Australia/Brisbane", "E. Australia Standard Time", -28.0, 153.4},
	{"AU", "Australia/Brisbane", "E. Australia Standard Time", -20.7, 139.5},
	{"AU", "Australia/Lindeman", "E. Australia Standard Time", -20.3, 149.0},
	{"AU", "Australia/Hobart", "Tasmania Standard Time", -42.9, 147.3},
	{"AU", "Australia/Adelaide", "Cen. Australia Standard Time", -34.9, 138.6},
	{"AU", "Australia/Adelaide", "Cen. Australia Standard Time", -37.8, 140.8},
	{"AU", "Australia/Adelaide", "Cen. Australia Standard Time", -34.7, 135.9},
	{"AU", "Australia/Adelaide", "Cen. Australia Standard Time", -32.5, 137.8},
	{"AU", "Australia/Broken_Hill", "Cen. Australia Standard Time", -31.9, 141.4},
	{"AU", "Australia/Darwin", "AUS Central Standard Time", -12.5, 130.8},
	{"AU", "Australia/Darwin", "AUS Central Standard Time", -23.7, 133.9},
	{"AU", "Australia/Darwin", "AUS Central Standard Time", -14.5, 132.3},
	{"AU", "Australia/Perth", "W. Australia Standard Time", -31.9, 115.8},
	{"AU", "Australia/Perth", "W. Australia Standard Time", -28.8, 114.6},
	{"AU", "Australia/Perth", "W. Australia Standard Time", -20.3, 118.6},
	{"AU", "Australia/Perth", "W. Australia Standard Time", -18.0, 122.2},
	{"AU", "Australia/Perth", "W. Australia Standard Time", -30.7, 121.5},
	{"AU", "Australia/Perth", "W. Australia Standard Time", -35.0, 117.9},
	{"AU", "Australia/Eucla", "Aus Central W. Standard Time", -31.7, 128.9},
	{"AU", "Australia/Lord_Howe", "Lord Howe Standard Time", -31.6, 159.1},
	{"AT", "Europe/Vienna", "W. Europe Standard Time", 48.2, 16.3},
	{"BH", "Asia/Bahrain", "Arab Standard Time", 26.4, 50.6},
	{"BE", "Europe/Brussels", "Romance Standard Time", 50.8, 4.3},
	{"BR", "America/Sao_Paulo", "E. South America Standard Time", -23.5, -46.6},
	{"BR", "America/Sao_Paulo", "E. South America Standard Time", -22.9, -43.2},
	{"BR", "America/Sao_Paulo", "E. South America Standard Time", -19.9, -43.9},
	{"BR", "America/Sao_Paulo", "E. South America Standard Time", -15.8, -47.9},
	{"BR", "America/Sao_Paulo", "E. South America Standard Time", -25.4, -49.3},
	{"BR", "America/Sao_Paulo", "E. South America Standard Time", -30.0, -51.2},
	{"BR", "America/Sao_Paulo", "E. South America Standard Time", -16.7, -49.3},
	{"BR", "America/Sao_Paulo", "E. South America Standard Time", -27.6, -48.5},
	{"BR", "America/Sao_Paulo", "E. South America Standard Time", -20.3, -40.3},
	{"BR", "America/Sao_Paulo", "E. South America Standard Time", -18.9, -48.3},
	{"BR", "America/Manaus", "SA Western Standard Time", -3.1, -60.0},
	{"BR", "America/Boa_Vista", "SA Western Standard Time", 2.8, -60.7},
	{"BR", "America/Porto_Velho", "SA Western Standard Time", -8.8, -63.9},
	{"BR", "America/Campo_Grande", "Central Brazilian Standard Time", -20.4, -54.6},
	{"BR", "America/Cuiaba", "Central Brazilian Standard Time", -15.6, -56.1},
	{"BR", "America/Fortaleza", "SA Eastern Standard Time", -3.7, -38.5},
	{"BR", "America/Fortaleza", "SA Eastern Standard Time", -5.8, -35.2},
	{"BR", "America/Fortaleza", "SA Eastern Standard Time", -5.1, -42.8},
	{"BR", "America/Fortaleza", "SA Eastern Standard Time", -2.5, -44.3},
	{"BR", "America/Fortaleza", "SA Eastern Standard Time", -7.1, -34.9},
	{"BR", "America/Belem", "SA Eastern Standard Time", -1.4, -48.5},
	{"BR", "America/Belem", "SA Eastern Standard Time", 0.0, -51.1},
	{"BR", "America/Recife", "SA Eastern Standard Time", -8.1, -34.9},
	{"BR", "America/Maceio", "SA Eastern Standard Time", -9.7, -35.7},
	{"BR", "America/Santarem", "SA Eastern Standard Time", -2.4, -54.9},
	{"BR", "America/Bahia", "Bahia Standard Time", -13.0, -38.5},
	{"BR", "America/Bahia", "Bahia Standard Time", -14.8, -39.3},
	{"BR", "America/Bahia", "Bahia Standard Time", -12.3, -38.9},
	{"BR", "America/Araguaina", "Tocantins Standard Time", -7.2, -48.2},
	{"BR", "America/Rio_Branco", "SA Pacific Standard Time", -10.0, -67.8},
	{"BR", "America/Eirunepe", "SA Pacific Standard Time", -6.7, -69.9},
	{"BR", "America/Noronha", "UTC-02", -3.9, -32.4},
	{"BG", "Europe/Sofia", "FLE Standard Time", 42.7, 23.3},
	{"CA", "America/Toronto", "Eastern Standard Time", 43.6, -79.4},
	{"CA", "America/Toronto", "Eastern Standard Time", 45.4, -75.7},
	{"CA", "America/Toronto", "Eastern Standard Time", 45.5, -73.6},
	{"CA", "America/Toronto", "Eastern Standard Time", 46.8, -71.2},
	{"CA", "America/Toronto", "Eastern Standard Time", 48.4, -89.2},
	{"CA", "America/Toronto", "Eastern Standard Time", 46.5, -81.0},
	{"CA", "America/Toronto", "Eastern Standard Time", 48.5, -68.5},
	{"CA", "America/Iqaluit", "Eastern Standard Time", 63.7, -68.5},
	{"CA", "America/St_Johns", "Newfoundland Standard Time", 47.6, -52.7},
	{"CA", "America/Halifax", "Atlantic Standard Time", 44.6, -63.6},
	{"CA", "America/Halifax", "Atlantic Standard Time", 46.2, -63.1},
	{"CA", "America/Halifax", "Atlantic Standard Time", 46.1, -60.2},
	{"CA", "America/Moncton", "Atlantic Standard Time", 46.1, -64.8},
	{"CA", "America/Goose_Bay", "Atlantic Standard Time", 53.3, -60.4},
	{"CA", "America/Winnipeg", "Central Standard Time", 49.9, -97.2},
	{"CA", "America/Winnipeg", "Central Standard Time", 49.8, -94.5},
	{"CA", "America/Rankin_Inlet", "Central Standard Time", 62.8, -92.1},
	{"CA", "America/Resolute", "Central Standard Time", 74.7, -94.8},
	{"CA", "America/Regina", "Canada Central Standard Time", 50.4, -104.7},
	{"CA", "America/Regina", "Canada Central Standard Time", 52.1, -106.7},
	{"CA", "America/Swift_Current", "Canada Central Standard Time", 50.3, -107.8},
	{"CA", "America/Edmonton", "Mountain Standard Time", 53.5, -113.5},
	{"CA", "America/Edmonton", "Mountain Standard Time", 51.0, -114.1},
	{"CA", "America/Edmonton", "Mountain Standard Time", 58.4, -111.4},
	{"CA", "America/Edmonton", "Mountain Standard Time", 49.7, -112.8},
	{"CA", "America/Cambridge_Bay", "Mountain Standard Time", 69.1, -105.1},
	{"CA", "America/Inuvik", "Mountain Standard Time", 68.3, -133.7},
	{"CA", "America/Vancouver", "Pacific Standard Time", 49.3, -123.1},
	{"CA", "America/Vancouver", "Pacific Standard Time", 49.9, -119.5},
	{"CA", "America/Vancouver", "Pacific Standard Time", 53.9, -122.7},
	{"CA", "America/Vancouver", "Pacific Standard Time", 48.4, -123.4},
	{"CA", "America/Vancouver", "Pacific Standard Time", 54.3, -130.3},
	{"CA", "America/Whitehorse", "Yukon Standard Time", 60.7, -135.1},
	{"CA", "America/Dawson", "Yukon Standard Time", 64.1, -139.4},
	{"CA", "America/Creston", "US Mountain Standard Time", 49.1, -116.5},
	{"CA", "America/Dawson_Creek", "US Mountain Standard Time", 55.8, -120.2},
	{"CA", "America/Fort_Nelson", "US Mountain Standard Time", 58.8, -122.7},
	{"CL", "America/Santiago", "Pacific SA Standard Time", -33.5, -70.7},
	{"CL", "America/Santiago", "Pacific SA Standard Time", -23.6, -70.4},
	{"CL", "America/Santiago", "Pacific SA Standard Time", -36.8, -73.0},
	{"CL", "America/Santiago", "Pacific SA Standard Time", -41.5, -72.9},
	{"CL", "America/Santiago", "Pacific SA Standard Time", -18.5, -70.3},
	{"CL", "America/Santiago", "Pacific SA Standard Time", -45.6, -72.1},
	{"CL", "America/Punta_Arenas", "Magallanes Standard Time", -53.1, -70.9},
	{"CL", "Pacific/Easter", "Easter Island Standard Time", -27.1, -109.4},
	{"HR", "Europe/Zagreb", "Central European Standard Time", 45.8, 16.0},
	{"CY", "Asia/Nicosia", "GTB Standard Time", 35.2, 33.4},
	{"CZ", "Europe/Prague", "Central Europe Standard Time", 50.1, 14.4},
	{"DK", "Europe/Copenhagen", "Romance Standard Time", 55.7, 12.6},
	{"EE", "Europe/Tallinn", "FLE Standard Time", 59.4, 24.8},
	{"FI", "Europe/Helsinki", "FLE Standard Time", 60.2, 25.0},
	{"FR", "Europe/Paris", "Romance Standard Time", 48.9, 2.3},
	{"DE", "Europe/Berlin", "W. Europe Standard Time", 52.5, 13.4},
	{"GR", "Europe/Athens", "GTB Standard Time", 38.0, 23.7},
	{"HU", "Europe/Budapest", "Central Europe Standard Time", 47.5, 19.1},
	{"IS", "Atlantic/Reykjavik", "Greenwich Standard Time", 64.2, -21.9},
	{"IN", "Asia/Kolkata", "India Standard Time", 22.5, 88.4},
	{"IE", "Europe/Dublin", "GMT Standard Time", 53.3, -6.2},
	{"IT", "Europe/Rome", "W. Europe Standard Time", 41.9, 12.5},
	{"JP", "Asia/Tokyo", "Tokyo Standard Time", 35.7, 139.7},
	{"KW", "Asia/Kuwait", "Arab Standard Time", 29.3, 48.0},
	{"LV", "Europe/Riga", "FLE Standard Time", 57.0, 24.1},
	{"LT", "Europe/Vilnius", "FLE Standard Time", 54.7, 25.3},
	{"LU", "Europe/Luxembourg", "W. Europe Standard Time", 49.6, 6.2},
	{"MT", "Europe/Malta", "W. Europe Standard Time", 35.9, 14.5},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 19.4, -99.2},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 20.7, -103.3},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 19.0, -98.2},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 21.1, -101.7},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 17.1, -96.7},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 18.0, -92.9},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 22.2, -101.0},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 19.2, -96.1},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 16.9, -99.8},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 16.8, -93.1},
	{"MX", "America/Mexico_City", "Central Standard Time (Mexico)", 24.0, -104.7},
	{"MX", "America/Merida", "Central Standard Time (Mexico)", 21.0, -89.6},
	{"MX", "America/Monterrey", "Central Standard Time (Mexico)", 25.7, -100.3},
	{"MX", "America/Monterrey", "Central Standard Time (Mexico)", 25.5, -103.4},
	{"MX", "America/Monterrey", "Central Standard Time (Mexico)", 22.2, -97.9},
	{"MX", "America/Bahia_Banderas", "Central Standard Time (Mexico)", 20.8, -105.2},
	{"MX", "America/Chihuahua", "Central Standard Time (Mexico)", 28.6, -106.1},
	{"MX", "America/Cancun", "Eastern Standard Time (Mexico)", 21.1, -86.8},
	{"MX", "America/Mazatlan", "Mountain Standard Time (Mexico)", 23.2, -106.4},
	{"MX", "America/Mazatlan", "Mountain Standard Time (Mexico)", 24.1, -110.3},
	{"MX", "America/Mazatlan", "Mountain Standard Time (Mexico)", 24.8, -107.4},
	{"MX", "America/Mazatlan", "Mountain Standard Time (Mexico)", 21.5, -104.9},
	{"MX", "America/Hermosillo", "US Mountain Standard Time", 29.1, -111.0},
	{"MX", "America/Tijuana", "Pacific Standard Time (Mexico)", 32.5, -117.0},
	{"MX", "America/Tijuana", "Pacific Standard Time (Mexico)", 32.6, -115.5},
	{"MX", "America/Ciudad_Juarez", "Mountain Standard Time", 31.7, -106.5},
	{"MX", "America/Ojinaga", "Central Standard Time", 29.6, -104.4},
	{"MX", "America/Matamoros", "Central Standard Time", 25.8, -97.5},
	{"NL", "Europe/Amsterdam", "W. Europe Standard Time", 52.4, 4.9},
	{"NZ", "Pacific/Auckland", "New Zealand Standard Time", -36.9, 174.8},
	{"NZ", "Pacific/Chatham", "Chatham Islands Standard Time", -44.0, -176.6},
	{"NO", "Europe/Oslo", "W. Europe Standard Time", 59.9, 10.8},
	{"PL", "Europe/Warsaw", "Central European Standard Time", 52.2, 21.0},
	{"PT", "Europe/Lisbon", "GMT Standard Time", 38.7, -9.1},
	{"PT", "Atlantic/Madeira", "GMT Standard Time", 32.6, -16.9},
	{"PT", "Atlantic/Azores", "Azores Standard Time", 37.7, -25.7},
	{"PT", "Atlantic/Azores", "Azores Standard Time", 38.5, -28.6},
	{"QA", "Asia/Qatar", "Arab Standard Time", 25.3, 51.5},
	{"RO", "Europe/Bucharest", "GTB Standard Time", 44.4, 26.1},
	{"SG", "Asia/Singapore", "Singapore Standard Time", 1.3, 103.8},
	{"SK", "Europe/Bratislava", "Central Europe Standard Time", 48.1, 17.1},
	{"SI", "Europe/Ljubljana", "Central Europe Standard Time", 46.0, 14.5},
	{"ZA", "Africa/Johannesburg", "South Africa Standard Time", -26.2, 28.0},
	{"ES", "Europe/Madrid", "Romance Standard Time", 40.4, -3.7},
	{"ES", "Africa/Ceuta", "Romance Standard Time", 35.9, -5.3},
	{"ES", "Atlantic/Canary", "GMT Standard Time", 28.1, -15.4},
	{"SE", "Europe/Stockholm", "W. Europe Standard Time", 59.3, 18.1},
	{"CH", "Europe/Zurich", "W. Europe Standard Time", 47.4, 8.5},
	{"TR", "Europe/Istanbul", "Turkey Standard Time", 41.0, 29.0},
	{"AE", "Asia/Dubai", "Arabian Standard Time", 25.3, 55.3},
	{"GB", "Europe/London", "GMT Standard Time", 51.5, -0.1},
	{"US", "America/New_York", "Eastern Standard Time", 40.7, -74.0},
	{"US", "America/New_York", "Eastern Standard Time", 25.8, -80.2},
	{"US", "America/New_York", "Eastern Standard Time", 33.7, -84.4},
	{"US", "America/New_York", "Eastern Standard Time", 41.5, -81.7},
	{"US", "America/New_York", "Eastern Standard Time", 35.2, -80.8},
	{"US", "America/New_York", "Eastern Standard Time", 40.0, -83.0},
	{"US", "America/New_York", "Eastern Standard Time", 42.4, -71.1},
	{"US", "America/New_York", "Eastern Standard Time", 38.9, -77.0},
	{"US", "America/New_York", "Eastern Standard Time", 40.4, -80.0},
	{"US", "America/New_York", "Eastern Standard Time", 30.3, -81.7},
	{"US", "America/New_York", "Eastern Standard Time", 36.0, -83.9},
	{"US", "America/New_York", "Eastern Standard Time", 27.9, -82.5},
	{"US", "America/New_York", "Eastern Standard Time", 39.1, -84.5},
	{"US", "America/New_York", "Eastern Standard Time", 38.3, -81.6},
	{"US", "America/New_York", "Eastern Standard Time", 44.5, -73.2},
	{"US", "America/Detroit", "Eastern Standard Time", 42.3, -83.0},
	{"US", "America/Detroit", "Eastern Standard Time", 46.5, -84.3},
	{"US", "America/Kentucky/Louisville", "Eastern Standard Time", 38.3, -85.8},
	{"US", "America/Kentucky/Monticello", "Eastern Standard Time", 36.8, -84.8},
	{"US", "America/Indiana/Indianapolis", "US Eastern Standard Time", 39.8, -86.2},
	{"US", "America/Indiana/Vincennes", "Eastern Standard Time", 38.7, -87.5},
	{"US", "America/Indiana/Tell_City", "Central Standard Time", 38.0, -86.8},
	{"US", "America/Indiana/Knox", "Central Standard Time", 41.3, -86.6},
	{"US", "America/Chicago", "Central Standard Time", 41.9, -87.7},
	{"US", "America/Chicago", "Central Standard Time", 32.8, -96.8},
	{"US", "America/Chicago", "Central Standard Time", 29.8, -95.4},
	{"US", "America/Chicago", "Central Standard Time", 29.4, -98.5},
	{"US", "America/Chicago", "Central Standard Time", 45.0, -93.3},
	{"US", "America/Chicago", "Central Standard Time", 39.1, -94.6},
	{"US", "America/Chicago", "Central Standard Time", 30.0, -90.1},
	{"US", "America/Chicago", "Central Standard Time", 35.5, -97.5},
	{"US", "America/Chicago", "Central Standard Time", 41.3, -96.0},
	{"US", "America/Chicago", "Central Standard Time", 35.1, -90.0},
	{"US", "America/Chicago", "Central Standard Time", 36.2, -86.8},
	{"US", "America/Chicago", "Central Standard Time", 46.9, -96.8},
	{"US", "America/Chicago", "Central Standard Time", 33.6, -101.9},
	{"US", "America/Chicago", "Central Standard Time", 33.5, -86.8},
	{"US", "America/Chicago", "Central Standard Time", 38.6, -90.2},
	{"US", "America/Chicago", "Central Standard Time", 27.5, -99.5},
	{"US", "America/Chicago", "Central Standard Time", 30.4, -87.2},
	{"US", "America/Chicago", "Central Standard Time", 43.5, -96.7},
	{"US", "America/Chicago", "Central Standard Time", 37.7, -97.3},
	{"US", "America/Chicago", "Central Standard Time", 32.0, -102.1},
	{"US", "America/Chicago", "Central Standard Time", 43.0, -87.9},
	{"US", "America/Chicago", "Central Standard Time", 34.7, -92.3},
	{"US", "America/Menominee", "Central Standard Time", 45.1, -87.6},
	{"US", "America/North_Dakota/Center", "Central Standard Time", 47.1, -101.3},
	{"US", "America/Denver", "Mountain Standard Time", 39.7, -105.0},
	{"US", "America/Denver", "Mountain Standard Time", 40.8, -111.9},
	{"US", "America/Denver", "Mountain Standard Time", 35.1, -106.7},
	{"US", "America/Denver", "Mountain Standard Time", 45.8, -108.5},
	{"US", "America/Denver", "Mountain Standard Time", 31.8, -106.5},
	{"US", "America/Denver", "Mountain Standard Time", 44.1, -103.2},
	{"US", "America/Denver", "Mountain Standard Time", 41.1, -104.8},
	{"US", "America/Denver", "Mountain Standard Time", 38.8, -104.8},
	{"US", "America/Boise", "Mountain Standard Time", 43.6, -116.2},
	{"US", "America/Phoenix", "US Mountain Standard Time", 33.4, -112.1},
	{"US", "America/Phoenix", "US Mountain Standard Time", 32.2, -110.9},
	{"US", "America/Phoenix", "US Mountain Standard Time", 35.2, -111.7},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 34.1, -118.2},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 47.6, -122.3},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 45.5, -122.7},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 36.2, -115.1},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 39.5, -119.8},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 37.8, -122.4},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 38.6, -121.5},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 32.7, -117.2},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 47.7, -117.4},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 44.1, -121.3},
	{"US", "America/Los_Angeles", "Pacific Standard Time", 40.6, -122.4},
	{"US", "America/Anchorage", "Alaskan Standard Time", 61.2, -149.9},
	{"US", "America/Juneau", "Alaskan Standard Time", 58.3, -134.4},
	{"US", "America/Sitka", "Alaskan Standard Time", 57.2, -135.3},
	{"US", "America/Yakutat", "Alaskan Standard Time", 59.5, -139.7},
	{"US", "America/Nome", "Alaskan Standard Time", 64.5, -165.4},
	{"US", "America/Metlakatla", "Alaskan Standard Time", 55.1, -131.6},
	{"US", "America/Adak", "Aleutian Standard Time", 51.9, -176.7},
	{"US", "Pacific/Honolulu", "Hawaiian Standard Time", 21.3, -157.9},
}
