package main

import (
	"fmt"
	"strings"
)

// tables gathers what is told as Markdown when everything is measured.
type tables struct{ all []*table }

type table struct {
	title string
	rows  [][]string // the first is the head
}

// add appends a row to the table of that title, made with that head at first.
func (t *tables) add(title, head string, cells ...string) {
	for _, have := range t.all {
		if have.title == title {
			have.rows = append(have.rows, cells)
			return
		}
	}
	t.all = append(t.all, &table{title, [][]string{strings.Split(head, "|"), cells}})
}

func (t *tables) print() {
	for _, one := range t.all {
		fmt.Printf("\n%s\n\n", one.title)
		for i, row := range one.rows {
			fmt.Printf("| %s |\n", strings.Join(row, " | "))
			if i == 0 {
				fmt.Printf("|%s\n", strings.Repeat(" --- |", len(row)))
			}
		}
	}
}

// thousands writes a number as 12,345.
func thousands(x float64) string {
	s := fmt.Sprintf("%.0f", x)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// engineName is how the tables call an engine.
func (b *bench) engineName() string {
	if b.engine == "sqlite" {
		return "SQLite"
	}
	return "PostgreSQL"
}
