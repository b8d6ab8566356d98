// Package docs holds tests of what the documentation shows: its code compiles, its
// configuration is one that the programs take, and its commands parse.
package docs
