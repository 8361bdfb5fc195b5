// Package demo shows the main job in one command: it starts a server on a sandbox brand with two stores and three OAuth
// apps, plays a day in the restaurant so that every page has something to show, places an order at the storefront and
// prints when everybody knew. A sample POS runs beside the server and answers that order; the webhook of another app fails,
// so that there is a failure to look into. Apart from signing up the sample owner it uses nothing but the public API, so
// that pos.go can be read as an example of an integration.
//
// The day is lunch and dinner in some hundred sample orders, which differ from each other and are the same in every demo:
// the sandbox's clock goes ahead by the day, and diners, drivers and the POS do what they do at such times. Only a
// fresh brand begins with it.
//
// It writes demo.json (mode 0600) into the data folder, for scripts and for the next run.
package demo
