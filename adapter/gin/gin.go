// Package palisadegin guards routes of gin.
//
//	router.POST("/signup", palisadegin.Guard(signup), create) // create runs for allowed attempts only
//	palisadegin.Mount(router, guard)                          // script, widget, tickets
//
// The guard hangs on the route, so it holds for whatever path gin leads there. What a
// page's form needs is signup.Fields(c.Request), for a template. The handler binds the
// body as ever; [Pass] gives it the decision.
//
// Whose word is taken for a client's address is said in palisade.Config, not by gin's
// trusted proxies. captchatest.AssertGuarded checks a whole router with [Routes].
package palisadegin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
)

// Guard returns a handler for the chain of a route: the handlers behind it run for
// allowed attempts only, and all others are answered by the form.
func Guard(form *palisade.Form) gin.HandlerFunc {
	return func(c *gin.Context) {
		allowed := false
		form.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			allowed = true
			c.Request = r
			c.Next()
			w.WriteHeader(c.Writer.Status()) // so that a double click gets the same answer
		})).ServeHTTP(c.Writer, c.Request)
		if !allowed {
			c.Abort()
		}
	}
}

// Pass returns what shows that the attempt was allowed; that of a route without a
// guard is not valid.
func Pass(c *gin.Context) palisade.Pass {
	pass, _ := palisade.PassFrom(c.Request.Context())
	return pass
}

// Mount serves what pages and programs fetch, under the guard's base path. Give it
// the engine, not a group with a prefix.
func Mount(router gin.IRoutes, guard *palisade.Guard) {
	handler := gin.WrapH(guard.Handler())
	router.GET(guard.Base()+"*file", handler)
	router.HEAD(guard.Base()+"*file", handler)
}

// Routes returns the router's table, for captchatest.AssertGuarded.
func Routes(engine *gin.Engine) []captchatest.Route {
	var routes []captchatest.Route
	for _, r := range engine.Routes() {
		routes = append(routes, captchatest.Route{Method: r.Method, Path: r.Path})
	}
	return routes
}
