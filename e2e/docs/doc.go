// Package docs tests the documentation: its code compiles, its configuration is valid for
// the programs, and its commands parse.
package docs
