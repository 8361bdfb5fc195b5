// Package idempotency makes a call that is repeated under one key take effect once and be answered the same, byte for
// byte, even when the repeats arrive together or after a restart.
//
// It owns the table idempotency_keys. Business packages whose operations may be repeated call it inside the transaction
// that has the effect:
//
//	claim, err := idempotency.Prepare(request)      // outside: checks the key, hashes the body
//	claim.Seal(answer)                              // outside, when the answer is known before the transaction
//	stored, err := claim.Take(tx)                   // the first statement of the transaction
//	if stored != nil { … somebody was first: give their answer … }
//	… the effect …
//	claim.Settle(tx, answer)                        // last, only when the answer was not known before
//
// [Once] is all of this for something that is made in a transaction of its own.
//
// Take inserts the row or, when it is there already, reads the stored answer. A twin of a running transaction waits for
// it on either engine: on PostgreSQL at the unique key, on SQLite in the queue of the one writer. When the first one
// fails nothing is stored, and the twin becomes the first.
//
// A call is known by brand, principal (or the storefront), operation and key. The same key with another body is
// Unprocessable. A refusal without effect is not stored: its repeat is executed again. Rows are kept for [Keep]; [Run]
// deletes older ones.
//
// [Erase] takes away answers that hold what is a person's; a repeat of such a call is then a Conflict that says so.
//
// Neither the key nor the answer can be read from the database: the row is found by a hash of the key, and the answer,
// which may hold a secret such as a tracking token, is sealed under the key itself, which only the caller has.
package idempotency
