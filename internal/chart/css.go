package chart

import _ "embed" // the style sheet travels with the program

// CSS is the style sheet of the charts. A site serves it as a file (internal/web/shell does); a report that must stand
// alone embeds it.
//
//go:embed chart.css
var CSS string
