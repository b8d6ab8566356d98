package main

import (
	"slices"
	"strings"
	"testing"
)

func TestFreeRelatives(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"the subject of a sentence", "What was only watched is logged.", "what"},
		{"an object", "It sends what a browser sends.", "what"},
		{"a person without a noun", "It holds for whoever has none, and of who showed no ticket.", "whoever who"},
		{"a place without a noun", "The rest comes from where the app runs.", "where"},
		{"a noun before the pronoun", "The visitor, who has no ticket, waits where the queue ends.", ""},
		{"a question", "What does the app say?", ""},
		{"a question in reported speech", "It asks who the visitor is and says what the form needs.", ""},
		{"what and a noun", "The type tells what kind it is.", ""},
		{"code and quotes", "The key `what` is called \"what else\".", ""},
		{"a sentence over two lines", "It keeps\nwhat was typed.", "what"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines []line
			for i, s := range strings.Split(tt.text, "\n") {
				lines = append(lines, line{i + 1, s})
			}
			var got []string
			for _, s := range sentences(text{paragraphs: paragraphs(lines)}) {
				for _, i := range freeRelatives(s.words, s.question) {
					got = append(got, s.words[i].plain)
				}
			}
			if !slices.Equal(got, strings.Fields(tt.want)) {
				t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}
