package nn

// Custom returns the Go form that the caller gave for a function or class of the file under its name or registered name
// (see CustomObjects), nil if there is none.
func (c *Config) Custom(name string) any {
	if c.decoder == nil {
		return nil
	}
	return c.decoder.Custom[name]
}

// Writing reports whether the fields are being written to a file.
func (c *Config) Writing() bool { return c.out != nil }
