package account

import (
	"errors"

	"comanda/internal/db"
	"comanda/internal/mail"
)

// MailMember is [Accounts.MailOwners] to one person, or to the Owners when that person has nothing to do with the brand (any
// more) or is disabled.
func (a *Accounts) MailMember(tx *db.Tx, brand, account int, subject, text string) error {
	s, err := a.Standing(tx, brand, account)
	if errors.Is(err, db.ErrNoRows) {
		return a.MailOwners(tx, brand, subject, text)
	}
	if err != nil {
		return err
	}
	return a.mail.Put(tx, mail.Message{To: s.Email, Subject: subject, Text: text})
}

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
