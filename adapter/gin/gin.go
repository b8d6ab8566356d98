// Package palisadegin guards routes of gin.
//
//	router.POST("/signup", palisadegin.Guard(signup), create) // create runs for allowed attempts only
//	palisadegin.Mount(router, guard)                          // script, widget, tickets
//
// The guard belongs to the route, so it applies to every path that gin routes there. A
// template needs signup.Fields(c.Request) for the page's form. The handler binds the body
// as usual; [Pass] returns the decision.
//
// palisade.Config, and not gin's trusted proxies, says which source to believe for a
// client's address. captchatest.AssertGuarded checks a whole router with [Routes].
package palisadegin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
)

// Guard returns a handler for the chain of a route. The next handlers run only for allowed
// attempts. The form answers all others.
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

// Pass returns the proof that the attempt was allowed. On a route without a guard it is
// not valid.
func Pass(c *gin.Context) palisade.Pass {
	pass, _ := palisade.PassFrom(c.Request.Context())
	return pass
}

// Mount serves the files for pages and programs, under the guard's base path. Pass it
// the engine, not a group with a prefix.
func Mount(router gin.IRoutes, guard *palisade.Guard) {
	handler := gin.WrapH(guard.Handler())
	router.GET(guard.Base()+"*file", handler)
	router.HEAD(guard.Base()+"*file", handler)
	router.POST(guard.Base()+"session", handler)
}

// Routes returns the router's table, for captchatest.AssertGuarded.
func Routes(engine *gin.Engine) []captchatest.Route {
	var routes []captchatest.Route
	for _, r := range engine.Routes() {
		routes = append(routes, captchatest.Route{Method: r.Method, Path: r.Path})
	}
	return routes
}
