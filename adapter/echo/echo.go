// Package palisadeecho guards routes of echo, version 5.
//
//	e.POST("/signup", create, palisadeecho.Guard(signup)) // create runs for allowed attempts only
//	palisadeecho.Mount(e, guard)                          // script, widget, tickets
//
// The guard belongs to the route, so it applies to every path that echo routes there. A
// template needs signup.Fields(c.Request()) for the page's form. The handler binds the
// body as usual; [Pass] returns the decision.
//
// palisade.Config, and not echo's IPExtractor, says which source to believe for a client's
// address. captchatest.AssertGuarded checks a whole router with [Routes].
package palisadeecho

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
)

// Guard returns a middleware. The next handler runs only for allowed attempts. The form
// answers all others.
//
// If the handler returns an error, echo's own error handler answers it here, so that a
// double click gets the same answer. Guard also returns the error, for logging.
func Guard(form *palisade.Form) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) (err error) {
			outer := c.Response()
			form.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c.SetRequest(r)
				c.SetResponse(echo.NewResponse(w, c.Echo().Logger))
				if err = next(c); err != nil {
					c.Echo().HTTPErrorHandler(c, err)
				}
			})).ServeHTTP(outer, c.Request())
			return err
		}
	}
}

// Pass returns the proof that the attempt was allowed. On a route without a guard it is
// not valid.
func Pass(c *echo.Context) palisade.Pass {
	pass, _ := palisade.PassFrom(c.Request().Context())
	return pass
}

// Mount serves the files for pages and programs, under the guard's base path.
func Mount(e *echo.Echo, guard *palisade.Guard) {
	handler := echo.WrapHandler(guard.Handler())
	e.GET(guard.Base()+"*", handler)
	e.HEAD(guard.Base()+"*", handler)
	e.POST(guard.Base()+"session", handler)
}

// Routes returns the router's table, for captchatest.AssertGuarded.
func Routes(e *echo.Echo) []captchatest.Route {
	var routes []captchatest.Route
	for _, r := range e.Router().Routes() {
		routes = append(routes, captchatest.Route{Method: r.Method, Path: r.Path})
	}
	return routes
}
