// Command palisade keeps automation out of forms.
//
//	palisade serve -upstream http://127.0.0.1:8000 -protect 'POST /signup'
//	                             run in front of an app and guard its forms
//	palisade check-config f.yaml print the mistakes of a configuration
//	palisade audit http://127.0.0.1:8000/signup -effect /count
//	                             find the mistakes in the protection of a form
//	palisade demo                a small site with protected forms: try to break it
//	palisade demo -attack        attack it with scrapers, replays and bursts
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// commands are the subcommands.
type commands struct {
	Serve       serveCommand       `cmd:"" help:"Stand in front of an app and guard its forms."`
	CheckConfig checkConfigCommand `cmd:"" help:"Say what is wrong with a configuration."`
	VerdictKey  verdictKeyCommand  `cmd:"" help:"Print the key with which an app checks what the gateway tells it."`
	Fake        fakeCommand        `cmd:"" help:"Stand in for the CAPTCHA services, for tests without a network."`
	Audit       auditCommand       `cmd:"" help:"Attack a form of yours and tell which mistakes its protection has."`
	Demo        demoCommand        `cmd:"" help:"Run a small site with protected forms, or attack it."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

// terminal has the streams that a command writes to.
type terminal struct{ out, err io.Writer }

// Exit statuses. A failed attack and a mistyped command have different ones.
const (
	exitFailure = 1
	exitUsage   = 2
)

func run(args []string, stdout, stderr io.Writer) int {
	exit := -1
	parser, err := kong.New(new(commands),
		kong.Name("palisade"),
		kong.Description("Palisade keeps automation out of sign-ups, logins, comments and votes.\nFlags take one dash or two."),
		kong.Vars(config.Defaults()),
		kong.Writers(stdout, stderr),
		kong.Exit(func(status int) { exit = status }),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, WrapUpperBound: 100}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "palisade:", err)
		return exitFailure
	}
	command, err := parser.Parse(spelled(args))
	switch {
	case exit >= 0: // the user asked for help, and it is printed
		return exit
	case err != nil:
		fmt.Fprintf(stderr, "palisade: %v\nTry: palisade help\n", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	command.BindTo(ctx, (*context.Context)(nil))
	var status exitStatus
	switch err := command.Run(terminal{stdout, stderr}); {
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, errUsage):
		name, _, _ := strings.Cut(command.Command(), " ") // without the arguments
		fmt.Fprintf(stderr, "palisade: %v\nTry: palisade help %s\n", err, name)
		return exitUsage
	case err != nil:
		fmt.Fprintf(stderr, "palisade: %v\n", err)
		return exitFailure
	}
	return 0
}

// errUsage wraps a command's errors about its flags.
var errUsage = errors.New("usage")

var oneDash = regexp.MustCompile(`^-[A-Za-z][A-Za-z0-9-]+(=.*)?$`)

// spelled translates arguments for the parser: flags with one dash, as Go programs have
// them; help as a word; and no arguments, which print help.
func spelled(args []string) []string {
	if len(args) == 0 {
		return []string{"--help"}
	}
	var list []string
	for _, arg := range args {
		if oneDash.MatchString(arg) {
			arg = "-" + arg
		}
		list = append(list, arg)
	}
	if list[0] == "help" {
		list = append(list[1:], "--help")
	}
	return list
}

type versionCommand struct{}

// Run prints the versions of the program and of Go.
func (versionCommand) Run(t terminal) error {
	version := "(unknown)"
	var more []string
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				more = append(more, s.Value[:min(len(s.Value), 12)])
			case s.Key == "vcs.modified" && s.Value == "true":
				more = append(more, "modified")
			}
		}
	}
	more = append(more, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	fmt.Fprintf(t.out, "palisade %s (%s)\n", version, strings.Join(more, ", "))
	return nil
}
