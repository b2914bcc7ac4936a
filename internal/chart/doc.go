// Package chart draws figures as SVG from the server: lines with a band of prior years, bars, sparklines, maps of states.
//
// Every chart is accessible and honest by construction: a title and a description that says its extremes in words; a
// table twin one click away and the same data as CSV; series told apart by colour-blind safe colours and by dash and
// marker; value axes of bars and counts that start at zero; missing values as gaps in lines, a hatch on maps and a dash
// in tables, never as zero. No style or script is inline: colours are classes of chart.css ([CSS]), which follows the
// light and dark themes, over presentation attributes that let a saved SVG stand alone.
//
// Charts that span a page are drawn twice, wide and narrow, so that labels stay readable on a phone; the style sheet
// shows one.
//
// The package does no arithmetic on figures beyond scales: it draws the values it is given, in the order given. Output
// depends on its input alone.
package chart
