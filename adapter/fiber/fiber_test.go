package palisadefiber_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

	"github.com/palisade-dev/palisade"
	palisadefiber "github.com/palisade-dev/palisade/adapter/fiber"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/adaptertest"
)

type signup struct {
	Email string `form:"email" json:"email"`
}

func app(s *adaptertest.Shop, config fiber.Config) *fiber.App {
	app := fiber.New(config)
	app.Post("/signup", palisadefiber.Guard(s.Signup), func(c fiber.Ctx) error {
		var in signup
		if err := c.Bind().Body(&in); err != nil {
			return err
		}
		s.Effect(strings.Clone(in.Email), palisadefiber.Pass(c))
		return c.Redirect().Status(303).To("/welcome")
	})
	app.Post("/taken", palisadefiber.Guard(s.Taken), func(c fiber.Ctx) error {
		s.Effect(strings.Clone(c.FormValue("email")), palisadefiber.Pass(c))
		return fiber.NewError(409, "the name is taken")
	})
	palisadefiber.Mount(app, s.Guard)
	return app
}

func start(config fiber.Config) func(*testing.T, *adaptertest.Shop) string {
	return func(t *testing.T, s *adaptertest.Shop) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		app := app(s, config)
		done := make(chan error, 1)
		go func() { done <- app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true}) }()
		t.Cleanup(func() {
			_ = app.ShutdownWithTimeout(100 * time.Millisecond) // it waits for clients that keep connections open
			<-done
		})
		return "http://" + l.Addr().String()
	}
}

func TestLaws(t *testing.T) {
	t.Run("as it comes", func(t *testing.T) { adaptertest.Run(t, start(fiber.Config{})) })
	t.Run("streaming", func(t *testing.T) { adaptertest.Run(t, start(fiber.Config{StreamRequestBody: true})) })
	t.Run("strict", func(t *testing.T) {
		adaptertest.Run(t, start(fiber.Config{CaseSensitive: true, StrictRouting: true, Immutable: true}))
	})
}

func TestEveryRouteIsGuarded(t *testing.T) {
	app := app(adaptertest.NewShop(t), fiber.Config{})
	captchatest.AssertGuarded(t, adaptor.FiberApp(app), palisadefiber.Routes(app))
}

func Example() {
	var guard *palisade.Guard // from palisade.New
	var form *palisade.Form   // from guard.Form
	app := fiber.New()
	app.Post("/signup", palisadefiber.Guard(form), func(c fiber.Ctx) error {
		return c.SendString("welcome, says decision " + palisadefiber.Pass(c).Decision().ID.String())
	})
	palisadefiber.Mount(app, guard)
}
