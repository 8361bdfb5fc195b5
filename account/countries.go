package account

import (
	"strings"

	"comanda/internal/fault"
	"comanda/wire"
)

// SupportedCountries are the countries that a brand can be in, in the order of their names. Codes are those of ISO 3166-1
// and ISO 639-1, phone codes those of ITU-T E.164. There is no service number in them: an installation has its own.
func SupportedCountries() []wire.SupportedCountry {
	out := make([]wire.SupportedCountry, len(countries))
	for i, c := range countries {
		out[i] = wire.SupportedCountry{
			CountryCode: c.code, Name: c.name, PhoneCode: c.phone, LanguageCode: c.language, LanguageName: languageNames[c.language],
			AddressLayout: c.layout, PostCodeType: c.post, SupportRegion: wire.SupportRegionDefault,
		}
		switch c.code {
		case "ES":
			out[i].SupportRegion = wire.SupportRegionSpain
		case "BE", "NL", "LU":
			out[i].SupportRegion = wire.SupportRegionBenelux
		}
	}
	return out
}

// Country is the code of the country that this installation is in.
func (a *Accounts) Country() string { return a.cfg.CountryID }

// checkCountry finds a supported country by its code, in any case.
func checkCountry(code string) (wire.SupportedCountry, error) {
	for _, c := range SupportedCountries() {
		if strings.EqualFold(c.CountryCode, strings.TrimSpace(code)) {
			return c, nil
		}
	}
	return wire.SupportedCountry{}, fault.BadField("CountryId", "%.10q is not the two-letter code of a supported country; GET /api/v1.0/apps/supportedcountries lists them", code)
}

type country struct {
	code, name string
	phone      int
	language   string
	layout     wire.AddressLayout
	post       wire.PostCodeType
}

const (
	numberFirst = wire.AddressLayoutBuildingFirst          // 12 Main Street
	streetFirst = wire.AddressLayoutAddressFirst           // Hauptstraße 12
	oneLine     = wire.AddressLayoutFullStreetAddressFirst // written as people write it
	noCode      = wire.PostCodeTypeNone
	postCode    = wire.PostCodeTypePostCode
	zip         = wire.PostCodeTypeZip
)

var countries = []country{
	{"AU", "Australia", 61, "en", numberFirst, postCode},
	{"AT", "Austria", 43, "de", streetFirst, postCode},
	{"BH", "Bahrain", 973, "ar", oneLine, noCode},
	{"BE", "Belgium", 32, "nl", streetFirst, postCode},
	{"BR", "Brazil", 55, "pt", streetFirst, postCode},
	{"BG", "Bulgaria", 359, "bg", streetFirst, postCode},
	{"CA", "Canada", 1, "en", numberFirst, postCode},
	{"CL", "Chile", 56, "es", streetFirst, postCode},
	{"HR", "Croatia", 385, "hr", streetFirst, postCode},
	{"CY", "Cyprus", 357, "el", streetFirst, postCode},
	{"CZ", "Czechia", 420, "cs", streetFirst, postCode},
	{"DK", "Denmark", 45, "da", streetFirst, postCode},
	{"EE", "Estonia", 372, "et", streetFirst, postCode},
	{"FI", "Finland", 358, "fi", streetFirst, postCode},
	{"FR", "France", 33, "fr", numberFirst, postCode},
	{"DE", "Germany", 49, "de", streetFirst, postCode},
	{"GR", "Greece", 30, "el", streetFirst, postCode},
	{"HU", "Hungary", 36, "hu", streetFirst, postCode},
	{"IS", "Iceland", 354, "is", streetFirst, postCode},
	{"IN", "India", 91, "en", oneLine, postCode},
	{"IE", "Ireland", 353, "en", numberFirst, postCode},
	{"IT", "Italy", 39, "it", streetFirst, postCode},
	{"JP", "Japan", 81, "ja", oneLine, postCode},
	{"KW", "Kuwait", 965, "ar", oneLine, postCode},
	{"LV", "Latvia", 371, "lv", streetFirst, postCode},
	{"LT", "Lithuania", 370, "lt", streetFirst, postCode},
	{"LU", "Luxembourg", 352, "fr", numberFirst, postCode},
	{"MT", "Malta", 356, "en", numberFirst, postCode},
	{"MX", "Mexico", 52, "es", streetFirst, postCode},
	{"NL", "Netherlands", 31, "nl", streetFirst, postCode},
	{"NZ", "New Zealand", 64, "en", numberFirst, postCode},
	{"NO", "Norway", 47, "nb", streetFirst, postCode},
	{"PL", "Poland", 48, "pl", streetFirst, postCode},
	{"PT", "Portugal", 351, "pt", streetFirst, postCode},
	{"QA", "Qatar", 974, "ar", oneLine, noCode},
	{"RO", "Romania", 40, "ro", streetFirst, postCode},
	{"SG", "Singapore", 65, "en", numberFirst, postCode},
	{"SK", "Slovakia", 421, "sk", streetFirst, postCode},
	{"SI", "Slovenia", 386, "sl", streetFirst, postCode},
	{"ZA", "South Africa", 27, "en", numberFirst, postCode},
	{"ES", "Spain", 34, "es", streetFirst, postCode},
	{"SE", "Sweden", 46, "sv", streetFirst, postCode},
	{"CH", "Switzerland", 41, "de", streetFirst, postCode},
	{"TR", "Türkiye", 90, "tr", oneLine, postCode},
	{"AE", "United Arab Emirates", 971, "ar", oneLine, noCode},
	{"GB", "United Kingdom", 44, "en", numberFirst, postCode},
	{"US", "United States", 1, "en", numberFirst, zip},
}

// languageNames are the languages that a brand can offer, each by its own name.
var languageNames = map[string]string{
	"ar": "العربية", "bg": "Български", "ca": "Català", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά",
	"en": "English", "es": "Español", "et": "Eesti", "fi": "Suomi", "fr": "Français", "ga": "Gaeilge", "hr": "Hrvatski",
	"hu": "Magyar", "is": "Íslenska", "it": "Italiano", "ja": "日本語", "lt": "Lietuvių", "lv": "Latviešu", "nb": "Norsk bokmål",
	"nl": "Nederlands", "pl": "Polski", "pt": "Português", "ro": "Română", "sk": "Slovenčina", "sl": "Slovenščina",
	"sv": "Svenska", "tr": "Türkçe", "uk": "Українська", "zh": "中文",
}
