//go:build cgo

package analyze

import (
	"fmt"
	"strings"

	sqlite3 "github.com/mattn/go-sqlite3"
)

// readingPragmas are those that tell about the database and set nothing, whatever their argument.
var readingPragmas = map[string]bool{
	"table_list": true, "table_info": true, "table_xinfo": true, "index_list": true, "index_info": true, "index_xinfo": true, "database_list": true,
	"collation_list": true, "compile_options": true, "function_list": true, "foreign_key_list": true, "integrity_check": true, "quick_check": true,
}

// deeds are the words for what the authorizer is asked (sqlite3.h, Authorizer Action Codes), as far as somebody types them.
var deeds = map[int]string{
	sqlite3.SQLITE_INSERT: "insert into", sqlite3.SQLITE_UPDATE: "update", sqlite3.SQLITE_DELETE: "delete from",
	sqlite3.SQLITE_ALTER_TABLE: "alter the database", sqlite3.SQLITE_ATTACH: "attach the file", sqlite3.SQLITE_DETACH: "detach",
	sqlite3.SQLITE_PRAGMA: "set the pragma", sqlite3.SQLITE_TRANSACTION: "do the transaction step", sqlite3.SQLITE_CREATE_VTABLE: "create the table",
}

// onlyReads lets SQLite ask before each step of a statement that it prepares.
func (r *Reader) onlyReads() error {
	return r.conn.Raw(func(c any) error {
		conn, ok := c.(*sqlite3.SQLiteConn)
		if !ok {
			return fmt.Errorf("the driver is a %T", c)
		}
		conn.RegisterAuthorizer(func(op int, a, b, _ string) int {
			what := a
			switch op {
			case sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqliteRecursive:
				return sqlite3.SQLITE_OK
			case sqlite3.SQLITE_FUNCTION:
				if b != "load_extension" {
					return sqlite3.SQLITE_OK
				}
				what = b
			case sqlite3.SQLITE_PRAGMA:
				if name := strings.ToLower(a); readingPragmas[name] || b == "" && (name == "user_version" || name == "page_count" || name == "encoding") {
					return sqlite3.SQLITE_OK
				}
			}
			if *r.deny == "" {
				*r.deny = deed(op, what)
			}
			return sqlite3.SQLITE_DENY
		})
		return nil
	})
}

// deed says what a step would do. The first step of most statements that change the schema is one in the table of it.
func deed(op int, what string) string {
	if what == "sqlite_master" || what == "sqlite_temp_master" {
		return "change what tables there are"
	}
	word := deeds[op]
	if word == "" {
		word = "use"
	}
	return strings.TrimSpace(word + " " + what)
}
