package fault_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"comanda/internal/fault"
)

func TestACollectorNamesAHundredFieldsAndCountsTheRest(t *testing.T) {
	var c fault.Collector
	for i := range 100_000 {
		c.Add(strings.Repeat("é", 1000), "field %d is wrong", i)
	}
	f := (*fault.Error)(nil)
	if !errors.As(c.Err(), &f) || len(f.Fields) != fault.MaxFields || !c.Full() {
		t.Fatalf("%d fields", len(f.Fields))
	}
	if !strings.Contains(f.Message, "at least 99999 more") || len(f.Message) > 500 || !utf8.ValidString(f.Fields[99].Name) {
		t.Error(f.Message)
	}
}
