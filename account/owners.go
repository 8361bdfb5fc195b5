package account

import (
	"comanda/internal/db"
	"comanda/internal/mail"
)

// MailOwners puts one message to each Owner of a brand into the outbox, inside a transaction: it is sent once that commits.
func (a *Accounts) MailOwners(tx *db.Tx, brand int, subject, text string) error {
	rows, err := tx.Query(sqlOwnersOfBrand, brand)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var to []string
	for rows.Next() {
		var address string
		if err := rows.Scan(&address); err != nil {
			return err
		}
		to = append(to, address)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	_ = rows.Close()
	for _, address := range to {
		if err := a.mail.Put(tx, mail.Message{To: address, Subject: subject, Text: text}); err != nil {
			return err
		}
	}
	return nil
}
