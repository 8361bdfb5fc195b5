package api_test

import (
	"testing"

	"comanda/internal/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }
