// Package palisadeecho guards routes of echo, version 5.
//
//	e.POST("/signup", create, palisadeecho.Guard(signup)) // create runs for allowed attempts only
//	palisadeecho.Mount(e, guard)                          // script, widget, tickets
//
// The guard hangs on the route, so it holds for whatever path echo leads there. What a
// page's form needs is signup.Fields(c.Request()), for a template. The handler binds
// the body as ever; [Pass] gives it the decision.
//
// Whose word is taken for a client's address is said in palisade.Config, not by echo's
// IPExtractor. captchatest.AssertGuarded checks a whole router with [Routes].
package palisadeecho

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
)

// Guard returns a middleware: the handler behind it runs for allowed attempts only,
// and all others are answered by the form.
//
// An error that the handler returns is answered here, by echo's own error handler, so
// that a double click gets the same answer; it is passed on for those who log it.
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

// Pass returns what shows that the attempt was allowed; that of a route without a
// guard is not valid.
func Pass(c *echo.Context) palisade.Pass {
	pass, _ := palisade.PassFrom(c.Request().Context())
	return pass
}

// Mount serves what pages and programs fetch, under the guard's base path.
func Mount(e *echo.Echo, guard *palisade.Guard) {
	handler := echo.WrapHandler(guard.Handler())
	e.GET(guard.Base()+"*", handler)
	e.HEAD(guard.Base()+"*", handler)
}

// Routes returns the router's table, for captchatest.AssertGuarded.
func Routes(e *echo.Echo) []captchatest.Route {
	var routes []captchatest.Route
	for _, r := range e.Router().Routes() {
		routes = append(routes, captchatest.Route{Method: r.Method, Path: r.Path})
	}
	return routes
}
