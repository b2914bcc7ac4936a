// Package tabular reads published files of figures (CSV and XLSX) row by row and
// hands the rows to recipes.
//
// Invariants:
//   - input is taken as mistaken or hostile: size, rows, columns, findings and
//     unzipped bytes are bounded; no file makes it panic;
//   - a file that is not what it claims to be (an error page, a truncated
//     download, another sheet, another encoding) is one error that says what is
//     wrong and what would mend it, and gives no result at all;
//   - a row that cannot be read is listed with its number, column and cell; it is
//     never guessed at, and never silently dropped;
//   - what rows mean is the recipe's business (package series), how bytes become
//     rows is decided here.
package tabular
