// Package app is the only place that wires things together: it opens the database, makes each part once, in the order of
// the layers, and runs doors and workers until it is told to stop. Doors stop first, workers second, the database last.
package app
