package account

import (
	"comanda/internal/db"
)

// hasSecondFactor reports whether a person set up an authenticator app.
func hasSecondFactor(tx *db.Tx, account int) (bool, error) {
	var n int
	err := tx.QueryRow(sqlCountSecondFactors, account).Scan(&n)
	return n > 0, err
}
