// Package simulate plays a day of a restaurant: hundreds of diners, two kitchens, couriers and a till whose webhook endpoint
// fails in every way, against the whole server. It ends with a look at what must hold of every day.
//
// The server is the real one, embedded: its doors, its workers, its database. Time is virtual (bubble.go), the network is in
// memory (network.go), cards are those of the simulated provider, and what would be random is drawn from the seed (chance.go).
// So a day takes less than a minute, and two runs with the same seed write the same log, byte for byte.
//
// For that, no two things may happen to the log at the same instant. Everything that people and the till do is on one agenda
// (agenda.go) and done one after the other, half a millisecond off the instants at which the server's own loops tick, which
// begin a millisecond apart; webhooks are in flight meanwhile, and what their receiver does about them goes on the agenda too.
//
// cmd/comanda calls it. It uses the API as integrations and diners do, and reads tables only to check them afterwards.
package simulate
