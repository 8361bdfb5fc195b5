// Package demo shows the main job in one command: it starts a server on a sandbox brand with one store, starts a sample
// POS beside it, places an order at the storefront and prints when everybody knew. Apart from signing up the sample owner
// it uses nothing but the public API, so that pos.go and client.go can be read as examples of an integration.
//
// It writes demo.json (mode 0600) into the data folder, for scripts and for the next run.
package demo
