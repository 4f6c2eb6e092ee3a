// Package report writes what analyze found out: for a terminal, as Markdown for an issue, as one HTML file, as JSON.
//
// All renderings are made from one [analyze.Result] and from nothing else, and count nothing that another one does
// not count: what the three readable ones share is computed once, in page.go. Start there, then read html.go.
//
// Everything in a Result may have been written by whoever attacked the host: names, labels, log lines, DNS answers.
// The package therefore renders a copy whose strings hold no character that a terminal, a browser or an eye would
// act upon or overlook (visible.go), and each rendering escapes its own markup on top. It makes no captured text a
// link, and the HTML page loads nothing, from anywhere.
//
// The HTML page is one template a section (page/*.html) and reads whole without its script. The script shows one page of it at a time,
// and draws what is too much for markup from a packed block of data (data.go, page/src/data.ts). Script and style are bundled from
// page/src by page/gen, a module of its own: go generate writes them, a test holds them against their sources.
//
// The package judges nothing and opens no file: a caller hands it a Result and a writer.
package report
