package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// kerasVersion is the release of Keras that this program reads, answers and writes like.
const kerasVersion = "3.15.1"

// newestKeras is the newest release whose files are read.
const newestKeras = "3.16"

// release is the version that a build of a release gives: -ldflags "-X main.release=v1.0.0".
var release string

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  horn version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintln(a.out, versionText())
			return nil
		},
	}
}

// versionText says which program this is, which Keras it is like, and what made it.
func versionText() string {
	version := release
	if version == "" {
		version = "(development)"
		if info, ok := debug.ReadBuildInfo(); ok {
			version = buildVersion(info)
		}
	}
	return fmt.Sprintf("horn %s, like Keras %s, reads files of Keras 1 to %s (%s, %s/%s)", version, kerasVersion, newestKeras,
		runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// buildVersion is the module's version or, of a build in a checkout without one, the revision.
func buildVersion(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	version := "(development)"
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			version = "(development, " + s.Value[:12] + ")"
		case s.Key == "vcs.modified" && s.Value == "true":
			version = strings.TrimSuffix(version, ")") + ", changed)"
		}
	}
	return version
}
