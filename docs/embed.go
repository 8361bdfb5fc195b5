// Package docs is the documentation, as far as the program shows it.
package docs

import _ "embed"

// Compatibility is the page of every difference from the Flipdish API.
//
//go:embed compatibility.md
var Compatibility string
