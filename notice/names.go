package notice

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// alphabet is what a kind of message writes names in.
type alphabet struct {
	max   int
	spell func(r rune) string // a letter in the alphabet; empty = it has none
}

var (
	inMail = alphabet{80, func(r rune) string { return string(r) }}
	inText = alphabet{42, basic} // and a sentence fit one message
)

// letters are those beyond ASCII of the alphabet that text messages have 160 signs of, GSM 03.38.
const letters = "èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà"

// basic spells a letter in it: without the accents that it does not have.
func basic(r rune) string {
	if r < 0x80 || strings.ContainsRune(letters, r) {
		return string(r)
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 {
			return r
		}
		return -1
	}, norm.NFKD.String(string(r)))
}

// clean is a name of somebody's choice as a message may show it: letters, digits and a few signs in one line. What makes a
// link or an address of a name becomes a space: mail and phone programs find links by themselves.
func (a alphabet) clean(name string) string {
	var out strings.Builder
	signs := []rune(norm.NFC.String(name))
	for i, r := range signs {
		end := i+1 == len(signs) || unicode.IsSpace(signs[i+1])
		switch {
		case unicode.In(r, unicode.L, unicode.M, unicode.N):
			out.WriteString(a.spell(r))
		case strings.ContainsRune("'&-,()!+", r), r == '.' && end:
			out.WriteRune(r)
		case r == '’':
			out.WriteRune('\'')
		default:
			out.WriteByte(' ')
		}
	}
	return a.cut(strings.Join(strings.Fields(out.String()), " "))
}

// cut is a text up to the greatest length of a name.
func (a alphabet) cut(text string) string {
	if signs := []rune(text); len(signs) > a.max {
		text = strings.TrimRight(string(signs[:a.max]), " .,(-&+")
	}
	return text
}

// phoneOf is a phone number of a store as staff wrote it, empty when it is none.
func phoneOf(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	digits := 0
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '+' && i == 0, strings.ContainsRune(" -()", r):
		default:
			return ""
		}
	}
	if digits < 3 || len(text) > 24 {
		return ""
	}
	return text
}
