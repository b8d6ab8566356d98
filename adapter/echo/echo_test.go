package palisadeecho_test

import (
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/palisade-dev/palisade"
	palisadeecho "github.com/palisade-dev/palisade/adapter/echo"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/adaptertest"
)

type signup struct {
	Email string `form:"email" json:"email"`
}

func app(s *adaptertest.Shop) *echo.Echo {
	e := echo.New()
	e.POST("/signup", func(c *echo.Context) error {
		var in signup
		if err := c.Bind(&in); err != nil {
			return err
		}
		s.Effect(in.Email, palisadeecho.Pass(c))
		return c.Redirect(303, "/welcome")
	}, palisadeecho.Guard(s.Signup))
	e.POST("/taken", func(c *echo.Context) error {
		s.Effect(c.FormValue("email"), palisadeecho.Pass(c))
		return echo.NewHTTPError(409, "the name is taken")
	}, palisadeecho.Guard(s.Taken))
	palisadeecho.Mount(e, s.Guard)
	return e
}

func TestLaws(t *testing.T) {
	adaptertest.Run(t, func(t *testing.T, s *adaptertest.Shop) string {
		server := httptest.NewServer(app(s))
		t.Cleanup(server.Close)
		return server.URL
	})
}

func TestEveryRouteIsGuarded(t *testing.T) {
	e := app(adaptertest.NewShop(t))
	captchatest.AssertGuarded(t, e, palisadeecho.Routes(e))
}

func Example() {
	var guard *palisade.Guard // from palisade.New
	var form *palisade.Form   // from guard.Form
	e := echo.New()
	e.POST("/signup", func(c *echo.Context) error {
		return c.String(200, "welcome, says decision "+palisadeecho.Pass(c).Decision().ID.String())
	}, palisadeecho.Guard(form))
	palisadeecho.Mount(e, guard)
}
