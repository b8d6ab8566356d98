package main

import (
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/palisade-dev/palisade/captchatest"
)

func TestEveryRouteIsGuarded(t *testing.T) {
	router, err := newRouter([]byte("a key of the tests, of 32 bytes or more"), "127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	list, err := routes(router)
	if err != nil {
		t.Fatal(err)
	}
	captchatest.AssertGuarded(t, router, list)
}

// routes is the router's table, for captchatest.AssertGuarded.
func routes(router chi.Router) (list []captchatest.Route, err error) {
	err = chi.Walk(router, func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		list = append(list, captchatest.Route{Method: method, Path: path})
		return nil
	})
	return list, err
}
